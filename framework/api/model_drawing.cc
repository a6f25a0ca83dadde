// Rows, places in them, and lines between.

#include "gradus/api/model_drawing.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/svg_frame.h"
#include "gradus/api/svg_text.h"

namespace gradus {
namespace {

constexpr double kBoxHeight = 42, kRowGap = 38, kColumnGap = 28, kMargin = 12;
constexpr int kTitleSize = 12, kSubtitleSize = 11;

double WidthOf(const DrawnGraph::Box& box) {
  // Bold letters are wider.
  return 28 +
         std::max(1.1 * TextWidth(box.title, kTitleSize), TextWidth(box.subtitle, kSubtitleSize));
}

// An edge that passes rows goes through a point in each of them, so that it does not cross boxes.
struct Place {
  size_t box = 0;            // Or the number of boxes: a point.
  double width = 14, x = 0;  // Of its middle.
};

class Layout {
 public:
  explicit Layout(const DrawnGraph& graph) : graph_(graph), row_(graph.boxes.size(), 0) {
    for (bool moved = true; moved;) {
      moved = false;
      for (const DrawnGraph::Edge& edge : graph.edges) {
        if (row_[edge.to] > row_[edge.from] || row_[edge.from] > graph.boxes.size()) continue;
        row_[edge.to] = row_[edge.from] + 1;
        moved = true;
      }
    }
    // An input stands just above the first that reads it, not far away at the top.
    for (size_t i = 0; i < graph.boxes.size(); ++i) {
      if (graph.boxes[i].kind != DrawnGraph::Box::kInput) continue;
      size_t first = graph.boxes.size() + 1;
      for (const DrawnGraph::Edge& edge : graph.edges) {
        if (edge.from == i) first = std::min(first, row_[edge.to]);
      }
      if (first <= graph.boxes.size()) row_[i] = first - 1;
    }
    for (size_t i = 0; i < graph.boxes.size(); ++i) {
      At(row_[i]).push_back(Add({i, WidthOf(graph.boxes[i]), 0}));
    }
    for (const DrawnGraph::Edge& edge : graph.edges) {
      std::vector<size_t> path = {edge.from};
      for (size_t row = row_[edge.from] + 1; row < row_[edge.to]; ++row) {
        At(row).push_back(Add({graph.boxes.size(), 14, 0}));
        path.push_back(places_.size() - 1);
      }
      path.push_back(edge.to);
      paths_.push_back(std::move(path));
    }
    Order();
  }

  const std::vector<std::vector<size_t>>& rows() const { return rows_; }
  const Place& place(size_t i) const { return places_[i]; }
  const std::vector<size_t>& path(size_t edge) const { return paths_[edge]; }
  double width() const { return width_; }
  double height() const {
    const auto rows = static_cast<double>(rows_.size());
    return 2 * kMargin + rows * kBoxHeight + std::max(0.0, rows - 1) * kRowGap;
  }
  static double Top(size_t row) {
    return kMargin + static_cast<double>(row) * (kBoxHeight + kRowGap);
  }
  size_t row_of_box(size_t i) const { return row_[i]; }

 private:
  // Boxes are added first, so their places have their numbers.
  size_t Add(const Place& place) {
    places_.push_back(place);
    return places_.size() - 1;
  }
  std::vector<size_t>& At(size_t row) {
    if (rows_.size() <= row) rows_.resize(row + 1);
    return rows_[row];
  }

  void Order() {
    std::map<size_t, std::vector<size_t>> above, below;
    for (const std::vector<size_t>& path : paths_) {
      for (size_t i = 1; i < path.size(); ++i) {
        above[path[i]].push_back(path[i - 1]);
        below[path[i - 1]].push_back(path[i]);
      }
    }
    for (std::vector<size_t>& row : rows_) Spread(&row);
    for (int sweep = 0; sweep < 6; ++sweep) {
      for (size_t i = 0; i < rows_.size(); ++i) {
        std::vector<size_t>& row = rows_[sweep % 2 == 0 ? i : rows_.size() - 1 - i];
        Follow(sweep % 2 == 0 ? above : below, &row);
      }
    }
    double left = 0, right = 0;
    for (const Place& place : places_) {
      left = std::min(left, place.x - place.width / 2);
      right = std::max(right, place.x + place.width / 2);
    }
    for (Place& place : places_) place.x += kMargin - left;
    width_ = right - left + 2 * kMargin;
  }

  // Side by side, the row's middle at 0.
  void Spread(std::vector<size_t>* row) {
    double total = kColumnGap * static_cast<double>(row->size() - 1);
    for (size_t i : *row) total += places_[i].width;
    double x = -total / 2;
    for (size_t i : *row) {
      places_[i].x = x + places_[i].width / 2;
      x += places_[i].width + kColumnGap;
    }
  }

  // Each to the middle of its neighbours as far as there is room.
  void Follow(const std::map<size_t, std::vector<size_t>>& neighbours, std::vector<size_t>* row) {
    std::map<size_t, double> wanted;
    for (size_t i : *row) {
      const auto found = neighbours.find(i);
      wanted[i] = places_[i].x;
      if (found == neighbours.end()) continue;
      double sum = 0;
      for (size_t other : found->second) sum += places_[other].x;
      wanted[i] = sum / static_cast<double>(found->second.size());
    }
    std::stable_sort(row->begin(), row->end(),
                     [&](size_t a, size_t b) { return wanted[a] < wanted[b]; });
    double free_from = -1e9, pushed = 0;
    for (size_t i : *row) {
      Place& place = places_[i];
      place.x = std::max(wanted[i], free_from + place.width / 2);
      pushed += place.x - wanted[i];
      free_from = place.x + place.width / 2 + kColumnGap;
    }
    // What was pushed to the right goes half-way back, all together.
    for (size_t i : *row) places_[i].x -= pushed / static_cast<double>(row->size());
  }

  const DrawnGraph& graph_;
  std::vector<size_t> row_;
  std::vector<Place> places_;
  std::vector<std::vector<size_t>> rows_, paths_;
  double width_ = 0;
};

}  // namespace

DrawnGraph DrawModel(const ModelGraph& model) {
  DrawnGraph drawn;
  const Graph& graph = model.graph;
  // What a node belongs to: a layer by the first part of its name, a loss by two.
  std::map<std::string, size_t> boxes;
  std::map<int32_t, size_t> owner;
  const auto add = [&](const std::string& key, DrawnGraph::Box box) {
    if (!boxes.emplace(key, drawn.boxes.size()).second) return;
    drawn.boxes.push_back(std::move(box));
  };
  for (const LayerRow& layer : model.layers) {
    add(layer.name + "/", {DrawnGraph::Box::kLayer, layer.name, layer.kind});
  }
  for (const ModelLoss& loss : model.losses) {
    add(absl::StrCat("loss/", loss.name, "/"), {DrawnGraph::Box::kLoss, loss.name, "loss"});
  }
  std::set<std::pair<size_t, size_t>> seen;
  for (int32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (node.leaf.has_value()) continue;
    for (const auto& box : boxes) {
      if (absl::StartsWith(node.name, box.first)) owner[i] = box.second;
    }
    if (owner.count(i) == 0) continue;
    for (const Value input : node.inputs) {
      const Node& from = graph.node(input);
      if (from.leaf.has_value() && *from.leaf == Leaf::kInput && owner.count(input.node) == 0) {
        owner[input.node] = drawn.boxes.size();
        drawn.boxes.push_back(
            {DrawnGraph::Box::kInput, from.name, graph.spec(input).shape.ToString()});
      }
      const auto source = owner.find(input.node);
      if (source == owner.end() || source->second == owner[i]) continue;
      if (!seen.insert({source->second, owner[i]}).second) continue;
      const bool says = drawn.boxes[source->second].kind == DrawnGraph::Box::kLayer;
      drawn.edges.push_back(
          {source->second, owner[i], says ? graph.spec(input).shape.ToString() : ""});
    }
  }
  return drawn;
}

std::string RenderSvg(const DrawnGraph& graph, const SvgPalette& palette) {
  const Layout layout(graph);
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
      "%.0f\" role=\"img\" font-family=\"system-ui, 'Segoe UI', 'Helvetica Neue', Helvetica, "
      "Arial, sans-serif\" font-size=\"%d\" fill=\"%s\">\n<title>layers</title>\n",
      layout.width(), layout.height(), layout.width(), layout.height(), kTitleSize, palette.text);
  std::set<std::pair<size_t, std::string>> said;
  for (size_t e = 0; e < graph.edges.size(); ++e) {
    const std::vector<size_t>& path = layout.path(e);
    std::string line;
    double x = layout.place(path[0]).x;
    double y = Layout::Top(layout.row_of_box(graph.edges[e].from)) + kBoxHeight;
    absl::StrAppendFormat(&line, "M%.1f %.1f", x, y);
    for (size_t k = 1; k < path.size(); ++k) {
      const double to_x = layout.place(path[k]).x, to_y = y + kRowGap;
      absl::StrAppendFormat(&line, "C%.1f %.1f %.1f %.1f %.1f %.1f", x, y + kRowGap / 2, to_x,
                            to_y - kRowGap / 2, to_x, to_y);
      x = to_x, y = to_y;
      if (k + 1 < path.size()) {
        y += kBoxHeight;
        absl::StrAppendFormat(&line, "V%.1f", y);
      }
    }
    absl::StrAppendFormat(&svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\"/>\n", line,
                          palette.axis);
    absl::StrAppendFormat(&svg, "<path d=\"M%.1f %.1fl-4 -7h8z\" fill=\"%s\"/>\n", x, y,
                          palette.axis);
    if (!graph.edges[e].text.empty() &&
        said.emplace(graph.edges[e].from, graph.edges[e].text).second) {
      const Place& from = layout.place(path[0]);
      AppendSvgText(graph.edges[e].text, from.x + 6,
                    Layout::Top(layout.row_of_box(graph.edges[e].from)) + kBoxHeight + 14, "start",
                    absl::StrFormat(" font-size=\"10\" fill=\"%s\"", palette.faint_text), &svg);
    }
  }
  for (size_t i = 0; i < graph.boxes.size(); ++i) {
    const DrawnGraph::Box& box = graph.boxes[i];
    const Place& place = layout.place(i);
    const double top = Layout::Top(layout.row_of_box(i));
    // Inputs green, layers blue, losses orange, as the curves' colours.
    const std::string& colour = palette.curves[box.kind == DrawnGraph::Box::kInput   ? 2
                                               : box.kind == DrawnGraph::Box::kLayer ? 0
                                                                                     : 1];
    absl::StrAppendFormat(&svg,
                          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%g\" rx=\"%d\" "
                          "fill=\"%s\" fill-opacity=\"0.10\" stroke=\"%s\"/>\n",
                          place.x - place.width / 2, top, place.width, kBoxHeight,
                          box.kind == DrawnGraph::Box::kLayer ? 6 : 20, colour, colour);
    AppendSvgText(box.title, place.x, top + 18, "middle",
                  absl::StrFormat(" font-weight=\"600\" fill=\"%s\"", palette.title), &svg);
    AppendSvgText(
        box.subtitle, place.x, top + 33, "middle",
        absl::StrFormat(" font-size=\"%d\" fill=\"%s\"", kSubtitleSize, palette.faint_text), &svg);
  }
  return svg + "</svg>\n";
}

}  // namespace gradus
