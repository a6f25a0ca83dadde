// Which examples are held out for validation: a sample that depends on nothing but the seed, the number of examples and their classes, in
// which each class has the part that it has in all examples.
//
// Of n examples n - floor(n (1 - fraction)) are held out. With classes each gets its share of them by the method of largest remainders:
// the whole part of n_c h / n, and one more for those whose remainder is largest, of equal ones for the larger class, then for the one
// whose key is less. No class is held out as a whole: of n_c examples at most n_c - 1 are, and what a share loses by that goes to the
// other classes. Classes of one example are trained on, and are only drawn from, all together, when nothing else is left.

#ifndef GRADUS_DATA_SPLIT_H_
#define GRADUS_DATA_SPLIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace gradus {

// How many of a class are trained on, held out for validation, and set aside for the test.
struct ClassSplit {
  int64_t key = 0;
  int64_t training = 0;
  int64_t held_out = 0;
  int64_t test = 0;
};

struct Split {
  std::vector<int64_t> training;  // Rows in ascending order,
  std::vector<int64_t> held_out;  // as these.
};

// How many of n examples are trained on; an error when that is none or all of them. 0 <= fraction < 1; of 0 all.
absl::StatusOr<int64_t> TrainingCount(int64_t n, double fraction);

// `keys`: the class of each example, or none at all. `held_out` of them are drawn, fewer than all. An error when a class would have no
// example left.
absl::StatusOr<Split> DrawSplit(int64_t n, int64_t held_out, uint64_t seed,
                                absl::Span<const int64_t> keys);

// The classes in ascending order of their keys, with what the parts have of each: `held_out` and `test` are rows, and all others are
// trained on.
std::vector<ClassSplit> CountClasses(absl::Span<const int64_t> keys,
                                     absl::Span<const int64_t> held_out,
                                     absl::Span<const int64_t> test = {});

}  // namespace gradus

#endif  // GRADUS_DATA_SPLIT_H_
