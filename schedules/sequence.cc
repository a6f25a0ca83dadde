// One schedule after another, each counting from its own beginning. With parts of the lengths l0,
// l1, ...
//
//   value(t) = part_i(t - (l0 + ... + l(i-1))), i the last part that has begun
//
// A part's first time is where the one before it ends: PyTorch's SequentialLR and optax'
// join_schedules, with lengths instead of milestones. When the last part has a length too, what it
// gives at that time holds; without one it goes on for ever.
//
//   learning_rate {
//     sequence {
//       part { length: 4 schedule { constant: 0.01 } }
//       part { schedule { cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 } } }
//     }
//   }

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Sequence final : public Schedule {
 public:
  using Config = ScheduleConfig::Sequence;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    for (int i = 0; i + 1 < config.part_size(); ++i) {
      if (config.part(i).has_length()) continue;
      diagnostics->Error("missing", path.Child("part", i, "").Child("length"),
                         "sequence: only the last part may be without a length");
    }
  }

  Sequence(const Config& config, ScheduleScope* scope) {
    double start = 0;
    for (int i = 0; i < config.part_size(); ++i) {
      parts_.push_back({start, scope->Make(config.part(i).schedule(),
                                           scope->path().Child("part", i, "").Child("schedule"))});
      start += config.part(i).length();
    }
    const bool ends = config.part_size() > 0 && config.part(config.part_size() - 1).has_length();
    end_ = ends ? start : std::numeric_limits<double>::infinity();
  }

  double At(const ScheduleTime& time) const override {
    size_t i = parts_.size() - 1;
    while (i > 0 && !Reached(time.elapsed(), parts_[i].start)) --i;
    const double now = std::min(time.now, time.start + end_);
    // Rounding may have left `now` just before the beginning of the part.
    const double start = std::min(now, time.start + parts_[i].start);
    return parts_[i].schedule->At({now, start});
  }

  double length() const override {
    return std::min(end_, parts_.back().start + parts_.back().schedule->length());
  }

 private:
  struct Part {
    double start;
    std::unique_ptr<Schedule> schedule;
  };
  std::vector<Part> parts_;
  double end_;  // Infinite when the last part has no length.
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.sequence", Sequence, ScheduleConfig::Sequence);

}  // namespace
}  // namespace gradus
