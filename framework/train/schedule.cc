// From the text's schedule to an object, and from clock to clock.

#include "gradus/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"

namespace gradus {
namespace {

// A part that runs on another clock than the schedule around it.
class OnAnotherClock final : public Schedule {
 public:
  OnAnotherClock(std::unique_ptr<Schedule> schedule, std::shared_ptr<const Timeline> timeline,
                 Clock outer, Clock inner)
      : schedule_(std::move(schedule)),
        timeline_(std::move(timeline)),
        outer_(outer),
        inner_(inner) {}

  double At(const ScheduleTime& time) const override {
    const double now = timeline_->Convert(time.now, outer_, inner_);
    // The run's beginning is 0 on every clock.
    const double start = time.start == 0 ? 0 : timeline_->Convert(time.start, outer_, inner_);
    return schedule_->At({now, std::min(now, start)});
  }
  // As it is when it begins with the run; another start may differ by a short batch.
  double length() const override { return timeline_->Convert(schedule_->length(), inner_, outer_); }

 private:
  const std::unique_ptr<Schedule> schedule_;
  const std::shared_ptr<const Timeline> timeline_;
  const Clock outer_, inner_;
};

// On the clock that the config names, or else on `clock`, which is then what it runs on.
std::unique_ptr<Schedule> MakeOnItsClock(const ScheduleConfig& config,
                                         const std::shared_ptr<const Timeline>& timeline,
                                         Clock* clock, const ConfigPath& path,
                                         Diagnostics* diagnostics) {
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (field == nullptr) return nullptr;  // CheckRules has said so.
  const ConfigPath field_path = path.Child(SegmentName(field));
  const ScheduleFactory* factory = Registry<ScheduleFactory>::Get().Find(field->full_name());
  // A rule under the key of another's field could not read its message.
  if (factory == nullptr || factory->config_type() != field->message_type()) {
    diagnostics->Error("unregistered", field_path,
                       absl::StrCat("no schedule is registered for \"", field->full_name(), "\""));
    return nullptr;
  }
  if (config.has_clock()) *clock = config.clock();
  ScheduleScope scope(timeline, *clock, field_path, diagnostics);
  return factory->Create(config, *field, &scope);
}

}  // namespace

bool internal::KeepsRules(const google::protobuf::Message& config, const ConfigPath& path,
                          Diagnostics* diagnostics) {
  Diagnostics found;
  CheckRules(config, path, &found);
  for (const Finding& finding : found.findings()) diagnostics->Add(finding);
  return found.ok();
}

double WholePeriods(double elapsed, double length) {
  const double quotient = elapsed / length;
  const double nearest = std::nearbyint(quotient);
  if (nearest <= quotient) return nearest;
  // The next multiple is the nearer one.
  const bool reached = nearest - quotient < 0.25 && Reached(elapsed, nearest * length);
  return reached ? nearest : nearest - 1;
}

std::unique_ptr<Schedule> ScheduleScope::Make(const ScheduleConfig& config,
                                              const ConfigPath& path) {
  Clock clock = clock_;
  std::unique_ptr<Schedule> schedule =
      MakeOnItsClock(config, timeline_, &clock, path, diagnostics_);
  if (schedule != nullptr && clock != clock_) {
    const std::string why = timeline_->WhyNotConvert(clock_, clock);
    if (why.empty()) {
      return std::make_unique<OnAnotherClock>(std::move(schedule), timeline_, clock_, clock);
    }
    diagnostics_->Error("clock", path.Child("clock"),
                        absl::StrCat("clock ", Clock_Name(clock), " inside ", Clock_Name(clock_),
                                     " cannot be converted: ", why));
    schedule = nullptr;
  }
  if (schedule == nullptr) failed_ = true;
  return schedule;
}

TimedSchedule TimedSchedule::Make(const ScheduleConfig& config,
                                  std::shared_ptr<const Timeline> timeline, const ConfigPath& path,
                                  Diagnostics* diagnostics) {
  TimedSchedule timed;
  timed.timeline_ = std::move(timeline);
  timed.schedule_ = MakeOnItsClock(config, timed.timeline_, &timed.clock_, path, diagnostics);
  const std::string why = timed.timeline_->WhyNotRead(timed.clock_);
  if (why.empty()) return timed;
  diagnostics->Error("clock", path.Child("clock"),
                     absl::StrCat("clock ", Clock_Name(timed.clock_), " cannot be read: ", why));
  timed.schedule_ = nullptr;
  return timed;
}

}  // namespace gradus
