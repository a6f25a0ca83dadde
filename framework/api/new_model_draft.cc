// Names that a model has for columns that may be called anything, and lines.

#include "gradus/api/new_model_draft.h"

#include <cmath>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gradus/base/diagnostics.h"

namespace gradus {
namespace {

constexpr size_t kWidth = 100;

// "prefix[a, b,\n   c]suffix" in lines of at most kWidth where it can be; a list of one has no brackets.
std::string ListField(const std::string& prefix, const std::vector<std::string>& items) {
  if (items.size() == 1) return absl::StrCat(prefix, items[0]);
  std::string text = absl::StrCat(prefix, "[");
  const size_t indent = text.size();
  size_t line = indent;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = absl::StrCat(items[i], i + 1 < items.size() ? "," : "]");
    if (line > indent && line + 1 + item.size() > kWidth) {
      absl::StrAppend(&text, "\n", std::string(indent, ' '), item);
      line = indent + item.size();
    } else {
      absl::StrAppend(&text, line > indent ? " " : "", item);
      line += item.size() + (line > indent ? 1 : 0);
    }
  }
  return text;
}

}  // namespace

void TextLines::Texts(const std::string& indent, const std::string& name,
                      const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(Written(value));
  Line(ListField(absl::StrCat(indent, name, ": "), quoted));
}

void TextLines::Comment(const std::string& indent, const std::string& words) {
  const std::string readable = Readable(words);
  std::string line = indent + "#";
  for (const absl::string_view word : absl::StrSplit(readable, ' ')) {
    if (line.size() + 1 + word.size() > kWidth && line.size() > indent.size() + 1) {
      Line(line);
      line = indent + "#";
    }
    absl::StrAppend(&line, " ", word);
  }
  Line(line);
}

bool NewModelDraft::Treatment::operator<(const Treatment& other) const {
  return std::tie(use, log1p, impute, most) <
         std::tie(other.use, other.log1p, other.impute, other.most);
}

NewModelDraft::NewModelDraft(const NewModelText& given_text)
    : given(given_text), target(given.plan.target) {
  const int64_t rows =
      given.table.estimated_rows > 0 ? given.table.estimated_rows : int64_t{1} << 20;
  const int64_t parts = given.test == nullptr ? 2 : 1;
  size = SizeFor(
      static_cast<int64_t>(static_cast<double>(rows) * std::pow(0.8, static_cast<double>(parts))));
  names_ = {"features", "inputs", "output"};
  for (size_t i = 0; i < size.units.size(); ++i) {
    names_.insert(absl::StrCat("hidden_", i + 1));
    names_.insert(absl::StrCat("dropout_", i + 1));
  }
  label = NewName(target.name, "");
  for (const ColumnPlan& column : given.plan.columns) {
    if (column.use == ColumnPlan::kNumber || column.use == ColumnPlan::kOneHot) {
      groups[{column.use, column.log1p, column.impute,
              column.all_categories ? 0 : column.categories}]
          .push_back(column.name);
      featured += column.use == ColumnPlan::kOneHot ? 2 : 1;
    } else if (column.use == ColumnPlan::kEmbedding) {
      embedded.push_back({&column, NewName(column.name, "_index"), ""});
      embedded.back().layer = NewName(column.name, "_vector");
    }
  }
}

// A name of the model's own for a column, which may be called anything.
std::string NewModelDraft::NewName(const std::string& column, const std::string& ending) {
  std::string name;
  for (const char c : column) {
    const bool plain =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_-.", c);
    name.push_back(plain ? c : '_');
  }
  if (name.find_first_not_of('_') == std::string::npos) name = "column";
  absl::StrAppend(&name, ending);
  if (names_.count(name) > 0) absl::StrAppend(&name, "_column");
  const std::string base = name;
  for (int i = 2; !names_.insert(name).second; ++i) name = absl::StrCat(base, "_", i);
  return name;
}

}  // namespace gradus
