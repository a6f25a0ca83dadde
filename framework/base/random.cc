// Distributions on top of Philox.

#include "gradus/base/random.h"

#include <cmath>
#include <utility>

namespace gradus {

uint64_t StreamOf(absl::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

uint64_t RandomSequence::Next64() {
  const auto block = Philox(seed_, stream_, index_++);
  return uint64_t{block[0]} << 32 | block[1];
}

double RandomSequence::Uniform() {
  const uint64_t bits = Next64();
  return UnitDouble(static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits));
}

double RandomSequence::Normal() {
  constexpr double kTwoPi = 6.283185307179586476925;
  const double radius = std::sqrt(-2.0 * std::log1p(-Uniform()));
  return radius * std::cos(kTwoPi * Uniform());
}

uint64_t RandomSequence::Below(uint64_t limit) {
  const uint64_t rejected = (0 - limit) % limit;  // 2^64 mod limit: the numbers that would favour small results.
  uint64_t bits;
  do {
    bits = Next64();
  } while (bits < rejected);
  return bits % limit;
}

void RandomPermutation(absl::Span<int64_t> order, uint64_t seed, uint64_t stream) {
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  RandomSequence random(seed, stream);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
}

std::vector<int64_t> RandomPermutation(int64_t n, uint64_t seed, uint64_t stream) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  RandomPermutation(absl::MakeSpan(order), seed, stream);
  return order;
}

}  // namespace gradus
