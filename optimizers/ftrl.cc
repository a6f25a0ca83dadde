// Follow the regularized leader: every update solves anew for the weights that would have been best
// for all linearised losses so far, with l1 and l2; weights that l1 outweighs are exactly 0.
//
//   p = -learning_rate_power
//   n' = n + g^2,  z <- z + g + 2 l2_shrinkage w - s w,  s = (n'^p - n^p) / rate
//   w <- 0 if |z| <= l1, otherwise (sign(z) l1 - z) / ((n'^p + beta) / rate + 2 l2),  n <- n'
//   rate_changes_keep_weights: s = (n'^p + beta) / rate - (n^p + beta) / (last update's rate)
//
// McMahan et al. 2013, "Ad click prediction: a view from the trenches", KDD.
// NOTE: As in Keras and TensorFlow (Keras' beta / (2 rate) in its l2 is the beta above), so z knows
// nothing of the weights that training starts from, and the first update nearly discards them. Also
// as there, s takes the present rate for both terms: when the rate is halved, weights are halved.
// With rate_changes_keep_weights the sum of all s is what the paper's formula asks for under any
// schedule. The formula divides by the rate: at rate 0 nothing moves and no slot changes.
//
//   optimizer { ftrl { l1_regularization_strength: 0.001 } learning_rate { constant: 0.05 } }

#include <cmath>
#include <type_traits>

#include "gradus/base/vector_math.h"
#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct SquareRoot {
  template <class F>
  GRADUS_INLINE static F Of(F n, F) {
    return std::sqrt(n);
  }
};
struct AnyPower {
  GRADUS_INLINE static float Of(float n, float power) { return vector_math::Power(n, power); }
  GRADUS_INLINE static double Of(double n, double power) { return std::pow(n, power); }
};

template <class Power>
struct Ftrl {
  using Config = optimizer::Ftrl;
  template <class F>
  struct Numbers {
    F moves;  // 0 at rate 0; a number, because a loop with a truth value in it is not vectorised.
    F power, inverse_rate, inverse_rate_change, l1, two_l2, two_shrinkage, beta;
  };

  static bool Serves(const Config& c) {
    return std::is_same<Power, AnyPower>::value || c.learning_rate_power() == -0.5;
  }
  static std::vector<SlotSpec> Slots(const Config& c) {
    return {{"accumulator", c.initial_accumulator_value()}, {"linear"}};
  }
  // The last two rates that were not 0; 0 where there was none.
  static std::vector<NumberSpec> Memory(const Config& c) {
    if (!c.rate_changes_keep_weights()) return {};
    return {{"rate"}, {"rate_before"}};
  }
  static void Begin(const Config& c, const UpdateStep& step, absl::Span<double> memory) {
    if (!c.rate_changes_keep_weights() || step.rate == 0) return;
    memory[1] = memory[0];
    memory[0] = step.rate;
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double inverse_rate = step.rate == 0 ? 0 : 1 / step.rate;
    double change = 0;
    if (c.rate_changes_keep_weights() && step.numbers[1] != 0) {
      change = inverse_rate - 1 / step.numbers[1];
    }
    return {F(step.rate != 0 ? 1 : 0),
            F(-c.learning_rate_power()),
            F(inverse_rate),
            F(change),
            F(c.l1_regularization_strength()),
            F(2 * c.l2_regularization_strength()),
            F(2 * c.l2_shrinkage_regularization_strength()),
            F(c.beta())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& accumulator, F& linear) {
    const F grown = accumulator + g * g;
    const F before = Power::Of(accumulator, n.power), after = Power::Of(grown, n.power);
    const F sigma = (after - before) * n.inverse_rate + (before + n.beta) * n.inverse_rate_change;
    const F z = linear + g + n.two_shrinkage * w - sigma * w;
    F excess = z < -n.l1 ? -n.l1 : z;
    excess = (excess > n.l1 ? n.l1 : excess) - z;
    // Where nothing pulls, the divisor may be 0 too. Chosen before it is divided by, so that all of it
    // is plain arithmetic.
    const F divisor = (after + n.beta) * n.inverse_rate + n.two_l2;
    const F solved = excess / (excess == 0 ? F(1) : divisor);
    w = n.moves > 0 ? solved : w;
    accumulator = n.moves > 0 ? grown : accumulator;
    linear = n.moves > 0 ? z : linear;
  }
};

using FtrlRoot = Ftrl<SquareRoot>;
using FtrlPower = Ftrl<AnyPower>;

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.ftrl", FtrlRoot, FtrlPower);

}  // namespace
}  // namespace gradus
