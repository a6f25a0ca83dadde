// Independent uniform numbers in [0, 1), `count` for each example of x [batch, ..]; of x only the rows are used. Inputs: x, seed [],
// step [] and row_offset [] INT64. Output: [batch, count].
//
// A number is the upper 24 bits, over 2^24, of the 32-bit number that stands at its place, which is a function of (seed, step, node,
// global row, place in the row) and of nothing else (ops/philox.h).

#include <algorithm>

#include "gradus/op.pb.h"
#include "ops/philox.h"

namespace gradus {
namespace {

class UniformNoise final : public TypedOp<op::UniformNoise> {
 public:
  bool differentiable() const override { return false; }

 protected:
  absl::Status Infer(const op::UniformNoise& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRandomRows(config.node(), inputs, 1));
    if (config.count() < 1) {
      return absl::InvalidArgumentError(absl::StrCat("count ", config.count(), " is below 1"));
    }
    outputs->assign({{DType::kFloat32, Shape::Batched({config.count()})}});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(UniformNoise, op::UniformNoise);

struct UniformElements {
  template <Isa>
  GRADUS_INLINE static void Run(PhiloxKey key, uint64_t first, float* u, int64_t n) {
    uint32_t c[4][kPhiloxBlocks];
    ForPhiloxParts(first, n, [&](const PhiloxPart& part) GRADUS_INLINE_LAMBDA {
      PhiloxChunk(key, part.block, c);
      for (int64_t i = 0; i < part.count; ++i) {
        const int64_t at = part.skipped + i;
        u[part.done + i] =
            static_cast<float>(static_cast<int32_t>(c[at % 4][at / 4] >> 8)) * 0x1p-24f;
      }
    });
  }
};

class UniformNoiseLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 50 + 1.0 * static_cast<double>(request.outputs[0].elements());
    return {choice};
  }

  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int64_t node = static_cast<const op::UniformNoise&>(*request.config).node();
    const int64_t n = request.outputs[0].elements(), row_size = request.outputs[0].dims[1];
    return MakeKernel([node, n, row_size](const KernelArgs& args) {
      const RandomRows rows = RandomRowsOf(node, row_size, args.inputs + 1);
      ForIsa<UniformElements>(rows.key, rows.first, static_cast<float*>(args.outputs[0]), n);
    });
  }
  // x is not read.
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::UniformNoise, "loop", UniformNoiseLoop);

}  // namespace
}  // namespace gradus
