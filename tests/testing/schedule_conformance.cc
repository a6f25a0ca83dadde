// The checks of a schedule.

#include "tests/testing/schedule_conformance.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"

namespace gradus {

absl::StatusOr<std::unique_ptr<Schedule>> ParseSchedule(const std::string& text, std::string* key) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", ScheduleConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  const auto& config = static_cast<const ScheduleConfig&>(*parsed.message);
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (key != nullptr && field != nullptr) *key = field->full_name();
  std::unique_ptr<Schedule> schedule = MakeSchedule(config, ConfigPath(), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  return schedule;
}

double ValueAt(const Schedule& schedule, int64_t update) {
  Progress progress;
  progress.update = update;
  return schedule.At(progress);
}

std::string CheckIsPure(const std::string& text) {
  constexpr int64_t kUpdates = 50;
  const auto one = ParseSchedule(text), other = ParseSchedule(text);
  if (!one.ok() || !other.ok()) return "it is refused";
  std::vector<double> forwards;
  for (int64_t k = 0; k < kUpdates; ++k) forwards.push_back(ValueAt(**one, k));
  for (int64_t k = kUpdates - 1; k >= 0; --k) {
    // Once from the one that has been asked before, once from one that is asked backwards only.
    for (const Schedule* schedule : {one->get(), other->get()}) {
      const double value = ValueAt(*schedule, k);
      if (std::memcmp(&value, &forwards[k], sizeof value) != 0) {
        return absl::StrCat("update ", k, " had the value ", forwards[k], " and now has ", value);
      }
    }
  }
  return "";
}

std::string CheckIsFiniteAndNotNegativeForever(const Schedule& schedule) {
  for (int power = 0; power <= 53; ++power) {
    for (const int64_t update : {(int64_t{1} << power) - 1, int64_t{1} << power}) {
      const double value = ValueAt(schedule, update);
      if (!std::isfinite(value) || value < 0) return absl::StrCat("update ", update, ": ", value);
    }
  }
  return "";
}

}  // namespace gradus
