// What to say when a number of a step is not finite: where it was first so.

#include "absl/strings/str_cat.h"
#include "gradus/train/non_finite.h"
#include "gradus/train/train_step.h"

namespace gradus {
namespace {

// The parameter with the first number of the block that is not finite, or -1.
int FirstNonFiniteParameter(const ParameterLayout& layout, const float* block) {
  for (int i = 0; i < layout.count(); ++i) {
    const ParameterPlace& place = layout.place(i);
    const size_t count = static_cast<size_t>(place.floats());
    if (FindNonFinite(absl::MakeConstSpan(block + place.offset, count)) >= 0) return i;
  }
  return -1;
}

}  // namespace

absl::Status TrainStep::ExplainNonFinite(const Bindings& bindings, Watched watched,
                                         const StepReport& report) const {
  GRADUS_ASSIGN_OR_RETURN(const std::string node, executor_->FirstNonFinite(bindings));
  return NonFinite(watched, report,
                   node.empty() ? "" : absl::StrCat("; first non-finite node: ", node));
}

absl::Status TrainStep::ExplainUpdate(const ParameterStore& store, Watched watched,
                                      const StepReport& report) const {
  // The update has been made, so the step cannot be run again from where it began; what it left
  // behind tells the parameter and the node.
  const bool gradient = watched == Watched::kGradient;
  const int i =
      FirstNonFiniteParameter(store.layout(), gradient ? store.gradients() : store.weights());
  if (i < 0) return NonFinite(watched, report, "");
  const std::string& name = store.layout().place(i).name;
  return NonFinite(watched, report,
                   gradient ? absl::StrCat("; first non-finite node: ", gradient_nodes_[i],
                                           ", the gradient of \"", name, "\"")
                            : absl::StrCat("; the update took \"", name,
                                           "\" out of range: the rate is too high"));
}

absl::Status TrainStep::NonFinite(Watched watched, const StepReport& report,
                                  absl::string_view where) const {
  static constexpr const char* kNames[] = {"a value", "the loss", "a state", "a gradient",
                                           "a weight"};
  return NonFiniteError(absl::StrCat("step ", report.step, ": ", kNames[static_cast<int>(watched)],
                                     " is not finite (learning rate ", report.learning_rate, ")",
                                     where));
}

}  // namespace gradus
