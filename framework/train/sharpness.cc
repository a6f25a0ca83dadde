// There and back.

#include "gradus/train/sharpness.h"

#include <cmath>
#include <cstring>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

struct SquareOfProduct {
  const float *a, *b;
  GRADUS_INLINE double operator()(int64_t i) const {
    const double product = static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return product * product;
  }
};

struct LeaveLoop {
  template <Isa>
  GRADUS_INLINE static void Run(double scale, bool adaptive, int64_t count,
                                const float* __restrict gradients, float* __restrict weights) {
    if (adaptive) {
      for (int64_t i = 0; i < count; ++i) {
        const double w = static_cast<double>(weights[i]), g = static_cast<double>(gradients[i]);
        weights[i] = static_cast<float>(w + scale * (w * w) * g);
      }
    } else {
      for (int64_t i = 0; i < count; ++i) {
        const double w = static_cast<double>(weights[i]), g = static_cast<double>(gradients[i]);
        weights[i] = static_cast<float>(w + scale * g);
      }
    }
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sharpness>> Sharpness::Create(const SharpnessAware& config,
                                                             const ParameterLayout& layout,
                                                             absl::Span<const int> groups,
                                                             ThreadPool* pool) {
  std::unique_ptr<Sharpness> sharpness(new Sharpness(config, layout, groups, pool));
  GRADUS_ASSIGN_OR_RETURN(
      sharpness->kept_, AllocateAligned(layout.floats() * static_cast<int64_t>(sizeof(float))));
  return sharpness;
}

double Sharpness::Norm(const float* weights, const float* gradients) {
  return std::sqrt(tiles_.Sum(pool_, [&](int64_t begin, int64_t end) {
    return adaptive_ ? SumOf(SquareOfProduct{weights + begin, gradients + begin}, end - begin)
                     : SumOfSquares(gradients + begin, end - begin);
  }));
}

void Sharpness::Leave(double norm, const float* gradients, float* weights) {
  float* const kept = static_cast<float*>(kept_.get());
  const double scale = radius_ / norm;
  tiles_.ForEach(pool_, [&](int64_t begin, int64_t end) {
    std::memcpy(kept + begin, weights + begin, static_cast<size_t>(end - begin) * sizeof(float));
    ForIsa<LeaveLoop>(scale, adaptive_, end - begin, gradients + begin, weights + begin);
  });
}

void Sharpness::Return(float* weights) const {
  const float* const kept = static_cast<const float*>(kept_.get());
  tiles_.ForEach(pool_, [&](int64_t begin, int64_t end) {
    std::memcpy(weights + begin, kept + begin, static_cast<size_t>(end - begin) * sizeof(float));
  });
}

}  // namespace gradus
