// Optimizers that work element by element. A rule is a struct with the arithmetic of one element;
// this header makes the loop, for float and double and three instruction sets, with the framework's
// own work (weight decay, watching for numbers that are not finite) in the same pass over memory.
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
//     template <class F>
//     static Numbers<F> Prepare(const Config& c, double rate, int64_t t) {
//       return {F(rate), F(c.momentum())};
//     }
//     template <class F>
//     GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
//       v = n.momentum * v - n.rate * g;
//       w += v;
//     }
//   };
//   GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.sgd", Plain, Momentum, Nesterov);
//
// Step is compiled with -ffp-contract=off, so all instruction sets give the same bits. It must be
// plain arithmetic and std::sqrt, without branches where it should be fast.

#ifndef GRADUS_TRAIN_ELEMENTWISE_H_
#define GRADUS_TRAIN_ELEMENTWISE_H_

#include <array>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/train/optimizer.h"

namespace gradus {
namespace internal {

// All exponent bits set: infinity or NaN. In integers, so that the loop still vectorises.
GRADUS_INLINE uint32_t NotFinite(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
}
GRADUS_INLINE uint64_t NotFinite(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7ff0000000000000u) == 0x7ff0000000000000u ? 1u : 0u;
}

template <class Rule, class F, bool decays, size_t... slot>
struct ElementwiseLoop {
  using Numbers = typename Rule::template Numbers<F>;

  template <Isa>
  GRADUS_INLINE static void Run(const Numbers* numbers, const F* __restrict gradients,
                                F* __restrict weights, F* const* slots, int64_t count, F decay,
                                UpdateWatch* watch) {
    const Numbers n = *numbers;
    const std::array<F*, sizeof...(slot)> s = {slots[slot]...};
    decltype(NotFinite(F())) bad_gradient = 0, bad_weight = 0;
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      const F g = gradients[i];
      F w = weights[i];
      if (decays) w -= w * decay;
      std::array<F, sizeof...(slot)> local = {s[slot][i]...};
      Rule::template Step<F>(n, g, w, local[slot]...);
      weights[i] = w;
      ((s[slot][i] = local[slot]), ...);
      bad_gradient |= NotFinite(g);
      bad_weight |= NotFinite(w);
    }
    (void)s;
    watch->gradients_finite = bad_gradient == 0;
    watch->weights_finite = bad_weight == 0;
  }
};

template <class Rule, class F, size_t... slot>
UpdateWatch RunElementwise(const typename Rule::Config& config, const UpdateStep& step,
                           const UpdateRange<F>& range, std::index_sequence<slot...>) {
  const auto numbers = Rule::template Prepare<F>(config, step.rate, step.t);
  UpdateWatch watch;
  const F decay = static_cast<F>(step.decay);
  if (step.decay == 0) {
    ForIsa<ElementwiseLoop<Rule, F, false, slot...>>(
        &numbers, range.gradients, range.weights, range.slots.data(), range.count, decay, &watch);
  } else {
    ForIsa<ElementwiseLoop<Rule, F, true, slot...>>(&numbers, range.gradients, range.weights,
                                                    range.slots.data(), range.count, decay, &watch);
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

template <class... Rules>
class ElementwiseOptimizer final : public Optimizer {
 public:
  using Config = typename std::tuple_element<0, std::tuple<Rules...>>::type::Config;

  std::vector<SlotSpec> Slots(const google::protobuf::Message& message) const override {
    const auto& config = static_cast<const Config&>(message);
    std::vector<SlotSpec> slots;
    (void)((Rules::Serves(config) && (slots = Rules::Slots(config), true)) || ...);
    return slots;
  }

  void Check(const google::protobuf::Message& message, const ConfigPath& path,
             Diagnostics* diagnostics) const override {
    using First = typename std::tuple_element<0, std::tuple<Rules...>>::type;
    CheckWith<First>(static_cast<const Config&>(message), path, diagnostics, 0);
  }

  UpdateWatch Update(const UpdateStep& step, const UpdateRange<float>& range) const override {
    return UpdateWith<float>(step, range);
  }
  UpdateWatch Update(const UpdateStep& step, const UpdateRange<double>& range) const override {
    return UpdateWith<double>(step, range);
  }

 private:
  template <class First>
  static auto CheckWith(const Config& config, const ConfigPath& path, Diagnostics* diagnostics, int)
      -> decltype(First::Check(config, path, diagnostics)) {
    First::Check(config, path, diagnostics);
  }
  template <class First>
  static void CheckWith(const Config&, const ConfigPath&, Diagnostics*, long) {}

  template <class F, class Rule>
  static UpdateWatch RunOne(const Config& config, const UpdateStep& step,
                            const UpdateRange<F>& range) {
    constexpr size_t count = SlotCount<decltype(&Rule::template Step<F>)>::value;
    GRADUS_CHECK(range.slots.size() == count);
    return RunElementwise<Rule, F>(config, step, range, std::make_index_sequence<count>());
  }

  template <class F>
  static UpdateWatch UpdateWith(const UpdateStep& step, const UpdateRange<F>& range) {
    const auto& config = static_cast<const Config&>(*step.config);
    const auto& structure =
        step.structure == nullptr ? config : static_cast<const Config&>(*step.structure);
    UpdateWatch watch;
    const bool served =
        ((Rules::Serves(structure) && (watch = RunOne<F, Rules>(config, step, range), true)) ||
         ...);
    GRADUS_CHECK(served);
    return watch;
  }
};

}  // namespace internal

// The variants of one rule, of which the first that serves a config is used; all have the same
// Config. The first may have `static void Check(const Config&, const ConfigPath&, Diagnostics*)`.
#define GRADUS_REGISTER_ELEMENTWISE(key, ...)                                               \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                                 \
      (::gradus::Registry<::gradus::Optimizer>::Get().Add(                                  \
           key, std::make_unique<::gradus::internal::ElementwiseOptimizer<__VA_ARGS__>>()), \
       true)

}  // namespace gradus

#endif  // GRADUS_TRAIN_ELEMENTWISE_H_
