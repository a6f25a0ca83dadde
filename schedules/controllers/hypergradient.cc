// Follows the derivative of the loss with respect to the rate. That is minus the product of this
// update's gradient g with the direction u of the last change of the weights, w <- w + rate u; in
// its multiplicative form, both made to length 1:
//
//   scale <- clamp(scale * (1 + step_size * cos(g, -u)), min_scale, max_scale),   rate = in * scale
//
// So the scale grows while updates go on in one direction and shrinks when one takes the last one
// back; its change has no unit, and a step_size fits any model. Baydin, Cornish, Martinez Rubio,
// Schmidt & Wood 2018, "Online Learning Rate Adaptation with Hypergradient Descent",
// arXiv:1703.04782, in its multiplicative form. Autodiff makes it cheap: g is there
// anyway, u is the last update.
//
//   controller { hypergradient { step_size: 0.02 max_scale: 100 } }

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/controller_rule.pb.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

// The memory, in the order of State().
enum Number { kScale };

class Hypergradient final : public Controller {
 public:
  using Config = controller::Hypergradient;

  Hypergradient(const Config& config, ControllerScope*) : config_(config) {}

  std::vector<ControllerNumber> State() const override { return {{"scale", 1.0}}; }
  bool Watches(Section section) const override { return section == Section::kBatch; }
  bool NeedsAlignment() const override { return true; }

  Verdict Observe(const Observation& observation, ControllerNumbers* numbers,
                  std::string* cause) const override {
    const absl::optional<double>& alignment = observation.alignment;
    // The first update has none to compare with, and one without a gradient has no direction.
    if (!alignment.has_value() || !std::isfinite(*alignment)) return Verdict::kGoOn;
    const double cosine = std::max(-1.0, std::min(*alignment, 1.0));  // A rounding may lie outside.
    const double old = *(*numbers)[kScale];
    const double scale =
        std::max(config_.min_scale(),
                 std::min(old * (1 + config_.step_size() * cosine), config_.max_scale()));
    if (scale == old) return Verdict::kGoOn;
    (*numbers)[kScale] = scale;
    *cause = absl::StrCat(cosine > 0 ? "this update goes on in the direction of the last one"
                                     : "this update takes back a part of the last one",
                          " (cosine ", cosine, ")");
    return Verdict::kGoOn;
  }

  double Apply(double in, const Progress&, const ControllerNumbers& numbers) const override {
    return in * *numbers[kScale];
  }

 private:
  const Config config_;
};

GRADUS_REGISTER_CONTROLLER("gradus.ControllerConfig.hypergradient", Hypergradient);

}  // namespace
}  // namespace gradus
