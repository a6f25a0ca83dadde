// Arrays as NumPy's `.npy` files (version 1.0 of the format: NEP 1).

#ifndef GRADUS_API_NPY_FILE_H_
#define GRADUS_API_NPY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/base/tensor.h"

namespace gradus {

// What stands before the elements, which follow row-major.
std::string NpyHeader(DType dtype, absl::Span<const int64_t> dims);

// Rows of several tensors of one type, one below the other; `dims` are those of the whole. Written whole or not at all.
absl::Status WriteNpy(const std::string& path, DType dtype, absl::Span<const int64_t> dims,
                      absl::Span<const Tensor> parts);

}  // namespace gradus

#endif  // GRADUS_API_NPY_FILE_H_
