// An elementwise rule as an author would write it.
//
//   m <- memory m + (1 - memory) g
//   w <- w - rate m / (|m| + softness)
//
//   optimizer { [acme.tilt] { memory: 0.9 } learning_rate { constant: 0.01 } }

#include <cmath>
#include <vector>

#include "acme/tilt.pb.h"
#include "gradus/base/plugin.h"
#include "gradus/train/elementwise.h"

GRADUS_PLUGIN("tilt.descriptor_set");

namespace acme {
namespace {

struct TiltRule {
  using Config = Tilt;
  template <class F>
  struct Numbers {
    F rate, memory, rest, softness;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<gradus::SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const gradus::UpdateStep& step) {
    return {F(step.rate), F(c.memory()), F(1 - c.memory()), F(c.softness())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m) {
    m = n.memory * m + n.rest * g;
    w -= n.rate * m / (std::abs(m) + n.softness);
  }
};

GRADUS_REGISTER_ELEMENTWISE("acme.tilt", TiltRule);

}  // namespace
}  // namespace acme
