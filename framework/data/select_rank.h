// Numbers of several columns by their rank, exactly, in memory that does not grow with the rows: the
// number is found eleven bits at a time, from a histogram of those that agree with the bits found so
// far (a radix selection).

#ifndef GRADUS_DATA_SELECT_RANK_H_
#define GRADUS_DATA_SELECT_RANK_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "gradus/data/dataset.h"
#include "gradus/data/rows.h"

namespace gradus {

// As many threads as there are columns and cores take columns each, so the result is that of one.
// The medians of those columns of a FLOAT64 field, cells that are NaN left out; of an even number of
// cells the mean of the two in the middle. NaN for a column without a number.
absl::Status FindMedians(const Dataset& raw, int field, const Rows& rows,
                         const std::vector<int>& columns, std::vector<double>* medians);

}  // namespace gradus

#endif  // GRADUS_DATA_SELECT_RANK_H_
