// Tables, tiles and pictures of the page.

#include "gradus/api/report_parts.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/report_style.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/svg_text.h"

namespace gradus {

std::string ReportNumber(double value) {
  return std::isnan(value) ? "\xe2\x80\x93" : absl::StrFormat("%.4g", value);
}

std::string ReportNote(const std::string& text) {
  return absl::StrCat("<p class=\"soft small\">", XmlText(text), "</p>\n");
}

std::string ReportMissing(const std::string& what, const absl::Status& status) {
  const std::string message(status.message());
  return ReportNote(absl::StrCat(what, ": ", message.substr(0, message.find('\n'))));
}

void AppendTile(const std::string& value, const std::string& text, std::string* html) {
  // A long name is broken between its words.
  absl::StrAppend(html, "<div class=\"tile\"><b>", XmlText(value), "</b><span>",
                  absl::StrReplaceAll(XmlText(text), {{"_", "_<wbr>"}}), "</span></div>\n");
}

std::string ReportSection(const std::string& title, const std::string& inside) {
  return absl::StrCat("<section>\n<h2>", XmlText(title), "</h2>\n", inside, "</section>\n");
}

std::string ReportTable(const std::vector<ReportRow>& rows, const std::vector<bool>& numbers,
                        bool last_is_sum) {
  std::string html = "<div class=\"wide\"><table class=\"full\">\n";
  for (size_t r = 0; r < rows.size(); ++r) {
    html += last_is_sum && r + 1 == rows.size() ? "<tr class=\"sum\">" : "<tr>";
    const char* kind = r == 0 ? "th" : "td";
    for (size_t c = 0; c < rows[r].size(); ++c) {
      absl::StrAppend(&html, "<", kind, numbers[c] ? " class=\"n\">" : ">", rows[r][c], "</", kind,
                      ">");
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string ScatterPlot(const Examination& seen) {
  PlotOptions options;
  options.x_label = absl::StrCat(seen.target, " as it is");
  options.y_label = "as it is predicted";
  std::vector<PlotSeries> series(1);
  const auto range = std::minmax_element(seen.actual.begin(), seen.actual.end());
  series[0].x = series[0].y = {*range.first, *range.second};
  series[0].colour = 6;
  series[0].width = 1;
  for (size_t i = 0; i < seen.actual.size(); ++i) {
    PlotSeries dot;
    dot.x = {seen.actual[i]};
    dot.y = {seen.predicted[i]};
    dot.colour = 0;
    series.push_back(std::move(dot));
  }
  return absl::StrCat("<h3>Predictions against labels</h3>\n",
                      RenderSvg(series, options, PagePalette()));
}

std::string WorstTable(const Examination& seen) {
  bool images = false, labels = false, probabilities = false;
  for (const ExaminedExample& example : seen.worst) {
    images |= example.image.rank() == 3;
    labels |= !example.label.empty();
    probabilities |= !std::isnan(example.probability);
  }
  ReportRow title;
  std::vector<bool> numbers;
  const auto column = [&](bool shown, const char* name, bool number) {
    if (!shown) return;
    title.push_back(name);
    numbers.push_back(number);
  };
  column(images, "", false);
  column(true, "example", false);
  column(labels, "label", false);
  column(labels, "prediction", false);
  column(probabilities, "with probability", true);
  column(true, "loss", true);
  std::vector<ReportRow> rows = {title};
  for (const ExaminedExample& example : seen.worst) {
    ReportRow row;
    if (images) row.push_back(ImageElement(example.image));
    const size_t slash = example.where.rfind('/');
    row.push_back(
        XmlText(slash == std::string::npos ? example.where : example.where.substr(slash + 1)));
    if (labels) {
      row.push_back(XmlText(example.label));
      const bool wrong = !seen.classes.empty() && example.label != example.prediction;
      row.push_back(absl::StrCat(wrong ? "<span class=\"wrong\">" : "", XmlText(example.prediction),
                                 wrong ? "</span>" : ""));
    }
    if (probabilities) row.push_back(absl::StrFormat("%.3f", example.probability));
    row.push_back(ReportNumber(example.loss));
    rows.push_back(std::move(row));
  }
  return ReportTable(rows, numbers);
}

}  // namespace gradus
