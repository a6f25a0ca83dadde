// The loops, each compiled for three instruction sets. Every instruction set gives the same bits:
// each element is one chain of exactly rounded operations.

#include "gradus/data/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "gradus/base/isa.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Ways from x to the model's value, cheapest first.
enum class Way {
  kCast,         // x
  kTwoProducts,  // x high + x low, where high + low is about 1 / divide_by: only for UINT8, when it
                 // was seen to give the quotient for all of its values
  kFloatDivide,  // x / divide_by in float: x and divide_by are floats, so the quotient is the same
                 // as through double.
  kDivide,       // x / divide_by in double
  kLearned,      // (x / divide_by - mean) / deviation in double
};

struct Map {
  double divide_by;
  const double* mean;
  const double* deviation;
  float high, low;
};

template <Way way, class From>
GRADUS_INLINE float Value(From x, const Map& map, int64_t element) {
  switch (way) {
    case Way::kCast:
      return static_cast<float>(x);
    case Way::kTwoProducts:
      return static_cast<float>(x) * map.high + static_cast<float>(x) * map.low;
    case Way::kFloatDivide:
      return static_cast<float>(x) / static_cast<float>(map.divide_by);
    case Way::kDivide:
      return static_cast<float>(static_cast<double>(x) / map.divide_by);
    case Way::kLearned:
      return static_cast<float>((static_cast<double>(x) / map.divide_by - map.mean[element]) /
                                map.deviation[element]);
  }
  return 0;
}

// Bits of a float with all exponent bits set: infinite or NaN.
GRADUS_INLINE uint32_t NonFinite(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return (bits & 0x7fffffffu) >= 0x7f800000u ? 1u : 0u;
}

// n values; whether one is not finite. `from` and `to` may be the same place.
template <Way way, class From>
GRADUS_INLINE uint32_t ConvertRun(const From* from, const Map& map, int64_t n, float* to) {
  const Map local = map;
  uint32_t bad = 0;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float value = Value<way>(from[i], local, i);
    to[i] = value;
    if (way != Way::kTwoProducts) bad |= NonFinite(value);
  }
  return bad;
}

struct Gather {
  const void* source;
  int64_t first;
  const int64_t* rows;
  int64_t row_count;
  int64_t elements;
  void* destination;
  int64_t* bad_row;
};

// Shuffled rows come from anywhere in memory, which the CPU cannot foresee.
constexpr int64_t kRowsAhead = 2;

template <class From>
GRADUS_INLINE void FetchRow(const Gather* gather, int64_t r) {
  constexpr int64_t kLine = 64 / sizeof(From);
  if (r >= gather->row_count) return;
  const From* row = static_cast<const From*>(gather->source) +
                    (gather->first + gather->rows[r]) * gather->elements;
  for (int64_t i = 0; i < gather->elements; i += kLine) __builtin_prefetch(row + i);
}

template <Way way, class From>
struct GatherRows {
  template <Isa>
  GRADUS_INLINE static void Run(const Gather* gather, const Map* map) {
    const int64_t n = gather->elements;
    float* to = static_cast<float*>(gather->destination);
    for (int64_t r = 0; r < gather->row_count; ++r, to += n) {
      const From* from =
          static_cast<const From*>(gather->source) + (gather->first + gather->rows[r]) * n;
      FetchRow<From>(gather, r + kRowsAhead);
      const uint32_t bad = ConvertRun<way, From>(from, *map, n, to);
      if (bad != 0 && *gather->bad_row < 0) *gather->bad_row = r;
    }
  }
};

// Whole numbers for INT32 inputs: nothing is done to them, and none is non-finite.
template <class From>
struct GatherIntegers {
  template <Isa>
  GRADUS_INLINE static void Run(const Gather* gather) {
    const int64_t n = gather->elements;
    int32_t* to = static_cast<int32_t*>(gather->destination);
    for (int64_t r = 0; r < gather->row_count; ++r, to += n) {
      const From* from =
          static_cast<const From*>(gather->source) + (gather->first + gather->rows[r]) * n;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) to[i] = from[i];
    }
  }
};

template <class From>
void GatherAs(Way way, const Gather& gather, const Map& map) {
  switch (way) {
    case Way::kCast:
      return ForIsa<GatherRows<Way::kCast, From>>(&gather, &map);
    case Way::kTwoProducts:
      return ForIsa<GatherRows<Way::kTwoProducts, From>>(&gather, &map);
    case Way::kFloatDivide:
      return ForIsa<GatherRows<Way::kFloatDivide, From>>(&gather, &map);
    case Way::kDivide:
      return ForIsa<GatherRows<Way::kDivide, From>>(&gather, &map);
    case Way::kLearned:
      return ForIsa<GatherRows<Way::kLearned, From>>(&gather, &map);
  }
}

Way WayOf(const RowConversion& conversion) {
  const InputTransform& transform = *conversion.transform;
  if (!transform.mean.empty()) return Way::kLearned;
  if (transform.divide_by == 1) return Way::kCast;
  const bool exact = conversion.from == DType::kUint8 || conversion.from == DType::kFloat32;
  const float divisor = static_cast<float>(transform.divide_by);
  // A double quotient of two floats rounds to the same float (53 >= 2 * 24 + 2); a subnormal
  // divisor is left to double.
  if (exact && divisor == transform.divide_by && std::isnormal(divisor)) return Way::kFloatDivide;
  return Way::kDivide;
}

Map MapOf(const InputTransform& transform) {
  return {transform.divide_by, transform.mean.data(), transform.deviation.data(), 0, 0};
}

// A division takes ten times as long as two products. `high` has so few bits that its product with
// a byte is exact, so the sum is the quotient but where that lies very close to the middle between
// two floats. Whether it is the quotient for every byte is tried, which is nothing beside this
// many:
constexpr int64_t kWorthTrying = 8192;

struct TryTwoProducts {
  template <Isa>
  GRADUS_INLINE static void Run(const Map* map, int32_t* wrong) {
    const Map local = *map;
    int32_t count = 0;
    for (int32_t i = 0; i < 256; ++i) {
      const float product = Value<Way::kTwoProducts, int32_t>(i, local, 0);
      const float quotient = Value<Way::kDivide, int32_t>(i, local, 0);
      count += product == quotient ? 0 : 1;
      count += static_cast<int32_t>(NonFinite(product));
    }
    *wrong = count;
  }
};

bool TwoProductsServe(Map* map) {
  const double factor = 1 / map->divide_by;
  map->high = static_cast<float>(factor);
  uint32_t bits;
  std::memcpy(&bits, &map->high, sizeof(bits));
  bits &= 0xffffff00u;
  std::memcpy(&map->high, &bits, sizeof(bits));
  map->low = static_cast<float>(factor - static_cast<double>(map->high));
  int32_t wrong = 0;
  ForIsa<TryTwoProducts>(static_cast<const Map*>(map), &wrong);
  return wrong == 0;
}

// Calls f with a null pointer of the C++ type.
template <class F>
void WithType(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kUint8:
      return f(static_cast<const uint8_t*>(nullptr));
    case DType::kInt32:
      return f(static_cast<const int32_t*>(nullptr));
    case DType::kFloat32:
      return f(static_cast<const float*>(nullptr));
    case DType::kFloat64:
      return f(static_cast<const double*>(nullptr));
    case DType::kInt64:
      GRADUS_CHECK(false);  // CanConvert refuses it.
  }
}

template <class From>
struct SumRows {
  template <Isa>
  GRADUS_INLINE static void Run(const From* from, int64_t rows, int64_t n, double divide_by,
                                double* least, double* most, double* sum) {
    for (int64_t r = 0; r < rows; ++r, from += n) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const double x = static_cast<double>(from[i]) / divide_by;
        least[i] = x < least[i] ? x : least[i];
        most[i] = x > most[i] ? x : most[i];
        sum[i] += x;
      }
    }
  }
};

template <class From>
struct SquareRows {
  template <Isa>
  GRADUS_INLINE static void Run(const From* from, int64_t rows, int64_t n, double divide_by,
                                const double* mean, double* squares) {
    for (int64_t r = 0; r < rows; ++r, from += n) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const double distance = static_cast<double>(from[i]) / divide_by - mean[i];
        squares[i] += distance * distance;
      }
    }
  }
};

}  // namespace

bool CanConvert(DType from, DType to) {
  if (to == DType::kFloat32) return from != DType::kInt64;
  if (to == DType::kInt32) return from == DType::kInt32 || from == DType::kUint8;
  return false;
}

int64_t ConvertRows(const RowConversion& conversion, const void* source, int64_t first,
                    const int64_t* rows, int64_t row_count, void* destination) {
  int64_t bad_row = -1;
  const Gather gather = {source,      first,   rows, row_count, conversion.elements,
                         destination, &bad_row};
  if (conversion.to == DType::kInt32) {
    if (conversion.from == DType::kInt32) {
      ForIsa<GatherIntegers<int32_t>>(&gather);
    } else {
      ForIsa<GatherIntegers<uint8_t>>(&gather);
    }
    return -1;
  }
  Map map = MapOf(*conversion.transform);
  Way way = WayOf(conversion);
  if (conversion.from == DType::kUint8 && (way == Way::kFloatDivide || way == Way::kDivide) &&
      row_count * conversion.elements >= kWorthTrying && TwoProductsServe(&map)) {
    way = Way::kTwoProducts;
  }
  WithType(conversion.from, [&](auto* type) {
    using From = std::remove_cv_t<std::remove_pointer_t<decltype(type)>>;
    GatherAs<From>(way, gather, map);
  });
  return bad_row;
}

int64_t ConvertInPlace(const RowConversion& conversion, int64_t row_count, void* destination) {
  const int64_t n = conversion.elements;
  if (conversion.from == conversion.to && conversion.to == DType::kInt32) return -1;
  constexpr int64_t kZero = 0;
  if (conversion.from == conversion.to) {
    for (int64_t r = 0; r < row_count; ++r) {
      float* row = static_cast<float*>(destination) + r * n;
      if (ConvertRows(conversion, row, 0, &kZero, 1, row) >= 0) return r;
    }
    return -1;
  }
  GRADUS_CHECK(conversion.from == DType::kUint8);
  // Four bytes are written for each one that is read, from the front; the bytes not yet read begin
  // 3 * total bytes later, so that a chunk that was first copied aside is never overtaken.
  constexpr int64_t kChunk = 512;
  uint8_t aside[kChunk];
  const uint8_t* from = static_cast<const uint8_t*>(destination) + 3 * row_count * n;
  char* to = static_cast<char*>(destination);
  int64_t bad_row = -1;
  for (int64_t r = 0; r < row_count; ++r) {
    for (int64_t e = 0; e < n; e += kChunk) {
      const int64_t count = std::min(kChunk, n - e);
      std::memcpy(aside, from, count);
      int64_t bad = -1;
      const Gather gather = {aside, 0, &kZero, 1, count, to, &bad};
      if (conversion.to == DType::kInt32) {
        ForIsa<GatherIntegers<uint8_t>>(&gather);
      } else {
        Map map = MapOf(*conversion.transform);
        if (map.mean != nullptr) {
          map.mean += e;
          map.deviation += e;
        }
        GatherAs<uint8_t>(WayOf(conversion), gather, map);
      }
      if (bad >= 0 && bad_row < 0) bad_row = r;
      from += count;
      to += 4 * count;
    }
  }
  return bad_row;
}

std::string DescribeNonFinite(const RowConversion& conversion, const void* converted_row) {
  const float* row = static_cast<const float*>(converted_row);
  for (int64_t i = 0; i < conversion.elements; ++i) {
    if (std::isfinite(row[i])) continue;
    return absl::StrCat(conversion.transform->NameOf(i), " is ", row[i],
                        conversion.transform->identity() ? "" : " after preprocessing");
  }
  return "";
}

void AddSums(const RowConversion& conversion, const void* source, int64_t row_count,
             const ElementSums& sums) {
  WithType(conversion.from, [&](auto* type) {
    using From = std::remove_cv_t<std::remove_pointer_t<decltype(type)>>;
    ForIsa<SumRows<From>>(static_cast<const From*>(source), row_count, conversion.elements,
                          conversion.transform->divide_by, sums.least, sums.most, sums.sum);
  });
}

void AddSquares(const RowConversion& conversion, const void* source, int64_t row_count,
                const double* mean, double* squares) {
  WithType(conversion.from, [&](auto* type) {
    using From = std::remove_cv_t<std::remove_pointer_t<decltype(type)>>;
    ForIsa<SquareRows<From>>(static_cast<const From*>(source), row_count, conversion.elements,
                             conversion.transform->divide_by, mean, squares);
  });
}

}  // namespace gradus
