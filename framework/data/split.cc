// Selection sampling (Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S) for all classes at once: one pass in the order
// of the examples, in which each is taken with the probability that is still needed of its class over what is left of it.

#include "gradus/data/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "gradus/base/random.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr uint64_t kStream = 0x73706c6974;  // "split"

// Of each class, by its number of examples, how many are held out of `held_out` in all; behind
// them of all single examples together.
absl::StatusOr<std::vector<int64_t>> Shares(const std::vector<int64_t>& counts, int64_t n,
                                            int64_t held_out) {
  std::vector<int64_t> shares(counts.size());
  std::vector<uint64_t> remainders(counts.size());
  int64_t left = held_out;
  for (size_t c = 0; c < counts.size(); ++c) {
    // In 128 bits, because the product of two counts may need more than 64.
    const unsigned __int128 product =
        static_cast<unsigned __int128>(counts[c]) * static_cast<unsigned __int128>(held_out);
    shares[c] =
        std::min(static_cast<int64_t>(product / static_cast<unsigned __int128>(n)), counts[c] - 1);
    remainders[c] = static_cast<uint64_t>(product % static_cast<unsigned __int128>(n));
    left -= shares[c];
  }
  std::vector<size_t> order(counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (remainders[a] != remainders[b]) return remainders[a] > remainders[b];
    return counts[a] > counts[b];
  });
  while (left > 0) {
    const int64_t before = left;
    for (size_t c : order) {
      if (left == 0) break;
      if (shares[c] + 1 < counts[c]) ++shares[c], --left;
    }
    if (left == before) break;
  }
  const int64_t singles = std::count(counts.begin(), counts.end(), 1);
  if (left > singles) {
    return absl::InvalidArgumentError(
        absl::StrCat(held_out, " of ", n, " examples cannot be held out so that each of ",
                     counts.size(), " classes keeps one to train on"));
  }
  shares.push_back(left);
  return shares;
}

// Keys as numbers 0, 1, ... in ascending order of the keys, and how many there are of each.
class Classes {
 public:
  explicit Classes(absl::Span<const int64_t> of) {
    if (of.empty()) return;
    const auto ends = std::minmax_element(of.begin(), of.end());
    least_ = *ends.first;
    // A table where the keys lie as close as those of classes do; the difference of two may need 64 bits without a sign.
    const uint64_t range = static_cast<uint64_t>(*ends.second) - static_cast<uint64_t>(least_);
    if (range < kMostInTable) table_.assign(range + 1, -1);
    for (int64_t key : of) {
      int32_t& place = PlaceOf(key);
      if (place < 0) place = 0, keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    for (size_t c = 0; c < keys.size(); ++c) PlaceOf(keys[c]) = static_cast<int32_t>(c);
    counts.assign(keys.size(), 0);
    for (int64_t key : of) ++counts[Of(key)];
  }

  size_t Of(int64_t key) const {
    return static_cast<size_t>(table_.empty() ? places_.find(key)->second
                                              : table_[static_cast<size_t>(key - least_)]);
  }
  // As Shares counts them: single examples are behind the others.
  size_t PartOf(int64_t key) const {
    const size_t c = Of(key);
    return counts[c] == 1 ? counts.size() : c;
  }

  std::vector<int64_t> keys, counts;

 private:
  static constexpr uint64_t kMostInTable = 1 << 16;

  int32_t& PlaceOf(int64_t key) {
    if (!table_.empty()) return table_[static_cast<size_t>(key - least_)];
    return places_.emplace(key, -1).first->second;
  }

  int64_t least_ = 0;
  std::vector<int32_t> table_;
  std::unordered_map<int64_t, int32_t> places_;
};

}  // namespace

absl::StatusOr<int64_t> TrainingCount(int64_t n, double fraction) {
  if (!(fraction >= 0 && fraction < 1)) {
    return absl::InvalidArgumentError(absl::StrCat("fraction ", fraction, " is not in [0, 1)"));
  }
  if (fraction == 0) return n;
  const int64_t kept = static_cast<int64_t>(std::floor(static_cast<double>(n) * (1.0 - fraction)));
  if (kept >= 1 && kept < n) return kept;
  return absl::InvalidArgumentError(
      absl::StrCat("fraction ", fraction, " of ", n, " examples ",
                   kept < 1 ? "leaves none to train on" : "holds out none"));
}

absl::StatusOr<Split> DrawSplit(int64_t n, int64_t held_out, uint64_t seed,
                                absl::Span<const int64_t> keys) {
  GRADUS_CHECK(held_out >= 0 && held_out < n);
  GRADUS_CHECK(keys.empty() || static_cast<int64_t>(keys.size()) == n);
  std::vector<int64_t> left = {n}, needed = {held_out};
  const Classes classes(keys);
  if (!keys.empty()) {
    GRADUS_ASSIGN_OR_RETURN(needed, Shares(classes.counts, n, held_out));
    left = classes.counts;
    left.push_back(std::count(left.begin(), left.end(), 1));
  }
  Split split;
  split.training.reserve(static_cast<size_t>(n - held_out));
  split.held_out.reserve(static_cast<size_t>(held_out));
  RandomSequence random(seed, kStream);
  for (int64_t row = 0; row < n; ++row) {
    const size_t c = keys.empty() ? 0 : classes.PartOf(keys[static_cast<size_t>(row)]);
    const bool taken =
        static_cast<int64_t>(random.Below(static_cast<uint64_t>(left[c]))) < needed[c];
    --left[c];
    if (taken) --needed[c];
    (taken ? split.held_out : split.training).push_back(row);
  }
  return split;
}

std::vector<ClassSplit> CountClasses(absl::Span<const int64_t> keys,
                                     absl::Span<const int64_t> held_out,
                                     absl::Span<const int64_t> test) {
  const Classes classes(keys);
  std::vector<ClassSplit> counts(classes.keys.size());
  for (size_t c = 0; c < counts.size(); ++c) {
    counts[c].key = classes.keys[c];
    counts[c].training = classes.counts[c];
  }
  for (int64_t row : held_out) {
    ClassSplit& count = counts[classes.Of(keys[static_cast<size_t>(row)])];
    --count.training;
    ++count.held_out;
  }
  for (int64_t row : test) {
    ClassSplit& count = counts[classes.Of(keys[static_cast<size_t>(row)])];
    --count.training;
    ++count.test;
  }
  return counts;
}

}  // namespace gradus
