// Field by field of the message, so that a field that is added to it is compared, too.

#include "framework/readers/csv_as_trained.h"

#include <memory>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Which columns, not what is done to them.
bool IsChoice(const FieldDescriptor& field) {
  return field.name() == "name" || field.name() == "pattern" || field.name() == "except";
}

// The fields that are said, without those that choose columns.
std::vector<const FieldDescriptor*> SaidOf(const Message& says) {
  std::vector<const FieldDescriptor*> fields, said;
  says.GetReflection()->ListFields(says, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!IsChoice(*field)) said.push_back(field);
  }
  return said;
}

// That field alone, as its default when it is not set: "impute: MEDIAN".
std::string TextOf(const Message& message, const FieldDescriptor* field) {
  std::unique_ptr<Message> alone(message.New());
  const auto* reflection = message.GetReflection();
  if (field->is_repeated() && reflection->FieldSize(message, field) == 0) return "";
  alone->CopyFrom(message);
  std::vector<const FieldDescriptor*> set;
  reflection->ListFields(*alone, &set);
  for (const FieldDescriptor* other : set) {
    if (other != field) reflection->ClearField(alone.get(), other);
  }
  if (!field->is_repeated() && !reflection->HasField(*alone, field)) {
    if (field->type() == FieldDescriptor::TYPE_ENUM) {
      reflection->SetEnum(alone.get(), field, field->default_value_enum());
    } else if (field->type() == FieldDescriptor::TYPE_BOOL) {
      reflection->SetBool(alone.get(), field, field->default_value_bool());
    } else if (field->type() == FieldDescriptor::TYPE_DOUBLE) {
      reflection->SetDouble(alone.get(), field, field->default_value_double());
    }
  }
  return alone->ShortDebugString();
}

std::string Shown(const std::string& text) {
  constexpr size_t kMost = 80;
  return text.size() <= kMost ? text : absl::StrCat(text.substr(0, kMost), "...");
}

bool SameNumber(const std::string& a, const std::string& b) {
  double x = 0, y = 0;
  return absl::SimpleAtod(a, &x) && absl::SimpleAtod(b, &y) && x == y;
}

// The first field of `says` that is not so in `asked`, as the two texts; false when there is none.
bool Differs(const Message& says, const Message& asked, std::string* said, std::string* was) {
  const auto* reflection = says.GetReflection();
  for (const FieldDescriptor* field : SaidOf(says)) {
    *said = TextOf(says, field);
    if (field->type() == FieldDescriptor::TYPE_MESSAGE && !field->is_repeated()) {
      if (!reflection->HasField(asked, field)) {
        *said = absl::StrCat(field->name(), " {}");
        was->clear();
        return true;
      }
      if (Differs(reflection->GetMessage(says, field), reflection->GetMessage(asked, field), said,
                  was)) {
        return true;
      }
      continue;
    }
    *was = TextOf(asked, field);
    if (*said == *was) continue;
    if (field->name() == "impute_constant" &&
        SameNumber(reflection->GetString(says, field), reflection->GetString(asked, field))) {
      continue;
    }
    return true;
  }
  return false;
}

// What is saved of a column, as far as it says what was asked for; `says` where that is not known.
CsvColumns AskedOf(const InputTransform& transform, size_t c, const CsvColumns& says) {
  ColumnTransform column;
  column.map.divide_by = transform.divide_by;
  if (!transform.treatments.empty()) column = transform.treatments[c];
  CsvColumns asked;
  asked.set_divide_by(column.map.divide_by);
  asked.set_log(column.map.function == NumberMap::kLog);
  asked.set_log1p(column.map.function == NumberMap::kLog1p);
  // Mean and deviation, or least and range, may happen to be 0 and 1.
  const bool not_scaled = transform.treatments.empty() && transform.mean.empty();
  asked.set_standardise(says.standardise() && !not_scaled);
  asked.set_min_max(says.min_max());
  if (column.text()) {
    Categories* categories = asked.mutable_categories();
    categories->set_as(column.one_hot ? Categories::ONE_HOT : Categories::INDEX);
    categories->set_unseen(column.other ? Categories::OTHER : Categories::ERROR);
    for (const std::string& value : column.categories) categories->add_value(value);
    if (says.categories().has_most()) categories->set_most(says.categories().most());
  }
  if (!column.may_miss()) return asked;
  asked.set_impute(says.impute() == CsvColumns::REFUSE && says.has_impute() ? CsvColumns::MEDIAN
                                                                            : says.impute());
  if (says.has_impute_constant()) {
    asked.set_impute_constant(column.text() ? column.missing_category
                                            : absl::StrCat(column.missing_number));
    double number = 0;
    if (!column.text() && absl::SimpleAtod(says.impute_constant(), &number) &&
        number == column.missing_number) {
      asked.set_impute_constant(says.impute_constant());  // StrCat writes six digits.
    }
  }
  return asked;
}

// What is said of all columns alike.
CsvColumns AlikeOf(const CsvField& field) {
  CsvColumns says;
  if (field.has_divide_by()) says.set_divide_by(field.divide_by());
  if (field.has_standardise()) says.set_standardise(field.standardise());
  return says;
}

}  // namespace

void KeepWhatIsAsked(const CsvField& field, const CsvChoice& choice, InputTransform* transform) {
  transform->asked.clear();
  for (size_t c = 0; c < choice.columns.size(); ++c) {
    transform->asked.push_back(choice.group_of.empty() ? AlikeOf(field)
                                                       : choice.groups[choice.group_of[c]].columns);
  }
}

void CheckAsTrained(const CsvField& field, const ConfigPath& path, const CsvChoice& choice,
                    const InputTransform& transform, Opening* opening) {
  const CsvColumns alike = AlikeOf(field);
  // Said once for each place of the text and kind of difference, of the first column that it is of.
  std::set<std::string> told;
  for (size_t c = 0; c < choice.columns.size(); ++c) {
    const bool in_group = !choice.group_of.empty();
    const CsvColumns& says = in_group ? choice.groups[choice.group_of[c]].columns : alike;
    const ConfigPath& where = in_group ? choice.groups[choice.group_of[c]].path : path;
    const bool known = c < transform.asked.size();
    if (!known && !transform.treatments.empty() && c >= transform.treatments.size()) return;
    const CsvColumns asked = known ? transform.asked[c] : AskedOf(transform, c, says);
    std::string said, was;
    if (!Differs(says, asked, &said, &was)) continue;
    if (!told.insert(absl::StrCat(where.ToString(), " ", said)).second) continue;
    opening->Error("mismatch", where,
                   absl::StrCat(Shown(said), " is not what was done to ",
                                transform.NameOfColumn(static_cast<int64_t>(c)), " in training",
                                was.empty() ? "" : absl::StrCat(", which was ", Shown(was))),
                   "leave it out: what was learned is used");
  }
}

}  // namespace gradus
