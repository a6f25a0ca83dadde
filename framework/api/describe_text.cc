// Descriptions as aligned text.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/api/describe.h"

namespace gradus {
namespace {

// Characters on the screen: bytes of UTF-8 that begin one.
size_t Columns(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Padded(absl::string_view text, size_t columns) {
  const size_t present = Columns(text);
  return absl::StrCat(text, std::string(columns > present ? columns - present : 0, ' '));
}

// Words in lines of at most `columns`, where no word is longer than that.
std::vector<std::string> Wrapped(absl::string_view text, size_t columns) {
  std::vector<std::string> lines;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (lines.empty() || Columns(lines.back()) + 1 + Columns(word) > columns) {
      lines.emplace_back(word);
    } else {
      absl::StrAppend(&lines.back(), " ", word);
    }
  }
  return lines;
}

// A table whose last column is wrapped; columns that are empty from top to bottom are left out.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string Render(absl::string_view indent, size_t width) const {
    const size_t last = rows_[0].size() - 1;
    std::vector<size_t> columns(last, 0);
    for (size_t i = 0; i < last; ++i) {
      bool empty = true;
      for (size_t r = 1; r < rows_.size(); ++r) empty &= rows_[r][i].empty();
      for (const auto& row : rows_) columns[i] = empty ? 0 : std::max(columns[i], Columns(row[i]));
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line(indent);
      for (size_t i = 0; i < last; ++i) {
        if (columns[i] > 0) absl::StrAppend(&line, Padded(row[i], columns[i]), "  ");
      }
      const size_t margin = Columns(line);
      constexpr size_t kNarrowest = 24;
      const std::vector<std::string> lines =
          Wrapped(row[last], std::max(kNarrowest, width > margin ? width - margin : 0));
      for (size_t k = 0; k < std::max<size_t>(lines.size(), 1); ++k) {
        if (k > 0) line.append(margin, ' ');
        absl::StrAppend(&line, k < lines.size() ? lines[k] : "");
        absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
        line.clear();
      }
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string Heading(const CatalogueSection& section) {
  const std::string line = absl::StrCat(section.title, " (", section.things.size(), ")");
  return absl::StrCat(line, "\n", std::string(Columns(line), '='), "\n");
}

bool HasTypes(const ThingDescription& thing) {
  return !thing.fields.empty() && !thing.fields[0].type.empty();
}

std::string RenderFields(const ThingDescription& thing, size_t width) {
  Table table(HasTypes(thing)
                  ? std::vector<std::string>{"field", "type", "default", "range", "meaning"}
                  : std::vector<std::string>{"value", "", "", "", "meaning"});
  for (const FieldDescription& field : thing.fields) {
    table.Add({field.name, field.type, field.required ? "required" : field.default_value,
               field.range,
               field.schedulable ? absl::StrCat(field.comment, " May follow a schedule.")
                                 : field.comment});
  }
  return table.Render("    ", width);
}

}  // namespace

std::string RenderSummary(absl::Span<const CatalogueSection> catalogue, int width) {
  std::string text;
  for (const CatalogueSection& section : catalogue) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", Heading(section));
    size_t columns = 0;
    for (const ThingDescription& thing : section.things)
      columns = std::max(columns, Columns(thing.name));
    for (const ThingDescription& thing : section.things) {
      const size_t margin = columns + 4;
      std::string line = absl::StrCat("  ", Padded(thing.name, columns), "  ");
      for (const std::string& words :
           Wrapped(thing.library.empty() ? thing.summary
                                         : absl::StrCat(thing.summary, " (", thing.library, ")"),
                   static_cast<size_t>(std::max(width, 40)) - std::min<size_t>(margin, 16))) {
        absl::StrAppend(&line, line.empty() ? std::string(margin, ' ') : "", words);
        absl::StrAppend(&text, line, "\n");
        line.clear();
      }
      if (!line.empty()) absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
    }
  }
  return text;
}

std::string RenderCatalogue(absl::Span<const CatalogueSection> catalogue, int width) {
  std::string text;
  for (const CatalogueSection& section : catalogue) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", Heading(section));
    for (const ThingDescription& thing : section.things) {
      absl::StrAppend(&text, "\n  ", thing.name,
                      thing.type.empty() ? "" : absl::StrCat("  (", thing.type, ")"), "\n");
      if (!thing.comment.empty()) {
        for (absl::string_view line : absl::StrSplit(thing.comment, '\n')) {
          absl::StrAppend(&text, line.empty() ? "" : "    ", line, "\n");
        }
      }
      if (!thing.library.empty()) {
        absl::StrAppend(&text, "    From the plugin ", thing.library, ".\n");
      }
      if (!thing.default_learning_rate.empty()) {
        absl::StrAppend(
            &text, "    Learning rate when none is given: ", thing.default_learning_rate, ".\n");
      }
      if (!thing.default_weight_decay.empty()) {
        absl::StrAppend(
            &text, "    Weight decay when none is given: ", thing.default_weight_decay, ".\n");
      }
      if (!thing.fields.empty())
        absl::StrAppend(&text, "\n", RenderFields(thing, static_cast<size_t>(std::max(width, 0))));
    }
  }
  return text;
}

}  // namespace gradus
