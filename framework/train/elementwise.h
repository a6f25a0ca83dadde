// Optimizers that work element by element. A rule is a struct with the arithmetic of one element;
// this header makes the loop, for float and double and three instruction sets, with the framework's
// own work (clipping factor, weight decay, average of the weights, watching for numbers that are not
// finite) in the same pass over memory.
//
//   struct Momentum {
//     using Config = optimizer::Sgd;
//     // Which configs this variant is for.
//     static bool Serves(const Config& c) { return c.momentum() > 0; }
//     static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
//     template <class F>
//     struct Numbers {
//       F rate, momentum;
//     };
//     // Once for a range, in double: everything that is the same for all elements.
//     template <class F>
//     static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
//       return {F(step.rate), F(c.momentum())};
//     }
//     template <class F>
//     GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
//       v = n.momentum * v - n.rate * g;
//       w += v;
//     }
//   };
//   GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.sgd", Plain, Momentum, Nesterov);
//
// A variant may also have
//
//   // Rules between fields; of the first variant only.
//   static void Check(const Config&, const ConfigPath&, Diagnostics*);
//   // Numbers of the whole group that go on from update to update (a product, a maximum), and how;
//   // Prepare finds them in step.numbers.
//   static std::vector<NumberSpec> Memory(const Config&);
//   static void Begin(const Config&, const UpdateStep&, absl::Span<double> memory);
//   // The weight to evaluate and save, when it is not the one that is trained. The rate is not known
//   // then (0), nor are numbers that follow a schedule: only what stays, slots and the memory.
//   template <class F> static F Evaluate(const Numbers<F>& n, F w, F slot...);
//
// Step is compiled with -ffp-contract=off, so all instruction sets give the same bits. It must be
// plain arithmetic and std::sqrt, without branches where it should be fast.

#ifndef GRADUS_TRAIN_ELEMENTWISE_H_
#define GRADUS_TRAIN_ELEMENTWISE_H_

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/rule_traits.h"
#include "gradus/train/update_stages.h"

namespace gradus {
namespace internal {

// With neutral numbers the stages change nothing, so few loops will do: without them, with all, and
// with all and the average.
enum class Stages { kNone, kAll, kAllAndAverage };

template <class Rule, class F, Stages stages, size_t... slot>
struct ElementwiseLoop {
  using Numbers = typename Rule::template Numbers<F>;

  template <Isa>
  GRADUS_INLINE static void Run(const Numbers* numbers, const StageNumbers<F>* around,
                                const F* __restrict gradients, F* __restrict weights,
                                F* const* slots, F* __restrict averages, int64_t count,
                                UpdateWatch* watch) {
    const Numbers n = *numbers;
    const StageNumbers<F> stage = *around;
    const std::array<F*, sizeof...(slot)> s = {slots[slot]...};
    decltype(NotFinite(F())) bad_gradient = 0, bad_weight = 0;
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      F g = gradients[i];
      F w = weights[i];
      bad_gradient |= NotFinite(g);
      if (stages != Stages::kNone) stage.Before(g, w);
      std::array<F, sizeof...(slot)> local = {s[slot][i]...};
      Rule::template Step<F>(n, g, w, local[slot]...);
      weights[i] = w;
      ((s[slot][i] = local[slot]), ...);
      if (stages == Stages::kAllAndAverage) stage.After(w, averages[i]);
      bad_weight |= NotFinite(w);
    }
    (void)s, (void)stage, (void)averages;
    watch->gradients_finite = bad_gradient == 0;
    watch->weights_finite = bad_weight == 0;
  }
};

template <class Rule, class F, size_t... slot>
UpdateWatch RunElementwise(const typename Rule::Config& config, const UpdateStep& step,
                           const UpdateRange<F>& range, std::index_sequence<slot...>) {
  const typename Rule::template Numbers<F> numbers = Rule::template Prepare<F>(config, step);
  const StageNumbers<F> stage(step);
  UpdateWatch watch;
  const auto run = [&](auto loop) {
    ForIsa<decltype(loop)>(&numbers, &stage, range.gradients, range.weights, range.slots.data(),
                           range.average, range.count, &watch);
  };
  if (range.average != nullptr) {
    run(ElementwiseLoop<Rule, F, Stages::kAllAndAverage, slot...>());
  } else if (HasStages(step)) {
    run(ElementwiseLoop<Rule, F, Stages::kAll, slot...>());
  } else {
    run(ElementwiseLoop<Rule, F, Stages::kNone, slot...>());
  }
  return watch;
}

// The number of slots that Rule::Step takes beside numbers, gradient and weight.
template <class Step>
struct SlotCount;
template <class N, class F, class... S>
struct SlotCount<void (*)(const N&, F, F&, S...)> {
  static constexpr size_t value = sizeof...(S);
};

template <class Rule, class F, size_t... slot>
void RunEvaluate(const typename Rule::Config& config, const UpdateStep& step,
                 const UpdateRange<F>& range, F* out, std::index_sequence<slot...>) {
  const typename Rule::template Numbers<F> numbers = Rule::template Prepare<F>(config, step);
  for (int64_t i = 0; i < range.count; ++i) {
    out[i] = Rule::template Evaluate<F>(numbers, range.weights[i], range.slots[slot][i]...);
  }
}

template <class... Rules>
class ElementwiseOptimizer final : public Optimizer {
 public:
  using First = typename std::tuple_element<0, std::tuple<Rules...>>::type;
  using Config = typename First::Config;

  const google::protobuf::Descriptor* config_type() const override { return Config::descriptor(); }

  std::vector<SlotSpec> Slots(const google::protobuf::Message& message) const override {
    std::vector<SlotSpec> slots;
    WithVariant(message, [&](auto rule) { slots = decltype(rule)::Slots(Of(message)); });
    return slots;
  }

  std::vector<NumberSpec> Numbers(const google::protobuf::Message& message) const override {
    std::vector<NumberSpec> numbers;
    WithVariant(message, [&](auto rule) {
      using Rule = decltype(rule);
      if constexpr (RuleHasMemory<Rule>::value) numbers = Rule::Memory(Of(message));
    });
    return numbers;
  }

  void Check(const google::protobuf::Message& message, const ConfigPath& path,
             Diagnostics* diagnostics) const override {
    if constexpr (RuleHasCheck<First>::value) First::Check(Of(message), path, diagnostics);
    (void)message, (void)path, (void)diagnostics;
  }

  std::string WhyNot(const google::protobuf::Message& message) const override {
    std::string why_not = "none of its variants serves this configuration";
    WithVariant(message, [&](auto rule) {
      using Rule = decltype(rule);
      const size_t declared = Rule::Slots(Of(message)).size();
      const size_t taken = SlotCount<decltype(&Rule::template Step<double>)>::value;
      why_not = declared == taken ? ""
                                  : absl::StrCat("its Step takes ", taken, " slots, and its Slots are ",
                                                 declared);
    });
    return why_not;
  }

  void Begin(const UpdateStep& step, absl::Span<double> numbers) const override {
    WithVariant(StructureOf(step), [&](auto rule) {
      using Rule = decltype(rule);
      if constexpr (RuleHasBegin<Rule>::value) Rule::Begin(Of(*step.config), step, numbers);
    });
    (void)numbers;
  }

  UpdateWatch Update(const UpdateStep& step, const UpdateRange<float>& range) const override {
    return UpdateWith<float>(step, range);
  }
  UpdateWatch Update(const UpdateStep& step, const UpdateRange<double>& range) const override {
    return UpdateWith<double>(step, range);
  }

  bool HasEvaluationWeights(const google::protobuf::Message& message) const override {
    bool has = false;
    WithVariant(message, [&](auto rule) { has = RuleHasEvaluate<decltype(rule)>::value; });
    return has;
  }
  void EvaluationWeights(const UpdateStep& step, const UpdateRange<float>& range,
                         float* out) const override {
    EvaluateWith<float>(step, range, out);
  }
  void EvaluationWeights(const UpdateStep& step, const UpdateRange<double>& range,
                         double* out) const override {
    EvaluateWith<double>(step, range, out);
  }

 private:
  static const Config& Of(const google::protobuf::Message& message) {
    return static_cast<const Config&>(message);
  }
  static const google::protobuf::Message& StructureOf(const UpdateStep& step) {
    return step.structure == nullptr ? *step.config : *step.structure;
  }

  // Calls `use` with the first variant that serves the config.
  template <class Use>
  static void WithVariant(const google::protobuf::Message& message, const Use& use) {
    const Config& config = Of(message);
    (void)((Rules::Serves(config) && (use(Rules()), true)) || ...);
  }

  template <class F>
  static UpdateWatch UpdateWith(const UpdateStep& step, const UpdateRange<F>& range) {
    UpdateWatch watch;
    WithVariant(StructureOf(step), [&](auto rule) {
      using Rule = decltype(rule);
      constexpr size_t count = SlotCount<decltype(&Rule::template Step<F>)>::value;
      GRADUS_CHECK(range.slots.size() == count);
      watch = RunElementwise<Rule, F>(Of(*step.config), step, range,
                                      std::make_index_sequence<count>());
    });
    return watch;
  }

  template <class F>
  static void EvaluateWith(const UpdateStep& step, const UpdateRange<F>& range, F* out) {
    WithVariant(StructureOf(step), [&](auto rule) {
      using Rule = decltype(rule);
      constexpr size_t count = SlotCount<decltype(&Rule::template Step<F>)>::value;
      if constexpr (RuleHasEvaluate<Rule>::value) {
        RunEvaluate<Rule, F>(Of(*step.config), step, range, out, std::make_index_sequence<count>());
      }
    });
  }
};

}  // namespace internal

// The variants of one rule, of which the first that serves a config is used; all have the same
// Config.
#define GRADUS_REGISTER_ELEMENTWISE(key, ...)                                               \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                                 \
      (::gradus::Registry<::gradus::Optimizer>::Get().Add(                                  \
           key, std::make_unique<::gradus::internal::ElementwiseOptimizer<__VA_ARGS__>>()), \
       true)

}  // namespace gradus

#endif  // GRADUS_TRAIN_ELEMENTWISE_H_
