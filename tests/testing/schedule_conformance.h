// What every schedule owes, whoever wrote it. A schedule brings examples; the conformance test runs
// over all that are registered and fails for one that brings none.
//
//   GRADUS_SCHEDULE_EXAMPLES("gradus.ScheduleConfig.constant",
//                            ({{{"constant: 0.1", {{0, 0.1}, {9, 0.1}}}},
//                              {{"constant: -1",
//                                "text:1:11: constant -1 must be at least 0 [constant]"}}}));
//
// A golden value is exact to 1e-7 of itself when it is a number, {5, 0.0420448208}; one that is
// printed with fewer digits is given as it is printed, {11, "0.0035556"}, and then half a unit of
// its last digit is allowed when that is more.

#ifndef GRADUS_TESTS_TESTING_SCHEDULE_CONFORMANCE_H_
#define GRADUS_TESTS_TESTING_SCHEDULE_CONFORMANCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/train/schedule.h"
#include "tests/testing/refused_text.h"

namespace gradus {

// By an independent implementation or by hand.
struct GoldenValue {
  GoldenValue(int64_t update, double value);
  GoldenValue(int64_t update, int value) : GoldenValue(update, static_cast<double>(value)) {}
  GoldenValue(int64_t update, const char* printed);

  int64_t update;
  double value;
  double tolerance;
};

struct ScheduleExample {
  std::string text;  // Of a ScheduleConfig.
  std::vector<GoldenValue> golden;
  // {examples per epoch, examples per update, epochs, max_steps}, for clocks that need them.
  Timeline::Plan plan = {};
  bool may_be_negative = false;
};

struct ScheduleExamples {
  std::vector<ScheduleExample> good;
  std::vector<RefusedText> refused;
};

#define GRADUS_SCHEDULE_EXAMPLES(key, examples)                                    \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                        \
      (::gradus::Registry<::gradus::ScheduleExamples>::Get().Add(                  \
           key, std::make_unique<::gradus::ScheduleExamples>(                      \
                    ::gradus::ScheduleExamples GRADUS_UNWRAP_SCHEDULE_ examples)), \
       true)
#define GRADUS_UNWRAP_SCHEDULE_(...) __VA_ARGS__

// The schedule of a text in a run of this timeline; the status has the message of a text that is
// refused. `key`, if given, gets what the schedule is registered under.
absl::StatusOr<TimedSchedule> ParseSchedule(const std::string& text, const Timeline& timeline = {},
                                            std::string* key = nullptr);

// The value for an update.
inline double ValueAt(const TimedSchedule& schedule, int64_t update) {
  return schedule.At(schedule.timeline().At(update));
}

// Each is "" or says what is wrong.
std::string CheckIsPure(const std::string& text, const Timeline& timeline = {});
std::string CheckIsFiniteForever(const TimedSchedule& schedule, bool may_be_negative = false);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_SCHEDULE_CONFORMANCE_H_
