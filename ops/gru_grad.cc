// The gradient of a gated recurrent unit's recurrence (ops/gru.cc), from its states and gates. With D = dh_t + what comes from step t + 1:
//
//   dz = D (h_t-1 - n) z (1 - z),  dn = D (1 - z) (1 - n^2)
//   reset_after   dr = dn share r (1 - r),  the state's shares get (dz, dr, dn r),  h_t-1 gets D z + (dz, dr, dn r) R^T
//   as published  s = dn R_h^T,  dr = s h_t-1 r (1 - r),  h_t-1 gets D z + s r + (dz, dr) [R_z R_r]^T
//
//   (dh [batch, steps, u], h, gates, R [u, 3 u], length [batch] if given) -> dprojected = (dz, dr, dn), with reset_after also the shares'

#include "ops/recurrence.h"

namespace gradus {
namespace {

constexpr int kGates = 3;

class GruGrad final : public TypedOp<op::GruGrad> {
 public:
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return RecurrenceFlops(inputs[0].shape, inputs[3].shape, rows);
  }

 protected:
  absl::Status Infer(const op::GruGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    const int kept = config.reset_after() ? 4 : 3;
    GRADUS_RETURN_IF_ERROR(CheckRecurrence(inputs, {1, 1, kept}, kGates));
    const TensorSpec gradient = SequenceLike(inputs[0], inputs[3].shape.dim(1).k);
    outputs->assign(config.reset_after() ? 2 : 1, gradient);
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(GruGrad, op::GruGrad);

struct GruGradCell {
  Recurrence size;
  const int32_t* lengths;
  const float *dh, *h, *gates;
  float *dprojected, *dshare;
  // [rows, u]: what comes from later steps. [rows, 3 u] or [rows, 2 u]: what meets R^T. As published also [rows, u], dn, and its product.
  float *later, *meets, *dn, *dreset;
};

struct GruGradStepAfter {
  // `before` is the step that was read before t, or negative for none. Leaves in `later` what the product is added to.
  template <Isa>
  GRADUS_INLINE static void Run(const GruGradCell* cell, int64_t t, int64_t before) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = row * cell->size.steps + t;
      const float* dh = cell->dh + at * u;
      float *later = cell->later + row * u, *meets = cell->meets + row * kGates * u;
      float *dprojected = cell->dprojected + at * kGates * u,
            *dshare = cell->dshare + at * kGates * u;
      if (Ended(cell->lengths, row, t)) {
        for (int64_t j = 0; j < u; ++j) later[j] += dh[j];
        for (int64_t j = 0; j < kGates * u; ++j) meets[j] = dprojected[j] = dshare[j] = 0;
      } else {
        Row(u, dh, StatesAfter(cell->size, cell->h, cell->lengths, row, before),
            cell->gates + at * 4 * u, later, meets, dprojected, dshare);
      }
    }
  }
  GRADUS_INLINE static void Row(int64_t u, const float* dh, const float* state, const float* gates,
                                float* later, float* meets, float* dprojected, float* dshare) {
    const float had = state == nullptr ? 0.0f : 1.0f;
    const float* earlier = state == nullptr ? gates : state;
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float z = gates[j], r = gates[u + j], n = gates[2 * u + j], share = gates[3 * u + j];
      const float all = dh[j] + later[j];
      const float dz = all * (had * earlier[j] - n) * (z * (1.0f - z));
      const float dn = all * (1.0f - z) * ((1.0f - n) * (1.0f + n));
      const float dr = dn * share * (r * (1.0f - r));
      dprojected[j] = dz;
      dprojected[u + j] = dr;
      dprojected[2 * u + j] = dn;
      meets[j] = dshare[j] = dz;
      meets[u + j] = dshare[u + j] = dr;
      meets[2 * u + j] = dshare[2 * u + j] = dn * r;
      later[j] = all * z;
    }
  }
};

// In two halves: dz and dn; then, with the product of dn, dr.
struct GruGradStepBefore {
  template <Isa>
  GRADUS_INLINE static void Run(const GruGradCell* cell, int64_t t, int64_t before, bool second) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = row * cell->size.steps + t;
      const float *dh = cell->dh + at * u, *gates = cell->gates + at * kGates * u;
      const float* state = StatesAfter(cell->size, cell->h, cell->lengths, row, before);
      float *later = cell->later + row * u, *meets = cell->meets + row * 2 * u;
      float *dprojected = cell->dprojected + at * kGates * u, *dn = cell->dn + row * u;
      const bool ended = Ended(cell->lengths, row, t);
      if (!second && !ended) First(u, dh, state, gates, later, meets, dn, dprojected);
      if (second && !ended) {
        Second(u, state, gates, cell->dreset + row * u, later, meets, dprojected);
      }
      if (second || !ended) continue;
      for (int64_t j = 0; j < u; ++j) later[j] += dh[j];
      for (int64_t j = 0; j < u; ++j) dn[j] = 0;
      for (int64_t j = 0; j < 2 * u; ++j) meets[j] = 0;
      for (int64_t j = 0; j < kGates * u; ++j) dprojected[j] = 0;
    }
  }
  GRADUS_INLINE static void First(int64_t u, const float* dh, const float* state,
                                  const float* gates, float* later, float* meets, float* dn,
                                  float* dprojected) {
    const float had = state == nullptr ? 0.0f : 1.0f;
    const float* earlier = state == nullptr ? gates : state;
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float z = gates[j], n = gates[2 * u + j];
      const float all = dh[j] + later[j];
      const float dz = all * (had * earlier[j] - n) * (z * (1.0f - z));
      const float inner = all * (1.0f - z) * ((1.0f - n) * (1.0f + n));
      meets[j] = dz;
      dprojected[j] = dz;
      dprojected[2 * u + j] = inner;
      dn[j] = inner;
      later[j] = all * z;
    }
  }
  GRADUS_INLINE static void Second(int64_t u, const float* state, const float* gates,
                                   const float* dreset, float* later, float* meets,
                                   float* dprojected) {
    const float had = state == nullptr ? 0.0f : 1.0f;
    const float* earlier = state == nullptr ? gates : state;
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float r = gates[u + j];
      const float dr = dreset[j] * (had * earlier[j]) * (r * (1.0f - r));
      meets[u + j] = dr;
      dprojected[u + j] = dr;
      later[j] += dreset[j] * r;
    }
  }
};

struct GruGradPlan {
  Recurrence size;
  bool after, lengths;
  StepProduct product, reset_product;
  int64_t later, meets, dn, dreset, turned, gemm, bytes;

  explicit GruGradPlan(const Request& request)
      : size(request.inputs[0], request.inputs[3], ConfigOf(request).reverse()),
        after(ConfigOf(request).reset_after()),
        lengths(request.inputs.size() > 4),
        product{size.units, (after ? 3 : 2) * size.units, size.units},
        reset_product{size.units, size.units, size.units} {
    ScratchFloats scratch;
    later = scratch.Take(size.state_size());
    meets = scratch.Take(size.rows * product.k);
    dn = scratch.Take(after ? 0 : size.state_size());
    dreset = scratch.Take(after ? 0 : size.state_size());
    turned = scratch.Take(kGates * size.units * size.units);
    gemm = scratch.Take(std::max(product.scratch(size.rows), reset_product.scratch(size.rows)));
    bytes = scratch.bytes();
  }

  absl::Status Run(const KernelArgs& args) const {
    float* scratch = static_cast<float*>(args.scratch);
    const GruGradCell cell{size,
                           LengthsOf(args, 4, lengths),
                           static_cast<const float*>(args.inputs[0]),
                           static_cast<const float*>(args.inputs[1]),
                           static_cast<const float*>(args.inputs[2]),
                           static_cast<float*>(args.outputs[0]),
                           after ? static_cast<float*>(args.outputs[1]) : nullptr,
                           scratch + later,
                           scratch + meets,
                           scratch + dn,
                           scratch + dreset};
    GRADUS_RETURN_IF_ERROR(CheckLengths(size, cell.lengths));
    // [3 u, u], the rows of R_h last.
    TurnOver(static_cast<const float*>(args.inputs[3]), size, kGates * size.units,
             scratch + turned);
    Zero(cell.later, size.state_size());
    for (int64_t k = size.steps - 1; k >= 0; --k) {
      const int64_t t = size.StepAt(k), before = k > 0 ? size.StepAt(k - 1) : -1;
      if (after) {
        ForIsa<GruGradStepAfter>(&cell, t, before);
      } else {
        ForIsa<GruGradStepBefore>(&cell, t, before, false);
        reset_product.Run(size.rows, cell.dn, scratch + turned + 2 * size.units * size.units,
                          nullptr, false, cell.dreset, scratch + gemm);
        ForIsa<GruGradStepBefore>(&cell, t, before, true);
      }
      if (k == 0) break;
      product.Run(size.rows, cell.meets, scratch + turned, nullptr, true, cell.later,
                  scratch + gemm);
    }
    return absl::OkStatus();
  }

 private:
  static const op::GruGrad& ConfigOf(const Request& request) {
    return static_cast<const op::GruGrad&>(*request.config);
  }
};

using GruGradWithVectors = RecurrenceWithVectors<GruGradPlan, kGates>;
GRADUS_REGISTER_KERNEL(op::GruGrad, "vector", GruGradWithVectors);

}  // namespace
}  // namespace gradus
