// Means of columns.

#include "gradus/train/centralize.h"

#include <algorithm>

#include "gradus/base/isa.h"
#include "gradus/train/update_memory.h"

namespace gradus {
namespace {

// Columns [begin, begin + count) of a matrix, of at most kWidth.
template <class F>
struct CentralizeLoop {
  static constexpr int64_t kWidth = 64;

  template <Isa>
  GRADUS_INLINE static void Run(F* block, int64_t rows, int64_t pitch, int64_t count) {
    double means[kWidth] = {};
    for (int64_t r = 0; r < rows; ++r) {
      const F* const row = block + r * pitch;
      for (int64_t c = 0; c < count; ++c) means[c] += static_cast<double>(row[c]);
    }
    for (int64_t c = 0; c < count; ++c) means[c] /= static_cast<double>(rows);
    for (int64_t r = 0; r < rows; ++r) {
      F* const row = block + r * pitch;
      for (int64_t c = 0; c < count; ++c) {
        row[c] = static_cast<F>(static_cast<double>(row[c]) - means[c]);
      }
    }
  }
};

}  // namespace

template <class F>
void CentralizeGradients(const ParameterLayout& layout, absl::Span<const int> groups, F* gradients,
                         ThreadPool* pool) {
  const int threads = pool == nullptr ? 1 : pool->threads();
  auto some = [&](int thread) {
    for (int i = thread; i < layout.count(); i += threads) {
      const ParameterPlace& place = layout.place(i);
      if (place.dims.size() < 2 || !InGroups(layout, groups, place.offset)) continue;
      for (int64_t c = 0; c < place.columns; c += CentralizeLoop<F>::kWidth) {
        ForIsa<CentralizeLoop<F>>(gradients + place.offset + c, place.rows, place.pitch,
                               std::min(CentralizeLoop<F>::kWidth, place.columns - c));
      }
    }
  };
  if (threads == 1) {
    some(0);
  } else {
    pool->Run(threads, some);
  }
}

template void CentralizeGradients<float>(const ParameterLayout&, absl::Span<const int>, float*,
                                         ThreadPool*);
template void CentralizeGradients<double>(const ParameterLayout&, absl::Span<const int>, double*,
                                          ThreadPool*);

}  // namespace gradus
