// The settings that scale the rates of a file.

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/find_learning_rate.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Twelve digits: no more than a product is good for, and without its last bits.
double Rounded(double value) { return std::stod(absl::StrFormat("%.12g", value)); }

bool IsRate(const FieldDescriptor& field) {
  return field.name() == "warmup_target" || absl::EndsWith(field.name(), "learning_rate");
}

// Whether the message's rates are fields of its own, so that multiplying them multiplies the curve.
bool HasItsRates(const Message& curve) {
  bool any = false;
  const google::protobuf::Descriptor& type = *curve.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated() || field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return false;
    any |= IsRate(field);
  }
  return any;
}

void Scale(const ScheduleConfig& schedule, const std::string& path, double factor,
           std::vector<std::string>* settings) {
  const FieldDescriptor* kind = ChosenField(schedule);
  if (kind == nullptr) return;
  if (kind->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    const double value = schedule.GetReflection()->GetDouble(schedule, kind);
    settings->push_back(
        absl::StrCat(path, ".", kind->name(), "=", ShortestNumber(Rounded(value * factor))));
    return;
  }
  const Message& curve = schedule.GetReflection()->GetMessage(schedule, kind);
  if (kind->is_extension() || !HasItsRates(curve)) {
    ScheduleConfig scaled;
    scaled.mutable_scale()->set_factor(Rounded(factor));
    *scaled.mutable_scale()->mutable_schedule() = schedule;
    // On one line; its lines begin with their indentation.
    std::vector<std::string> words;
    for (absl::string_view line :
         absl::StrSplit(PrintTextConfig(scaled), '\n', absl::SkipWhitespace())) {
      words.emplace_back(absl::StripLeadingAsciiWhitespace(line));
    }
    settings->push_back(absl::StrCat(path, "=", absl::StrJoin(words, " ")));
    return;
  }
  const google::protobuf::Descriptor& type = *curve.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsRate(field)) continue;
    // A default that is not 0 is scaled too.
    const double value = curve.GetReflection()->GetDouble(curve, &field);
    if (value == 0) continue;
    settings->push_back(absl::StrCat(path, ".", kind->name(), ".", field.name(), "=",
                                     ShortestNumber(Rounded(value * factor))));
  }
}

}  // namespace

std::vector<std::string> ScaleRates(const OptimizerConfig& config, double peak, double rate) {
  std::vector<std::string> settings;
  const std::string path = "optimizer.learning_rate";
  if (config.has_learning_rate()) {
    Scale(config.learning_rate(), path, rate / peak, &settings);
  } else {
    settings.push_back(absl::StrCat(path, ".constant=", ShortestNumber(rate)));
  }
  for (int g = 0; g < config.group_size(); ++g) {
    if (!config.group(g).has_learning_rate()) continue;
    Scale(config.group(g).learning_rate(), absl::StrCat("optimizer.group[", g, "].learning_rate"),
          rate / peak, &settings);
  }
  return settings;
}

}  // namespace gradus
