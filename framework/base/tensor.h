// A dense row-major array in memory: shape, element type, 64-byte aligned buffer. It knows no graph, no pitch and no
// oneDNN. Copies share the buffer; a Tensor is how numbers cross the public API.
//
//   Tensor x = Tensor::Of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
//   x.data<float>()[4];   // row 1, column 1

#ifndef GRADUS_BASE_TENSOR_H_
#define GRADUS_BASE_TENSOR_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/dtype.h"
#include "gradus/base/shape.h"
#include "gradus/base/status.h"

namespace gradus {

class Tensor {
 public:
  Tensor() = default;  // Empty: shape [0], FLOAT32.

  // Zeros. An error when an extent is negative, the product too large, or memory runs out.
  static absl::StatusOr<Tensor> Create(DType dtype, std::vector<int64_t> dims);
  // For literals whose size is known to fit; a mismatch is our own bug.
  template <class T>
  static Tensor Of(std::vector<int64_t> dims, const std::vector<T>& values);
  // Over memory that is there already (a mapped file's, say): aligned to 64 bytes, as large as the shape says, freed by `buffer`.
  static absl::StatusOr<Tensor> Over(std::shared_ptr<void> buffer, DType dtype, std::vector<int64_t> dims);

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& dims() const { return dims_; }
  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t elements() const { return elements_; }
  int64_t bytes() const { return elements_ * ByteSize(dtype_); }
  // Extent of the first axis, 1 for a scalar.
  int64_t rows() const { return dims_.empty() ? 1 : dims_[0]; }

  const void* raw() const { return buffer_.get(); }
  void* mutable_raw() { return buffer_.get(); }
  // The element type must be T's.
  template <class T>
  absl::Span<const T> data() const {
    GRADUS_CHECK(DTypeOf<T>::value == dtype_);
    return {static_cast<const T*>(raw()), static_cast<size_t>(elements_)};
  }
  template <class T>
  absl::Span<T> mutable_data() {
    GRADUS_CHECK(DTypeOf<T>::value == dtype_);
    return {static_cast<T*>(mutable_raw()), static_cast<size_t>(elements_)};
  }

  Tensor Clone() const;  // Own buffer, same numbers.

 private:
  DType dtype_ = DType::kFloat32;
  std::vector<int64_t> dims_ = {0};
  int64_t elements_ = 0;
  std::shared_ptr<void> buffer_;
};

// 64-byte aligned zeros that free themselves; null for 0 bytes. An error when memory runs out.
struct AlignedFree {
  void operator()(void* p) const;
};
using AlignedBuffer = std::unique_ptr<void, AlignedFree>;
absl::StatusOr<AlignedBuffer> AllocateAligned(int64_t bytes);

template <class T>
Tensor Tensor::Of(std::vector<int64_t> dims, const std::vector<T>& values) {
  absl::StatusOr<Tensor> tensor = Create(DTypeOf<T>::value, std::move(dims));
  GRADUS_CHECK(tensor.ok() && tensor->elements() == static_cast<int64_t>(values.size()));
  if (!values.empty()) std::memcpy(tensor->mutable_raw(), values.data(), tensor->bytes());
  return *std::move(tensor);
}

}  // namespace gradus

#endif  // GRADUS_BASE_TENSOR_H_
