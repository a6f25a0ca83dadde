// Adam beside plain loops: where the epsilons are added and what AMSGrad keeps; and with the decay
// that passes through its averages.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

// As the libraries write it, with corrected averages; what is not corrected is corrected back.
struct PlainAdam {
  double w;
  bool amsgrad, after, maximum_corrected;
  double m = 0, v = 0, largest = 0;

  void Update(const PlainStep& s) {
    const double beta1 = 0.8, beta2 = 0.9, epsilon = 1e-3, epsilon_root = 1e-4;
    const double t = static_cast<double>(s.t);
    m = beta1 * m + (1 - beta1) * s.g;
    v = beta2 * v + (1 - beta2) * s.g * s.g;
    const double m_hat = m / (1 - std::pow(beta1, t)), start = 1 - std::pow(beta2, t);
    largest = std::max(largest, maximum_corrected ? v / start : v);
    const double v_hat = amsgrad && maximum_corrected ? largest : (amsgrad ? largest : v) / start;
    if (after) {
      w -= s.rate * m_hat / (std::sqrt(v_hat + epsilon_root) + epsilon);
    } else {
      w -= s.rate * m_hat * std::sqrt(start) / (std::sqrt(v_hat * start + epsilon_root) + epsilon);
    }
  }
  double Evaluated() const { return w; }
};

TEST(AdamTest, FollowsAPlainLoopInEverySetting) {
  for (const char* rule : {"adam", "adamw"}) {
    const std::string common =
        std::string(rule) + " { beta1: 0.8 beta2: 0.9 epsilon: 1e-3 epsilon_root: 1e-4 ";
    for (const bool after : {false, true}) {
      const std::string text = common + (after ? "epsilon_after_correction: true " : "");
      ExpectAsPlain(text + "}", [&](double w) { return PlainAdam{w, false, after, false}; });
      ExpectAsPlain(text + "amsgrad: true }", [&](double w) {
        return PlainAdam{w, true, after, false};
      });
      ExpectAsPlain(text + "amsgrad: true amsgrad_corrected: true }", [&](double w) {
        return PlainAdam{w, true, after, true};
      });
    }
  }
}

// PyTorch's Adam with weight_decay 0.01: the decay is the framework's l2.
TEST(AdamTest, DecayInsideTheGradientIsPyTorchsAdamWithWeightDecay) {
  const auto parsed = ParseOptimizer("adam { epsilon: 1e-8 epsilon_after_correction: true }");
  ASSERT_TRUE(parsed.ok());
  UpdateStep stages;
  stages.rate = 0.1;
  stages.l2 = 0.01;
  const std::vector<double> weights = GoldenUpdatesWith(**parsed, stages);
  const std::vector<double> golden = {0.7935999338, -1.966023543, 0.3650166124};
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(weights[i], golden[i], 5e-10);
}

}  // namespace
}  // namespace gradus
