// The header is a Python dictionary in text, padded with blanks so that the numbers begin at a multiple of 64 bytes.

#include "gradus/api/npy_file.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

absl::string_view TypeName(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return "<f8";
    case DType::kInt64:
      return "<i8";
    case DType::kInt32:
      return "<i4";
    case DType::kUint8:
      return "|u1";
    default:
      return "<f4";
  }
}

}  // namespace

std::string NpyHeader(DType dtype, absl::Span<const int64_t> dims) {
  std::string text =
      absl::StrCat("{'descr': '", TypeName(dtype), "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(dims, ", "), dims.size() == 1 ? "," : "", "), }");
  constexpr size_t kBefore = 10,
                   kMultiple = 64;  // Magic, version and length; then the text with its line end.
  while ((kBefore + text.size() + 1) % kMultiple != 0) text.push_back(' ');
  text.push_back('\n');
  const auto size = static_cast<unsigned>(text.size());
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.push_back(static_cast<char>(size & 0xff));
  bytes.push_back(static_cast<char>(size >> 8));
  return bytes + text;
}

absl::Status WriteNpy(const std::string& path, DType dtype, absl::Span<const int64_t> dims,
                      absl::Span<const Tensor> parts) {
  const std::string header = NpyHeader(dtype, dims);
  std::vector<absl::string_view> pieces = {header};
  int64_t elements = 0, wanted = 1;
  for (const int64_t dim : dims) wanted *= dim;
  for (const Tensor& part : parts) {
    GRADUS_CHECK(part.dtype() == dtype);
    elements += part.elements();
    pieces.emplace_back(static_cast<const char*>(part.raw()), static_cast<size_t>(part.bytes()));
  }
  GRADUS_CHECK(elements == wanted);
  return WriteFile(path, pieces);
}

}  // namespace gradus
