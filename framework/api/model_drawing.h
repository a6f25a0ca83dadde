// A model's layers as a picture: boxes in rows, from the inputs down, with what flows between them. For
// pages; `gradus graph` shows every operation.

#ifndef GRADUS_API_MODEL_DRAWING_H_
#define GRADUS_API_MODEL_DRAWING_H_

#include <string>
#include <vector>

#include "gradus/api/svg_plot.h"
#include "gradus/graph/build_graph.h"

namespace gradus {

// A directed graph without cycles; edges are from earlier boxes to later ones.
struct DrawnGraph {
  struct Box {
    enum Kind { kInput, kLayer, kLoss };
    Kind kind = kLayer;
    std::string title, subtitle;
  };
  struct Edge {
    size_t from = 0, to = 0;
    std::string text;
  };
  std::vector<Box> boxes;
  std::vector<Edge> edges;
};

// Inputs, layers and losses, and which reads which. Built with Parts::kAll.
DrawnGraph DrawModel(const ModelGraph& model);

// A box stands below all that it reads, in the longest path's row (Sugiyama's layers), and rows are
// ordered by the middle of what is read (barycentres). Well-formed XML.
std::string RenderSvg(const DrawnGraph& graph, const SvgPalette& palette);

}  // namespace gradus

#endif  // GRADUS_API_MODEL_DRAWING_H_
