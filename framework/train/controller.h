// The contract of a controller: what reacts to training. A controller is immutable; its memory is a
// list of declared numbers that the framework owns, saves with the run and hands in. It turns the
// number before it in the chain into the next one, so it goes with any schedule.
//
//   class ReduceOnPlateau final : public Controller {
//    public:
//     ReduceOnPlateau(const Config& config, ControllerScope* scope);
//     std::vector<ControllerNumber> State() const override { return {{"best"}, {"scale", 1}}; }
//     bool Watches(Section section) const override { return section == monitor_.section; }
//     Verdict Observe(const Observation&, ControllerNumbers*, std::string* cause) const override;
//     double Apply(double in, const Progress&, const ControllerNumbers&) const override;
//   };
//   GRADUS_REGISTER_CONTROLLER("gradus.ControllerConfig.reduce_on_plateau", ReduceOnPlateau);

#ifndef GRADUS_TRAIN_CONTROLLER_H_
#define GRADUS_TRAIN_CONTROLLER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/registry.h"
#include "gradus/base/status.h"
#include "gradus/controller.pb.h"
#include "gradus/direction.pb.h"
#include "gradus/train/timeline.h"

namespace gradus {

// When something is measured: after every update, at the end of an epoch over its updates, after a
// validation.
enum class Section { kBatch, kTrain, kValidation };

// A measure: `index` 0 is the loss, i + 1 metric i.
struct Monitor {
  Section section = Section::kValidation;
  int index = 0;
  Direction direction = MIN;  // Which way it gets better; AUTO where it does not say so.
};

// A metric, to those who watch it.
struct MeasuredMetric {
  std::string name;
  Direction direction = AUTO;  // AUTO where it does not say so.
  bool table = false;          // It has no number, only a table.
};

// What a run measures.
class MonitorTable {
 public:
  MonitorTable() = default;
  MonitorTable(std::vector<MeasuredMetric> metrics, bool validation)
      : metrics_(std::move(metrics)), validation_(validation) {}

  // "validation/loss"; the status says what there is instead.
  absl::StatusOr<Monitor> Find(absl::string_view name) const;
  std::vector<std::string> Names() const;
  // Those that are only tables are not among Names().
  const std::vector<MeasuredMetric>& metrics() const { return metrics_; }

 private:
  std::vector<MeasuredMetric> metrics_;
  bool validation_ = false;
};

// What a configuration says, or with AUTO the monitor itself. AUTO where neither does, which is to be
// refused with NoDirection.
Direction DirectionOf(Direction direction, const Monitor& monitor);
std::string NoDirection(absl::string_view monitor);
// By a measure's name alone, for what is left of a run that did not write it down: MIN or MAX.
Direction DirectionByName(absl::string_view monitor);
// Whether `value` is better than `best` by more than `delta`; a value that is not a number never
// is.
bool Better(Direction direction, double value, double best, double delta);

// A number of a controller's memory; without a value until there is one.
struct ControllerNumber {
  std::string name;
  absl::optional<double> initial;
};
using ControllerNumbers = std::vector<absl::optional<double>>;

struct Observation {
  Section section = Section::kBatch;
  Progress progress;                // After it.
  absl::Span<const double> values;  // The loss, then the metrics; may be not finite.
  double rate = 0;                  // What the last update used.
  // The cosine between the gradient and the last change of the weights, turned round: 1 when the
  // last update went where this one wants to go on. Only for controllers that need it.
  absl::optional<double> alignment;
};

// What a controller asks the loop for.
enum class Verdict { kGoOn, kRestore };

// Thread safety: immutable.
class Controller {
 public:
  virtual ~Controller() = default;
  virtual std::vector<ControllerNumber> State() const = 0;
  virtual bool Watches(Section section) const = 0;
  // Whether Observation::alignment is to be computed.
  virtual bool NeedsAlignment() const { return false; }
  // How often a state to go back to is to be kept; 0: never.
  virtual int64_t SnapshotEverySteps() const { return 0; }
  // Called at a step boundary when something it watches has been measured, after the update.
  // `cause` says why in one line when it changes what Apply gives.
  virtual Verdict Observe(const Observation& observation, ControllerNumbers* numbers,
                          std::string* cause) const = 0;
  // What it makes of the rate of the update that comes after `progress`.
  virtual double Apply(double in, const Progress& progress,
                       const ControllerNumbers& numbers) const = 0;
};

// What the maker of a controller is given.
class ControllerScope {
 public:
  ControllerScope(const MonitorTable* monitors, std::shared_ptr<const Timeline> timeline,
                  ConfigPath path, Diagnostics* diagnostics)
      : monitors_(monitors),
        timeline_(std::move(timeline)),
        path_(std::move(path)),
        diagnostics_(diagnostics) {}

  // The measure that a field of the config names; a finding when nothing produces it.
  Monitor Find(absl::string_view field, const std::string& name);
  // Which way it gets better, by the field `direction` or by itself; a finding when neither says so.
  Direction DirectionOf(Direction direction, const std::string& name, const Monitor& monitor);
  // A finding when the clock that a field names cannot be read.
  void CheckClock(absl::string_view field, Clock clock);

  const std::shared_ptr<const Timeline>& timeline() const { return timeline_; }
  const ConfigPath& path() const { return path_; }  // Of the controller's own config.
  Diagnostics* diagnostics() const { return diagnostics_; }

 private:
  const MonitorTable* monitors_;
  std::shared_ptr<const Timeline> timeline_;
  ConfigPath path_;
  Diagnostics* diagnostics_;
};

class ControllerFactory {
 public:
  virtual ~ControllerFactory() = default;
  // Of the field's message.
  virtual const google::protobuf::Descriptor* config_type() const = 0;
  // Null after a finding.
  virtual std::unique_ptr<Controller> Create(const google::protobuf::Message& owner,
                                             const google::protobuf::FieldDescriptor& field,
                                             ControllerScope* scope) const = 0;
};

// A controller as the text gives it; null after a finding. `path` is the message's address.
std::unique_ptr<Controller> MakeController(const ControllerConfig& config,
                                           const MonitorTable& monitors,
                                           std::shared_ptr<const Timeline> timeline,
                                           const ConfigPath& path, Diagnostics* diagnostics);

namespace internal {

template <class T>
class ControllerFactoryOf final : public ControllerFactory {
 public:
  const google::protobuf::Descriptor* config_type() const override {
    return T::Config::descriptor();
  }
  std::unique_ptr<Controller> Create(const google::protobuf::Message& owner,
                                     const google::protobuf::FieldDescriptor& field,
                                     ControllerScope* scope) const override {
    using Config = typename T::Config;
    GRADUS_CHECK(field.message_type() == Config::descriptor());  // A key of another's field.
    const int before = scope->diagnostics()->errors();
    auto controller = std::make_unique<T>(
        static_cast<const Config&>(owner.GetReflection()->GetMessage(owner, &field)), scope);
    if (scope->diagnostics()->errors() != before) return nullptr;
    return controller;
  }
};

}  // namespace internal

#define GRADUS_REGISTER_CONTROLLER(key, Class)                                       \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                          \
      (::gradus::Registry<::gradus::ControllerFactory>::Get().Add(                   \
           key, std::make_unique<::gradus::internal::ControllerFactoryOf<Class>>()), \
       true)

}  // namespace gradus

#endif  // GRADUS_TRAIN_CONTROLLER_H_
