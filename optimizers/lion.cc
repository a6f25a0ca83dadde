// Lion: the sign of a momentum, so that every weight moves by the rate.
//
//   w <- w - rate sign(beta1 m + (1 - beta1) g)
//   m <- beta2 m + (1 - beta2) g
//   direction TANH: tanh(sharpness x) in the place of sign(x);  CLIPPED: x within -1 and 1
//
// Chen et al. 2023, arXiv:2302.06675.
// NOTE: As in Keras and optax (modes hard, smooth and refined). optax decays with 1e-3 unless told
// otherwise, Keras and this do not: write `weight_decay: 1e-3` for optax' numbers.
//
//   optimizer { lion { beta2: 0.99 } learning_rate { constant: 0.0001 } weight_decay: 0.1 }

#include <cmath>

#include "gradus/base/vector_math.h"
#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Sign {
  template <class F>
  GRADUS_INLINE static F Of(F x, F) {
    return F(x > 0) - F(x < 0);
  }
};
struct Tanh {
  GRADUS_INLINE static float Of(float x, float sharpness) {
    return vector_math::Tanh(sharpness * x);
  }
  GRADUS_INLINE static double Of(double x, double sharpness) { return std::tanh(sharpness * x); }
};
struct Clipped {
  template <class F>
  GRADUS_INLINE static F Of(F x, F) {
    x = x < -1 ? F(-1) : x;
    return x > 1 ? F(1) : x;
  }
};

template <class Direction, optimizer::Lion::Direction direction>
struct Lion {
  using Config = optimizer::Lion;
  template <class F>
  struct Numbers {
    F rate, beta1, one_minus_beta1, beta2, one_minus_beta2, sharpness;
  };

  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.has_sharpness() && c.direction() != Config::TANH) {
      diagnostics->Error("conflict", path.Child("sharpness"),
                         "lion: sharpness is set, but direction is not TANH",
                         "write direction: TANH");
    }
  }
  static bool Serves(const Config& c) { return c.direction() == direction; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return {F(step.rate), F(c.beta1()),     F(1 - c.beta1()),
            F(c.beta2()), F(1 - c.beta2()), F(c.sharpness())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m) {
    w -= n.rate * Direction::Of(n.beta1 * m + n.one_minus_beta1 * g, n.sharpness);
    m = n.beta2 * m + n.one_minus_beta2 * g;
  }
};

using SignLion = Lion<Sign, optimizer::Lion::SIGN>;
using TanhLion = Lion<Tanh, optimizer::Lion::TANH>;
using ClippedLion = Lion<Clipped, optimizer::Lion::CLIPPED>;

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.lion", SignLion, TanhLion, ClippedLion);

}  // namespace
}  // namespace gradus
