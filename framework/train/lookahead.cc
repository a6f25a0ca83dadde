// One loop every few updates.

#include "gradus/train/lookahead.h"

#include <atomic>
#include <cstring>

#include "gradus/base/isa.h"
#include "gradus/train/update_stages.h"

namespace gradus {
namespace {

template <class F>
struct SyncLoop {
  template <Isa>
  GRADUS_INLINE static void Run(F part, int64_t count, F* __restrict weights, F* __restrict slow,
                                bool* finite) {
    decltype(internal::NotFinite(F())) bad = 0;
    for (int64_t i = 0; i < count; ++i) {
      // The whole way is exactly there.
      const F met = part == 1 ? weights[i] : slow[i] + part * (weights[i] - slow[i]);
      bad |= internal::NotFinite(met);
      slow[i] = met;
      weights[i] = met;
    }
    *finite = bad == 0;
  }
};

}  // namespace

template <class F>
bool LookaheadStage<F>::Begin(const Tiles& tiles, const F* weights, UpdateMemory<F>* memory) const {
  if (slot_ < 0) return false;
  double& updates = memory->numbers()[number_];
  if (updates == 0) {
    tiles.ForEach(nullptr, [&](int64_t begin, int64_t end) {
      std::memcpy(memory->At(slot_, begin), weights + begin,
                  static_cast<size_t>(end - begin) * sizeof(F));
    });
  }
  updates += 1;
  return static_cast<int64_t>(updates) % config_.sync_period() == 0;
}

template <class F>
bool LookaheadStage<F>::Sync(const Tiles& tiles, ThreadPool* pool, F* weights,
                             UpdateMemory<F>* memory) const {
  std::atomic<bool> finite{true};
  tiles.ForEach(pool, [&](int64_t begin, int64_t end) {
    bool some = true;
    ForIsa<SyncLoop<F>>(static_cast<F>(config_.slow_step_size()), end - begin, weights + begin,
                        memory->At(slot_, begin), &some);
    if (!some) finite = false;
  });
  return finite;
}

template class LookaheadStage<float>;
template class LookaheadStage<double>;

}  // namespace gradus
