// Schedule-free Adam: the steps of schedule-free gradient descent (optimizers/schedule_free.h) with
// beta = beta1, in the direction of the gradient divided by the average of its size.
//
//   v <- v + (1 - beta2) (g^2 - v)
//   d = g / (sqrt(v / (1 - beta2^t)) + epsilon) + decay_at_y y
//
// Defazio et al. 2024, arXiv:2405.15682.
// NOTE: As in the authors' package, whose weight decay is decay_at_y. Keras weights all updates
// equally in the average (`weight_lr_power: 0`), decays y alone, as the optimizer's weight_decay
// does here too, and evaluates y until it is told to swap.
//
//   optimizer { schedule_free_adamw { warmup_steps: 100 } learning_rate { constant: 0.0025 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "optimizers/schedule_free.h"

namespace gradus {
namespace {

struct ScheduleFreeAdamw {
  using Config = optimizer::ScheduleFreeAdamw;
  template <class F>
  struct Numbers {
    schedule_free::Numbers<F> shared;
    F one_minus_beta2, root_correction, epsilon, decay;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) {
    return {schedule_free::ZSlot(), {"velocity"}};
  }
  static std::vector<NumberSpec> Memory(const Config&) { return schedule_free::Memory(); }
  static void Begin(const Config& c, const UpdateStep& step, absl::Span<double> memory) {
    schedule_free::Begin(c, step, memory);
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double correction = 1 - std::pow(c.beta2(), static_cast<double>(step.t));
    return {schedule_free::Numbers<F>::From(c, step, c.beta1()), F(1 - c.beta2()),
            F(1 / std::sqrt(correction)), F(c.epsilon()), F(c.decay_at_y())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& y, F& z, F& v) {
    v += n.one_minus_beta2 * (g * g - v);
    n.shared.Step(g / (std::sqrt(v) * n.root_correction + n.epsilon) + n.decay * y, y, z);
  }
  template <class F>
  static F Evaluate(const Numbers<F>& n, F y, F z, F) {
    return n.shared.Evaluate(y, z);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.schedule_free_adamw", ScheduleFreeAdamw);

}  // namespace
}  // namespace gradus
