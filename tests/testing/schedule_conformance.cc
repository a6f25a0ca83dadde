// The checks of a schedule.

#include "tests/testing/schedule_conformance.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

// Zero is met when only the roundings of numbers around 1 are left.
double Tolerance(double value) { return std::max(1e-7 * std::abs(value), 1e-15); }

// Half a unit of the last digit of "0.0035556" or "4e-07".
double HalfUnit(const std::string& printed) {
  const size_t e = std::min(printed.find('e'), printed.size());
  const size_t point = printed.find('.');
  double exponent = e < printed.size() ? std::atof(printed.c_str() + e + 1) : 0;
  if (point < e) exponent -= static_cast<double>(e - point - 1);
  return 0.5 * std::pow(10, exponent);
}

}  // namespace

GoldenValue::GoldenValue(int64_t update, double value)
    : update(update), value(value), tolerance(Tolerance(value)) {}

GoldenValue::GoldenValue(int64_t update, const char* printed)
    : update(update),
      value(std::atof(printed)),
      tolerance(std::max(Tolerance(value), 1.000001 * HalfUnit(printed))) {}

absl::StatusOr<TimedSchedule> ParseSchedule(const std::string& text, const Timeline& timeline,
                                            std::string* key) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", ScheduleConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  const auto& config = static_cast<const ScheduleConfig&>(*parsed.message);
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (key != nullptr && field != nullptr) *key = field->full_name();
  TimedSchedule schedule =
      TimedSchedule::Make(config, std::make_shared<Timeline>(timeline), ConfigPath(), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  GRADUS_CHECK(schedule.ok());
  return schedule;
}

std::string CheckIsPure(const std::string& text, const Timeline& timeline) {
  constexpr int64_t kUpdates = 50;
  const auto one = ParseSchedule(text, timeline), other = ParseSchedule(text, timeline);
  if (!one.ok() || !other.ok()) return "it is refused";
  std::vector<double> forwards;
  for (int64_t k = 0; k < kUpdates; ++k) forwards.push_back(ValueAt(*one, k));
  for (int64_t k = kUpdates - 1; k >= 0; --k) {
    // Once from the one that has been asked before, once from one that is asked backwards only.
    for (const TimedSchedule* schedule : {&*one, &*other}) {
      const double value = ValueAt(*schedule, k);
      if (std::memcmp(&value, &forwards[k], sizeof value) != 0) {
        return absl::StrCat("update ", k, " had the value ", forwards[k], " and now has ", value);
      }
    }
  }
  return "";
}

std::string CheckIsFiniteForever(const TimedSchedule& schedule, bool may_be_negative) {
  for (int power = 0; power <= 53; ++power) {
    for (const int64_t update : {(int64_t{1} << power) - 1, int64_t{1} << power}) {
      const double value = ValueAt(schedule, update);
      if (!std::isfinite(value) || (value < 0 && !may_be_negative)) {
        return absl::StrCat("update ", update, ": ", value);
      }
    }
  }
  return "";
}

}  // namespace gradus
