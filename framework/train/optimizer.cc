// What a rule does not reach is not asked of it; one that reaches what it has not written finds out here.

#include "gradus/train/optimizer.h"

#include <stdexcept>
#include <string>


namespace gradus {
namespace {

// Thrown on the rule's side of the guard that turns whatever a rule throws into a Status.
[[noreturn]] void NotWritten(const char* what) {
  throw std::logic_error(std::string(what) + " is not written, which its reach() asks for");
}

}  // namespace

UpdateWatch Optimizer::Update(const UpdateStep&, const UpdateRange<float>&) const {
  NotWritten("Update");
}
UpdateWatch Optimizer::Update(const UpdateStep&, const UpdateRange<double>&) const {
  NotWritten("Update");
}
void Optimizer::UpdateParameter(const ParameterView<float>&) const {
  NotWritten("UpdateParameter");
}
void Optimizer::UpdateParameter(const ParameterView<double>&) const {
  NotWritten("UpdateParameter");
}
absl::Status Optimizer::UpdateAll(const WholeUpdate<float>&) const { NotWritten("UpdateAll"); }
absl::Status Optimizer::UpdateAll(const WholeUpdate<double>&) const { NotWritten("UpdateAll"); }
void Optimizer::EvaluationWeights(const UpdateStep&, const UpdateRange<float>&, float*) const {
  NotWritten("EvaluationWeights");
}
void Optimizer::EvaluationWeights(const UpdateStep&, const UpdateRange<double>&, double*) const {
  NotWritten("EvaluationWeights");
}

}  // namespace gradus
