// Arrays of NumPy, one file a field (NumPy Enhancement Proposal 1, "A Simple File Format for NumPy
// Arrays"; numpy.lib.format):
//
//   93 'NUMPY' MAJOR MINOR | length of the header, 2 bytes little-endian (4 from version 2 on)
//   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }, padded | the elements
//
// Either order of axes is read. Bytes and booleans stay bytes; other whole numbers become INT32 when all fit, as NumPy's own are
// of 8 bytes; float16 becomes FLOAT32. Plain or gzip.
//
//   train { npy { field { input: "image" path: "x_train.npy" divide_by: 255 }
//                 field { input: "label" path: "y_train.npy" } } }

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/input_file.h"
#include "gradus/data/reader.h"

namespace gradus {
namespace {

template <class... What>
absl::Status Wrong(const std::string& path, const What&... what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what...));
}

// Apostrophes are all over a header.
std::string Shown(absl::string_view text) {
  return absl::StrReplaceAll(Quoted(absl::StripTrailingAsciiWhitespace(text)), {{"\\'", "'"}});
}

struct Header {
  char kind = 0;  // 'f', 'i', 'u' or 'b'.
  int bytes = 0;  // Of an element.
  bool swapped = false;
  bool fortran = false;  // The first axis varies fastest.
  std::vector<int64_t> dims;
};

// "(3, 4)", "(3,)" or "()" without the brackets.
bool ParseShape(absl::string_view text, std::vector<int64_t>* dims) {
  absl::ConsumeSuffix(&text, " ");
  absl::ConsumeSuffix(&text, ",");
  if (text.empty()) return true;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    int64_t dim = 0;
    if (!absl::SimpleAtoi(part, &dim) || dim < 0) return false;
    dims->push_back(dim);
  }
  return true;
}

absl::StatusOr<Header> ParseHeader(const std::string& path, const std::string& text) {
  static const auto* const descr = new RE2(R"('descr'\s*:\s*'([<>|=])([a-zA-Z])(\d{1,3})')");
  static const auto* const order = new RE2(R"('fortran_order'\s*:\s*(True|False))");
  static const auto* const shape = new RE2(R"('shape'\s*:\s*\(([0-9, ]*)\))");
  Header header;
  std::string endian, kind, fortran, dims;
  if (!RE2::PartialMatch(text, *order, &fortran) || !RE2::PartialMatch(text, *shape, &dims) ||
      !ParseShape(dims, &header.dims)) {
    return Wrong(path, "the header is broken: ", Shown(text));
  }
  if (!RE2::PartialMatch(text, *descr, &endian, &kind, &header.bytes)) {
    return Wrong(path, "holds no numbers: ", Shown(text), "; save an array of numbers");
  }
  header.kind = kind[0];
  header.swapped = endian[0] == '>';
  header.fortran = fortran == "True" && header.dims.size() > 1;
  const bool whole = header.kind == 'i' || header.kind == 'u';
  const bool known =
      (whole &&
       (header.bytes == 1 || header.bytes == 2 || header.bytes == 4 || header.bytes == 8)) ||
      (header.kind == 'f' && (header.bytes == 2 || header.bytes == 4 || header.bytes == 8)) ||
      (header.kind == 'b' && header.bytes == 1);
  if (!known) {
    return Wrong(path, "elements are of the type ", kind, header.bytes,
                 ", not of float16, float32, float64, bool, or int8 to uint64");
  }
  return header;
}

// IEEE 754 binary16.
float HalfToFloat(uint16_t half) {
  const float sign = (half & 0x8000u) != 0 ? -1.0f : 1.0f;
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * std::numeric_limits<float>::infinity();
  }
  const float value = static_cast<float>(exponent == 0 ? fraction : fraction + 1024);
  // Exact: a power of two.
  float scale = 1;
  for (int e = std::max(exponent, 1) - 25; e > 0; --e) scale *= 2;
  for (int e = std::max(exponent, 1) - 25; e < 0; ++e) scale /= 2;
  return sign * value * scale;
}

// The elements, each as `convert` makes one; -1, or the first that `convert` refuses.
template <class From, class To, class Convert>
int64_t Fill(const char* bytes, bool swapped, Tensor* tensor, Convert convert) {
  To* to = static_cast<To*>(tensor->mutable_raw());
  for (int64_t i = 0; i < tensor->elements(); ++i) {
    char element[sizeof(From)];
    std::memcpy(element, bytes + i * static_cast<int64_t>(sizeof(From)), sizeof(From));
    if (swapped) std::reverse(element, element + sizeof(From));
    From from;
    std::memcpy(&from, element, sizeof(From));
    if (!convert(from, to + i)) return i;
  }
  return -1;
}

template <class From>
int64_t FillInt32(const char* bytes, bool swapped, Tensor* tensor) {
  return Fill<From, int32_t>(bytes, swapped, tensor, [](From from, int32_t* to) {
    *to = static_cast<int32_t>(from);
    return static_cast<From>(*to) == from && (std::is_signed<From>::value || *to >= 0);
  });
}

int64_t FillAs(const Header& header, const char* bytes, Tensor* tensor) {
  const bool is_signed = header.kind == 'i';
  const bool swapped = header.swapped;
  if (header.kind == 'f') {
    if (header.bytes == 2) {
      return Fill<uint16_t, float>(bytes, swapped, tensor, [](uint16_t from, float* to) {
        *to = HalfToFloat(from);
        return true;
      });
    }
    const auto copy = [](auto from, auto* to) {
      *to = from;
      return true;
    };
    return header.bytes == 4 ? Fill<float, float>(bytes, swapped, tensor, copy)
                             : Fill<double, double>(bytes, swapped, tensor, copy);
  }
  switch (header.bytes) {
    case 1:
      if (is_signed) return FillInt32<int8_t>(bytes, swapped, tensor);
      if (tensor->bytes() > 0) std::memcpy(tensor->mutable_raw(), bytes, tensor->bytes());
      return -1;
    case 2:
      return is_signed ? FillInt32<int16_t>(bytes, swapped, tensor)
                       : FillInt32<uint16_t>(bytes, swapped, tensor);
    case 4:
      return is_signed ? FillInt32<int32_t>(bytes, swapped, tensor)
                       : FillInt32<uint32_t>(bytes, swapped, tensor);
    default:
      return is_signed ? FillInt32<int64_t>(bytes, swapped, tensor)
                       : FillInt32<uint64_t>(bytes, swapped, tensor);
  }
}

// The elements in the order in which the last axis varies fastest, as pandas' `df.values`, say, are not.
std::string InRowOrder(absl::Span<const int64_t> dims, int64_t bytes, const char* from) {
  int64_t elements = 1;
  std::vector<int64_t> strides, place(dims.size(), 0);
  for (int64_t dim : dims) {
    strides.push_back(elements * bytes);
    elements *= dim;
  }
  std::string to(static_cast<size_t>(elements * bytes), '\0');
  int64_t at = 0;  // Of the element at `place`, in `from`.
  for (int64_t i = 0; i < elements; ++i) {
    std::memcpy(&to[static_cast<size_t>(i * bytes)], from + at, static_cast<size_t>(bytes));
    for (size_t axis = dims.size(); axis-- > 0;) {
      at += strides[axis];
      if (++place[axis] < dims[axis]) break;
      at -= strides[axis] * dims[axis];
      place[axis] = 0;
    }
  }
  return to;
}

absl::StatusOr<Tensor> ReadNpy(const std::string& path) {
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
  GRADUS_ASSIGN_OR_RETURN(const std::string bytes, file->ReadAll());
  if (absl::StartsWith(bytes, "PK\3\4")) {
    return Wrong(path, "is an archive of arrays (.npz); save each array with numpy.save");
  }
  if (!absl::StartsWith(bytes, "\x93NUMPY") || bytes.size() < 12) {
    return Wrong(path, "is not an .npy file: it does not begin with \\x93NUMPY");
  }
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    return Wrong(path, "version ", version, " of the format is not one that is read (1 to 3)");
  }
  const size_t begin = version == 1 ? 10 : 12;
  size_t length = 0;
  for (size_t i = begin; i > 8; --i)
    length = length << 8 | static_cast<unsigned char>(bytes[i - 1]);
  if (length > bytes.size() - begin) return Wrong(path, "the file ends inside its header");
  GRADUS_ASSIGN_OR_RETURN(const Header header, ParseHeader(path, bytes.substr(begin, length)));
  const absl::StatusOr<int64_t> elements = ElementCount(header.dims);
  if (!elements.ok()) return Wrong(path, elements.status().message());
  const int64_t left = static_cast<int64_t>(bytes.size() - begin - length);
  if (*elements > left || *elements * header.bytes != left) {
    return Wrong(path, "the header promises ", *elements, " elements of ", header.bytes,
                 " bytes, and ", left, " bytes follow");
  }
  const DType dtype = header.kind == 'f' ? header.bytes == 8 ? DType::kFloat64 : DType::kFloat32
                      : header.bytes == 1 && header.kind != 'i' ? DType::kUint8
                                                                : DType::kInt32;
  GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(dtype, header.dims));
  const char* values = bytes.data() + begin + length;
  std::string in_row_order;
  if (header.fortran) {
    in_row_order = InRowOrder(header.dims, header.bytes, values);
    values = in_row_order.data();
  }
  const int64_t bad = FillAs(header, values, &tensor);
  if (bad >= 0) return Wrong(path, "element ", bad, " does not fit INT32");
  return tensor;
}

class Npy : public TypedReader<NpySource> {
  void Open(const NpySource& config, const ConfigPath& path, Opening* opening) const override {
    TensorFields fields(opening);
    for (int k = 0; k < config.field_size(); ++k) {
      const FileField& field = config.field(k);
      const std::string file = opening->Resolve(field.path());
      fields.Add(field, path.Child("field", k, ""), "path", file, ReadNpy(file));
    }
    fields.Finish();
  }
  // An archive of arrays is told apart when it is read.
  Reads WouldRead(const GivenPlace& given) const override {
    const bool array = absl::StartsWith(given.beginning, "\x93NUMPY") ||
                       absl::StartsWith(given.beginning, "PK\3\4");
    return array ? Reads::kYes : Reads::kNo;
  }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.npy", Npy);

}  // namespace
}  // namespace gradus
