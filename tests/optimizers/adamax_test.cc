// Adamax beside a plain loop.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainAdamax {
  double w;
  bool inside;
  double m = 0, u = 0;

  void Update(const PlainStep& s) {
    const double beta1 = 0.8, beta2 = 0.9, epsilon = 1e-2;
    m = beta1 * m + (1 - beta1) * s.g;
    u = std::max(beta2 * u, std::abs(s.g) + (inside ? epsilon : 0));
    const double m_hat = m / (1 - std::pow(beta1, static_cast<double>(s.t)));
    w -= s.rate * m_hat / (inside ? u : u + epsilon);
  }
  double Evaluated() const { return w; }
};

TEST(AdamaxTest, FollowsAPlainLoopWithEpsilonInsideAndOutsideTheMaximum) {
  for (const bool inside : {false, true}) {
    const std::string text = "adamax { beta1: 0.8 beta2: 0.9 epsilon: 1e-2 ";
    ExpectAsPlain(text + (inside ? "epsilon_inside_maximum: true }" : "}"), [inside](double w) {
      return PlainAdamax{w, inside};
    });
  }
}

}  // namespace
}  // namespace gradus
