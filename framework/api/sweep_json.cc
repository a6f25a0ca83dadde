// JSON, written by hand so that the order of fields is ours, read by protobuf.

#include "gradus/api/sweep_json.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/json_util.h"

namespace gradus {

using google::protobuf::Struct;
using google::protobuf::Value;

namespace {

const Value* Find(const Struct& object, const std::string& name) {
  const auto field = object.fields().find(name);
  return field == object.fields().end() ? nullptr : &field->second;
}

}  // namespace

std::string JsonText(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string JsonTexts(const std::vector<std::string>& texts) {
  return absl::StrCat("[", absl::StrJoin(texts, ",", [](std::string* out, const std::string& text) {
                        out->append(JsonText(text));
                      }), "]");
}

absl::StatusOr<Struct> ParseJson(absl::string_view line) {
  Struct object;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(line.data(), line.size()), &object);
  if (status.ok()) return object;
  return absl::DataLossError(absl::StrCat("not a JSON object: ",
                                          std::string(status.message().data(),
                                                      status.message().size())));
}

std::string TextOf(const Struct& object, const std::string& name) {
  const Value* value = Find(object, name);
  return value == nullptr ? "" : value->string_value();
}

double NumberOf(const Struct& object, const std::string& name) {
  const Value* value = Find(object, name);
  return value != nullptr && value->kind_case() == Value::kNumberValue
             ? value->number_value()
             : std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::string> TextsOf(const Struct& object, const std::string& name) {
  std::vector<std::string> texts;
  const Value* value = Find(object, name);
  if (value == nullptr) return texts;
  for (const Value& text : value->list_value().values()) texts.push_back(text.string_value());
  return texts;
}

}  // namespace gradus
