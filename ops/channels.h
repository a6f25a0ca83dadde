// Channels side by side in vector registers: what the loops of convolutions over channels-last images are made of. Each number of a result
// is computed in one order, whatever the instruction set.

#ifndef GRADUS_OPS_CHANNELS_H_
#define GRADUS_OPS_CHANNELS_H_

#include <cstdint>

#include "gradus/base/isa.h"

namespace gradus {

constexpr int kChannelLanes = 16;
typedef float ChannelLanes __attribute__((vector_size(kChannelLanes * sizeof(float))));

GRADUS_INLINE void LoadChannels(const float* from, ChannelLanes* lanes) {
  __builtin_memcpy(lanes, from, sizeof(*lanes));
}
GRADUS_INLINE void StoreChannels(const ChannelLanes& lanes, float* to) {
  __builtin_memcpy(to, &lanes, sizeof(lanes));
}

// Calls block(LaneCount<vectors>, channel) for as many whole vectors as there are, and rest(channel, count) for what is left.
template <int vectors>
struct LaneCount {
  static constexpr int kVectors = vectors;
};
template <class Block, class Rest>
GRADUS_INLINE void ForChannels(int64_t channels, const Block& block, const Rest& rest) {
  int64_t at = 0;
  for (; at + 4 * kChannelLanes <= channels; at += 4 * kChannelLanes) block(LaneCount<4>(), at);
  for (; at + 2 * kChannelLanes <= channels; at += 2 * kChannelLanes) block(LaneCount<2>(), at);
  for (; at + kChannelLanes <= channels; at += kChannelLanes) block(LaneCount<1>(), at);
  if (at < channels) rest(at, static_cast<int>(channels - at));
}

}  // namespace gradus

#endif  // GRADUS_OPS_CHANNELS_H_
