// Shape arithmetic; everything that could overflow is checked here, once.

#include "gradus/base/shape.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 48;

std::string DimToString(const Dim& dim) {
  if (!dim.batch) return absl::StrCat(dim.k);
  return dim.k == 1 ? "batch" : absl::StrCat(dim.k, "*batch");
}

}  // namespace

Shape Shape::Fixed(absl::Span<const int64_t> dims) {
  Shape shape;
  for (int64_t k : dims) shape.Append({k, false});
  return shape;
}

Shape Shape::Fixed(std::initializer_list<int64_t> dims) {
  return Fixed(absl::Span<const int64_t>(dims.begin(), dims.size()));
}

Shape Shape::Batched(absl::Span<const int64_t> dims) {
  Shape shape({Dim{1, true}});
  for (int64_t k : dims) shape.Append({k, false});
  return shape;
}

Shape Shape::Batched(std::initializer_list<int64_t> dims) {
  return Batched(absl::Span<const int64_t>(dims.begin(), dims.size()));
}

int Shape::batch_axis() const {
  for (int axis = 0; axis < rank(); ++axis) {
    if (dims_[axis].batch) return axis;
  }
  return -1;
}

std::vector<int64_t> Shape::At(int64_t rows) const {
  std::vector<int64_t> extents;
  extents.reserve(dims_.size());
  for (const Dim& dim : dims_) extents.push_back(dim.At(rows));
  return extents;
}

absl::StatusOr<Dim> Shape::Elements() const {
  std::vector<int64_t> factors;
  bool batch = false;
  for (const Dim& dim : dims_) {
    if (dim.batch && batch) {
      return absl::InvalidArgumentError(absl::StrCat("shape ", ToString(), " has two batch axes"));
    }
    batch |= dim.batch;
    factors.push_back(dim.k);
  }
  GRADUS_ASSIGN_OR_RETURN(int64_t k, ElementCount(factors));
  return Dim{k, batch};
}

std::string Shape::ToString() const {
  return absl::StrCat("[",
                      absl::StrJoin(dims_, ", ",
                                    [](std::string* out, const Dim& dim) {
                                      out->append(DimToString(dim));
                                    }),
                      "]");
}

absl::StatusOr<int64_t> ElementCount(absl::Span<const int64_t> dims) {
  int64_t count = 1;
  bool zero = false;
  for (int64_t k : dims) {
    if (k < 0) return absl::InvalidArgumentError(absl::StrCat("a shape has the extent ", k));
    zero |= k == 0;
  }
  if (zero) return 0;
  for (int64_t k : dims) {
    if (count > kMostElements / k) {
      return absl::InvalidArgumentError(
          absl::StrCat("a tensor of shape [", absl::StrJoin(dims, ", "), "] has more than 2^48 elements"));
    }
    count *= k;
  }
  return count;
}

absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out;
  for (int i = 0; i < rank; ++i) {
    const int axis_a = i - (rank - a.rank());
    const int axis_b = i - (rank - b.rank());
    const Dim one{1, false};
    const Dim dim_a = axis_a < 0 ? one : a.dim(axis_a);
    const Dim dim_b = axis_b < 0 ? one : b.dim(axis_b);
    if (dim_a == dim_b || dim_b == one) {
      out.Append(dim_a);
    } else if (dim_a == one) {
      out.Append(dim_b);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("shapes ", a.ToString(), " and ", b.ToString(), " do not broadcast"));
    }
  }
  return out;
}

std::string TensorSpec::ToString() const { return absl::StrCat(Name(dtype), " ", shape.ToString()); }

}  // namespace gradus
