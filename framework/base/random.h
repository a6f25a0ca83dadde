// Counter-based random numbers (Philox 4x32, 10 rounds; Salmon, Moraes, Dror & Shaw 2011). There is no generator state: a
// number is a function of (seed, stream, index), so that threads, restarts and the order of calls cannot change it.

#ifndef GRADUS_BASE_RANDOM_H_
#define GRADUS_BASE_RANDOM_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace gradus {

// Four 32-bit numbers of block `index` of the stream.
inline std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t stream, uint64_t index) {
  uint32_t c[4] = {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                   static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
  uint32_t k0 = static_cast<uint32_t>(seed);
  uint32_t k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    const uint32_t next[4] = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
                              static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {c[0], c[1], c[2], c[3]};
}

// Uniform in [0, 1) with 53 bits, from two 32-bit numbers.
inline double UnitDouble(uint32_t high, uint32_t low) {
  return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1.0p-53;
}

// A stream number for a name (FNV-1a, 64 bits).
uint64_t StreamOf(absl::string_view name);

// A sequence read front to back, for code that draws one number after another.
class RandomSequence {
 public:
  RandomSequence(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}
  double Uniform();                // [0, 1)
  double Normal();                 // Mean 0, deviation 1 (Box-Muller).
  uint64_t Below(uint64_t limit);  // 0 .. limit - 1, without bias; limit > 0.

 private:
  uint64_t Next64();
  uint64_t seed_, stream_, index_ = 0;
};

// A random order of 0 .. n - 1 (Fisher-Yates).
std::vector<int64_t> RandomPermutation(int64_t n, uint64_t seed, uint64_t stream);
// The same into memory that is there already; n is its length.
void RandomPermutation(absl::Span<int64_t> order, uint64_t seed, uint64_t stream);

}  // namespace gradus

#endif  // GRADUS_BASE_RANDOM_H_
