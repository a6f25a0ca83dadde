// IDX: the header is believed only as far as the size of the file bears it out.

#include "gradus/data/idx.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "gradus/base/status.h"
#include "gradus/data/input_file.h"

namespace gradus {
namespace {

constexpr int kMostRank = 8;

uint32_t BigEndian32(const unsigned char* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
}

struct ElementFormat {
  int bytes = 0;  // In the file; 0 for an unknown type.
  DType dtype = DType::kUint8;
};

ElementFormat FormatOf(unsigned char type) {
  switch (type) {
    case 0x08:
      return {1, DType::kUint8};
    case 0x09:
      return {1, DType::kInt32};
    case 0x0b:
      return {2, DType::kInt32};
    case 0x0c:
      return {4, DType::kInt32};
    case 0x0d:
      return {4, DType::kFloat32};
    case 0x0e:
      return {8, DType::kFloat64};
  }
  return {};
}

// Turns elements as they were read, at the end of the tensor's buffer, into elements of the
// machine; front to back is safe because an element is never larger in the file than in memory.
void Decode(const ElementFormat& format, Tensor* tensor) {
  const int64_t n = tensor->elements();
  const int out_bytes = static_cast<int>(ByteSize(format.dtype));
  unsigned char* out = static_cast<unsigned char*>(tensor->mutable_raw());
  const unsigned char* in = out + n * (out_bytes - format.bytes);
  if (format.dtype == DType::kUint8) return;
  for (int64_t i = 0; i < n; ++i, in += format.bytes, out += out_bytes) {
    if (format.bytes == 8) {
      const uint64_t bits = uint64_t{BigEndian32(in)} << 32 | BigEndian32(in + 4);
      std::memcpy(out, &bits, 8);
      continue;
    }
    uint32_t bits = 0;
    if (format.bytes == 4) {
      bits = BigEndian32(in);
    } else if (format.bytes == 2) {
      bits = static_cast<uint32_t>(static_cast<int16_t>(in[0] << 8 | in[1]));
    } else {
      bits = static_cast<uint32_t>(static_cast<int8_t>(in[0]));
    }
    std::memcpy(out, &bits, 4);
  }
}

}  // namespace

absl::StatusOr<Tensor> ReadIdx(const std::string& path) {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, InputFile::Open(path));
  const auto error = [&path](auto&&... what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what...));
  };

  unsigned char head[4];
  GRADUS_ASSIGN_OR_RETURN(int64_t got, file->Read(head, 4));
  if (got < 4) return error("is not an IDX file: it has only ", got, " bytes");
  if (head[0] != 0 || head[1] != 0) {
    return error("is not an IDX file: it begins with ",
                 absl::StrFormat("%02x %02x, not 00 00", head[0], head[1]));
  }
  const ElementFormat format = FormatOf(head[2]);
  if (format.bytes == 0) {
    return error("IDX type ", absl::StrFormat("%02x", head[2]),
                 " is not one of 08, 09, 0b, 0c, 0d, 0e");
  }
  const int rank = head[3];
  if (rank < 1 || rank > kMostRank) {
    return error("IDX rank ", rank, " is not in 1 .. ", kMostRank);
  }
  unsigned char extents[4 * kMostRank];
  GRADUS_ASSIGN_OR_RETURN(got, file->Read(extents, 4 * rank));
  if (got < 4 * rank) {
    return error("ends inside its header: rank ", rank, " needs ", 4 + 4 * rank, " bytes, ",
                 4 + got, " are there");
  }
  std::vector<int64_t> dims;
  for (int i = 0; i < rank; ++i) dims.push_back(BigEndian32(extents + 4 * i));
  const std::string shape = absl::StrCat("[", absl::StrJoin(dims, ", "), "]");
  const absl::StatusOr<int64_t> elements = ElementCount(dims);
  if (!elements.ok()) return error("extents ", shape, " are too large");

  const int64_t body = *elements * format.bytes;
  const int64_t promised = 4 + 4 * rank + body;
  const auto wrong_length = [&](auto&&... what) {
    return error("extents ", shape, " of ", format.bytes, "-byte elements need ", promised,
                 " bytes, the ", file->compressed() ? "unpacked " : "", "file has ", what...);
  };
  if (!file->compressed() && promised != file->most_bytes()) {
    return wrong_length(file->most_bytes());
  }
  if (promised > file->most_bytes()) {
    return error("extents ", shape, " promise ", promised, " bytes, more than the ",
                 file->most_bytes(), " that a compressed file of this size may unpack to");
  }
  absl::StatusOr<Tensor> tensor = Tensor::Create(format.dtype, std::move(dims));
  if (!tensor.ok()) return error(tensor.status().message());
  unsigned char* raw = static_cast<unsigned char*>(tensor->mutable_raw());
  GRADUS_ASSIGN_OR_RETURN(got, file->Read(raw + tensor->bytes() - body, body));
  if (got < body) return wrong_length(4 + 4 * rank + got);
  char more;
  GRADUS_ASSIGN_OR_RETURN(got, file->Read(&more, 1));
  if (got > 0) return wrong_length("more");
  Decode(format, &*tensor);
  return tensor;
}

}  // namespace gradus
