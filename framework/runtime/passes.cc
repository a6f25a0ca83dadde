// The passes, in order.

#include "gradus/runtime/passes.h"

#include <algorithm>
#include <utility>

#include "gradus/base/status.h"

namespace gradus {
namespace {

// Prune runs again at the end, for what the others left without a reader.
const Pass kPasses[] = {
    {"prune", Prune},
    {"simplify", Simplify},
    {"fold_equal", FoldEqual},
    {"batch_norm_parts", BatchNormParts},
    {"pool_gradients", PoolGradients},
    {"fuse_dense", FuseDense},
    {"fuse_conv2d", FuseConv2d},
    {"prune_again", Prune},
};

}  // namespace

absl::Span<const Pass> Passes() { return kPasses; }

absl::StatusOr<Program> RunPasses(Program program, const PassOptions& options) {
  std::vector<std::string> names;
  for (const Pass& pass : Passes()) names.push_back(pass.name);
  for (const std::string& name : options.disabled) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no pass \"", name, "\" to disable"));
    }
  }
  if (options.observer) options.observer("input", program);
  for (const Pass& pass : Passes()) {
    const auto& disabled = options.disabled;
    if (std::find(disabled.begin(), disabled.end(), pass.name) != disabled.end()) continue;
    absl::StatusOr<Program> result = pass.run(program);
    if (!result.ok()) {
      return absl::InternalError(
          absl::StrCat("pass \"", pass.name, "\": ", result.status().message()));
    }
    program = *std::move(result);
    if (options.observer) options.observer(pass.name, program);
  }
  return program;
}

}  // namespace gradus
