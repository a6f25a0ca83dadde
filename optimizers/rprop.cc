// Rprop: every weight has a step of its own that grows while its gradient keeps its sign and
// shrinks when the sign turns. For gradients of the whole data set: those of small batches turn by
// chance.
//
//   step <- step eta_plus    where g and the gradient before it have the same sign
//   step <- step eta_minus   where they have not; there g <- 0, and the next update does neither
//   step within step_min and step_max
//
//   w <- w - sign(g) step
//
// Riedmiller & Braun 1993; without going back: Igel & Huesken 2000 (iRprop-).
// NOTE: As in PyTorch. optax' form moves every weight one update late, which is not given here. The
// rate is what steps start from; what it is later changes nothing. But at rate 0 nothing moves,
// nothing is remembered, and a weight that has not begun does not begin.
//
//   optimizer { rprop { eta_minus: 0.5 eta_plus: 1.2 } learning_rate { constant: 0.01 } }

#include "absl/strings/str_cat.h"
#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Rprop {
  using Config = optimizer::Rprop;
  template <class F>
  struct Numbers {
    F rate, eta_minus, eta_plus, step_min, step_max;
  };

  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.step_min() > c.step_max()) {
      diagnostics->Error(
          "conflict", path.Child("step_min"),
          absl::StrCat("rprop: step_min ", c.step_min(), " is above step_max ", c.step_max()));
    }
  }
  static bool Serves(const Config&) { return true; }
  // A step of 0 has not begun: those that have are at least step_min.
  static std::vector<SlotSpec> Slots(const Config&) { return {{"previous_gradient"}, {"step"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return {F(step.rate), F(c.eta_minus()), F(c.eta_plus()), F(c.step_min()), F(c.step_max())};
  }
  template <class F>
  GRADUS_INLINE static F Sign(F x) {
    return F(x > 0) - F(x < 0);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& previous, F& step) {
    // Of signs and not of gradients, whose product may be too small for a number.
    const F agreement = Sign(g) * Sign(previous);
    F next = step == 0 ? n.rate : step;
    next *= agreement > 0 ? n.eta_plus : agreement < 0 ? n.eta_minus : F(1);
    next = next < n.step_min ? n.step_min : next;
    next = next > n.step_max ? n.step_max : next;
    const F kept = agreement < 0 ? F(0) : g;
    const bool moves = n.rate != 0;
    w = moves ? w - Sign(kept) * next : w;
    previous = moves ? kept : previous;
    step = moves ? next : step;
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.rprop", Rprop);

}  // namespace
}  // namespace gradus
