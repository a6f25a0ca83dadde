// Schedule-free gradient descent: the last weights of a run need no falling rate, because what is
// evaluated and saved is their average x. The formulas stand in optimizers/schedule_free.h; the
// direction d is the gradient, beta is `momentum`.
//
// Defazio et al. 2024, arXiv:2405.15682.
// NOTE: As in the authors' package; its weight decay is added to the gradient at y, which is the
// optimizer's with `weight_decay_form: COUPLED`. optax counts its warm-up differently for the
// average and for the step, which is not given here.
//
//   optimizer { schedule_free_sgd { momentum: 0.9 warmup_steps: 100 } learning_rate { constant: 1 }
//   }

#include "gradus/optimizer_rule.pb.h"
#include "optimizers/schedule_free.h"

namespace gradus {
namespace {

struct ScheduleFreeSgd {
  using Config = optimizer::ScheduleFreeSgd;
  template <class F>
  using Numbers = schedule_free::Numbers<F>;

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {schedule_free::ZSlot()}; }
  static std::vector<NumberSpec> Memory(const Config&) { return schedule_free::Memory(); }
  static void Begin(const Config& c, const UpdateStep& step, absl::Span<double> memory) {
    schedule_free::Begin(c, step, memory);
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return Numbers<F>::From(c, step, c.momentum());
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& y, F& z) {
    n.Step(g, y, z);
  }
  template <class F>
  static F Evaluate(const Numbers<F>& n, F y, F z) {
    return n.Evaluate(y, z);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.schedule_free_sgd", ScheduleFreeSgd);

}  // namespace
}  // namespace gradus
