// Offsets and pitches of parameters.

#include "gradus/runtime/parameter_layout.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kAlignment = 16;  // Floats: 64 bytes.
constexpr int64_t kMostFloats = int64_t{1} << 48;

int64_t Aligned(int64_t floats) { return (floats + kAlignment - 1) / kAlignment * kAlignment; }

// oneDNN 2.6.3 chooses an AVX2 gemm that does not copy its operands without looking at the leading
// dimension; a multiple of 512 floats then maps all rows to the same cache sets (measured: 39
// against 87 GFLOP/s at 1024). Its AVX-512 gemm looks, and padding could move it to a slower
// kernel, so rows are padded on AVX2 only.
int64_t PitchFor(int64_t rows, int64_t columns, Isa isa) {
  const bool aliases = rows > 1 && columns > 0 && columns % 512 == 0;
  return isa == Isa::kAvx2 && aliases ? columns + kAlignment : columns;
}

absl::StatusOr<ParameterPlace> PlaceOf(const std::string& name, const Shape& shape) {
  if (shape.batch_axis() >= 0) {
    return absl::InvalidArgumentError(absl::StrCat("parameter \"", name, "\" of shape ",
                                                   shape.ToString(), " depends on the batch"));
  }
  ParameterPlace place;
  place.name = name;
  place.dims = shape.At(1);
  absl::StatusOr<int64_t> elements = ElementCount(place.dims);
  if (!elements.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameter \"", name, "\": ", elements.status().message()));
  }
  place.columns = place.dims.empty() ? 1 : place.dims.back();
  place.rows = 1;
  for (size_t i = 0; i + 1 < place.dims.size(); ++i) place.rows *= place.dims[i];
  return place;
}

// Gives `place` the next free range.
absl::Status Append(ParameterPlace* place, int64_t* floats) {
  place->offset = *floats;
  if (place->floats() > kMostFloats - kAlignment - *floats) {
    return absl::ResourceExhaustedError(
        absl::StrCat("parameter \"", place->name, "\": the model has more than 2^48 numbers"));
  }
  *floats += Aligned(place->floats());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParameterLayout> ParameterLayout::OfParameters(const Graph& graph, Isa isa,
                                                              absl::Span<const int> group_of) {
  const int count = static_cast<int>(graph.parameters().size());
  if (!group_of.empty() && static_cast<int>(group_of.size()) != count) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups are given for ", group_of.size(), " parameters of ", count));
  }
  int groups = 1;
  for (int group : group_of) {
    if (group < 0) return absl::InvalidArgumentError(absl::StrCat("group ", group, " is negative"));
    groups = std::max(groups, group + 1);
  }
  ParameterLayout layout;
  for (int i = 0; i < count; ++i) {
    const ParameterSpec& spec = graph.parameter(i);
    GRADUS_ASSIGN_OR_RETURN(ParameterPlace place, PlaceOf(spec.name, spec.shape));
    place.pitch = PitchFor(place.rows, place.columns, isa);
    layout.places_.push_back(std::move(place));
  }
  for (int group = 0; group < groups; ++group) {
    const int64_t begin = layout.floats_;
    for (int i = 0; i < count; ++i) {
      if ((group_of.empty() ? 0 : group_of[i]) != group) continue;
      GRADUS_RETURN_IF_ERROR(Append(&layout.places_[i], &layout.floats_));
    }
    layout.groups_.emplace_back(begin, layout.floats_);
  }
  return layout;
}

absl::StatusOr<ParameterLayout> ParameterLayout::OfStates(const Graph& graph) {
  ParameterLayout layout;
  for (size_t i = 0; i < graph.states().size(); ++i) {
    const StateSpec& spec = graph.state(static_cast<int>(i));
    GRADUS_ASSIGN_OR_RETURN(ParameterPlace place, PlaceOf(spec.name, spec.shape));
    place.pitch = place.columns;
    GRADUS_RETURN_IF_ERROR(Append(&place, &layout.floats_));
    layout.places_.push_back(std::move(place));
  }
  layout.groups_.emplace_back(0, layout.floats_);
  return layout;
}

int ParameterLayout::Find(absl::string_view name) const {
  for (int i = 0; i < count(); ++i) {
    if (places_[i].name == name) return i;
  }
  return -1;
}

void ParameterLayout::Read(int i, const float* block, absl::Span<float> plain) const {
  const ParameterPlace& p = places_[i];
  GRADUS_CHECK(static_cast<int64_t>(plain.size()) == p.rows * p.columns);
  if (plain.empty()) return;
  for (int64_t row = 0; row < p.rows; ++row) {
    std::memcpy(plain.data() + row * p.columns, block + p.offset + row * p.pitch,
                p.columns * sizeof(float));
  }
}

void ParameterLayout::Write(int i, absl::Span<const float> plain, float* block) const {
  const ParameterPlace& p = places_[i];
  GRADUS_CHECK(static_cast<int64_t>(plain.size()) == p.rows * p.columns);
  if (plain.empty()) return;
  for (int64_t row = 0; row < p.rows; ++row) {
    std::memcpy(block + p.offset + row * p.pitch, plain.data() + row * p.columns,
                p.columns * sizeof(float));
  }
}

}  // namespace gradus
