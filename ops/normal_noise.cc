// Independent standard normal numbers in the shape of x [batch, ..]; of x only the shape is used.
// Inputs: x, seed [], step [] and row_offset [] INT64.
//
// The number of an element is a function of (seed, step, node, global row, place in the row) and of
// nothing else (ops/philox.h): elements 2 i and 2 i + 1 are made of the two 32-bit numbers that
// stand at their places (Box & Muller 1958):
//
//   z_2i = r cos t, z_2i+1 = r sin t     r = sqrt(-2 log u), t = 2 pi v
//
// u is the first number's upper 24 bits plus one, over 2^24, so that it is a float and never 0: no
// number is beyond 5.77. v is the second number as a signed one, over 2^32.

#include <algorithm>
#include <cmath>

#include "gradus/base/vector_math.h"
#include "gradus/op.pb.h"
#include "ops/philox.h"

namespace gradus {
namespace {

class NormalNoise final : public TypedOp<op::NormalNoise> {
 public:
  bool differentiable() const override { return false; }
  // x is not read at all.
  bool MayOverwrite(const Config&, int, int in) const override { return in == 0; }

 protected:
  absl::Status Infer(const op::NormalNoise& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRandomRows(config.node(), inputs, 1));
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(NormalNoise, op::NormalNoise);

struct Turn {
  float cosine, sine;
};

// Of bits / 2^32 turns, bits signed. A quarter turn at a time, within an eighth on both sides:
// Taylor's polynomials, off by 3e-8.
GRADUS_INLINE Turn TurnOf(uint32_t bits) {
  const uint32_t quarter = (bits + 0x20000000u) >> 30;
  const auto rest = static_cast<int32_t>(bits - (quarter << 30));
  const float t = static_cast<float>(rest) * 1.46291807926716e-9f;  // 2 pi / 2^32
  const float z = t * t;
  const float s =
      t + t * z * (-1.0f / 6 + z * (1.0f / 120 + z * (-1.0f / 5040 + z * (1.0f / 362880))));
  const float c = 1.0f + z * (-0.5f + z * (1.0f / 24 + z * (-1.0f / 720 + z * (1.0f / 40320))));
  const bool swapped = (quarter & 1) != 0;
  const float cosine = vector_math::Select(swapped, s, c);
  const float sine = vector_math::Select(swapped, c, s);
  return {vector_math::Select(quarter == 1 || quarter == 2, -cosine, cosine),
          vector_math::Select(quarter >= 2, -sine, sine)};
}

// 4 kPhiloxBlocks numbers from Philox block `block` on.
GRADUS_INLINE void NormalChunk(const PhiloxKey& key, uint64_t block, float* z) {
  uint32_t c[4][kPhiloxBlocks];
  PhiloxChunk(key, block, c);
  for (int pair = 0; pair < 4; pair += 2) {
    float even[kPhiloxBlocks], odd[kPhiloxBlocks];
    for (int i = 0; i < kPhiloxBlocks; ++i) {
      const float u = static_cast<float>(static_cast<int32_t>((c[pair][i] >> 8) + 1)) * 0x1p-24f;
      const float radius = std::sqrt(-2.0f * vector_math::Log(u));
      const Turn turn = TurnOf(c[pair + 1][i]);
      even[i] = radius * turn.cosine;
      odd[i] = radius * turn.sine;
    }
    for (int i = 0; i < kPhiloxBlocks; ++i) {
      z[4 * i + pair] = even[i];
      z[4 * i + pair + 1] = odd[i];
    }
  }
}

struct NormalElements {
  template <Isa>
  GRADUS_INLINE static void Run(PhiloxKey key, uint64_t first, float* z, int64_t n) {
    float chunk[kPhiloxElements];
    ForPhiloxParts(first, n, [&](const PhiloxPart& part) GRADUS_INLINE_LAMBDA {
      NormalChunk(key, part.block, chunk);
      for (int64_t i = 0; i < part.count; ++i) z[part.done + i] = chunk[part.skipped + i];
    });
  }
};

class NormalNoiseLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 50 + 2.0 * static_cast<double>(request.outputs[0].elements());
    return {choice};
  }

  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int64_t node = static_cast<const op::NormalNoise&>(*request.config).node();
    const int64_t n = request.inputs[0].elements();
    const int64_t row_size = RowSize(request.inputs[0]);
    return MakeKernel([node, n, row_size](const KernelArgs& args) {
      const RandomRows rows = RandomRowsOf(node, row_size, args.inputs + 1);
      ForIsa<NormalElements>(rows.key, rows.first, static_cast<float*>(args.outputs[0]), n);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::NormalNoise, "loop", NormalNoiseLoop);

}  // namespace
}  // namespace gradus
