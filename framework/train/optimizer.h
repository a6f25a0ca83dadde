// The contract of an update rule. A rule is stateless: it declares the slots it needs per
// parameter, and the framework owns, saves and restores them by name and provides everything that
// is not the rule.
//
// Most rules are element by element and are written once, for one element of any type;
// elementwise.h makes an Optimizer of that.

#ifndef GRADUS_TRAIN_OPTIMIZER_H_
#define GRADUS_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/registry.h"

namespace gradus {

// One buffer in the parameters' layout, saved as "<parameter>/<name>".
struct SlotSpec {
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
};

// What an update saw, gathered in the pass that updates.
struct UpdateWatch {
  bool gradients_finite = true;
  bool weights_finite = true;
};

// What a rule is told about the update as a whole.
struct UpdateStep {
  // The rule's message with this update's numbers.
  const google::protobuf::Message* config = nullptr;
  double rate = 0;
  int64_t t = 1;  // The number of this update, counted from 1.
  // Before the rule, weights are multiplied by 1 - decay.
  double decay = 0;
  // The message with a number in every field that follows a schedule, 0 or not at the moment: what
  // Slots were asked with, and what a choice between variants must be made by. Null: `config`.
  const google::protobuf::Message* structure = nullptr;
};

// Thread safety: immutable; ranges that do not overlap may be updated at the same time, and the
// result does not depend on how a block is cut into ranges.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::vector<SlotSpec> Slots(const google::protobuf::Message& config) const = 0;
  // Rules between fields; rules of single fields stand in the proto.
  virtual void Check(const google::protobuf::Message& config, const ConfigPath& path,
                     Diagnostics* diagnostics) const {
    (void)config, (void)path, (void)diagnostics;
  }
  virtual UpdateWatch Update(const UpdateStep& step, const UpdateRange<float>& range) const = 0;
  virtual UpdateWatch Update(const UpdateStep& step, const UpdateRange<double>& range) const = 0;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_OPTIMIZER_H_
