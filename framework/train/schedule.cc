// From the text's schedule to an object.

#include "gradus/train/schedule.h"

#include "gradus/base/text_config.h"

namespace gradus {

std::unique_ptr<Schedule> MakeSchedule(const ScheduleConfig& config, const ConfigPath& path,
                                       Diagnostics* diagnostics) {
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (field == nullptr) return nullptr;  // CheckRules has said so.
  const std::string name =
      field->is_extension() ? absl::StrCat("(", field->full_name(), ")") : field->name();
  const ScheduleFactory* factory = Registry<ScheduleFactory>::Get().Find(field->full_name());
  if (factory == nullptr) {
    diagnostics->Error("unregistered", path.Child(name),
                       absl::StrCat("no schedule is registered for \"", field->full_name(), "\""));
    return nullptr;
  }
  return factory->Create(config, *field, path.Child(name), diagnostics);
}

}  // namespace gradus
