// The contract of a schedule: a pure function of progress. It has no state, so it can be printed,
// plotted, tested, looked ahead and resumed for free. Update k, counted from 0, uses At(progress
// with update k).
//
//   class InverseTime final : public Schedule {
//    public:
//     explicit InverseTime(const schedule::InverseTime& config) : config_(config) {}
//     double At(const Progress& progress) const override { ... }
//   };
//   GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.inverse_time", InverseTime,
//                            schedule::InverseTime);
//
// A class may have `static void Check(const Config&, const ConfigPath&, Diagnostics*)` for rules
// between fields; rules of single fields stand in the proto. The config type of a plain number is
// double.

#ifndef GRADUS_TRAIN_SCHEDULE_H_
#define GRADUS_TRAIN_SCHEDULE_H_

#include <memory>
#include <type_traits>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/registry.h"
#include "gradus/optimizer.pb.h"

namespace gradus {

// Where a run stands. Stored and counted, never derived: the batch size may change.
struct Progress {
  int64_t update = 0;    // Updates done, which is also the number of the next one counted from 0.
  int64_t examples = 0;  // Examples seen.
  int64_t epoch = 0;     // Epochs finished.
  int64_t offset = 0;    // Examples of the present epoch that have been seen.
};

// Thread safety: immutable.
class Schedule {
 public:
  virtual ~Schedule() = default;
  virtual double At(const Progress& progress) const = 0;
};

// Makes schedules of one kind out of a field of an owner message (ScheduleConfig or an extension of
// it).
class ScheduleFactory {
 public:
  virtual ~ScheduleFactory() = default;
  virtual std::unique_ptr<Schedule> Create(const google::protobuf::Message& owner,
                                           const google::protobuf::FieldDescriptor& field,
                                           const ConfigPath& path,
                                           Diagnostics* diagnostics) const = 0;
};

// The schedule that the message holds; null after a finding. `path` is the message's address.
std::unique_ptr<Schedule> MakeSchedule(const ScheduleConfig& config, const ConfigPath& path,
                                       Diagnostics* diagnostics);

namespace internal {

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
  std::unique_ptr<Schedule> Create(const google::protobuf::Message& owner,
                                   const google::protobuf::FieldDescriptor& field,
                                   const ConfigPath& path,
                                   Diagnostics* diagnostics) const override {
    const google::protobuf::Reflection& reflection = *owner.GetReflection();
    if constexpr (std::is_same<Config, double>::value) {
      return std::make_unique<T>(reflection.GetDouble(owner, &field));
    } else {
      const auto& config = static_cast<const Config&>(reflection.GetMessage(owner, &field));
      if constexpr (HasCheck<T, Config>::value) {
        const size_t before = diagnostics->findings().size();
        T::Check(config, path, diagnostics);
        if (diagnostics->findings().size() != before && !diagnostics->ok()) return nullptr;
      }
      return std::make_unique<T>(config);
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
