// Weights under an update rule, outside of a run: the framework's own driver (LooseOptimizer, and in it
// the Updater of training), in float or double, with what a test wants to have of it.
//
//   auto parsed = ParseOptimizer("adam { beta1: 0.8 }");
//   UnderUpdate<double> state(**parsed, {1, -2, 0.5});  // One vector.
//   UnderUpdate<double> shaped(**parsed, weights, {{"kernel", {2, 3}}, {"bias", {3}}});
//   state.Update(/*rate=*/0.1, /*t=*/1, {0.1, -0.2, 0.3});
//
// Numbers lie densely here, parameter after parameter. A decay that the rule has by default is left
// out, so that what is seen is the rule; what the text says is done.

#ifndef GRADUS_TESTS_TESTING_UNDER_UPDATE_H_
#define GRADUS_TESTS_TESTING_UNDER_UPDATE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/isa.h"
#include "gradus/base/thread_pool.h"
#include "gradus/optimizer.pb.h"
#include "gradus/train/loose_optimizer.h"

namespace gradus {

// A rule with the configuration that the text gives; its status has the message of a text that is
// refused.
struct ParsedOptimizer {
  OptimizerConfig config;
  const Optimizer* rule = nullptr;
  const google::protobuf::Message* message = nullptr;
};
absl::StatusOr<std::unique_ptr<ParsedOptimizer>> ParseOptimizer(const std::string& text);

struct ShapedParameter {
  std::string name;
  std::vector<int64_t> dims;

  int64_t rows() const;     // The product of all dims but the last.
  int64_t columns() const;  // The last, or 1.
  int64_t elements() const { return rows() * columns(); }
};

// The framework's driver of this configuration.
template <class F>
absl::StatusOr<std::unique_ptr<LooseOptimizer<F>>> MakeLooseOptimizer(
    const ParsedOptimizer& parsed, const std::vector<ShapedParameter>& parameters,
    ThreadPool* pool = nullptr, Isa isa = Isa::kBaseline);

template <class F>
class UnderUpdate {
 public:
  // The loss at these weights, and its gradient.
  using Loss = typename LooseOptimizer<F>::Loss;
  // What must not matter.
  struct Setting {
    ThreadPool* pool = nullptr;  // Not owned.
    Isa isa = Isa::kBaseline;    // Of whose machines the geometry is.
  };

  // One vector.
  UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> weights);
  // The weights of all parameters, one after the other.
  UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> weights,
              const std::vector<ShapedParameter>& parameters, const Setting& setting);
  UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> weights,
              const std::vector<ShapedParameter>& parameters)
      : UnderUpdate(parsed, std::move(weights), parameters, Setting()) {}
  UnderUpdate(const UnderUpdate&) = delete;
  UnderUpdate& operator=(const UnderUpdate&) = delete;

  // Update number t, counted from 1. Without a `loss`, a rule that asks for it finds
  // <g, w> + |w - w0|^2 / 2 with these gradients g and the weights w0 before the update.
  UpdateWatch Update(double rate, int64_t t, absl::Span<const F> gradients);
  // Those after the last update, or the weights themselves when the rule has no others.
  std::vector<F> EvaluationWeights();

  std::vector<F> weights;  // May be changed between updates.
  // Dense, parameter after parameter, in the order in which the rule declares them.
  std::vector<std::vector<F>> slots() const;
  // The rule's own.
  std::vector<double> numbers() const;
  // The first thing that went wrong: no such configuration, the rule's own error, or numbers where
  // nothing is the rule's that are not 0 any more.
  absl::Status status;

  // For rules that reach kLoss.
  Loss loss;
  int64_t losses = 0;  // How often it was asked for.

  // Everything that goes on to the next update, into another one made alike, as a run that goes back
  // to an earlier state copies it.
  absl::Status CopyTo(UnderUpdate* other) const;

 private:
  double LossAt(absl::Span<const F> at, absl::Span<F> gradients);

  std::unique_ptr<LooseOptimizer<F>> optimizer_;  // Null: see status.
  std::vector<std::string> slot_names_;
  std::vector<F> gradients_, start_;
};

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_UNDER_UPDATE_H_
