// leaky_relu, silu, mish, hard_swish, gelu_tanh and their gradients: x times a gate that x opens.

#include <cmath>

#include "gradus/op.pb.h"
#include "tests/ops/elementwise_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

double Logistic(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double TanhOfSoftplus(double x) {
  return std::tanh((x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))));
}

const double kRootOfTwoOverPi = std::sqrt(2 / std::acos(-1.0));
double Cubic(double x) { return kRootOfTwoOverPi * (x + 0.044715 * x * x * x); }

const bool kReferences =
    RegisterReference<op::LeakyRelu>(UnaryReference([](const op::LeakyRelu& config, double x) {
      return x > 0 ? x : config.negative_slope() * x;
    })) &&
    RegisterReference<op::LeakyReluGrad>(
        BinaryReference([](const op::LeakyReluGrad& config, double dy, double y) {
          return y > 0 ? dy : config.negative_slope() * dy;
        })) &&
    RegisterReference<op::Silu>(UnaryReference([](double x) { return x * Logistic(x); })) &&
    RegisterReference<op::SiluGrad>(BinaryReference(
        [](double dy, double x) { return dy * (Logistic(x) + x * Logistic(x) * Logistic(-x)); })) &&
    RegisterReference<op::Mish>(UnaryReference([](double x) { return x * TanhOfSoftplus(x); })) &&
    RegisterReference<op::MishGrad>(BinaryReference([](double dy, double x) {
      const double t = TanhOfSoftplus(x);
      return dy * (t + x * Logistic(x) * (1 - t * t));
    })) &&
    RegisterReference<op::HardSwish>(
        UnaryReference([](double x) { return x * std::fmin(std::fmax(x + 3, 0.0), 6.0) / 6; })) &&
    RegisterReference<op::HardSwishGrad>(BinaryReference([](double dy, double x) {
      return x <= -3 ? 0 : x >= 3 ? dy : dy * (x / 3 + 0.5);
    })) &&
    // (1 + tanh u) / 2 = Logistic(2 u), which keeps its digits for negative u.
    RegisterReference<op::GeluTanh>(
        UnaryReference([](double x) { return x * Logistic(2 * Cubic(x)); })) &&
    RegisterReference<op::GeluTanhGrad>(BinaryReference([](double dy, double x) {
      const double s = Logistic(2 * Cubic(x)), other = Logistic(-2 * Cubic(x));
      const double slope = 2 * kRootOfTwoOverPi * (1 + 3 * 0.044715 * x * x);
      return dy * (s + x * s * other * slope);
    }));

InputSample Range(double low, double high, std::vector<double> kinks = {}) {
  InputSample input;
  input.low = low;
  input.high = high;
  input.kinks = std::move(kinks);
  return input;
}

// Both tails, both sides of 0 and of every change from one formula to another.
const std::vector<double>& Special() {
  static const auto* const values = new std::vector<double>{
      -1000, -105,  -103,  -89,  -50,   -20.5, -19.5, -16.64, -15.5, -14.5, -10,  -5,
      -4.15, -3.01, -2.99, -1,   -1e-3, -1e-8, 0,     1e-8,   1e-3,  1,     2.99, 3.01,
      5,     8,     14.5,  15.5, 19.5,  20.5,  50,    103,    105,   1000};
  return *values;
}

// The standard shapes, and the special numbers as the last input.
template <class ConfigType>
std::vector<OpSample> With(const ConfigType& config, const std::vector<InputSample>& inputs,
                           double absolute = 1e-6) {
  std::vector<OpSample> samples = ElementwiseSamples(config, inputs);
  OpSample special;
  special.note = "special numbers";
  special.config = std::make_shared<ConfigType>(config);
  special.inputs = inputs;
  for (InputSample& input : special.inputs) {
    input.spec.shape = Shape::Fixed({static_cast<int64_t>(Special().size())});
  }
  special.inputs.back().values = Special();
  special.inputs.back().differentiable = false;
  samples.push_back(std::move(special));
  for (OpSample& sample : samples) sample.absolute = absolute;
  return samples;
}

template <class ConfigType>
std::vector<OpSample> WithSlopes(const std::vector<InputSample>& inputs) {
  std::vector<OpSample> samples;
  for (const double slope : {0.2, 0.0, 0.01, 1.5}) {
    ConfigType config;
    config.set_negative_slope(slope);
    for (OpSample& sample : With(config, inputs)) samples.push_back(std::move(sample));
  }
  return samples;
}

GRADUS_OP_SAMPLES(op::LeakyRelu, [] { return WithSlopes<op::LeakyRelu>({Range(-1, 1, {0})}); });
GRADUS_OP_SAMPLES(op::LeakyReluGrad, [] {
  return WithSlopes<op::LeakyReluGrad>({{}, Range(-1, 1, {0})});
});

GRADUS_OP_SAMPLES(op::Silu, [] { return With(op::Silu(), {Range(-5, 5)}); });
GRADUS_OP_SAMPLES(op::SiluGrad, [] { return With(op::SiluGrad(), {{}, Range(-5, 5)}); });
GRADUS_OP_SAMPLES(op::Mish, [] { return With(op::Mish(), {Range(-5, 5)}); });
GRADUS_OP_SAMPLES(op::MishGrad, [] { return With(op::MishGrad(), {{}, Range(-5, 5)}); });
GRADUS_OP_SAMPLES(op::HardSwish, [] { return With(op::HardSwish(), {Range(-5, 5, {-3, 3})}); });
GRADUS_OP_SAMPLES(op::HardSwishGrad, [] {
  return With(op::HardSwishGrad(), {{}, Range(-5, 5, {-3, 3})});
});
// oneDNN's tanh near -1 is off by 1e-7, which is multiplied by x and, in the gradient, by x^3.
GRADUS_OP_SAMPLES(op::GeluTanh, [] { return With(op::GeluTanh(), {Range(-4, 4)}, 2e-6); });
GRADUS_OP_SAMPLES(op::GeluTanhGrad, [] {
  return With(op::GeluTanhGrad(), {{}, Range(-4, 4)}, 2e-6);
});

}  // namespace
}  // namespace gradus
