// Norms before and after.

#include "gradus/train/group_report.h"

#include <cmath>
#include <cstring>

#include "gradus/base/status.h"

namespace gradus {
namespace {

struct SquareOfDifference {
  const float *a, *b;
  GRADUS_INLINE double operator()(int64_t i) const {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    return difference * difference;
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<GroupMeasure>> GroupMeasure::Create(const UpdateRules& rules,
                                                                   const ParameterGroups& groups,
                                                                   const ParameterLayout& layout,
                                                                   ThreadPool* pool) {
  std::unique_ptr<GroupMeasure> measure(new GroupMeasure(pool));
  for (int g = 0; g < groups.count(); ++g) {
    if (groups.parameters[g] == 0 || rules.frozen(g)) continue;
    measure->groups_.push_back(
        {g, groups.names[g], rules.uses()[rules.use_of(g)].name, Tiles(layout, {g})});
  }
  GRADUS_ASSIGN_OR_RETURN(
      measure->before_, AllocateAligned(layout.floats() * static_cast<int64_t>(sizeof(float))));
  return measure;
}

void GroupMeasure::Before(const float* weights, const float* gradients) {
  float* const before = static_cast<float*>(before_.get());
  for (Group& group : groups_) {
    group.gradient_norm = std::sqrt(group.tiles.Sum(pool_, [&](int64_t begin, int64_t end) {
      return SumOfSquares(gradients + begin, end - begin);
    }));
    group.weight_norm = std::sqrt(group.tiles.Sum(pool_, [&](int64_t begin, int64_t end) {
      std::memcpy(before + begin, weights + begin,
                  static_cast<size_t>(end - begin) * sizeof(float));
      return SumOfSquares(weights + begin, end - begin);
    }));
  }
}

void GroupMeasure::After(const float* weights, absl::Span<const GroupNumbers> numbers,
                         std::vector<GroupReport>* reports) {
  const float* const before = static_cast<const float*>(before_.get());
  reports->clear();
  for (Group& group : groups_) {
    GroupReport report;
    report.group = group.name;
    report.rule = group.rule;
    report.learning_rate = numbers[group.index].rate;
    report.gradient_norm = group.gradient_norm;
    report.weight_norm = group.weight_norm;
    report.update_norm = std::sqrt(group.tiles.Sum(pool_, [&](int64_t begin, int64_t end) {
      return SumOf(SquareOfDifference{weights + begin, before + begin}, end - begin);
    }));
    report.update_to_weight = report.update_norm / report.weight_norm;
    report.effective_rate = report.update_norm / report.gradient_norm;
    reports->push_back(report);
  }
}

}  // namespace gradus
