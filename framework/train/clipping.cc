// Norms and factors.

#include "gradus/train/clipping.h"

#include <algorithm>
#include <cmath>

#include "gradus/base/isa.h"
#include "gradus/train/update_memory.h"

namespace gradus {
namespace {

// As much as a thread sums before it looks for the next piece.
constexpr int64_t kTile = int64_t{1} << 16;

template <class F>
struct SquaresLoop {
  // As many sums side by side as keep every instruction set busy; their order is part of the result.
  static constexpr int kLanes = 16;

  template <Isa>
  GRADUS_INLINE static void Run(const F* values, int64_t count, double* result) {
    double sums[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const double value = static_cast<double>(values[i + lane]);
        sums[lane] += value * value;
      }
    }
    for (int lane = 0; i < count; ++i, ++lane) {
      const double value = static_cast<double>(values[i]);
      sums[lane] += value * value;
    }
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
    }
    *result = sums[0];
  }
};

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
double SumOfSquares(const F* values, int64_t count) {
  double sum = 0;
  ForIsa<SquaresLoop<F>>(values, count, &sum);
  return sum;
}

template <class F>
void Clipping::Apply(const ParameterLayout& layout, absl::Span<const int> groups, const F* weights,
                     F* gradients, ThreadPool* pool, absl::Span<UpdateStep> steps) {
  const int threads = pool == nullptr ? 1 : pool->threads();
  switch (config_.kind_case()) {
    case ClipConfig::KIND_NOT_SET:
      return;
    case ClipConfig::kValue:
      for (int g : groups) steps[g].clip_value = config_.value();
      return;
    case ClipConfig::kGlobalNorm: {
      tiles_.clear();
      for (int g : groups) {
        const std::pair<int64_t, int64_t> range = layout.GroupRange(g);
        for (int64_t begin = range.first; begin < range.second; begin += kTile) {
          tiles_.push_back({begin, std::min(range.second, begin + kTile)});
        }
      }
      sums_.resize(tiles_.size());
      auto sum_tiles = [&](int thread) {
        for (size_t i = static_cast<size_t>(thread); i < tiles_.size();
             i += static_cast<size_t>(threads)) {
          sums_[i] = SumOfSquares(gradients + tiles_[i].first, tiles_[i].second - tiles_[i].first);
        }
      };
      if (threads == 1 || tiles_.size() == 1) {
        for (int thread = 0; thread < threads; ++thread) sum_tiles(thread);
      } else {
        pool->Run(threads, sum_tiles);
      }
      double sum = 0;
      for (double part : sums_) sum += part;
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

template double SumOfSquares<float>(const float*, int64_t);
template double SumOfSquares<double>(const double*, int64_t);
template void Clipping::Apply<float>(const ParameterLayout&, absl::Span<const int>, const float*,
                                     float*, ThreadPool*, absl::Span<UpdateStep>);
template void Clipping::Apply<double>(const ParameterLayout&, absl::Span<const int>, const double*,
                                      double*, ThreadPool*, absl::Span<UpdateStep>);

}  // namespace gradus
