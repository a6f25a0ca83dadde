// Shapes with a symbolic batch. A Dim is k, or k times the number of rows that a plan is compiled for; a graph is
// written once and runs for every batch size. A logical extent only: memory layout belongs to the plan.

#ifndef GRADUS_BASE_SHAPE_H_
#define GRADUS_BASE_SHAPE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/dtype.h"

namespace gradus {

struct Dim {
  int64_t k = 1;
  bool batch = false;

  int64_t At(int64_t rows) const { return batch ? k * rows : k; }
  friend bool operator==(const Dim& a, const Dim& b) { return a.k == b.k && a.batch == b.batch; }
  friend bool operator!=(const Dim& a, const Dim& b) { return !(a == b); }
};

class Shape {
 public:
  Shape() = default;  // A scalar: rank 0, one element.
  Shape(std::initializer_list<Dim> dims) : dims_(dims) {}
  explicit Shape(absl::Span<const Dim> dims) : dims_(dims.begin(), dims.end()) {}

  static Shape Fixed(absl::Span<const int64_t> dims);
  static Shape Fixed(std::initializer_list<int64_t> dims);
  static Shape Batched(absl::Span<const int64_t> dims);  // [batch, dims...]
  static Shape Batched(std::initializer_list<int64_t> dims);

  int rank() const { return static_cast<int>(dims_.size()); }
  const Dim& dim(int axis) const { return dims_[axis]; }
  absl::Span<const Dim> dims() const { return dims_; }
  void Append(Dim dim) { dims_.push_back(dim); }
  void Set(int axis, Dim dim) { dims_[axis] = dim; }
  void Erase(int axis) { dims_.erase(dims_.begin() + axis); }

  // The axis that carries the batch, or -1.
  int batch_axis() const;
  // Extents for so many rows.
  std::vector<int64_t> At(int64_t rows) const;
  // Number of elements as k, or k times the batch. Error when it passes 2^48.
  absl::StatusOr<Dim> Elements() const;
  // "[batch, 784]", "[]", "[2*batch, 3]".
  std::string ToString() const;

  friend bool operator==(const Shape& a, const Shape& b) { return a.dims_ == b.dims_; }
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }

 private:
  absl::InlinedVector<Dim, 4> dims_;
};

// The product of extents, or an error when one is negative or the product passes 2^48 elements.
absl::StatusOr<int64_t> ElementCount(absl::Span<const int64_t> dims);

// NumPy's broadcasting; an error names both shapes.
absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b);

struct TensorSpec {
  DType dtype = DType::kFloat32;
  Shape shape;

  std::string ToString() const;  // "FLOAT32 [batch, 10]"
  friend bool operator==(const TensorSpec& a, const TensorSpec& b) {
    return a.dtype == b.dtype && a.shape == b.shape;
  }
  friend bool operator!=(const TensorSpec& a, const TensorSpec& b) { return !(a == b); }
};

}  // namespace gradus

#endif  // GRADUS_BASE_SHAPE_H_
