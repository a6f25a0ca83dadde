// What an update did to each group of parameters, measured around it: how telemetry looks at a rule
// from outside.
//
//   gradient_norm      |g|, of the whole update as it came from the graph: before centralising and
//                      clipping, and with sharpness_aware at w + e
//   weight_norm        |w| before the update
//   update_norm        |w after - w before|, decay and lookahead included
//   update_to_weight   update_norm / weight_norm
//   effective_rate     update_norm / gradient_norm: the rate at which plain gradient descent would
//                      have gone as far
//
// All in double. A quotient by 0 is what a division of doubles makes of it; what is not finite is null in a file.

#ifndef GRADUS_TRAIN_GROUP_REPORT_H_
#define GRADUS_TRAIN_GROUP_REPORT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/base/tensor.h"
#include "gradus/base/thread_pool.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/tiles.h"
#include "gradus/train/update_rules.h"
#include "gradus/train/update_settings.h"

namespace gradus {

struct GroupReport {
  absl::string_view group, rule;  // "default", "adam"; as long as the TrainStep lives.
  double learning_rate = 0;
  double gradient_norm = 0, weight_norm = 0, update_norm = 0;
  double update_to_weight = 0, effective_rate = 0;
};

// Thread safety: used by one thread at a time. Allocates nothing once it is made.
class GroupMeasure {
 public:
  // Of the groups that are trained and have parameters. Nothing is owned; `pool` may be null.
  static absl::StatusOr<std::unique_ptr<GroupMeasure>> Create(const UpdateRules& rules,
                                                              const ParameterGroups& groups,
                                                              const ParameterLayout& layout,
                                                              ThreadPool* pool);

  // Before the update, and after it. `reports` gets one of each group.
  void Before(const float* weights, const float* gradients);
  void After(const float* weights, absl::Span<const GroupNumbers> numbers,
             std::vector<GroupReport>* reports);

 private:
  struct Group {
    int index;
    std::string name, rule;
    Tiles tiles;
    double gradient_norm = 0, weight_norm = 0;
  };
  explicit GroupMeasure(ThreadPool* pool) : pool_(pool) {}

  ThreadPool* const pool_;
  std::vector<Group> groups_;
  AlignedBuffer before_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_GROUP_REPORT_H_
