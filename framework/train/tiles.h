// Passes over all elements of some groups, cut into pieces of a fixed size: threads share them, and
// sums over them are added up in one order, so that no result depends on how many threads there are.

#ifndef GRADUS_TRAIN_TILES_H_
#define GRADUS_TRAIN_TILES_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/isa.h"
#include "gradus/base/thread_pool.h"
#include "gradus/runtime/parameter_layout.h"

namespace gradus {

// The sum of term(i) for i below `count`, in double. Term is a small struct whose operator() is
// GRADUS_INLINE; the order of the sum depends on the count alone.
template <class Term>
struct SumLoop {
  // As many sums side by side as keep every instruction set busy; their order is part of the result.
  static constexpr int kLanes = 16;

  template <Isa>
  GRADUS_INLINE static void Run(const Term* given, int64_t count, double* result) {
    const Term term = *given;
    double sums[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      double terms[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) terms[lane] = term(i + lane);
      for (int lane = 0; lane < kLanes; ++lane) sums[lane] += terms[lane];
    }
    for (int lane = 0; i < count; ++i, ++lane) sums[lane] += term(i);
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
    }
    *result = sums[0];
  }
};

template <class Term>
double SumOf(const Term& term, int64_t count) {
  double sum = 0;
  ForIsa<SumLoop<Term>>(&term, count, &sum);
  return sum;
}

template <class F>
struct SquareOf {
  const F* values;
  GRADUS_INLINE double operator()(int64_t i) const {
    const double value = static_cast<double>(values[i]);
    return value * value;
  }
};

template <class F>
double SumOfSquares(const F* values, int64_t count) {
  return SumOf(SquareOf<F>{values}, count);
}

// Thread safety: as a plain struct; Sum changes it.
class Tiles {
 public:
  Tiles() = default;
  Tiles(const ParameterLayout& layout, absl::Span<const int> groups) {
    for (int g : groups) {
      const std::pair<int64_t, int64_t> range = layout.GroupRange(g);
      for (int64_t begin = range.first; begin < range.second; begin += kSize) {
        ranges_.push_back({begin, std::min(range.second, begin + kSize)});
      }
    }
    sums_.resize(ranges_.size());
  }

  // Calls use(begin, end) for every piece, on the pool's threads; `pool` may be null.
  template <class Use>
  void ForEach(ThreadPool* pool, const Use& use) const {
    Share(pool, [&](size_t i) { use(ranges_[i].first, ranges_[i].second); });
  }

  // The sum of sum_of(begin, end) over all pieces, in their order.
  template <class Of>
  double Sum(ThreadPool* pool, const Of& sum_of) {
    Share(pool, [&](size_t i) { sums_[i] = sum_of(ranges_[i].first, ranges_[i].second); });
    double sum = 0;
    for (double part : sums_) sum += part;
    return sum;
  }

 private:
  // As much as a thread does before it looks for the next piece.
  static constexpr int64_t kSize = int64_t{1} << 16;

  template <class Each>
  void Share(ThreadPool* pool, const Each& each) const {
    if (pool == nullptr || ranges_.size() < 2) {
      for (size_t i = 0; i < ranges_.size(); ++i) each(i);
      return;
    }
    const int threads = pool->threads();
    auto some = [&](int thread) {
      for (size_t i = static_cast<size_t>(thread); i < ranges_.size();
           i += static_cast<size_t>(threads)) {
        each(i);
      }
    };
    pool->Run(threads, some);
  }

  std::vector<std::pair<int64_t, int64_t>> ranges_;
  std::vector<double> sums_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_TILES_H_
