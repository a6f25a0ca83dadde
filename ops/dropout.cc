// Dropout (Srivastava et al. 2014), inverted: mask = 0 with probability rate, 1 / (1 - rate)
// otherwise, and y = x mask. Inputs: x [batch, ..], rate [] FLOAT32, seed [], step [] and
// row_offset [] INT64. Outputs: y and mask, both like x.
//
// The mask is a function of (seed, step, node, global row, place in the row) and of nothing else:
// element e = (row_offset + row) * row size + place takes number e mod 4 of Philox block e / 4 with
// key `seed` and stream (node, step). Blocks of rows, threads and resumed runs therefore see the
// same mask.
//
// Gradient: dx = dy mask.

#include <algorithm>
#include <cmath>

#include "gradus/base/isa.h"
#include "gradus/base/random.h"
#include "gradus/base/status.h"
#include "gradus/base/vector_math.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"

namespace gradus {
namespace {

constexpr int64_t kNodes = int64_t{1} << 24;
constexpr int kStepBits = 40;

class Dropout final : public TypedOp<op::Dropout> {
 public:
  // The mask is written before x is read.
  bool MayOverwrite(const Config&, int out, int in) const override { return out == 0 && in == 0; }

 protected:
  absl::Status Infer(const op::Dropout& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    if (config.node() < 0 || config.node() >= kNodes) {
      return absl::InvalidArgumentError(
          absl::StrCat("node ", config.node(), " is outside [0, ", kNodes, ")"));
    }
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 5));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, DType::kFloat32));
    for (int i = 2; i < 5; ++i) GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kInt64));
    for (int i = 1; i < 5; ++i) {
      if (inputs[i].shape.rank() != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("input ", i, " has shape ", inputs[i].shape.ToString(), ", not []"));
      }
    }
    // A row is what row_offset counts.
    const Shape& shape = inputs[0].shape;
    if (shape.rank() == 0 || shape.dim(0) != Dim{1, true}) {
      return absl::InvalidArgumentError(absl::StrCat("input 0 has shape ", shape.ToString(),
                                                     ", which does not start with the batch"));
    }
    outputs->assign({inputs[0], inputs[0]});
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::Dropout&, GradientScope* scope) const override {
    const Value dy = scope->output_gradient(0);
    if (!scope->wants(0) || !dy.valid()) return absl::OkStatus();
    scope->SetInputGradient(0, scope->emit()(op::Mul(), {dy, scope->output(1)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Dropout, op::Dropout);

struct Key {
  uint64_t seed;
  uint64_t stream;
};

// y and mask of 4 kBlocks elements from Philox block `block` on. The blocks advance round by round
// side by side, which is what vectorises.
constexpr int kBlocks = 16;
constexpr int kElements = 4 * kBlocks;

GRADUS_INLINE void MaskChunk(const Key& key, uint64_t block, uint64_t threshold, float kept,
                             float* mask) {
  uint32_t c[4][kBlocks];
  for (int i = 0; i < kBlocks; ++i) {
    c[0][i] = static_cast<uint32_t>(block + i);
    c[1][i] = static_cast<uint32_t>((block + i) >> 32);
    c[2][i] = static_cast<uint32_t>(key.stream);
    c[3][i] = static_cast<uint32_t>(key.stream >> 32);
  }
  uint32_t k0 = static_cast<uint32_t>(key.seed);
  uint32_t k1 = static_cast<uint32_t>(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kBlocks; ++i) {
      const uint64_t p0 = uint64_t{0xD2511F53} * c[0][i];
      const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2][i];
      c[0][i] = static_cast<uint32_t>(p1 >> 32) ^ c[1][i] ^ k0;
      c[1][i] = static_cast<uint32_t>(p1);
      c[2][i] = static_cast<uint32_t>(p0 >> 32) ^ c[3][i] ^ k1;
      c[3][i] = static_cast<uint32_t>(p0);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  for (int i = 0; i < kBlocks; ++i) {
    for (int j = 0; j < 4; ++j) mask[4 * i + j] = c[j][i] >= threshold ? kept : 0.0f;
  }
}

struct DropoutElements {
  template <Isa>
  GRADUS_INLINE static void Run(Key key, uint64_t first, float rate, const float* x, float* y,
                                float* mask, int64_t n) {
    // An element is dropped when its 32-bit number is below rate * 2^32; at rate 1 all are.
    const uint64_t threshold = static_cast<uint64_t>(
        std::ceil(std::min(std::max(static_cast<double>(rate), 0.0), 1.0) * 0x1p32));
    const float kept = 1.0f / (1.0f - rate);
    float chunk[kElements];
    int64_t done = 0;
    while (done < n) {
      const uint64_t element = first + static_cast<uint64_t>(done);
      const int64_t skipped = static_cast<int64_t>(element % 4);
      MaskChunk(key, element / 4, threshold, kept, chunk);
      const int64_t count = std::min<int64_t>(kElements - skipped, n - done);
      for (int64_t i = 0; i < count; ++i) mask[done + i] = chunk[skipped + i];
#pragma GCC ivdep  // y is x or another buffer.
      for (int64_t i = 0; i < count; ++i) y[done + i] = x[done + i] * chunk[skipped + i];
      done += count;
    }
  }
};

class DropoutLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 50 + 1.0 * static_cast<double>(request.outputs[0].elements());
    return {choice};
  }

  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const uint64_t node =
        static_cast<uint64_t>(static_cast<const op::Dropout&>(*request.config).node());
    const int64_t n = request.inputs[0].elements();
    const int64_t row_size = n / std::max<int64_t>(request.inputs[0].dims[0], 1);
    return MakeKernel([node, n, row_size](const KernelArgs& args) {
      const float rate = *static_cast<const float*>(args.inputs[1]);
      const uint64_t step = static_cast<uint64_t>(*static_cast<const int64_t*>(args.inputs[3]));
      const uint64_t row = static_cast<uint64_t>(*static_cast<const int64_t*>(args.inputs[4]));
      const Key key = {static_cast<uint64_t>(*static_cast<const int64_t*>(args.inputs[2])),
                       node << kStepBits ^ step};
      ForIsa<DropoutElements>(key, row * static_cast<uint64_t>(row_size), rate,
                              static_cast<const float*>(args.inputs[0]),
                              static_cast<float*>(args.outputs[0]),
                              static_cast<float*>(args.outputs[1]), n);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Dropout, "loop", DropoutLoop);

}  // namespace
}  // namespace gradus
