// relu, elu, sigmoid, tanh, gelu, softplus and their gradients.

#include <cmath>

#include "gradus/op.pb.h"
#include "tests/ops/elementwise_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

double Logistic(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double Cumulative(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double Density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0)); }

const bool kReferences =
    RegisterReference<op::Relu>(UnaryReference([](double x) { return x > 0 ? x : 0.0; })) &&
    RegisterReference<op::ReluGrad>(
        BinaryReference([](double dy, double y) { return y > 0 ? dy : 0.0; })) &&
    RegisterReference<op::Elu>(UnaryReference([](const op::Elu& config, double x) {
      return x > 0 ? x : config.alpha() * std::expm1(x);
    })) &&
    RegisterReference<op::EluGrad>(
        BinaryReference([](const op::EluGrad& config, double dy, double y) {
          return y > 0 ? dy : dy * (y + config.alpha());
        })) &&
    RegisterReference<op::Sigmoid>(UnaryReference([](double x) { return Logistic(x); })) &&
    RegisterReference<op::SigmoidGrad>(
        BinaryReference([](double dy, double y) { return dy * y * (1 - y); })) &&
    RegisterReference<op::Tanh>(UnaryReference([](double x) { return std::tanh(x); })) &&
    RegisterReference<op::TanhGrad>(
        BinaryReference([](double dy, double y) { return dy * (1 - y * y); })) &&
    RegisterReference<op::Gelu>(UnaryReference([](double x) { return x * Cumulative(x); })) &&
    RegisterReference<op::GeluGrad>(BinaryReference(
        [](double dy, double x) { return dy * (Cumulative(x) + x * Density(x)); })) &&
    RegisterReference<op::Softplus>(UnaryReference(
        [](double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); })) &&
    RegisterReference<op::SoftplusGrad>(
        BinaryReference([](double dy, double x) { return dy * Logistic(x); }));

InputSample Range(double low, double high, std::vector<double> kinks = {}) {
  InputSample input;
  input.low = low;
  input.high = high;
  input.kinks = std::move(kinks);
  return input;
}

// Both tails, both sides of 0 and the neighbourhood of every switch between two formulas.
const std::vector<double>& Special() {
  static const auto* const values = new std::vector<double>{
      -1000, -100,  -50,   -20, -15.5, -10, -9,    -5, -1, -0.626, -0.624, -1e-3, -1e-8, 0,   1e-8,
      1e-3,  0.624, 0.626, 1,   2,     5,   8.999, 9,  10, 15.5,   20,     50,    100,   1000};
  return *values;
}

// The standard shapes, and the special numbers as input `at`.
template <class ConfigType>
std::vector<OpSample> With(const ConfigType& config, const std::vector<InputSample>& inputs,
                           bool special, double absolute) {
  std::vector<OpSample> samples = ElementwiseSamples(config, inputs);
  if (special) {
    OpSample sample;
    sample.note = "special numbers";
    sample.config = std::make_shared<ConfigType>(config);
    sample.inputs = inputs;
    for (InputSample& input : sample.inputs) {
      input.spec.shape = Shape::Fixed({static_cast<int64_t>(Special().size())});
    }
    sample.inputs.back().values = Special();
    sample.inputs.back().differentiable = false;
    samples.push_back(std::move(sample));
  }
  for (OpSample& sample : samples) sample.absolute = absolute;
  return samples;
}

constexpr double kAbsolute = 1e-6;

GRADUS_OP_SAMPLES(op::Relu, [] { return With(op::Relu(), {Range(-1, 1, {0})}, true, kAbsolute); });
GRADUS_OP_SAMPLES(op::ReluGrad, [] {
  return With(op::ReluGrad(), {{}, Range(-1, 1, {0})}, true, kAbsolute);
});

GRADUS_OP_SAMPLES(op::Elu, [] {
  std::vector<OpSample> samples = With(op::Elu(), {Range(-2, 2, {0})}, true, kAbsolute);
  for (const double alpha : {0.0, 0.3}) {
    op::Elu config;
    config.set_alpha(alpha);
    for (OpSample& sample : With(config, {Range(-2, 2, {0})}, true, kAbsolute)) {
      samples.push_back(std::move(sample));
    }
  }
  return samples;
});
GRADUS_OP_SAMPLES(op::EluGrad, [] {
  std::vector<OpSample> samples;
  for (const double alpha : {1.0, 0.3}) {
    op::EluGrad config;
    config.set_alpha(alpha);
    for (OpSample& sample : With(config, {{}, Range(-0.9 * alpha, 1, {0})}, false, kAbsolute)) {
      samples.push_back(std::move(sample));
    }
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::Sigmoid, [] { return With(op::Sigmoid(), {Range(-4, 4)}, true, kAbsolute); });
GRADUS_OP_SAMPLES(op::SigmoidGrad, [] {
  return With(op::SigmoidGrad(), {{}, Range(0, 1)}, false, kAbsolute);
});
GRADUS_OP_SAMPLES(op::Tanh, [] { return With(op::Tanh(), {Range(-3, 3)}, true, kAbsolute); });
GRADUS_OP_SAMPLES(op::TanhGrad, [] {
  return With(op::TanhGrad(), {{}, Range(-1, 1)}, false, kAbsolute);
});
// oneDNN's erf is a five-term approximation (Abramowitz & Stegun 7.1.26) with an absolute error
// of 1.5e-7, times x.
GRADUS_OP_SAMPLES(op::Gelu, [] { return With(op::Gelu(), {Range(-3, 3)}, true, 2e-6); });
GRADUS_OP_SAMPLES(op::GeluGrad, [] {
  return With(op::GeluGrad(), {{}, Range(-3, 3)}, true, 2e-6);
});
GRADUS_OP_SAMPLES(op::Softplus,
                  [] { return With(op::Softplus(), {Range(-4, 4)}, true, kAbsolute); });
GRADUS_OP_SAMPLES(op::SoftplusGrad, [] {
  return With(op::SoftplusGrad(), {{}, Range(-4, 4)}, true, kAbsolute);
});

}  // namespace
}  // namespace gradus
