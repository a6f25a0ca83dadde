// The passes, one file each; their order is the list in passes.cc.

#ifndef GRADUS_RUNTIME_PASSES_H_
#define GRADUS_RUNTIME_PASSES_H_

#include "absl/status/statusor.h"
#include "gradus/runtime/pass.h"

namespace gradus {

// Leaves out operations and constants that no fetch needs. Other leaves stay: bindings count them.
absl::StatusOr<Program> Prune(const Program& program);

// Computes equal nodes (same op, config and inputs; equal constants) once.
absl::StatusOr<Program> FoldEqual(const Program& program);

// Rewrites that change no bit of any result: x * 1, reshape of reshape, a broadcast that the next
// operation does by itself.
absl::StatusOr<Program> Simplify(const Program& program);

// Batch normalisation and its gradient in parts that each sum over rows or go row by row, so that
// rows can be cut.
absl::StatusOr<Program> BatchNormParts(const Program& program);

// activation(x kernel + bias) in one node, where nobody else reads what lies between.
absl::StatusOr<Program> FuseDense(const Program& program);

// activation(conv2d(x, kernel) + bias) in one node, likewise.
absl::StatusOr<Program> FuseConv2d(const Program& program);

// Gradients of relu and of a bias before a maximum pool, on its windows instead of on its images.
absl::StatusOr<Program> PoolGradients(const Program& program);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_PASSES_H_
