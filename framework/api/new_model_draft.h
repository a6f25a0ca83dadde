// A run file in the making: what is in the model, and text that grows by lines. Part of new_model.cc.

#ifndef GRADUS_API_NEW_MODEL_DRAFT_H_
#define GRADUS_API_NEW_MODEL_DRAFT_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/api/new_model.h"
#include "gradus/base/text_escape.h"

namespace gradus {

// A text as the language writes it, whole however long it is.
inline std::string Written(absl::string_view text) { return absl::StrCat("\"", Escaped(text), "\""); }

// Text of at most 100 columns where it can be.
class TextLines {
 public:
  template <class... Parts>
  void Line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }
  // Words in lines that begin with `# `.
  void Comment(const std::string& indent, const std::string& words);
  // name: "a", or name: ["a", "b",
  //                     "c"]
  void Texts(const std::string& indent, const std::string& name,
             const std::vector<std::string>& values);

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// What stands in the text, under the names that it has there.
struct NewModelDraft {
  // Columns that are treated alike, and so stand in one `columns { }`.
  struct Treatment {
    ColumnPlan::Use use;
    bool log1p, impute;
    int64_t most;  // 0: all categories.
    bool operator<(const Treatment& other) const;
  };
  // A column of categories that has an input and a layer of its own.
  struct Embedded {
    const ColumnPlan* column;
    std::string input, layer;
  };

  explicit NewModelDraft(const NewModelText& given);

  const NewModelText& given;
  const TargetPlan& target;
  ModelSize size;
  std::string label;  // The input.
  std::map<Treatment, std::vector<std::string>> groups;
  std::vector<Embedded> embedded;
  int featured = 0;  // How many numbers feed "features", counting two for a column of categories.

 private:
  std::string NewName(const std::string& column, const std::string& ending);

  std::set<std::string> names_;
};

// The part `data { }`.
void WriteData(const NewModelDraft& draft, TextLines* text);

}  // namespace gradus

#endif  // GRADUS_API_NEW_MODEL_DRAFT_H_
