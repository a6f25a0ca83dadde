// Element types. The graph computes in FLOAT32; INT32 are labels and indices, INT64 counters (seed, step, row offset),
// FLOAT64 exists for the outside (files, references), UINT8 for images at rest.

#ifndef GRADUS_BASE_DTYPE_H_
#define GRADUS_BASE_DTYPE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace gradus {

enum class DType : uint8_t { kFloat32, kFloat64, kInt32, kInt64, kUint8 };

constexpr int64_t ByteSize(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kInt32:
      return 4;
    case DType::kFloat64:
    case DType::kInt64:
      return 8;
    case DType::kUint8:
      return 1;
  }
  return 0;
}

// "FLOAT32", as the language writes it.
constexpr absl::string_view Name(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "FLOAT32";
    case DType::kFloat64:
      return "FLOAT64";
    case DType::kInt32:
      return "INT32";
    case DType::kInt64:
      return "INT64";
    case DType::kUint8:
      return "UINT8";
  }
  return "";
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kFloat64;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::kUint8;
};

}  // namespace gradus

#endif  // GRADUS_BASE_DTYPE_H_
