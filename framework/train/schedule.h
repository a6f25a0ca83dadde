// The contract of a schedule: a pure function of time. It has no state, so it can be printed,
// plotted, tested, looked ahead and resumed for free. Update k, counted from 0, uses the value at
// the time when k updates are done.
//
//   class InverseTimeDecay final : public Schedule {
//    public:
//     explicit InverseTimeDecay(const schedule::InverseTimeDecay& config) : config_(config) {}
//     double At(const ScheduleTime& time) const override { ... time.elapsed() ... }
//   };
//   GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.inverse_time_decay", InverseTimeDecay,
//                            schedule::InverseTimeDecay);
//
// What the clock counts (updates, epochs, ...) is the framework's business: lengths in a config and
// times in At are of the same unit, and any of them may be fractional.
//
// A class may have `static void Check(const Config&, const ConfigPath&, Diagnostics*)` for rules
// between fields; rules of single fields stand in the proto. One that is made of other schedules
// has a constructor (const Config&, ScheduleScope*) and makes them with ScheduleScope::Make. The
// config type of a plain number is double.

#ifndef GRADUS_TRAIN_SCHEDULE_H_
#define GRADUS_TRAIN_SCHEDULE_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>

#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/registry.h"
#include "gradus/base/status.h"
#include "gradus/schedule_config.pb.h"
#include "gradus/train/timeline.h"

namespace gradus {

// What a schedule's clock shows, and what it showed when the schedule began.
struct ScheduleTime {
  double now = 0;
  double start = 0;

  double elapsed() const { return now - start; }
  // For a part that begins `offset` later.
  ScheduleTime After(double offset) const { return {now, start + offset}; }
};

// Thread safety: immutable.
class Schedule {
 public:
  virtual ~Schedule() = default;
  // `time.elapsed()` is at least 0.
  virtual double At(const ScheduleTime& time) const = 0;
  // Its length on its clock: from there on it holds its value, climbs back or begins again.
  // Infinite when it has none.
  virtual double length() const { return std::numeric_limits<double>::infinity(); }
};

// Whether `elapsed` has come to `boundary`, which may have been added up from lengths such as 0.1:
// within some roundings counts as reached. Among whole numbers it is exact.
inline bool Reached(double elapsed, double boundary) {
  return elapsed >= boundary - std::min(1e-9 * std::abs(boundary), 1e-3);
}
// How many whole `length`s fit into `elapsed`; one that is Reached counts. Exact for whole numbers.
double WholePeriods(double elapsed, double length);

// What the maker of a schedule is given.
class ScheduleScope {
 public:
  ScheduleScope(std::shared_ptr<const Timeline> timeline, Clock clock, ConfigPath path,
                Diagnostics* diagnostics)
      : timeline_(std::move(timeline)),
        clock_(clock),
        path_(std::move(path)),
        diagnostics_(diagnostics) {}

  // A schedule that this one is made of: what the field of this one's config holds. It runs on this
  // one's clock unless it names another. Null after a finding.
  std::unique_ptr<Schedule> Make(const ScheduleConfig& config, const ConfigPath& path);
  // Whether a part could not be made, so that the whole cannot either.
  bool failed() const { return failed_; }

  const std::shared_ptr<const Timeline>& timeline() const { return timeline_; }
  Clock clock() const { return clock_; }
  const ConfigPath& path() const { return path_; }  // Of the schedule's own config.
  Diagnostics* diagnostics() const { return diagnostics_; }

 private:
  std::shared_ptr<const Timeline> timeline_;
  Clock clock_;
  ConfigPath path_;
  Diagnostics* diagnostics_;
  bool failed_ = false;
};

// Makes schedules of one kind out of a field of an owner message (ScheduleConfig or an extension of
// it).
class ScheduleFactory {
 public:
  virtual ~ScheduleFactory() = default;
  // Of the field's message; null for a plain number (double).
  virtual const google::protobuf::Descriptor* config_type() const = 0;
  // Null after a finding. `scope.path()` is the address of the field.
  virtual std::unique_ptr<Schedule> Create(const google::protobuf::Message& owner,
                                           const google::protobuf::FieldDescriptor& field,
                                           ScheduleScope* scope) const = 0;
};

// A schedule on its clock, ready to be asked.
class TimedSchedule {
 public:
  // `path` is the message's address. Findings go to diagnostics; a schedule that has any is not
  // made: ok() is false then.
  static TimedSchedule Make(const ScheduleConfig& config, std::shared_ptr<const Timeline> timeline,
                            const ConfigPath& path, Diagnostics* diagnostics);

  bool ok() const { return schedule_ != nullptr; }
  // What the update after `progress` uses.
  double At(const Progress& progress) const {
    return schedule_->At({timeline_->Read(clock_, progress), 0});
  }
  // The same for a schedule that began at another time than the run.
  double At(const Progress& progress, const Progress& start) const {
    return schedule_->At({timeline_->Read(clock_, progress), timeline_->Read(clock_, start)});
  }
  Clock clock() const { return clock_; }
  const Schedule& schedule() const { return *schedule_; }
  const Timeline& timeline() const { return *timeline_; }

 private:
  std::shared_ptr<const Timeline> timeline_;
  Clock clock_ = STEPS;
  std::shared_ptr<const Schedule> schedule_;  // Shared by copies.
};

namespace internal {

// Whether its values are in their ranges, without which no schedule may be constructed: a length of
// 0 could take for ever. Findings that are there already are shown once.
bool KeepsRules(const google::protobuf::Message& config, const ConfigPath& path,
                Diagnostics* diagnostics);

template <class T, class Config, class = void>
struct HasCheck : std::false_type {};
template <class T, class Config>
struct HasCheck<
    T, Config,
    std::void_t<decltype(T::Check(std::declval<const Config&>(), std::declval<const ConfigPath&>(),
                                  std::declval<Diagnostics*>()))>> : std::true_type {};

template <class T, class Config>
class ScheduleFactoryOf final : public ScheduleFactory {
 public:
  const google::protobuf::Descriptor* config_type() const override {
    if constexpr (std::is_same<Config, double>::value) {
      return nullptr;
    } else {
      return Config::descriptor();
    }
  }
  std::unique_ptr<Schedule> Create(const google::protobuf::Message& owner,
                                   const google::protobuf::FieldDescriptor& field,
                                   ScheduleScope* scope) const override {
    const google::protobuf::Reflection& reflection = *owner.GetReflection();
    if constexpr (std::is_same<Config, double>::value) {
      return std::make_unique<T>(reflection.GetDouble(owner, &field));
    } else {
      GRADUS_CHECK(field.message_type() == Config::descriptor());  // A key of another's field.
      const auto& config = static_cast<const Config&>(reflection.GetMessage(owner, &field));
      const int before = scope->diagnostics()->errors();
      if constexpr (HasCheck<T, Config>::value) {
        T::Check(config, scope->path(), scope->diagnostics());
        if (scope->diagnostics()->errors() != before) return nullptr;
      }
      if constexpr (std::is_constructible<T, const Config&, ScheduleScope*>::value) {
        auto schedule = std::make_unique<T>(config, scope);
        if (scope->failed() || scope->diagnostics()->errors() != before) return nullptr;
        return schedule;
      } else {
        if (!KeepsRules(config, scope->path(), scope->diagnostics())) return nullptr;
        return std::make_unique<T>(config);
      }
    }
  }
};

}  // namespace internal

#define GRADUS_REGISTER_SCHEDULE(key, Class, ConfigType)                                       \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                                    \
      (::gradus::Registry<::gradus::ScheduleFactory>::Get().Add(                               \
           key, std::make_unique<::gradus::internal::ScheduleFactoryOf<Class, ConfigType>>()), \
       true)

}  // namespace gradus

#endif  // GRADUS_TRAIN_SCHEDULE_H_
