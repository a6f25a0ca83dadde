// Rewrites of a graph before it is planned. A pass is a pure function, named, and printable before
// and after; the order is the list in passes.cc. Any pass can be turned off by name.

#ifndef GRADUS_RUNTIME_PASS_H_
#define GRADUS_RUNTIME_PASS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/graph/graph.h"

namespace gradus {

// A graph and the values of it that somebody wants. Leaves keep their order in every pass, so that
// bindings stay valid.
struct Program {
  Graph graph;
  std::vector<Value> fetches;
};

struct Pass {
  std::string name;  // "fuse_dense"
  absl::StatusOr<Program> (*run)(const Program& program);
};

// In the order in which they run: prune, fold equal nodes, fuse bias and activation into products, ...
absl::Span<const Pass> Passes();

struct PassOptions {
  std::vector<std::string> disabled;
  // Called with "input" first and then after each pass with its name.
  std::function<void(absl::string_view pass, const Program& program)> observer;
};
absl::StatusOr<Program> RunPasses(Program program, const PassOptions& options);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_PASS_H_
