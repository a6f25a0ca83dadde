// Where parameters live: one geometry for parameters, gradients, optimizer slots and averages. Each
// parameter is a matrix of rows x columns with a pitch, at an offset in one contiguous, 64-byte
// aligned block of floats; parameters of one group are contiguous. The pitch is chosen once per
// model and machine, never per plan. Padding of weights is zero and stays zero, whatever the rule:
// after every update, and in what is evaluated.

#ifndef GRADUS_RUNTIME_PARAMETER_LAYOUT_H_
#define GRADUS_RUNTIME_PARAMETER_LAYOUT_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/isa.h"
#include "gradus/base/tensor.h"
#include "gradus/graph/graph.h"

namespace gradus {

struct ParameterPlace {
  std::string name;
  std::vector<int64_t> dims;  // As files and the API show it.
  int64_t offset = 0;         // In floats, a multiple of 16.
  int64_t rows = 1;           // Product of all dims but the last.
  int64_t columns = 1;
  int64_t pitch = 1;

  int64_t floats() const { return rows * pitch; }  // Without the tail that aligns the next one.
  int64_t end() const { return offset + (floats() + 15) / 16 * 16; }  // With it.
};

class ParameterLayout {
 public:
  // Of the graph's parameters, in their order; group_of[i] says which group parameter i belongs to
  // (all 0 when empty). Groups follow each other.
  static absl::StatusOr<ParameterLayout> OfParameters(const Graph& graph, Isa isa,
                                                      absl::Span<const int> group_of = {});
  // Of the graph's states; never padded.
  static absl::StatusOr<ParameterLayout> OfStates(const Graph& graph);

  int count() const { return static_cast<int>(places_.size()); }
  const ParameterPlace& place(int i) const { return places_[i]; }
  int64_t floats() const { return floats_; }
  // The range [begin, end) of floats of a group.
  std::pair<int64_t, int64_t> GroupRange(int group) const { return groups_[group]; }
  int groups() const { return static_cast<int>(groups_.size()); }
  int Find(absl::string_view name) const;  // -1 when there is none.

  // Whether what is no element is 0, in a block of this geometry.
  template <class F>
  bool PaddingIsZero(const F* block) const {
    bool zero = true;
    for (const ParameterPlace& place : places_) {
      ForPadding(place, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) zero &= block[i] == F(0);
      });
    }
    return zero;
  }
  // Makes it 0 in a group that may have moved it: all of a group's padding has been through the same, so
  // one number of it tells. Cheap when it is 0, as it is but for rare rules.
  template <class F>
  void ClearPadding(int group, F* block) const {
    bool is_first = true, moved = false;
    for (const ParameterPlace& place : places_) {
      if (place.offset < groups_[group].first || place.offset >= groups_[group].second) continue;
      if (!is_first && !moved) return;
      ForPadding(place, [&](int64_t begin, int64_t end) {
        if (is_first && begin < end) {
          is_first = false;
          moved = block[begin] != F(0);
        }
        if (moved) std::fill(block + begin, block + end, F(0));
      });
    }
  }

  // Between the padded block and a plain tensor.
  void Read(int i, const float* block, absl::Span<float> plain) const;
  void Write(int i, absl::Span<const float> plain, float* block) const;

 private:
  // Calls use(begin, end) for every range of floats of the place that are no elements.
  template <class Use>
  static void ForPadding(const ParameterPlace& place, const Use& use) {
    for (int64_t row = 0; row < place.rows && place.pitch > place.columns; ++row) {
      const int64_t begin = place.offset + row * place.pitch;
      use(begin + place.columns, begin + place.pitch);
    }
    use(place.offset + place.floats(), place.end());
  }

  std::vector<ParameterPlace> places_;
  std::vector<std::pair<int64_t, int64_t>> groups_;
  int64_t floats_ = 0;
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_PARAMETER_LAYOUT_H_
