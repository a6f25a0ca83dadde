// Buffers of tensors.

#include "gradus/base/tensor.h"

#include <cstdlib>
#include <utility>

namespace gradus {

void AlignedFree::operator()(void* p) const { std::free(p); }

absl::StatusOr<AlignedBuffer> AllocateAligned(int64_t bytes) {
  if (bytes == 0) return AlignedBuffer();
  const size_t rounded = (static_cast<size_t>(bytes) + 63) / 64 * 64;
  void* p = std::aligned_alloc(64, rounded);
  if (p == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot allocate ", bytes, " bytes"));
  }
  std::memset(p, 0, rounded);
  return AlignedBuffer(p);
}

absl::StatusOr<Tensor> Tensor::Create(DType dtype, std::vector<int64_t> dims) {
  Tensor tensor;
  GRADUS_ASSIGN_OR_RETURN(tensor.elements_, ElementCount(dims));
  tensor.dtype_ = dtype;
  tensor.dims_ = std::move(dims);
  GRADUS_ASSIGN_OR_RETURN(AlignedBuffer buffer, AllocateAligned(tensor.bytes()));
  tensor.buffer_ = std::shared_ptr<void>(buffer.release(), AlignedFree());
  return tensor;
}

absl::StatusOr<Tensor> Tensor::Over(std::shared_ptr<void> buffer, DType dtype,
                                    std::vector<int64_t> dims) {
  Tensor tensor;
  GRADUS_ASSIGN_OR_RETURN(tensor.elements_, ElementCount(dims));
  GRADUS_CHECK(reinterpret_cast<uintptr_t>(buffer.get()) % 64 == 0);
  GRADUS_CHECK(tensor.elements_ == 0 || buffer != nullptr);
  tensor.dtype_ = dtype;
  tensor.dims_ = std::move(dims);
  tensor.buffer_ = std::move(buffer);
  return tensor;
}

Tensor Tensor::Clone() const {
  Tensor copy = *this;
  if (elements_ == 0) return copy;
  absl::StatusOr<AlignedBuffer> buffer = AllocateAligned(bytes());
  GRADUS_CHECK(buffer.ok());
  std::memcpy(buffer->get(), raw(), bytes());
  copy.buffer_ = std::shared_ptr<void>(buffer->release(), AlignedFree());
  return copy;
}

}  // namespace gradus
