// An optimizer at work on parameters that belong to no model, in float or double: how a rule is
// looked at by itself, with what stands around it in training: schedules, groups, clipping, decay,
// averages. There is nothing that controllers could react to.
//
//   auto optimizer = *LooseOptimizer<double>::Create(config, {{"w", {3}}}, nullptr, &diagnostics);
//   optimizer->SetWeights({1, -2, 0.5});
//   optimizer->Update({0.1, -0.2, 0.3});
//   optimizer->Weights()                  // after it
//
// Schedules run on steps alone: there are no epochs and no end. Parameters' elements follow each
// other row by row, one parameter after the other.

#ifndef GRADUS_TRAIN_LOOSE_OPTIMIZER_H_
#define GRADUS_TRAIN_LOOSE_OPTIMIZER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/thread_pool.h"
#include "gradus/optimizer.pb.h"
#include "gradus/train/updater.h"

namespace gradus {

struct LooseParameter {
  std::string name;  // Groups match it.
  std::vector<int64_t> dims;
};

// Thread safety: used by one thread at a time.
template <class F>
class LooseOptimizer {
 public:
  // Findings about the configuration are the error. `pool`: null or not owned. `isa`: of whose machines
  // the geometry is; bits must not depend on it.
  static absl::StatusOr<std::unique_ptr<LooseOptimizer>> Create(
      const OptimizerConfig& config, const std::vector<LooseParameter>& parameters,
      ThreadPool* pool, Diagnostics* diagnostics, Isa isa = Isa::kBaseline);

  int64_t elements() const { return elements_; }
  int64_t updates() const { return progress_.update; }
  // As many as there are elements.
  void SetWeights(absl::Span<const F> weights);
  // Between the elements of weights, of their average and of the last EvaluationWeights.
  bool PaddingIsZero() const;
  std::vector<F> Weights() const { return Plain(weights()); }
  // Those to evaluate; the weights themselves where there are no others.
  absl::StatusOr<std::vector<F>> EvaluationWeights();
  bool has_evaluation_weights() const { return updater_->has_evaluation_weights(); }

  // The next update: at the rate of the optimizer's schedule, or at this one.
  absl::StatusOr<UpdateWatch> Update(absl::Span<const F> gradients,
                                     absl::optional<double> rate = absl::nullopt);
  // The same with the gradients that are there: those of the last update, as clipping left them. What
  // an update costs without being given any.
  absl::StatusOr<UpdateWatch> UpdateAgain(absl::optional<double> rate = absl::nullopt);
  // For rules that evaluate the loss: it is given weights and writes their gradients.
  using Loss = std::function<double(absl::Span<const F> weights, absl::Span<F> gradients)>;
  void set_loss(Loss loss) { loss_ = std::move(loss); }
  bool evaluates_loss() const { return rules_->evaluates_loss(); }

  // What rules remember: "momentum" of every parameter that has it, and numbers by name.
  struct Slot {
    std::string name, parameter;
    std::vector<F> values;
  };
  std::vector<Slot> Slots() const;
  const std::vector<NumberSpec>& number_specs() const { return memory_.number_specs(); }
  const std::vector<double>& numbers() const { return memory_.numbers(); }
  // Another one made alike, at the same point.
  absl::Status CopyTo(LooseOptimizer* other) const;

 private:
  LooseOptimizer() = default;
  F* weights() const { return static_cast<F*>(weights_.get()); }
  F* gradients() const { return static_cast<F*>(gradients_.get()); }
  std::vector<F> Plain(const F* block) const;
  void Gather(const F* block, absl::Span<F> plain) const;
  void Spread(absl::Span<const F> plain, F* block) const;

  int64_t elements_ = 0;
  Progress progress_;
  std::unique_ptr<Hyperparameters> numbers_;
  RateState rates_;
  std::unique_ptr<UpdateRules> rules_;
  ParameterLayout layout_;
  std::unique_ptr<Updater<F>> updater_;
  UpdateMemory<F> memory_;
  AlignedBuffer weights_, gradients_, evaluation_;
  std::vector<GroupNumbers> group_numbers_;
  Loss loss_;
  std::vector<F> at_, slopes_;  // What it is asked at, and what it says.
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_LOOSE_OPTIMIZER_H_
