// The contract of an update rule. A rule is stateless: it declares the slots and numbers it needs,
// and the framework owns, saves and restores them by name and provides everything that is not the
// rule (clipping, decay, averages, groups, threads).
//
// Rules differ in how much they must see at once. Most work element by element and are written for
// one element of any type (train/elementwise.h); some need a whole parameter, for a norm or a matrix
// product (train/by_parameter.h); some need all parameters, and a few of those the loss at other
// weights (train/whole.h). These headers make an Optimizer of a struct.

#ifndef GRADUS_TRAIN_OPTIMIZER_H_
#define GRADUS_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/registry.h"
#include "gradus/train/workspace.h"

namespace gradus {

// A buffer per parameter, saved as "<parameter>/<name>". Matrices are parameters with at least two
// dimensions, as rows x columns with the last dimension as columns.
struct SlotSpec {
  // What a slot has a number for. All but kElements are for rules that see whole parameters; what
  // counts rows or columns is for matrices only, other parameters have none (a null pointer).
  enum Extent {
    kElements,          // Every element of every parameter.
    kVectorElements,    // Every element of parameters that are no matrices.
    kRows,              // Every row.
    kColumns,           // Every column.
    kRowsByRows,        // A square of rows.
    kColumnsByColumns,  // A square of columns.
    kOwn                // What own_dims says.
  };
  std::string name;
  double initial = 0;
  Extent extent = kElements;
  // Starts as the weights are at the first update, instead of `initial`, and where they are set from
  // outside. Only with kElements.
  bool from_weights = false;
  // With kOwn: the dims of what a parameter of these dims has; false: it has none.
  std::function<bool(absl::Span<const int64_t> dims, std::vector<int64_t>* own)> own_dims = {};
};

// One number, saved with the slots: of each group of a rule that sees elements or parameters, of all
// of its groups together for a rule that sees everything.
struct NumberSpec {
  std::string name;
  double initial = 0;
};

// A range of elements; parameters, gradients and slots have the same geometry.
template <class F>
struct UpdateRange {
  F* weights = nullptr;
  const F* gradients = nullptr;
  absl::Span<F* const> slots;  // As many as Slots() gave.
  int64_t count = 0;
  F* average = nullptr;  // Of the weights, or null.
};

// What an update saw, gathered in the pass that updates.
struct UpdateWatch {
  bool gradients_finite = true;
  bool weights_finite = true;
};

// What a rule is told about the update of a group.
struct UpdateStep {
  // The rule's message with this update's numbers.
  const google::protobuf::Message* config = nullptr;
  double rate = 0;
  int64_t t = 1;  // The number of this update, counted from 1.
  // Before the rule, in this order, element by element; those as they stand here change nothing.
  double gradient_scale = 1;  // g <- g * gradient_scale
  double clip_value = 0;      // g <- g within +-clip_value; 0: not clipped
  double l2 = 0, l1 = 0;      // g <- g + l2 * w + l1 * sign(w)
  double decay = 0;           // w <- w - w * decay
  // After it: average <- average + average_part * (w - average).
  double average_part = 0;
  // The message with a number in every field that follows a schedule, 0 or not at the moment: what
  // Slots were asked with, and what a choice between variants must be made by. Null: `config`.
  const google::protobuf::Message* structure = nullptr;
  // As Numbers() declared them, of this update: Begin has been called.
  absl::Span<const double> numbers;
};

// One parameter, for rules that see it whole.
template <class F>
struct ParameterView {
  absl::string_view name;
  absl::Span<const int64_t> dims;
  // As a matrix: element (r, c) stands at [r * pitch + c]. What lies between is not the rule's.
  int64_t rows = 1, columns = 1, pitch = 1;
  F* weights = nullptr;
  const F* gradients = nullptr;  // Clipped and with their decay already.
  // As many as Slots() gave. kElements as the weights lie; the others dense. Null where this
  // parameter has none.
  absl::Span<F* const> slots;
  const UpdateStep* step = nullptr;  // Of its group.
  // To work in; what is taken is given back when the parameter has been updated.
  Workspace* work = nullptr;

  bool is_matrix() const { return dims.size() >= 2; }
};

// Everything that one rule updates.
template <class F>
struct WholeUpdate {
  absl::Span<const ParameterView<F>> parameters;
  // Of all groups together, to be changed.
  absl::Span<double> numbers;
  // As in the views, which have none of their own here.
  Workspace* work = nullptr;
  // The loss at the present weights, and in the views' gradients its gradient. Only for rules that
  // reach kLoss.
  std::function<absl::StatusOr<double>()> loss;
};

// How much a rule must see at once.
enum class Reach { kElements, kParameter, kAll, kLoss };

// Thread safety: immutable; ranges that do not overlap, and different parameters, may be updated at
// the same time, and the result does not depend on how a block is cut into ranges.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Of its message; the framework hands it no other.
  virtual const google::protobuf::Descriptor* config_type() const = 0;
  virtual Reach reach() const { return Reach::kElements; }
  virtual std::vector<SlotSpec> Slots(const google::protobuf::Message& config) const = 0;
  virtual std::vector<NumberSpec> Numbers(const google::protobuf::Message& config) const {
    (void)config;
    return {};
  }
  // Rules between fields; rules of single fields stand in the proto.
  virtual void Check(const google::protobuf::Message& config, const ConfigPath& path,
                     Diagnostics* diagnostics) const {
    (void)config, (void)path, (void)diagnostics;
  }
  // Why the rule cannot be used with such a configuration, whatever its numbers are: a mistake of whoever wrote it. Empty: it can.
  virtual std::string WhyNot(const google::protobuf::Message& config) const {
    (void)config;
    return "";
  }
  // Once per group and update, before the elements: takes the group's numbers one update on. Not for
  // rules that reach kAll, which change theirs themselves.
  virtual void Begin(const UpdateStep& step, absl::Span<double> numbers) const {
    (void)step, (void)numbers;
  }

  // kElements: does all that the step says, in one pass.
  virtual UpdateWatch Update(const UpdateStep& step, const UpdateRange<float>& range) const;
  virtual UpdateWatch Update(const UpdateStep& step, const UpdateRange<double>& range) const;
  // kParameter: the rule alone; what stands before and after it has been and will be done.
  virtual void UpdateParameter(const ParameterView<float>& parameter) const;
  virtual void UpdateParameter(const ParameterView<double>& parameter) const;
  // kAll and kLoss, likewise.
  virtual absl::Status UpdateAll(const WholeUpdate<float>& update) const;
  virtual absl::Status UpdateAll(const WholeUpdate<double>& update) const;

  // Whether the weights that are trained are not those to evaluate and save.
  virtual bool HasEvaluationWeights(const google::protobuf::Message& config) const {
    (void)config;
    return false;
  }
  // Those, into `out`; the range's weights and slots are only read. The step's rate is 0, and fields
  // that follow a schedule may have any value.
  virtual void EvaluationWeights(const UpdateStep& step, const UpdateRange<float>& range,
                                 float* out) const;
  virtual void EvaluationWeights(const UpdateStep& step, const UpdateRange<double>& range,
                                 double* out) const;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_OPTIMIZER_H_
