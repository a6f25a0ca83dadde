// Which classes are taken for which: a table that can be read, or of many classes a picture of it with
// the commonest mistakes in words.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/report_parts.h"
#include "gradus/api/svg_text.h"

namespace gradus {
namespace {

constexpr size_t kMostInTable = 30;              // Classes.
constexpr size_t kShortName = 6, kFewInRow = 6;  // Titles that stand across have room so far.
constexpr size_t kMostRows = 20;                 // Of mistakes.
constexpr double kPictureSize = 620;

class Confusion {
 public:
  explicit Confusion(const Examination& seen)
      : names_(seen.classes), counts_(seen.counts), n_(names_.size()) {
    of_label_.assign(n_, 0);
    of_prediction_.assign(n_, 0);
    for (size_t i = 0; i < n_; ++i) {
      for (size_t j = 0; j < n_; ++j) {
        of_label_[i] += Count(i, j);
        of_prediction_[j] += Count(i, j);
      }
    }
  }

  std::string Table() const {
    const bool upright =
        n_ > kFewInRow && std::any_of(names_.begin(), names_.end(),
                                      [](auto& name) { return name.size() > kShortName; });
    std::string html = absl::StrCat("<div class=\"wide\"><table class=\"matrix",
                                    upright ? " upright" : "", "\">\n<tr><th></th>");
    for (const std::string& name : names_) {
      absl::StrAppend(&html, "<th><span>", XmlText(name), "</span></th>");
    }
    html += "<th><span>recall</span></th></tr>\n";
    for (size_t i = 0; i < n_; ++i) {
      absl::StrAppend(&html, "<tr><th class=\"row\">", XmlText(names_[i]), "</th>");
      for (size_t j = 0; j < n_; ++j) {
        const double shade = Shade(i, j);
        absl::StrAppendFormat(&html, "<td%s style=\"background: rgba(var(--heat), %.2f)\">%s</td>",
                              shade > 0.6 ? " class=\"strong\"" : "", shade,
                              Count(i, j) == 0 ? "" : absl::StrCat(Count(i, j)));
      }
      absl::StrAppend(&html, "<td>", Share(Count(i, i), of_label_[i]), "</td></tr>\n");
    }
    html += "<tr><th class=\"row\">precision</th>";
    for (size_t j = 0; j < n_; ++j) {
      absl::StrAppend(&html, "<td>", Share(Count(j, j), of_prediction_[j]), "</td>");
    }
    return html + "<td></td></tr>\n</table></div>\n";
  }

  // What is under the pointer says which classes it is of.
  std::string Picture() const {
    const double cell = kPictureSize / static_cast<double>(n_);
    std::string svg = absl::StrFormat(
        "<svg viewBox=\"0 0 %g %g\" width=\"%g\" role=\"img\" class=\"heat\">\n<rect "
        "width=\"100%%\" "
        "height=\"100%%\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.3\"/>\n",
        kPictureSize, kPictureSize, kPictureSize);
    for (size_t i = 0; i < n_; ++i) {
      for (size_t j = 0; j < n_; ++j) {
        if (Count(i, j) == 0) continue;
        absl::StrAppendFormat(
            &svg,
            "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" style=\"fill: "
            "rgba(var(--%s), %.2f)\"><title>%s</title></rect>\n",
            static_cast<double>(j) * cell, static_cast<double>(i) * cell, cell, cell,
            i == j ? "heat" : "wrong-heat", Shade(i, j),
            XmlText(absl::StrCat(names_[i],
                                 i == j ? " rightly: " : absl::StrCat(" as ", names_[j], ": "),
                                 Count(i, j), " of ", of_label_[i])));
      }
    }
    return svg + "</svg>\n";
  }

  // The pairs that are confused most often.
  std::string Pairs() const {
    std::vector<std::pair<size_t, size_t>> pairs;
    for (size_t i = 0; i < n_; ++i) {
      for (size_t j = 0; j < n_; ++j) {
        if (i != j && Count(i, j) > 0) pairs.emplace_back(i, j);
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) {
      return Count(a.first, a.second) > Count(b.first, b.second);
    });
    std::vector<ReportRow> rows = {{"label", "taken for", "examples", "of the label's"}};
    for (const auto& [i, j] : pairs) {
      if (rows.size() > kMostRows) break;
      rows.push_back({XmlText(names_[i]), XmlText(names_[j]), absl::StrCat(Count(i, j)),
                      Share(Count(i, j), of_label_[i])});
    }
    return ReportTable(rows, {false, false, true, true});
  }

  std::string Hardest() const {
    std::vector<size_t> classes;
    for (size_t i = 0; i < n_; ++i) {
      if (of_label_[i] > 0) classes.push_back(i);
    }
    const auto recall = [&](size_t i) {
      return static_cast<double>(Count(i, i)) / static_cast<double>(of_label_[i]);
    };
    std::stable_sort(classes.begin(), classes.end(),
                     [&](size_t a, size_t b) { return recall(a) < recall(b); });
    std::vector<ReportRow> rows = {{"label", "examples", "recall", "precision"}};
    for (size_t i : classes) {
      if (rows.size() > kMostRows) break;
      rows.push_back({XmlText(names_[i]), absl::StrCat(of_label_[i]),
                      Share(Count(i, i), of_label_[i]), Share(Count(i, i), of_prediction_[i])});
    }
    return ReportTable(rows, {false, true, true, true});
  }

 private:
  int64_t Count(size_t label, size_t prediction) const { return counts_[label * n_ + prediction]; }

  // What is rare must be seen, too.
  double Shade(size_t label, size_t prediction) const {
    const int64_t count = Count(label, prediction);
    if (count == 0) return 0;
    return 0.12 +
           0.83 * std::sqrt(static_cast<double>(count) / static_cast<double>(of_label_[label]));
  }

  static std::string Share(int64_t part, int64_t whole) {
    if (whole == 0) return "";
    return absl::StrFormat("%.3f", static_cast<double>(part) / static_cast<double>(whole));
  }

  const std::vector<std::string>& names_;
  const std::vector<int64_t>& counts_;
  const size_t n_;
  std::vector<int64_t> of_label_, of_prediction_;
};

}  // namespace

std::string ConfusionTable(const Examination& seen) {
  const Confusion confusion(seen);
  const std::string title = "<h3>Confusion: labels down, predictions across</h3>\n";
  if (seen.classes.size() <= kMostInTable) return absl::StrCat(title, confusion.Table());
  return absl::StrCat(title, confusion.Picture(),
                      "<div class=\"model\">\n<div><h3>The commonest mistakes</h3>\n",
                      confusion.Pairs(), "</div>\n<div><h3>The hardest classes</h3>\n",
                      confusion.Hardest(), "</div>\n</div>\n");
}

}  // namespace gradus
