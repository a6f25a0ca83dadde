// The IDX format of MNIST (Y. LeCun, "The MNIST database of handwritten digits"): a dense array of
// numbers.
//
//   00 00 TYPE RANK | extents, 4 bytes each | the elements, row-major; all numbers big-endian
//
// TYPE 08 uint8, 09 int8, 0b int16, 0c int32, 0d float32, 0e float64.

#ifndef GRADUS_DATA_IDX_H_
#define GRADUS_DATA_IDX_H_

#include <string>

#include "absl/status/statusor.h"
#include "gradus/base/tensor.h"

namespace gradus {

// Plain or gzip. uint8 stays as it is; other whole numbers become INT32. The file must be exactly
// as long as its header promises.
absl::StatusOr<Tensor> ReadIdx(const std::string& path);

}  // namespace gradus

#endif  // GRADUS_DATA_IDX_H_
