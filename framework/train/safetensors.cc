// The safetensors format, read strictly.

#include "gradus/train/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/train/safetensors_header.h"

namespace gradus {
namespace {

constexpr int64_t kMostHeaderBytes = 100'000'000;  // The format's own limit.
constexpr int64_t kMostFileBytes = int64_t{1} << 40;

absl::Status Broken(absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

struct FileType {
  const char* name;
  int64_t bytes;
  DType dtype;
};
constexpr FileType kTypes[] = {{"F32", 4, DType::kFloat32}, {"F64", 8, DType::kFloat64},
                               {"I32", 4, DType::kInt32},   {"I64", 8, DType::kInt64},
                               {"U8", 1, DType::kUint8},    {"F16", 2, DType::kFloat32},
                               {"BF16", 2, DType::kFloat32}};

const FileType* FindType(absl::string_view name) {
  for (const FileType& type : kTypes) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

absl::string_view TypeName(DType dtype) {
  for (const FileType& type : kTypes) {
    if (type.dtype == dtype) return type.name;
  }
  return "";
}

float FromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

float WidenHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 31) return FromBits(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  return FromBits(sign | (exponent + 112) << 23 | fraction << 13);
}

void CopyBytes(const FileType& type, absl::string_view bytes, Tensor* tensor) {
  if (bytes.empty()) return;
  if (type.bytes != 2) {
    std::memcpy(tensor->mutable_raw(), bytes.data(), bytes.size());
    return;
  }
  const bool brain = type.name[0] == 'B';
  absl::Span<float> values = tensor->mutable_data<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    values[i] = brain ? FromBits(static_cast<uint32_t>(half) << 16) : WidenHalf(half);
  }
}

absl::StatusOr<Tensor> ReadTensor(const SafetensorsEntry& entry, absl::string_view data) {
  const FileType* type = FindType(entry.type);
  if (type == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("type ", entry.type, " is not one of F32, F64, F16, BF16, I32, I64, U8"));
  }
  GRADUS_ASSIGN_OR_RETURN(int64_t elements, ElementCount(entry.dims));
  if (entry.end - entry.begin != elements * type->bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "shape [", absl::StrJoin(entry.dims, ", "), "] of ", entry.type, " takes ",
        elements * type->bytes, " bytes, data_offsets give ", entry.end - entry.begin));
  }
  GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(type->dtype, entry.dims));
  CopyBytes(
      *type,
      data.substr(static_cast<size_t>(entry.begin), static_cast<size_t>(entry.end - entry.begin)),
      &tensor);
  return tensor;
}

}  // namespace

const Tensor* SafetensorsFile::Find(absl::string_view name) const {
  const auto found =
      std::lower_bound(tensors.begin(), tensors.end(), name,
                       [](const NamedTensor& a, absl::string_view b) { return a.name < b; });
  return found != tensors.end() && found->name == name ? &found->tensor : nullptr;
}

absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path) {
  GRADUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMostFileBytes));
  return ParseSafetensors(bytes, path);
}

absl::StatusOr<SafetensorsFile> ParseSafetensors(absl::string_view bytes, absl::string_view path) {
  if (bytes.size() < 8) return Broken(path, "shorter than the 8 bytes of its header's length");
  uint64_t header_bytes;
  std::memcpy(&header_bytes, bytes.data(), 8);  // Little-endian, like x86-64.
  if (header_bytes > static_cast<uint64_t>(kMostHeaderBytes)) {
    return Broken(path, absl::StrCat("header of ", header_bytes, " bytes is over the limit of ",
                                     kMostHeaderBytes));
  }
  if (header_bytes > bytes.size() - 8) {
    return Broken(path, absl::StrCat("header of ", header_bytes, " bytes passes the file's end"));
  }
  absl::StatusOr<SafetensorsHeader> header = ParseSafetensorsHeader(bytes.substr(8, header_bytes));
  if (!header.ok()) return Broken(path, header.status().message());
  const absl::string_view data = bytes.substr(8 + header_bytes);
  std::vector<SafetensorsEntry>& entries = header->entries;
  SafetensorsFile file;
  file.metadata = std::move(header->metadata);

  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  int64_t expected = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != expected) {
      return Broken(path, absl::StrCat("tensor \"", entry.name, "\" begins at byte ", entry.begin,
                                       " of the data, the one before it ends at ", expected));
    }
    expected = entry.end;
    if (entry.end > static_cast<int64_t>(data.size())) {
      return Broken(path, absl::StrCat("tensor \"", entry.name, "\" ends at byte ", entry.end,
                                       " of ", data.size(), " bytes of data"));
    }
  }
  if (expected != static_cast<int64_t>(data.size())) {
    return Broken(path, absl::StrCat(static_cast<int64_t>(data.size()) - expected,
                                     " bytes at the end belong to no tensor"));
  }
  for (const SafetensorsEntry& entry : entries) {
    absl::StatusOr<Tensor> tensor = ReadTensor(entry, data);
    if (!tensor.ok()) {
      return Broken(path, absl::StrCat("tensor \"", entry.name, "\": ", tensor.status().message()));
    }
    file.tensors.push_back({entry.name, *std::move(tensor)});
  }
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return file;
}

absl::StatusOr<std::string> SerializeSafetensors(const SafetensorsFile& file) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& named : file.tensors) order.push_back(&named);
  std::sort(order.begin(), order.end(),
            [](const NamedTensor* a, const NamedTensor* b) { return a->name < b->name; });
  std::string header = "{";
  const auto comma = [&header]() {
    if (header.size() > 1) header.push_back(',');
  };
  if (!file.metadata.empty()) {
    absl::StrAppend(&header, "\"__metadata__\":{",
                    absl::StrJoin(file.metadata, ",",
                                  [](std::string* out, const auto& item) {
                                    absl::StrAppend(out, JsonQuote(item.first), ":",
                                                    JsonQuote(item.second));
                                  }),
                    "}");
  }
  int64_t offset = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const NamedTensor& named = *order[i];
    if (i > 0 && order[i - 1]->name == named.name) {
      return absl::InvalidArgumentError(absl::StrCat("tensor \"", named.name, "\" is given twice"));
    }
    comma();
    absl::StrAppend(&header, JsonQuote(named.name), ":{\"dtype\":\"",
                    TypeName(named.tensor.dtype()), "\",\"shape\":[",
                    absl::StrJoin(named.tensor.dims(), ","), "],\"data_offsets\":[", offset, ",",
                    offset + named.tensor.bytes(), "]}");
    offset += named.tensor.bytes();
  }
  header.push_back('}');
  header.resize((header.size() + 7) / 8 * 8, ' ');  // The data begins aligned.

  std::string bytes(8, '\0');
  const uint64_t header_bytes = header.size();
  std::memcpy(&bytes[0], &header_bytes, 8);
  bytes.reserve(8 + header.size() + static_cast<size_t>(offset));
  bytes += header;
  for (const NamedTensor* named : order) {
    if (named->tensor.bytes() == 0) continue;
    bytes.append(static_cast<const char*>(named->tensor.raw()),
                 static_cast<size_t>(named->tensor.bytes()));
  }
  return bytes;
}

absl::Status WriteSafetensors(const std::string& path, const SafetensorsFile& file) {
  GRADUS_ASSIGN_OR_RETURN(std::string bytes, SerializeSafetensors(file));
  return WriteFile(path, bytes);
}

}  // namespace gradus
