// Both messages are gone through together, field by field.

#include "gradus/api/config_diff.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gradus/api/line_up.h"
#include "gradus/base/config_path.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

using Fields = std::vector<const FieldDescriptor*>;

std::string NameOf(const FieldDescriptor* field) {
  return field->is_extension() ? absl::StrCat("(", field->full_name(), ")") : field->name();
}

std::string OneLine(const Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseShortRepeatedPrimitives(true);
  std::string text;
  printer.PrintToString(message, &text);
  return std::string(absl::StripSuffix(text, " "));
}

// "adam { beta1: 0.9 }", "constant: 0.1"
std::string Whole(const Message& message, const FieldDescriptor* field) {
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const std::string inside = OneLine(message.GetReflection()->GetMessage(message, field));
    return inside.empty() ? absl::StrCat(NameOf(field), " {}")
                          : absl::StrCat(NameOf(field), " { ", inside, " }");
  }
  std::string value;
  google::protobuf::TextFormat::PrintFieldValueToString(message, field, -1, &value);
  return absl::StrCat(NameOf(field), ": ", value);
}

std::string Scalars(const Message& message, const FieldDescriptor* field) {
  std::vector<std::string> values(
      static_cast<size_t>(message.GetReflection()->FieldSize(message, field)));
  for (size_t i = 0; i < values.size(); ++i) {
    google::protobuf::TextFormat::PrintFieldValueToString(message, field, static_cast<int>(i),
                                                          &values[i]);
  }
  return values.size() == 1 ? values[0] : absl::StrCat("[", absl::StrJoin(values, ", "), "]");
}

// The value or the default; none where there is neither.
absl::optional<std::string> Scalar(const Message& message, const FieldDescriptor* field) {
  if (!message.GetReflection()->HasField(message, field) && !field->has_default_value()) {
    return absl::nullopt;
  }
  std::string value;
  google::protobuf::TextFormat::PrintFieldValueToString(message, field, -1, &value);
  return value;
}

class Diff {
 public:
  std::vector<ConfigDifference> all;

  void Messages(const ConfigPath& path, const Message& a, const Message& b) {
    const FieldDescriptor* chosen_a = ChosenField(a);
    const FieldDescriptor* chosen_b = ChosenField(b);
    const bool other_choice = chosen_a != chosen_b;
    if (other_choice) {
      Add(path, chosen_a == nullptr ? absl::nullopt : absl::make_optional(Whole(a, chosen_a)),
          chosen_b == nullptr ? absl::nullopt : absl::make_optional(Whole(b, chosen_b)));
    }
    for (const FieldDescriptor* field : FieldsOf(a, b)) {
      if (other_choice && (field == chosen_a || field == chosen_b)) continue;
      Field(path, field, a, b);
    }
  }

 private:
  static Fields FieldsOf(const Message& a, const Message& b) {
    Fields fields, more;
    a.GetReflection()->ListFields(a, &fields);
    b.GetReflection()->ListFields(b, &more);
    fields.insert(fields.end(), more.begin(), more.end());
    // An extension's number is a stranger's choice; those come last.
    std::sort(fields.begin(), fields.end(), [](const FieldDescriptor* x, const FieldDescriptor* y) {
      return std::make_pair(x->is_extension(), x->number()) <
             std::make_pair(y->is_extension(), y->number());
    });
    fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
    return fields;
  }

  void Add(const ConfigPath& path, absl::optional<std::string> before,
           absl::optional<std::string> after) {
    if (before == after) return;
    ConfigDifference difference;
    difference.address = path.ToString();
    difference.before = std::move(before);
    difference.after = std::move(after);
    all.push_back(std::move(difference));
  }

  void Field(const ConfigPath& path, const FieldDescriptor* field, const Message& a,
             const Message& b) {
    const auto& ra = *a.GetReflection();
    const auto& rb = *b.GetReflection();
    const std::string name = NameOf(field);
    const bool message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (field->is_repeated()) {
      if (message) return List(path, field, a, b);
      const bool in_a = ra.FieldSize(a, field) > 0, in_b = rb.FieldSize(b, field) > 0;
      Add(path.Child(name), in_a ? absl::make_optional(Scalars(a, field)) : absl::nullopt,
          in_b ? absl::make_optional(Scalars(b, field)) : absl::nullopt);
    } else if (!message) {
      const size_t before = all.size();
      Add(path.Child(name), Scalar(a, field), Scalar(b, field));
      if (all.size() == before) return;
      all.back().before_is_default = !ra.HasField(a, field) && all.back().before.has_value();
      all.back().after_is_default = !rb.HasField(b, field) && all.back().after.has_value();
    } else if (ra.HasField(a, field) && rb.HasField(b, field)) {
      Messages(path.Child(name), ra.GetMessage(a, field), rb.GetMessage(b, field));
    } else {
      const auto braced = [&](const Message& of) -> absl::optional<std::string> {
        if (!of.GetReflection()->HasField(of, field)) return absl::nullopt;
        return Whole(of, field).substr(name.size() + 1);
      };
      Add(path.Child(name), braced(a), braced(b));
    }
  }

  // The names of all elements, or none when one has no name or two have the same.
  static std::vector<std::string> Names(const Message& message, const FieldDescriptor* field) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    const FieldDescriptor* name = field->message_type()->FindFieldByName("name");
    if (name == nullptr || name->is_repeated() ||
        name->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      return names;
    }
    const auto& reflection = *message.GetReflection();
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const Message& element = reflection.GetRepeatedMessage(message, field, i);
      names.push_back(element.GetReflection()->GetString(element, name));
      if (names.back().empty() || !seen.insert(names.back()).second) return {};
    }
    return names;
  }

  void List(const ConfigPath& path, const FieldDescriptor* field, const Message& a,
            const Message& b) {
    const auto& ra = *a.GetReflection();
    const auto& rb = *b.GetReflection();
    const int size_a = ra.FieldSize(a, field), size_b = rb.FieldSize(b, field);
    const std::vector<std::string> names_a = Names(a, field), names_b = Names(b, field);
    const bool by_name =
        static_cast<int>(names_a.size()) == size_a && static_cast<int>(names_b.size()) == size_b;
    const auto element = [&](const Message& of, int i) -> const Message& {
      return of.GetReflection()->GetRepeatedMessage(of, field, i);
    };
    const auto address = [&](int i, const std::vector<std::string>& names) {
      return path.Child(field->name(), i, by_name ? names[static_cast<size_t>(i)] : "");
    };
    const auto position = [&](const std::vector<std::string>& names, int other,
                              const std::vector<std::string>& others, int size) {
      if (!by_name) return other < size ? other : -1;
      const auto found = std::find(names.begin(), names.end(), others[static_cast<size_t>(other)]);
      return found == names.end() ? -1 : static_cast<int>(found - names.begin());
    };
    std::vector<std::string> common_a, common_b;
    for (int i = 0; i < size_a; ++i) {
      const int j = position(names_b, i, names_a, size_b);
      if (j < 0) {
        Add(address(i, names_a), Unnamed(element(a, i), by_name), absl::nullopt);
        continue;
      }
      if (by_name) common_a.push_back(names_a[static_cast<size_t>(i)]);
      Messages(address(i, names_a), element(a, i), element(b, j));
    }
    for (int j = 0; j < size_b; ++j) {
      if (position(names_a, j, names_b, size_a) < 0) {
        Add(address(j, names_b), absl::nullopt, Unnamed(element(b, j), by_name));
      } else if (by_name) {
        common_b.push_back(names_b[static_cast<size_t>(j)]);
      }
    }
    if (common_a != common_b) {
      Add(path.Child(field->name()), absl::StrCat("order ", absl::StrJoin(common_a, ", ")),
          absl::StrCat("order ", absl::StrJoin(common_b, ", ")));
    }
  }

  // An element on a line, without the name that its address has.
  static std::string Unnamed(const Message& element, bool named) {
    std::unique_ptr<Message> copy(element.New());
    copy->CopyFrom(element);
    if (named) {
      copy->GetReflection()->ClearField(copy.get(), copy->GetDescriptor()->FindFieldByName("name"));
    }
    const std::string text = OneLine(*copy);
    return text.empty() ? "{}" : text;
  }
};

std::string Side(const absl::optional<std::string>& value, bool is_default) {
  if (!value.has_value()) return "(unset)";
  return absl::StrCat(*value, is_default ? " (default)" : "");
}

// The shortest ends of the addresses that are unlike one another.
void NameColumns(std::vector<ConfigColumn>* columns) {
  std::vector<std::vector<std::string>> parts;
  for (const ConfigColumn& column : *columns) {
    const absl::StatusOr<ConfigPath> path = ConfigPath::Parse(column.address);
    parts.emplace_back();
    if (!path.ok()) parts.back().push_back(column.address);
    for (size_t i = 0; path.ok() && i < path->segments().size(); ++i) {
      ConfigPath alone;
      alone.mutable_segments().push_back(path->segments()[i]);
      parts.back().push_back(alone.ToString());
    }
  }
  const auto end = [&](size_t i, size_t count) {
    const size_t first = parts[i].size() - std::min(count, parts[i].size());
    return absl::StrJoin(parts[i].begin() + static_cast<std::ptrdiff_t>(first), parts[i].end(),
                         ".");
  };
  for (size_t i = 0; i < columns->size(); ++i) {
    // A schedule's `constant` says less than what it is of.
    const bool vague =
        !parts[i].empty() && (parts[i].back() == "constant" || parts[i].back() == "path");
    for (size_t count = vague ? 2 : 1; count <= std::max<size_t>(parts[i].size(), 2); ++count) {
      (*columns)[i].name = end(i, count);
      bool alone = true;
      for (size_t j = 0; j < columns->size(); ++j)
        alone &= j == i || end(j, count) != end(i, count);
      if (alone) break;
    }
  }
}

}  // namespace

std::vector<ConfigDifference> DiffConfigs(const Message& before, const Message& after) {
  Diff diff;
  diff.Messages(ConfigPath(), before, after);
  return std::move(diff.all);
}

std::string ToText(const std::vector<ConfigDifference>& differences) {
  std::vector<std::vector<std::string>> rows;
  for (const ConfigDifference& one : differences) {
    // What is there on one side only and has no default is an addition, or a removal.
    std::string change;
    if (!one.before.has_value()) {
      change = absl::StrCat("+ ", *one.after);
    } else if (!one.after.has_value()) {
      change = absl::StrCat("- ", *one.before);
    } else {
      change = absl::StrCat(Side(one.before, one.before_is_default), " -> ",
                            Side(one.after, one.after_is_default));
    }
    rows.push_back({one.address, change});
  }
  return LinedUp(rows, {false, false});
}

std::vector<ConfigColumn> DifferingFields(const std::vector<const Message*>& messages) {
  std::vector<ConfigColumn> columns;
  std::map<std::string, size_t> places;
  std::vector<std::vector<std::string>> differing(messages.size());
  // What differs from the first differs between two.
  for (size_t i = 1; i < messages.size(); ++i) {
    for (const ConfigDifference& one : DiffConfigs(*messages[0], *messages[i])) {
      differing[i].push_back(one.address);
      const auto place = places.emplace(one.address, columns.size());
      if (place.second) {
        columns.emplace_back();
        columns.back().address = one.address;
        columns.back().values.assign(messages.size(), one.before.value_or(""));
      }
      columns[place.first->second].values[i] = one.after.value_or("");
    }
  }
  // Where something else stands in a field's place, there is no such field.
  for (ConfigColumn& column : columns) {
    for (size_t i = 1; i < messages.size(); ++i) {
      for (const std::string& address : differing[i]) {
        if (absl::StartsWith(column.address, address + ".")) column.values[i].clear();
      }
    }
  }
  NameColumns(&columns);
  return columns;
}

}  // namespace gradus
