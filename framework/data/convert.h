// From values as they lie in a source to what a model is fed: type and affine map in one pass, in
// which values that are not finite are also seen.

#ifndef GRADUS_DATA_CONVERT_H_
#define GRADUS_DATA_CONVERT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "gradus/base/dtype.h"
#include "gradus/data/preprocessing.h"

namespace gradus {

// FLOAT32 takes every type but INT64, INT32 takes INT32 and UINT8.
bool CanConvert(DType from, DType to);

// What ConvertRows needs to know of a field. Pointers stay the caller's.
struct RowConversion {
  DType from = DType::kFloat32;
  DType to = DType::kFloat32;
  int64_t elements = 1;  // Of one row.
  const InputTransform* transform = nullptr;
};

// Rows `first + rows[0]`, `first + rows[1]`, ... of `source` into `destination`, one after another.
// The position in `rows` of the first row that holds, once converted, a value that is not finite,
// or -1.
int64_t ConvertRows(const RowConversion& conversion, const void* source, int64_t first,
                    const int64_t* rows, int64_t row_count, void* destination);

// The same for rows that lie at the front of the destination's own buffer (equal types) or at its
// very end (UINT8): the room is used twice.
int64_t ConvertInPlace(const RowConversion& conversion, int64_t row_count, void* destination);

// The first element of the row that is not finite once converted, and what it is: `element 3 is
// nan`.
std::string DescribeNonFinite(const RowConversion& conversion, const void* converted_row);

// Adds what rows 0 .. row_count - 1 of `source` say of each element, x being divided: minima,
// maxima and sums for the first pass, sums of squared distances from the mean for the second.
struct ElementSums {
  double* least;
  double* most;
  double* sum;
};
void AddSums(const RowConversion& conversion, const void* source, int64_t row_count,
             const ElementSums& sums);
void AddSquares(const RowConversion& conversion, const void* source, int64_t row_count,
                const double* mean, double* squares);

}  // namespace gradus

#endif  // GRADUS_DATA_CONVERT_H_
