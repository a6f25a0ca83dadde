// Dropout (Srivastava et al. 2014), inverted: mask = 0 with probability rate, 1 / (1 - rate)
// otherwise, and y = x mask. Inputs: x [batch, ..], rate [] FLOAT32, seed [], step [] and
// row_offset [] INT64. Outputs: y and mask, both like x.
//
// The mask is a function of (seed, step, node, global row, place in the row) and of nothing else
// (ops/philox.h). Blocks of rows, threads and resumed runs therefore see the same mask.
//
// Gradient: dx = dy mask.

#include <algorithm>
#include <cmath>

#include "gradus/op.pb.h"
#include "ops/philox.h"

namespace gradus {
namespace {

class Dropout final : public TypedOp<op::Dropout> {
 public:
  // The mask is written before x is read.
  bool MayOverwrite(const Config&, int out, int in) const override { return out == 0 && in == 0; }

 protected:
  absl::Status Infer(const op::Dropout& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRandomRows(config.node(), inputs, 2));
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

// The mask of 4 kPhiloxBlocks elements from Philox block `block` on.
GRADUS_INLINE void MaskChunk(const PhiloxKey& key, uint64_t block, uint64_t threshold, float kept,
                             float* mask) {
  uint32_t c[4][kPhiloxBlocks];
  PhiloxChunk(key, block, c);
  for (int i = 0; i < kPhiloxBlocks; ++i) {
    for (int j = 0; j < 4; ++j) mask[4 * i + j] = c[j][i] >= threshold ? kept : 0.0f;
  }
}

struct DropoutElements {
  template <Isa>
  GRADUS_INLINE static void Run(PhiloxKey key, uint64_t first, float rate, const float* x, float* y,
                                float* mask, int64_t n) {
    // An element is dropped when its 32-bit number is below rate * 2^32; at rate 1 all are.
    const uint64_t threshold = static_cast<uint64_t>(
        std::ceil(std::min(std::max(static_cast<double>(rate), 0.0), 1.0) * 0x1p32));
    const float kept = 1.0f / (1.0f - rate);
    float chunk[kPhiloxElements];
    ForPhiloxParts(first, n, [&](const PhiloxPart& part) GRADUS_INLINE_LAMBDA {
      MaskChunk(key, part.block, threshold, kept, chunk);
      for (int64_t i = 0; i < part.count; ++i) mask[part.done + i] = chunk[part.skipped + i];
#pragma GCC ivdep  // y is x or another buffer.
      for (int64_t i = 0; i < part.count; ++i)
        y[part.done + i] = x[part.done + i] * chunk[part.skipped + i];
    });
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
    const int64_t node = static_cast<const op::Dropout&>(*request.config).node();
    const int64_t n = request.inputs[0].elements();
    const int64_t row_size = RowSize(request.inputs[0]);
    return MakeKernel([node, n, row_size](const KernelArgs& args) {
      const float rate = *static_cast<const float*>(args.inputs[1]);
      const RandomRows rows = RandomRowsOf(node, row_size, args.inputs + 2);
      ForIsa<DropoutElements>(rows.key, rows.first, rate, static_cast<const float*>(args.inputs[0]),
                              static_cast<float*>(args.outputs[0]),
                              static_cast<float*>(args.outputs[1]), n);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Dropout, "loop", DropoutLoop);

}  // namespace
}  // namespace gradus
