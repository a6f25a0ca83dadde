// Numbers that a layer brings along: constants of the graph that are more than one number.

#ifndef GRADUS_OPS_LAYERS_CONSTANTS_H_
#define GRADUS_OPS_LAYERS_CONSTANTS_H_

#include <utility>
#include <vector>

#include "gradus/base/tensor.h"
#include "gradus/graph/layer.h"

namespace gradus {

// "<layer>/<name>". Each name once in a layer.
inline Value LayerConstant(absl::string_view name, std::vector<int64_t> dims,
                           const std::vector<float>& values, LayerScope* scope) {
  Emitter& emit = scope->emit();
  absl::StatusOr<Value> constant = emit.graph().AddConstant(
      absl::StrCat(scope->name(), "/", name), Tensor::Of<float>(std::move(dims), values));
  if (constant.ok()) return *constant;
  emit.Fail(constant.status());
  return Value();
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_CONSTANTS_H_
