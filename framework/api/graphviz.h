// Graphviz' `dot`, where it is installed, as a process of its own.

#ifndef GRADUS_API_GRAPHVIZ_H_
#define GRADUS_API_GRAPHVIZ_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace gradus {

// The picture of a graph in Graphviz' language as SVG. NotFound when there is no such program, with
// what to install; DeadlineExceeded when it has not come to an end by then, and is ended.
absl::StatusOr<std::string> DotToSvg(const std::string& dot,
                                     absl::Duration most = absl::Seconds(60),
                                     const std::string& program = "dot");

}  // namespace gradus

#endif  // GRADUS_API_GRAPHVIZ_H_
