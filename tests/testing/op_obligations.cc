// What every registered operation owes.

#include "tests/testing/op_obligations.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "gradus/base/random.h"
#include "gradus/base/tensor.h"
#include "gradus/runtime/onednn.h"

namespace gradus {
namespace {

int64_t Elements(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  return count;
}

bool NearKink(double x, const InputSample& input) {
  return std::any_of(input.kinks.begin(), input.kinks.end(),
                     [&](double kink) { return std::abs(x - kink) < input.kink_distance; });
}

double DrawFloat(const InputSample& input, double low, double high, RandomSequence* random) {
  double x = 0;
  // More tries than any sensible set of kinks needs; a set that covers the range is a mistake in
  // the sample that the gradient check shows.
  for (int i = 0; i < 1000; ++i) {
    x = static_cast<float>(low + (high - low) * random->Uniform());
    if (!NearKink(x, input)) break;
  }
  return x;
}

std::vector<double> Draw(const InputSample& input, int64_t n, RandomSequence* random,
                         uint64_t seed) {
  if (!input.values.empty()) {
    GRADUS_CHECK(static_cast<int64_t>(input.values.size()) == n);
    std::vector<double> values = input.values;
    if (input.spec.dtype == DType::kFloat32) {
      for (double& x : values) x = static_cast<float>(x);
    }
    return values;
  }
  std::vector<double> values(static_cast<size_t>(n));
  if (input.spec.dtype != DType::kFloat32) {
    const auto count = static_cast<uint64_t>(input.high - input.low) + 1;
    for (double& x : values) x = input.low + static_cast<double>(random->Below(count));
  } else if (input.distinct) {
    // One cell of the range for each element, in random order; numbers stay in the inner half of
    // their cell.
    const std::vector<int64_t> order = RandomPermutation(n, seed, StreamOf("cells"));
    const double cell = (input.high - input.low) / static_cast<double>(std::max<int64_t>(n, 1));
    for (int64_t i = 0; i < n; ++i) {
      const double low = input.low + cell * (static_cast<double>(order[i]) + 0.25);
      values[i] = DrawFloat(input, low, low + 0.5 * cell, random);
    }
  } else {
    for (double& x : values) x = DrawFloat(input, input.low, input.high, random);
  }
  return values;
}

constexpr int64_t kGuard = 64;  // Bytes after a buffer that must stay as they are.
constexpr unsigned char kUnwritten =
    0xff;  // As FLOAT32 a NaN, as INT32 -1: neither comes out of the samples' references.

class Buffer {
 public:
  explicit Buffer(int64_t bytes) : bytes_(bytes), memory_(*AllocateAligned(bytes + kGuard)) {
    std::memset(memory_.get(), kUnwritten, static_cast<size_t>(bytes + kGuard));
  }
  void* data() const { return memory_.get(); }
  int64_t bytes() const { return bytes_; }
  bool GuardIntact() const {
    const auto* guard = static_cast<const unsigned char*>(memory_.get()) + bytes_;
    return std::all_of(guard, guard + kGuard, [](unsigned char c) { return c == kUnwritten; });
  }
  bool Same(const Buffer& other) const {
    return bytes_ == other.bytes_ &&
           std::memcmp(data(), other.data(), static_cast<size_t>(bytes_)) == 0;
  }

 private:
  int64_t bytes_;
  AlignedBuffer memory_;
};

template <class T>
void Fill(const std::vector<double>& values, void* to) {
  for (size_t i = 0; i < values.size(); ++i) static_cast<T*>(to)[i] = static_cast<T>(values[i]);
}

Buffer ToBuffer(const RefTensor& tensor, DType dtype) {
  Buffer buffer(static_cast<int64_t>(tensor.values.size()) * ByteSize(dtype));
  switch (dtype) {
    case DType::kFloat32:
      Fill<float>(tensor.values, buffer.data());
      break;
    case DType::kFloat64:
      Fill<double>(tensor.values, buffer.data());
      break;
    case DType::kInt32:
      Fill<int32_t>(tensor.values, buffer.data());
      break;
    case DType::kInt64:
      Fill<int64_t>(tensor.values, buffer.data());
      break;
    case DType::kUint8:
      Fill<uint8_t>(tensor.values, buffer.data());
      break;
  }
  return buffer;
}

double ElementOf(const Buffer& buffer, DType dtype, size_t i) {
  return dtype == DType::kInt32 ? static_cast<const int32_t*>(buffer.data())[i]
                                : static_cast<const float*>(buffer.data())[i];
}

std::string Compare(const Buffer& buffer, DType dtype, const RefTensor& expected,
                    const OpSample& sample) {
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double got = ElementOf(buffer, dtype, i);
    // What is too large for a float is infinite there.
    const double want =
        dtype == DType::kFloat32 && std::isinf(static_cast<float>(expected.values[i]))
            ? static_cast<float>(expected.values[i])
            : expected.values[i];
    if (got == want || (std::isnan(got) && std::isnan(want))) continue;
    const double allowed = sample.absolute + sample.relative * std::abs(want);
    if (std::isfinite(got) && std::isfinite(want) && std::abs(got - want) <= allowed) continue;
    return absl::StrCat("element ", i, " is ", got, ", the reference says ", want,
                        ", allowed difference ", allowed);
  }
  return "";
}

// One kernel with its buffers.
class KernelRun {
 public:
  KernelRun(const Kernel& kernel, int64_t scratch_bytes, const PreparedSample& prepared)
      : kernel_(kernel), prepared_(prepared), scratch_(scratch_bytes) {
    const OpSample& sample = *prepared.sample;
    for (size_t i = 0; i < prepared.inputs.size(); ++i) {
      inputs_.push_back(ToBuffer(prepared.inputs[i], sample.inputs[i].spec.dtype));
    }
    for (size_t o = 0; o < prepared.expected.size(); ++o) {
      outputs_.emplace_back(static_cast<int64_t>(prepared.expected[o].values.size()) *
                            ByteSize(prepared.output_specs[o].dtype));
    }
  }

  // Output `out` lies on input `in` when they are given.
  std::string Run(int out = -1, int in = -1) {
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    for (const Buffer& buffer : inputs_) inputs.push_back(buffer.data());
    for (const Buffer& buffer : outputs_) outputs.push_back(buffer.data());
    if (out >= 0) outputs[out] = inputs_[in].data();
    absl::StatusOr<std::unique_ptr<KernelState>> state = kernel_.NewState();
    if (!state.ok()) return state.status().ToString();
    const OneOpenMpThread one_thread;
    const absl::Status status =
        kernel_.Run({inputs.data(), outputs.data(), scratch_.data()}, state->get());
    if (!status.ok()) return status.ToString();
    for (const Buffer& buffer : inputs_) {
      if (!buffer.GuardIntact()) return "wrote behind an input";
    }
    for (const Buffer& buffer : outputs_) {
      if (!buffer.GuardIntact()) return "wrote behind an output";
    }
    if (!scratch_.GuardIntact()) return "wrote behind its scratch memory";
    for (size_t o = 0; o < outputs_.size(); ++o) {
      const Buffer& buffer = static_cast<int>(o) == out ? inputs_[in] : outputs_[o];
      const std::string difference = Compare(buffer, prepared_.output_specs[o].dtype,
                                             prepared_.expected[o], *prepared_.sample);
      if (!difference.empty()) return absl::StrCat("output ", o, ": ", difference);
    }
    return "";
  }

  bool SameOutputs(const KernelRun& other) const {
    for (size_t o = 0; o < outputs_.size(); ++o) {
      if (!outputs_[o].Same(other.outputs_[o])) return false;
    }
    return true;
  }

 private:
  const Kernel& kernel_;
  const PreparedSample& prepared_;
  Buffer scratch_;
  std::vector<Buffer> inputs_, outputs_;
};

}  // namespace

std::vector<RefTensor> DrawInputs(const OpSample& sample, uint64_t seed) {
  std::vector<RefTensor> inputs;
  for (size_t i = 0; i < sample.inputs.size(); ++i) {
    const InputSample& input = sample.inputs[i];
    RandomSequence random(seed, i);
    RefTensor tensor{input.spec.shape.At(sample.rows), {}};
    tensor.values = Draw(input, Elements(tensor.dims), &random, seed + i);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

absl::StatusOr<PreparedSample> Prepare(const Op& op, const OpSample& sample, uint64_t seed) {
  PreparedSample prepared;
  prepared.sample = &sample;
  std::vector<TensorSpec> specs;
  for (const InputSample& input : sample.inputs) specs.push_back(input.spec);
  GRADUS_RETURN_IF_ERROR(op.InferOutputs(*sample.config, specs, &prepared.output_specs));
  prepared.inputs = DrawInputs(sample, seed);
  for (const TensorSpec& spec : prepared.output_specs) {
    RefTensor out{spec.shape.At(sample.rows), {}};
    out.values.assign(static_cast<size_t>(Elements(out.dims)), 0.0);
    prepared.expected.push_back(std::move(out));
  }
  const Reference* reference =
      Registry<Reference>::Get().Find(sample.config->GetDescriptor()->full_name());
  if (reference == nullptr) return absl::NotFoundError("the op has no reference");
  (*reference)(*sample.config, prepared.inputs, absl::MakeSpan(prepared.expected));
  return prepared;
}

Request RequestOf(const PreparedSample& prepared, absl::string_view node) {
  Request request;
  request.config = prepared.sample->config.get();
  request.node = std::string(node);
  const auto operand = [](DType dtype, const RefTensor& tensor) {
    return Operand{dtype, tensor.dims, tensor.dims.empty() ? 1 : tensor.dims.back()};
  };
  for (size_t i = 0; i < prepared.inputs.size(); ++i) {
    request.inputs.push_back(operand(prepared.sample->inputs[i].spec.dtype, prepared.inputs[i]));
  }
  for (size_t o = 0; o < prepared.expected.size(); ++o) {
    request.outputs.push_back(operand(prepared.output_specs[o].dtype, prepared.expected[o]));
  }
  return request;
}

std::string CheckKernel(const Op& op, const KernelFactory& factory, const Request& request,
                        const Choice& choice, const PreparedSample& prepared) {
  absl::StatusOr<std::unique_ptr<Kernel>> kernel = factory.Create(request, choice);
  if (!kernel.ok()) return kernel.status().ToString();
  KernelRun first(**kernel, choice.scratch_bytes, prepared);
  std::string error = first.Run();
  if (!error.empty()) return error;
  KernelRun second(**kernel, choice.scratch_bytes, prepared);
  error = second.Run();
  if (!error.empty()) return absl::StrCat("second run: ", error);
  if (!first.SameOutputs(second)) return "two runs gave different bits";
  for (size_t out = 0; out < request.outputs.size(); ++out) {
    for (size_t in = 0; in < request.inputs.size(); ++in) {
      const Operand& from = request.inputs[in];
      const Operand& to = request.outputs[out];
      if (from.elements() * ByteSize(from.dtype) != to.elements() * ByteSize(to.dtype)) continue;
      if (!op.MayOverwrite(*request.config, static_cast<int>(out), static_cast<int>(in))) continue;
      KernelRun in_place(**kernel, choice.scratch_bytes, prepared);
      error = in_place.Run(static_cast<int>(out), static_cast<int>(in));
      if (!error.empty()) return absl::StrCat("over input ", in, ": ", error);
    }
  }
  return "";
}

std::string Describe(const OpSample& sample) {
  std::string text =
      absl::StrCat("sample (", sample.note, ") {", sample.config->ShortDebugString(), "}");
  for (const InputSample& input : sample.inputs) {
    absl::StrAppend(&text, " ", input.spec.ToString());
  }
  return absl::StrCat(text, " at batch ", sample.rows);
}

}  // namespace gradus
