// Events as lines of JSON.

#include "gradus/api/events_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using google::protobuf::Struct;
using JsonValue = google::protobuf::Value;

constexpr char kResume[] = "resume";

const JsonValue* Find(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? nullptr : &found->second;
}

std::string Text(const Struct& object, const std::string& key) {
  const JsonValue* value = Find(object, key);
  return value == nullptr ? "" : value->string_value();
}

double Number(const Struct& object, const std::string& key) {
  const JsonValue* value = Find(object, key);
  return value != nullptr && value->kind_case() == JsonValue::kNumberValue
             ? value->number_value()
             : std::numeric_limits<double>::quiet_NaN();
}

using Numbers = std::map<std::string, absl::optional<double>>;

// What is not finite has no value in JSON.
Numbers NumbersOf(const ControllerState& state) {
  Numbers numbers;
  for (const NamedNumber& number : state.number()) {
    if (number.has_value() && std::isfinite(number.value())) {
      numbers[number.name()] = number.value();
    } else {
      numbers[number.name()] = absl::nullopt;
    }
  }
  return numbers;
}

// Whether the checkpoint has this controller's state.
bool IsOf(const RateEvent& event, const TrainStateHeader& header) {
  absl::string_view layer = event.layer;
  int controller;
  if (!absl::ConsumePrefix(&layer, "controller[") ||
      !absl::SimpleAtoi(layer.substr(0, layer.find(']')), &controller)) {
    return false;
  }
  return controller >= 0 && controller < header.controller_size() &&
         NumbersOf(event.state) == NumbersOf(header.controller(controller));
}

}  // namespace

std::string RateInWords(double rate) { return absl::StrFormat("%.9g", rate); }

std::string ChangeInWords(const RateEvent& event) {
  return absl::StrCat(event.field == "learning_rate" ? "rate" : event.field,
                      event.group == "model" ? "" : absl::StrCat(" of group ", event.group), ": ",
                      RateInWords(event.old_value), " -> ", RateInWords(event.new_value),
                      " from step ", event.step);
}

std::string OneLine(const RateCommand& command) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseShortRepeatedPrimitives(true);
  std::string text;
  printer.PrintToString(command, &text);
  return std::string(absl::StripSuffix(text, " "));
}

RateCommand AsGiven(const RateCommand& command) {
  RateCommand given = command;
  given.clear_gain();
  given.clear_at_examples();
  given.clear_at_epoch();
  given.clear_at_offset();
  given.clear_at_end();
  given.clear_id();
  return given;
}

std::string ToJson(const RateEvent& event, absl::Span<const std::string> settings) {
  std::string json = absl::StrCat(
      "{\"step\":", event.step, ",\"group\":", JsonString(event.group),
      ",\"field\":", JsonString(event.field), ",\"layer\":", JsonString(event.layer),
      ",\"old\":", JsonNumber(event.old_value), ",\"new\":", JsonNumber(event.new_value),
      ",\"cause\":", JsonString(event.cause));
  if (event.state.number_size() > 0) {
    absl::StrAppend(&json, ",\"state\":{");
    for (int i = 0; i < event.state.number_size(); ++i) {
      const NamedNumber& number = event.state.number(i);
      absl::StrAppend(&json, i > 0 ? "," : "", JsonString(number.name()), ":",
                      number.has_value() ? JsonNumber(number.value()) : "null");
    }
    absl::StrAppend(&json, "}");
  }
  if (event.command.has_value()) {
    absl::StrAppend(&json, ",\"command\":", JsonString(OneLine(*event.command)));
  }
  if (!settings.empty()) {
    const auto quote = [](std::string* out, const std::string& text) {
      out->append(JsonString(text));
    };
    absl::StrAppend(&json, ",\"settings\":[", absl::StrJoin(settings, ",", quote), "]");
  }
  return json + "}";
}

absl::StatusOr<RecordedEvent> ParseEvent(absl::string_view line) {
  Struct object;
  const std::string text(line);
  if (!google::protobuf::util::JsonStringToMessage(text, &object).ok()) {
    return absl::InvalidArgumentError("is not a JSON object");
  }
  const double step = Number(object, "step");
  if (!(step >= 0 && step < 0x1p53)) {
    return absl::InvalidArgumentError("has no step that is a number of updates");
  }
  RecordedEvent recorded;
  recorded.line = text;
  RateEvent& event = recorded.event;
  event.step = static_cast<int64_t>(step);
  event.group = Text(object, "group");
  event.field = Text(object, "field");
  event.layer = Text(object, "layer");
  event.old_value = Number(object, "old");
  event.new_value = Number(object, "new");
  event.cause = Text(object, "cause");
  if (const JsonValue* state = Find(object, "state")) {
    const size_t space = event.layer.find(' ');
    if (space != std::string::npos) event.state.set_kind(event.layer.substr(space + 1));
    for (const auto& field : state->struct_value().fields()) {
      NamedNumber* number = event.state.add_number();
      number->set_name(field.first);
      if (field.second.kind_case() == JsonValue::kNumberValue) {
        number->set_value(field.second.number_value());
      }
    }
  }
  if (const JsonValue* command = Find(object, "command")) {
    Diagnostics diagnostics;
    ParsedConfig parsed = ParseTextConfig(command->string_value(), "command", RateCommand(), {},
                                          &diagnostics);
    GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
    event.command = static_cast<const RateCommand&>(*parsed.message);
  }
  if (const JsonValue* settings = Find(object, "settings")) {
    for (const JsonValue& setting : settings->list_value().values()) {
      recorded.settings.push_back(setting.string_value());
    }
  }
  return recorded;
}

absl::StatusOr<std::vector<RecordedEvent>> ReadEvents(const std::string& path) {
  return ParseJsonLines(path, ParseEvent);
}

EventsAtCheckpoint SplitEvents(std::vector<RecordedEvent> events, const TrainStateHeader& header) {
  EventsAtCheckpoint split;
  const int64_t step = header.progress().step();
  int commands = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    RateEvent& event = events[i].event;
    bool keep = event.step < step;
    if (event.command.has_value()) {
      // The checkpoint counts them: of those at its own step it may have some.
      keep = ++commands <= header.command_size();
      if (!keep) {
        event.command->set_at_step(event.step);
        split.lost.push_back(*event.command);
      }
    } else if (event.layer == "override") {
      keep = commands <= header.command_size();  // It belongs to the command before it.
    } else if (event.step == step && event.layer == kResume) {
      keep = true;
    } else if (event.step == step) {
      // An update that was given up does not count, so the run may have gone on from the checkpoint
      // and have come no further. What it has in it, it has the state of.
      for (size_t later = i; later < events.size() && !keep; ++later) {
        const RateEvent& other = events[later].event;
        keep = other.step == step && other.layer == event.layer && IsOf(other, header);
      }
    }
    if (!keep) continue;
    if (event.layer == kResume && event.step == step) {
      split.settings.insert(split.settings.end(), events[i].settings.begin(),
                            events[i].settings.end());
    }
    split.kept.push_back(std::move(events[i]));
  }
  return split;
}

std::vector<ReplayLeg> ReplayLegs(const std::vector<RecordedEvent>& events) {
  std::vector<ReplayLeg> legs(1);
  for (const RecordedEvent& recorded : events) {
    if (recorded.event.layer == kResume) {
      legs.back().end = recorded.event.step;
      legs.back().settings = recorded.settings;
      legs.emplace_back();
    }
    if (!recorded.event.command.has_value()) continue;
    RateCommand command = AsGiven(*recorded.event.command);
    command.set_at_step(recorded.event.step);
    legs.back().commands.push_back(std::move(command));
  }
  return legs;
}

absl::StatusOr<std::unique_ptr<EventsFile>> EventsFile::Open(
    const std::string& path, const std::vector<RecordedEvent>& kept) {
  size_t next = 0;
  GRADUS_ASSIGN_OR_RETURN(
      std::unique_ptr<JsonLinesFile> lines,
      JsonLinesFile::Open(path, [&](absl::string_view line) {
        if (next == kept.size() || line != kept[next].line) return false;
        ++next;
        return true;
      }));
  return std::unique_ptr<EventsFile>(new EventsFile(std::move(lines)));
}

absl::Status EventsFile::WriteResume(const RateEvent& event,
                                     absl::Span<const std::string> settings) {
  GRADUS_RETURN_IF_ERROR(lines_->Append(ToJson(event, settings)));
  return lines_->Sync();
}

absl::Status EventsFile::OnEvent(const RateEvent& event) {
  GRADUS_RETURN_IF_ERROR(lines_->Append(ToJson(event)));
  // A controller that moves the rate at every update must not cost a call of the system each time.
  if (event.step != last_step_) every_update_ = event.step == last_step_ + 1;
  last_step_ = event.step;
  return every_update_ ? absl::OkStatus() : lines_->Flush();
}

absl::Status EventsFile::OnLine(const MetricLine& line) {
  return line.scope == MetricLine::kStep ? absl::OkStatus() : lines_->Flush();
}

absl::Status EventsFile::OnCommand(const RateCommand&, const absl::Status& status) {
  return status.ok() ? lines_->Sync() : absl::OkStatus();
}

}  // namespace gradus
