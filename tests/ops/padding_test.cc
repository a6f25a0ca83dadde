// Parameters and their gradients lie with padded rows. A factory that says that it understands padding gives the same numbers with it,
// and leaves the padding alone.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "gradus/base/tensor.h"
#include "gradus/runtime/onednn.h"
#include "tests/testing/op_obligations.h"

namespace gradus {
namespace {

constexpr uint32_t kUntouched = 0x7fedcba9;  // A NaN, so that padding that is read is seen.

int64_t Columns(const Operand& x) { return x.dims.empty() ? 1 : x.dims.back(); }
int64_t Rows(const Operand& x) { return Columns(x) == 0 ? 0 : x.elements() / Columns(x); }
int64_t Place(const Operand& x, int64_t i) {
  return i / Columns(x) * (x.dense() ? Columns(x) : x.pitch) + i % Columns(x);
}

AlignedBuffer Untouched(const Operand& x) {
  const int64_t words = Rows(x) * std::max(x.pitch, Columns(x));
  AlignedBuffer buffer = *AllocateAligned(words * 4);
  auto* word = static_cast<uint32_t*>(buffer.get());
  for (int64_t i = 0; i < words; ++i) word[i] = kUntouched;
  return buffer;
}

// "" or what is wrong with one choice for one request.
std::string Check(const KernelFactory& factory, const Request& request, const Choice& choice,
                  const PreparedSample& prepared) {
  auto kernel = factory.Create(request, choice);
  if (!kernel.ok()) return std::string(kernel.status().message());
  std::vector<AlignedBuffer> in, out;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Operand& x = request.inputs[i];
    in.push_back(Untouched(x));
    for (int64_t e = 0; e < x.elements(); ++e) {
      const double value = prepared.inputs[i].values[e];
      if (x.dtype == DType::kFloat32) {
        static_cast<float*>(in.back().get())[Place(x, e)] = static_cast<float>(value);
      } else {
        static_cast<int32_t*>(in.back().get())[Place(x, e)] = static_cast<int32_t>(value);
      }
    }
    from.push_back(in.back().get());
  }
  for (const Operand& x : request.outputs) {
    out.push_back(Untouched(x));
    to.push_back(out.back().get());
  }
  const AlignedBuffer scratch = *AllocateAligned(choice.scratch_bytes);
  const OneOpenMpThread one_thread;
  const auto state = (*kernel)->NewState();
  const absl::Status run = (*kernel)->Run({from.data(), to.data(), scratch.get()}, state->get());
  if (!run.ok()) return std::string(run.message());
  for (size_t o = 0; o < request.outputs.size(); ++o) {
    const Operand& x = request.outputs[o];
    if (x.dtype != DType::kFloat32) continue;
    const auto* y = static_cast<const float*>(to[o]);
    for (int64_t e = 0; e < x.elements(); ++e) {
      const double expected = prepared.expected[o].values[e];
      const double allowed = prepared.sample->absolute + prepared.sample->relative * std::fabs(expected);
      if (!(std::fabs(y[Place(x, e)] - expected) <= allowed)) {
        return absl::StrCat("output ", o, " element ", e, ": ", y[Place(x, e)], ", not ", expected);
      }
    }
    if (x.dense()) continue;
    for (int64_t row = 0; row < Rows(x); ++row) {
      for (int64_t column = Columns(x); column < x.pitch; ++column) {
        uint32_t word;
        std::memcpy(&word, y + row * x.pitch + column, sizeof(word));
        if (word != kUntouched) return absl::StrCat("output ", o, ": padding of row ", row, " was written");
      }
    }
  }
  return "";
}

class Padding : public testing::TestWithParam<std::string> {};

// Each operand of rank 2 or more alone, and all of them.
TEST_P(Padding, ChangesNoNumberAndStaysAsItWas) {
  const std::string op = GetParam().substr(0, GetParam().find('/'));
  const KernelFactory& factory = *Registry<KernelFactory>::Get().Find(GetParam());
  const OpSamples* samples = Registry<OpSamples>::Get().Find(op);
  ASSERT_NE(samples, nullptr);
  int checked = 0;
  for (const OpSample& sample : (*samples)()) {
    const auto prepared = Prepare(*Registry<Op>::Get().Find(op), sample, 3);
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    const Request dense = RequestOf(*prepared, "node");
    const int operands = static_cast<int>(dense.inputs.size() + dense.outputs.size());
    bool empty_in = false, empty_out = true;
    for (const Operand& x : dense.inputs) empty_in |= x.elements() == 0;
    for (const Operand& x : dense.outputs) empty_out &= x.elements() == 0;
    if (empty_out || (empty_in && !factory.accepts_empty())) continue;
    for (int which = 0; which <= operands; ++which) {
      Request request = dense;
      bool padded = false;
      for (int i = 0; i < operands; ++i) {
        const int inputs = static_cast<int>(request.inputs.size());
        Operand& x = i < inputs ? request.inputs[i] : request.outputs[i - inputs];
        if (x.dims.size() < 2 || (which != operands && which != i)) continue;
        x.pitch += 3 + i;
        padded = true;
      }
      if (!padded) continue;
      for (const Choice& choice : factory.Candidates(request)) {
        EXPECT_EQ(Check(factory, request, choice, *prepared), "")
            << Describe(sample) << ", padded " << which << ", " << choice.detail;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 0);
}

std::vector<std::string> FactoriesThatAcceptPadding() {
  std::vector<std::string> keys;
  for (const std::string& key : Registry<KernelFactory>::Get().Keys()) {
    if (Registry<KernelFactory>::Get().Find(key)->accepts_pitch()) keys.push_back(key);
  }
  return keys;
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(std::strlen("gradus.op."));
  for (char& c : name) c = c == '/' || c == '.' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Factories, Padding, testing::ValuesIn(FactoriesThatAcceptPadding()), TestName);

}  // namespace
}  // namespace gradus
