// What every schedule owes, whoever wrote it. A schedule brings examples; the conformance test runs
// over all that are registered and fails for one that brings none.
//
//   GRADUS_SCHEDULE_EXAMPLES("gradus.ScheduleConfig.constant",
//                            ({{{"constant: 0.1", {{0, 0.1}, {9, 0.1}}}},
//                              {{"constant: -1", "text:1:11: constant -1 must be at least 0
//                              [constant]"}}}));

#ifndef GRADUS_TESTS_TESTING_SCHEDULE_CONFORMANCE_H_
#define GRADUS_TESTS_TESTING_SCHEDULE_CONFORMANCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/train/schedule.h"
#include "tests/testing/refused_text.h"

namespace gradus {

struct ScheduleExample {
  std::string text;  // Of a ScheduleConfig.
  // {update, value} by an independent implementation or by hand, to 10 digits.
  std::vector<std::pair<int64_t, double>> golden;
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

// The schedule of a text; the status has the message of a text that is refused. `key`, if given,
// gets what the schedule is registered under.
absl::StatusOr<std::unique_ptr<Schedule>> ParseSchedule(const std::string& text,
                                                        std::string* key = nullptr);

// The value for an update.
double ValueAt(const Schedule& schedule, int64_t update);

// Each is "" or says what is wrong.
std::string CheckIsPure(const std::string& text);
std::string CheckIsFiniteAndNotNegativeForever(const Schedule& schedule);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_SCHEDULE_CONFORMANCE_H_
