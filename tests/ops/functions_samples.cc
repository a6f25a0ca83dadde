// neg, exp, log, sqrt, square, abs, clip, cast, stop_gradient.

#include <cmath>

#include "gradus/op.pb.h"
#include "tests/ops/elementwise_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

double Sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

template <class ConfigType>
double Lower(const ConfigType& config) {
  return config.has_min() ? config.min() : -HUGE_VAL;
}
template <class ConfigType>
double Upper(const ConfigType& config) {
  return config.has_max() ? config.max() : HUGE_VAL;
}

const bool kReferences =
    RegisterReference<op::Neg>(UnaryReference([](double x) { return -x; })) &&
    RegisterReference<op::Exp>(UnaryReference([](double x) { return std::exp(x); })) &&
    RegisterReference<op::Log>(UnaryReference([](double x) { return std::log(x); })) &&
    RegisterReference<op::Sqrt>(UnaryReference([](double x) { return std::sqrt(x); })) &&
    RegisterReference<op::Square>(UnaryReference([](double x) { return x * x; })) &&
    RegisterReference<op::Abs>(UnaryReference([](double x) { return std::fabs(x); })) &&
    RegisterReference<op::AbsGrad>(
        BinaryReference([](double dy, double x) { return dy * Sign(x); })) &&
    RegisterReference<op::Clip>(UnaryReference([](const op::Clip& config, double x) {
      return x < Lower(config) ? Lower(config) : x > Upper(config) ? Upper(config) : x;
    })) &&
    RegisterReference<op::ClipGrad>(
        BinaryReference([](const op::ClipGrad& config, double dy, double x) {
          return x >= Lower(config) && x <= Upper(config) ? dy : 0.0;
        })) &&
    RegisterReference<op::Cast>(UnaryReference([](const op::Cast& config, double x) {
      return config.to_int32() ? std::trunc(x) : static_cast<double>(static_cast<float>(x));
    })) &&
    RegisterReference<op::StopGradient>(UnaryReference([](double x) { return x; }));

InputSample Range(double low, double high, std::vector<double> kinks = {}) {
  InputSample input;
  input.low = low;
  input.high = high;
  input.kinks = std::move(kinks);
  return input;
}

// The standard shapes, and exactly these numbers.
template <class ConfigType>
std::vector<OpSample> With(const ConfigType& config, const InputSample& x,
                           std::vector<double> values) {
  std::vector<OpSample> samples = ElementwiseSamples(config, {x});
  OpSample special;
  special.note = "special numbers";
  special.config = std::make_shared<ConfigType>(config);
  special.inputs = {x};
  special.inputs[0].spec.shape = Shape::Fixed({static_cast<int64_t>(values.size())});
  special.inputs[0].values = std::move(values);
  special.inputs[0].differentiable = false;
  samples.push_back(std::move(special));
  return samples;
}

GRADUS_OP_SAMPLES(op::Neg, [] {
  return With(op::Neg(), {}, {0, 1e-40, -1e-40, 3e38, HUGE_VAL, -HUGE_VAL});
});
// oneDNN's exp is 0 below -87.3, where the result is subnormal: the absolute tolerance covers it.
GRADUS_OP_SAMPLES(op::Exp, [] {
  return With(op::Exp(), Range(-3, 3),
              {-1000, -104, -90, -87.5, -1e-8, 0, 1e-8, 1, 20, 80, 88.7, 89, 1000});
});
GRADUS_OP_SAMPLES(op::Log, [] {
  return With(op::Log(), Range(0.2, 3),
              {1e-37, 1e-20, 0.99999994, 1, 1.0000001, 1.4142135, 1.4142137, 1e20, 3e38});
});
GRADUS_OP_SAMPLES(op::Sqrt, [] {
  return With(op::Sqrt(), Range(0.1, 3), {0, 1e-37, 1, 2, 1e20, 3e38});
});
GRADUS_OP_SAMPLES(op::Square, [] {
  return With(op::Square(), Range(-2, 2), {0, 1e-30, 1e18, -1e18});
});
GRADUS_OP_SAMPLES(op::Abs, [] {
  return With(op::Abs(), Range(-1, 1, {0}), {0, -0.0, 1e-40, -1e-40, -3e38, HUGE_VAL, -HUGE_VAL});
});
GRADUS_OP_SAMPLES(op::AbsGrad, [] {
  std::vector<OpSample> samples = ElementwiseSamples(op::AbsGrad(), {{}, Range(-1, 1, {0})});
  OpSample zero;
  zero.note = "at 0";
  zero.config = std::make_shared<op::AbsGrad>();
  zero.inputs = {{}, {}};
  zero.inputs[0].spec.shape = zero.inputs[1].spec.shape = Shape::Fixed({4});
  zero.inputs[1].values = {0, -0.0, 1, -1};
  zero.inputs[1].differentiable = false;
  samples.push_back(std::move(zero));
  return samples;
});

op::Clip Bounded() {
  op::Clip config;
  config.set_min(-0.5);
  config.set_max(0.25);
  return config;
}

GRADUS_OP_SAMPLES(op::Clip, [] {
  std::vector<OpSample> samples =
      With(Bounded(), Range(-1, 1, {-0.5, 0.25}), {-0.5, 0.25, 0, -HUGE_VAL, HUGE_VAL, 3});
  for (const bool lower : {true, false}) {
    op::Clip config = Bounded();
    lower ? config.clear_max() : config.clear_min();
    for (OpSample& sample : ElementwiseSamples(config, {Range(-1, 1, {-0.5, 0.25})})) {
      samples.push_back(std::move(sample));
    }
  }
  return samples;
});
GRADUS_OP_SAMPLES(op::ClipGrad, [] {
  op::ClipGrad config;
  config.set_min(-0.5);
  config.set_max(0.25);
  std::vector<OpSample> samples = ElementwiseSamples(config, {{}, Range(-1, 1, {-0.5, 0.25})});
  OpSample bounds;
  bounds.note = "on the bounds";
  bounds.config = std::make_shared<op::ClipGrad>(config);
  bounds.inputs = {{}, {}};
  bounds.inputs[0].spec.shape = bounds.inputs[1].spec.shape = Shape::Fixed({4});
  bounds.inputs[1].values = {-0.5, 0.25, -0.50001, 0.25001};
  bounds.inputs[1].differentiable = false;
  samples.push_back(std::move(bounds));
  return samples;
});

GRADUS_OP_SAMPLES(op::Cast, [] {
  op::Cast to_int32;
  to_int32.set_to_int32(true);
  std::vector<OpSample> samples =
      With(to_int32, Range(-100, 100), {0, 0.9, -0.9, 1.5, -1.5, 2147483520, -2147483648.0});
  InputSample whole = Range(-1000, 1000);
  whole.spec.dtype = DType::kInt32;
  for (OpSample& sample : With(op::Cast(), whole, {16777217, -16777217, 2147483647})) {
    samples.push_back(std::move(sample));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::StopGradient,
                  [] { return ElementwiseSamples(op::StopGradient(), {InputSample()}); });

}  // namespace
}  // namespace gradus
