// What every controller owes, whoever wrote it. A controller brings examples; the conformance test
// runs over all that are registered and fails for one that brings none.
//
//   GRADUS_CONTROLLER_EXAMPLES(
//       "gradus.ControllerConfig.hypergradient",
//       ({{"hypergradient {}"},
//         {{"hypergradient { step_size: 1 }",
//           "text:1:28: hypergradient: step_size 1 must be above 0 and below 1 "
//           "[hypergradient.step_size]"}}}));
//
// A run for tests measures the loss and a metric called "accuracy", after every update, at the end
// of every epoch, and after every validation. An epoch is 10 updates of 10 examples.

#ifndef GRADUS_TESTS_TESTING_CONTROLLER_CONFORMANCE_H_
#define GRADUS_TESTS_TESTING_CONTROLLER_CONFORMANCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gradus/train/controller.h"
#include "tests/testing/refused_text.h"

namespace gradus {

struct ControllerExamples {
  std::vector<std::string> good;  // Texts of a ControllerConfig.
  std::vector<RefusedText> refused;
};

#define GRADUS_CONTROLLER_EXAMPLES(key, examples)                                      \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                            \
      (::gradus::Registry<::gradus::ControllerExamples>::Get().Add(                    \
           key, std::make_unique<::gradus::ControllerExamples>(                        \
                    ::gradus::ControllerExamples GRADUS_UNWRAP_CONTROLLER_ examples)), \
       true)
#define GRADUS_UNWRAP_CONTROLLER_(...) __VA_ARGS__

MonitorTable TestMonitors(bool validation = true);
Timeline TestTimeline();

// The controller of a text in a run for tests; the status has the message of a text that is
// refused. `key`, if given, gets what it is registered under.
absl::StatusOr<std::unique_ptr<Controller>> ParseController(const std::string& text,
                                                            bool validation = true,
                                                            std::string* key = nullptr);

// A controller and its memory.
class FedController {
 public:
  // The text must be good.
  explicit FedController(const std::string& text);

  // Shows it a loss and an accuracy that are measured when so many updates are done.
  Verdict Feed(Section section, double loss, int64_t update, double accuracy = 0,
               absl::optional<double> alignment = absl::nullopt);
  // The same of a validation, the n-th of which, counted from 0, comes after n + 1 updates.
  void Validate(double loss) {
    ++validations_;
    Feed(Section::kValidation, loss, validations_);
  }
  double Apply(double in, int64_t update = 0) const;

  const Controller& controller() const { return *controller_; }
  ControllerNumbers numbers;
  std::string cause;  // Of the last measurement.

 private:
  std::unique_ptr<Controller> controller_;
  int64_t validations_ = 0;
};

// What a run might measure: mostly a falling curve with noise, now and then the same number again,
// a spike, or something that is not finite.
struct TestMeasurement {
  Section section;
  int64_t update;
  double loss, accuracy;
  absl::optional<double> alignment;
};
std::vector<TestMeasurement> RandomMeasurements(uint64_t seed, int count);

inline Verdict Feed(const TestMeasurement& measured, FedController* controller) {
  return controller->Feed(measured.section, measured.loss, measured.update, measured.accuracy,
                          measured.alignment);
}

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_CONTROLLER_CONFORMANCE_H_
