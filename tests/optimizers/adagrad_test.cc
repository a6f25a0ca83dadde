// Adagrad beside plain loops.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainAdagrad {
  double w, a, rate_decay;

  void Update(const PlainStep& s) {
    a += s.g * s.g;
    w -= s.rate / (1 + (s.t - 1) * rate_decay) * s.g / (std::sqrt(a) + 1e-3);
  }
  double Evaluated() const { return w; }
};

TEST(AdagradTest, TheRateFallsWithTheUpdatesBesideItsSchedule) {
  ExpectAsPlain("adagrad { epsilon: 1e-3 epsilon_inside_root: false rate_decay: 0.1 }",
                [](double w) {
                  return PlainAdagrad{w, 0.1, 0.1};
                });
  ExpectAsPlain("adagrad { epsilon: 1e-3 epsilon_inside_root: false initial_accumulator_value: 2 }",
                [](double w) {
                  return PlainAdagrad{w, 2, 0};
                });
}

}  // namespace
}  // namespace gradus
