// Weights under an update rule of whatever reach, outside of a run: what the framework does around
// a rule, in float or double, with nothing but the rule in the result.
//
//   auto parsed = ParseOptimizer("adam { beta1: 0.8 }");
//   UnderUpdate<double> state(**parsed, {1, -2, 0.5});  // One vector.
//   UnderUpdate<double> shaped(**parsed, weights, {{"kernel", {2, 3}}, {"bias", {3}}});
//   state.Update(/*rate=*/0.1, /*t=*/1, {0.1, -0.2, 0.3});
//
// Numbers lie densely here, parameter after parameter. A rule that sees parameters as a whole is
// shown matrices with a pitch, and NaNs where nothing is its own.

#ifndef GRADUS_TESTS_TESTING_UNDER_UPDATE_H_
#define GRADUS_TESTS_TESTING_UNDER_UPDATE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/optimizer.pb.h"
#include "gradus/train/optimizer.h"

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

template <class F>
class UnderUpdate {
 public:
  // The loss at these weights, and its gradient.
  using Loss = std::function<double(absl::Span<const F> weights, absl::Span<F> gradients)>;

  // One vector.
  UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> weights);
  // The weights of all parameters, one after the other.
  UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> weights,
              std::vector<ShapedParameter> parameters);
  UnderUpdate(const UnderUpdate&) = delete;
  UnderUpdate& operator=(const UnderUpdate&) = delete;

  // Update number t; `cuts` are positions where the range of a rule that works by elements is cut.
  // Without a `loss`, a rule that asks for it finds <g, w> + |w - w0|^2 / 2 with these gradients g
  // and the weights w0 before the update. Gradients that are not finite are seen, and shown to a
  // rule that works by elements only.
  UpdateWatch Update(double rate, int64_t t, absl::Span<const F> gradients,
                     absl::Span<const int64_t> cuts = {});
  // Those after the last update, or the weights themselves when the rule has no others.
  std::vector<F> EvaluationWeights() const;

  // Everything that goes on to the next update, as the bytes of a safetensors file, and back; `t`
  // is the number of updates done.
  std::string Save(int64_t t) const;
  absl::StatusOr<int64_t> Load(const std::string& bytes);

  std::vector<F> weights;
  std::vector<std::vector<F>> slots;  // Dense, parameter after parameter, whatever their extent.
  std::vector<double> numbers;
  // The rule's own error, or that it wrote where nothing is its own.
  absl::Status status;

  // For rules that reach kLoss.
  Loss loss;
  int64_t losses = 0;  // How often it was asked for.

  // What must not matter.
  int64_t padding = 3;      // Pitch of a matrix beyond its columns.
  bool backwards = false;   // The last parameter first.
  bool in_threads = false;  // Ranges, or parameters, each in a thread of its own.

 private:
  std::vector<int64_t> SlotDims(const ShapedParameter& parameter, const SlotSpec& slot) const;
  UpdateWatch UpdateElements(const UpdateStep& step, absl::Span<const int64_t> cuts);
  void UpdateViews(const UpdateStep& step);
  void Spread();
  // Between dense and padded numbers.
  void Scatter(const std::vector<F>& dense, std::vector<F>* padded) const;
  void Gather(const std::vector<F>& padded, std::vector<F>* dense);
  absl::StatusOr<double> LossNow();

  const ParsedOptimizer& parsed_;
  const std::vector<ShapedParameter> parameters_;
  const std::vector<SlotSpec> specs_;
  UpdateStep step_;  // The last one.
  std::vector<F> gradients_, start_, gradients_there_;

  // Of rules that see parameters as a whole.
  std::vector<int64_t> offsets_, pitches_;
  std::vector<F> padded_weights_, padded_gradients_;
  std::vector<std::vector<F>> padded_slots_;  // Those with an element for every weight.
  std::vector<ParameterView<F>> views_;
  std::vector<int64_t> slot_elements_;  // By parameter, then slot.
  std::vector<F*> pointers_;            // Likewise.
};

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_UNDER_UPDATE_H_
