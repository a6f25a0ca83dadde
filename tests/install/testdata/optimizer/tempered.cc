// An update rule outside of the tree: w <- w - r g / (1 + temperature |g|).

#include <cmath>

#include "gradus/train/elementwise.h"
#include "tempered.pb.h"

namespace acme {
namespace {

struct Descent {
  using Config = Tempered;
  template <class F>
  struct Numbers {
    F rate, temperature;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<gradus::SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const gradus::UpdateStep& step) {
    return {F(step.rate), F(c.temperature())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g / (F(1) + n.temperature * std::abs(g));
  }
};

GRADUS_REGISTER_ELEMENTWISE("acme.tempered", Descent);

}  // namespace
}  // namespace acme
