// What a rule does not reach is not asked of it.

#include "gradus/train/optimizer.h"

#include "gradus/base/status.h"

namespace gradus {
namespace {

[[noreturn]] void NotReached() {
  GRADUS_CHECK(false && "an optimizer was asked for what its reach() does not say");
  __builtin_unreachable();
}

}  // namespace

UpdateWatch Optimizer::Update(const UpdateStep&, const UpdateRange<float>&) const { NotReached(); }
UpdateWatch Optimizer::Update(const UpdateStep&, const UpdateRange<double>&) const { NotReached(); }
void Optimizer::UpdateParameter(const ParameterView<float>&) const { NotReached(); }
void Optimizer::UpdateParameter(const ParameterView<double>&) const { NotReached(); }
absl::Status Optimizer::UpdateAll(const WholeUpdate<float>&) const { NotReached(); }
absl::Status Optimizer::UpdateAll(const WholeUpdate<double>&) const { NotReached(); }
void Optimizer::EvaluationWeights(const UpdateStep&, const UpdateRange<float>&, float*) const {
  NotReached();
}
void Optimizer::EvaluationWeights(const UpdateStep&, const UpdateRange<double>&, double*) const {
  NotReached();
}

}  // namespace gradus
