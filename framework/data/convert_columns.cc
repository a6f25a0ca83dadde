// Runs of numbers in vector loops, categories one by one. Every instruction set gives the same bits.

#include "gradus/data/convert_columns.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/isa.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// (filled in x / divide_by - shift) / scale of n cells, in the type of the model; how many of them
// are not finite.
struct MapRun {
  template <Isa>
  GRADUS_INLINE static void Run(const double* from, const double* divide_by, const double* fill,
                                const double* shift, const double* scale, int64_t n, float* to,
                                int64_t* bad) {
    int64_t count = 0;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      const double x = from[i] == from[i] ? from[i] : fill[i];
      const float value = static_cast<float>((x / divide_by[i] - shift[i]) / scale[i]);
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      to[i] = value;
      count += (bits & 0x7fffffffu) >= 0x7f800000u ? 1 : 0;
    }
    *bad += count;
  }
};

double CellAt(const void* source, DType dtype, int64_t index) {
  switch (dtype) {
    case DType::kUint8:
      return static_cast<const uint8_t*>(source)[index];
    case DType::kInt32:
      return static_cast<const int32_t*>(source)[index];
    case DType::kFloat32:
      return static_cast<double>(static_cast<const float*>(source)[index]);
    case DType::kFloat64:
      return static_cast<const double*>(source)[index];
    case DType::kInt64:
      break;
  }
  return kNan;
}

bool FitsInt32(double x) { return x == std::trunc(x) && x >= -0x1p31 && x < 0x1p31; }

}  // namespace

ColumnConversion::ColumnConversion(const InputTransform* transform, DType to,
                                   std::vector<ColumnPart> parts,
                                   absl::Span<const ColumnCell> cells)
    : transform_(transform), to_(to), parts_(std::move(parts)), cells_(cells.begin(), cells.end()) {
  GRADUS_CHECK(cells_.size() == transform->treatments.size());
  for (size_t c = 0; c < cells_.size(); ++c) {
    const ColumnTransform& column = transform->treatments[c];
    const ColumnCell cell = cells_[c];
    if (column.text()) {
      categories_.push_back(
          {cell, width_, column.width(), column.one_hot, column.MissingPlace(), column.places()});
    } else {
      Run* last = runs_.empty() ? nullptr : &runs_.back();
      if (last != nullptr && last->part == cell.part && last->from + last->count == cell.column &&
          last->to + last->count == width_ && last->function == column.map.function) {
        ++last->count;
      } else {
        runs_.push_back({cell.part, cell.column, width_, 1, static_cast<int64_t>(divide_by_.size()),
                         column.map.function});
      }
      divide_by_.push_back(column.map.divide_by);
      fill_.push_back(column.missing_number);
      shift_.push_back(column.map.shift);
      scale_.push_back(column.map.scale);
    }
    width_ += column.width();
  }
}

double ColumnConversion::NumberAt(absl::Span<const void* const> sources, int64_t row,
                                  ColumnCell cell) const {
  const ColumnPart& part = parts_[cell.part];
  return CellAt(sources[cell.part], part.dtype, row * part.columns + cell.column);
}

int32_t ColumnConversion::PlaceAt(absl::Span<const void* const> sources, int64_t row,
                                  const Category& category) const {
  const ColumnPart& part = parts_[category.cell.part];
  if (part.coded) {
    const int32_t code = static_cast<const int32_t*>(
        sources[category.cell.part])[row * part.columns + category.cell.column];
    return code < 0 ? category.missing : part.places[category.cell.column][code];
  }
  const double place = NumberAt(sources, row, category.cell);
  if (place != place) return category.missing;
  const bool is_one =
      place >= 0 && place < static_cast<double>(category.places) && place == std::trunc(place);
  return is_one ? static_cast<int32_t>(place) : -1;
}

template <class To>
bool ColumnConversion::ConvertRow(absl::Span<const void* const> sources, int64_t row,
                                  double* scratch, To* to) const {
  int64_t bad = 0;
  for (const Run& run : runs_) {
    const ColumnPart& part = parts_[run.part];
    const double* from = scratch;
    if (part.dtype == DType::kFloat64) {
      from = static_cast<const double*>(sources[run.part]) + row * part.columns + run.from;
    } else {
      for (int64_t i = 0; i < run.count; ++i) {
        scratch[i] = CellAt(sources[run.part], part.dtype, row * part.columns + run.from + i);
      }
    }
    if constexpr (std::is_same<To, float>::value) {
      if (run.function == NumberMap::kIdentity) {
        ForIsa<MapRun>(from, &divide_by_[run.first], &fill_[run.first], &shift_[run.first],
                       &scale_[run.first], run.count, to + run.to, &bad);
        continue;
      }
    }
    for (int64_t i = 0; i < run.count; ++i) {
      const int64_t k = run.first + i;
      const NumberMap map = {divide_by_[k], run.function, shift_[k], scale_[k]};
      const double value = map.Apply(from[i] == from[i] ? from[i] : fill_[k]);
      if (std::is_same<To, float>::value) {
        const float rounded = static_cast<float>(value);
        bad += std::isfinite(rounded) ? 0 : 1;
        to[run.to + i] = static_cast<To>(rounded);
      } else {
        const bool fits = FitsInt32(value);
        bad += fits ? 0 : 1;
        to[run.to + i] = fits ? static_cast<To>(value) : To(0);
      }
    }
  }
  for (const Category& category : categories_) {
    const int32_t place = PlaceAt(sources, row, category);
    if (place < 0) {
      ++bad;
      std::fill_n(to + category.to, category.width, To(0));
    } else if (category.one_hot) {
      std::fill_n(to + category.to, category.width, To(0));
      to[category.to + place] = To(1);
    } else {
      to[category.to] = static_cast<To>(place);
    }
  }
  return bad == 0;
}

int64_t ColumnConversion::Convert(absl::Span<const void* const> sources,
                                  absl::Span<const int64_t> rows, void* destination) const {
  // Shuffled rows come from anywhere in memory, which the CPU cannot foresee.
  constexpr size_t kRowsAhead = 2;
  std::vector<double> scratch(
      static_cast<size_t>(parts_[0].dtype == DType::kFloat64 ? 0 : divide_by_.size()));
  int64_t bad_row = -1;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t p = 0; r + kRowsAhead < rows.size() && p < parts_.size(); ++p) {
      const int64_t bytes = parts_[p].columns * ByteSize(parts_[p].dtype);
      const char* row = static_cast<const char*>(sources[p]) + rows[r + kRowsAhead] * bytes;
      for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(row + i);
    }
    const int64_t to = static_cast<int64_t>(r) * width_;
    const bool good =
        to_ == DType::kInt32
            ? ConvertRow(sources, rows[r], scratch.data(), static_cast<int32_t*>(destination) + to)
            : ConvertRow(sources, rows[r], scratch.data(), static_cast<float*>(destination) + to);
    if (!good && bad_row < 0) bad_row = static_cast<int64_t>(r);
  }
  return bad_row;
}

std::string ColumnConversion::Describe(absl::Span<const void* const> sources, int64_t row) const {
  size_t category = 0;
  for (size_t c = 0; c < cells_.size(); ++c) {
    const ColumnTransform& column = transform_->treatments[c];
    const std::string name = transform_->NameOfColumn(static_cast<int64_t>(c));
    if (column.text()) {
      if (PlaceAt(sources, row, categories_[category++]) >= 0) continue;
      const ColumnPart& part = parts_[cells_[c].part];
      if (part.coded) return absl::StrCat(name, " has a cell that is no category of training");
      const double place = NumberAt(sources, row, cells_[c]);
      if (place != place) return absl::StrCat(name, " is missing, and nothing stands for that");
      return absl::StrCat(name, " is ", ShortestNumber(place),
                          ", which is none of the places 0 to ", column.places() - 1,
                          " of its categories");
    }
    const double cell = NumberAt(sources, row, cells_[c]);
    const double x = cell == cell ? cell : column.missing_number;
    if (x != x) return absl::StrCat(name, " is missing, and nothing stands for that");
    const double value = column.map.Apply(x);
    if (to_ == DType::kInt32) {
      if (FitsInt32(value)) continue;
      return absl::StrCat(name, " is ", ShortestNumber(value), ", which is no INT32");
    }
    if (std::isfinite(static_cast<float>(value))) continue;
    const double divided = x / column.map.divide_by;
    if (column.map.function == NumberMap::kLog && !(divided > 0)) {
      return absl::StrCat(name, ": ", ShortestNumber(x),
                          " has no logarithm; log takes numbers above 0");
    }
    if (column.map.function == NumberMap::kLog1p && !(divided > -1)) {
      return absl::StrCat(name, ": 1 + ", ShortestNumber(divided),
                          " has no logarithm; log1p takes numbers above -1");
    }
    return absl::StrCat(name, " is ",
                        ShortestNumber(static_cast<double>(static_cast<float>(value))),
                        column.map.identity() ? "" : " after preprocessing");
  }
  return "a value is not finite";
}

}  // namespace gradus
