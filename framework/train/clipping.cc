// Norms and factors.

#include "gradus/train/clipping.h"

#include <algorithm>
#include <cmath>

#include "gradus/train/update_memory.h"

namespace gradus {
namespace {

template <class F>
void Scale(F* values, int64_t count, F factor) {
  for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

// What a gradient of this norm is multiplied by to have at most that one.
double Factor(double norm, double most) { return most / std::max(norm, most); }

// Each unit, a column of a matrix or an element of a vector, against its own weights.
template <class F>
void ClipAdaptively(const AdaptiveClip& config, const ParameterPlace& place, const F* weights,
                    F* gradients) {
  for (int64_t c = 0; c < place.columns; ++c) {
    double weight = 0, gradient = 0;
    for (int64_t r = 0; r < place.rows; ++r) {
      const double w = static_cast<double>(weights[r * place.pitch + c]);
      const double g = static_cast<double>(gradients[r * place.pitch + c]);
      weight += w * w;
      gradient += g * g;
    }
    const double most = config.factor() * std::max(std::sqrt(weight), config.epsilon());
    if (!(std::sqrt(gradient) > most)) continue;
    const F factor = static_cast<F>(most / std::sqrt(gradient));
    for (int64_t r = 0; r < place.rows; ++r) gradients[r * place.pitch + c] *= factor;
  }
}

}  // namespace

template <class F>
void Clipping::Apply(const ParameterLayout& layout, absl::Span<const int> groups, Tiles* tiles,
                     const F* weights, F* gradients, ThreadPool* pool,
                     absl::Span<UpdateStep> steps) const {
  const int threads = pool == nullptr ? 1 : pool->threads();
  switch (config_.kind_case()) {
    case ClipConfig::KIND_NOT_SET:
      return;
    case ClipConfig::kValue:
      for (int g : groups) steps[g].clip_value = config_.value();
      return;
    case ClipConfig::kGlobalNorm: {
      const double sum = tiles->Sum(pool, [&](int64_t begin, int64_t end) {
        return SumOfSquares(gradients + begin, end - begin);
      });
      // Gradients that are not finite are left as they are, for whoever looks for the first of them.
      const double factor =
          std::isfinite(sum) ? Factor(std::sqrt(sum), config_.global_norm()) : 1.0;
      for (int g : groups) steps[g].gradient_scale = factor;
      return;
    }
    case ClipConfig::kNorm:
    case ClipConfig::kAdaptive:
      break;
  }
  auto clip_some = [&](int thread) {
    for (int i = thread; i < layout.count(); i += threads) {
      const ParameterPlace& place = layout.place(i);
      if (!InGroups(layout, groups, place.offset)) continue;
      F* const gradient = gradients + place.offset;
      if (config_.kind_case() == ClipConfig::kAdaptive) {
        ClipAdaptively(config_.adaptive(), place, weights + place.offset, gradient);
        continue;
      }
      const double norm = std::sqrt(SumOfSquares(gradient, place.floats()));
      const double factor = Factor(norm, config_.norm());
      if (factor < 1) Scale(gradient, place.floats(), static_cast<F>(factor));
    }
  };
  if (threads == 1) {
    clip_some(0);
  } else {
    pool->Run(threads, clip_some);
  }
}

template void Clipping::Apply<float>(const ParameterLayout&, absl::Span<const int>, Tiles*,
                                     const float*, float*, ThreadPool*,
                                     absl::Span<UpdateStep>) const;
template void Clipping::Apply<double>(const ParameterLayout&, absl::Span<const int>, Tiles*,
                                      const double*, double*, ThreadPool*,
                                      absl::Span<UpdateStep>) const;

}  // namespace gradus
