// A graph for people: as text, one node a line, and as Graphviz dot. Stable: the same graph always prints the same.
//
//   %3 hidden/matmul = Matmul {transpose_b: true} (%0, %1) : FLOAT32 [batch, 10]

#ifndef GRADUS_GRAPH_PRINT_H_
#define GRADUS_GRAPH_PRINT_H_

#include <string>

#include "gradus/graph/graph.h"

namespace gradus {

std::string PrintText(const Graph& graph);
std::string PrintDot(const Graph& graph);

}  // namespace gradus

#endif  // GRADUS_GRAPH_PRINT_H_
