// What datasets share.

#include "gradus/data/dataset.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace gradus {

int64_t FieldSpec::elements() const {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

std::string FieldSpec::ToString() const {
  return absl::StrCat(Name(dtype), " [", absl::StrJoin(dims, ", "), "]");
}

std::string Dataset::Where(int64_t row, int /*field*/) const { return absl::StrCat("row ", row); }

}  // namespace gradus
