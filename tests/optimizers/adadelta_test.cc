// Adadelta beside a plain loop.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainAdadelta {
  double w, rho, epsilon, squares = 0, updates = 0;

  void Update(const PlainStep& s) {
    squares += (1 - rho) * (s.g * s.g - squares);
    const double d = std::sqrt((updates + epsilon) / (squares + epsilon)) * s.g;
    updates += (1 - rho) * (d * d - updates);
    w -= s.rate * d;
  }
  double Evaluated() const { return w; }
};

TEST(AdadeltaTest, RemembersUpdatesAsTheyAreBeforeTheRate) {
  ExpectAsPlain("adadelta {}", [](double w) { return PlainAdadelta{w, 0.95, 1e-7}; });
  ExpectAsPlain("adadelta { rho: 0.5 epsilon: 1e-2 }", [](double w) {
    return PlainAdadelta{w, 0.5, 1e-2};
  });
}

}  // namespace
}  // namespace gradus
