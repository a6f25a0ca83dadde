// Keras' initializers on counter-based random numbers.

#include "gradus/train/initializer.h"

#include <algorithm>
#include <cmath>

#include "gradus/base/random.h"

namespace gradus {
namespace {

// The deviation of a standard normal cut at +-2; dividing by it gives the truncated distribution
// the wanted variance.
constexpr double kTruncatedDeviation = .87962566103423978;

void FillUniform(RandomSequence* random, double low, double high, absl::Span<float> values) {
  for (float& value : values) {
    value = static_cast<float>(low + (high - low) * random->Uniform());
  }
}

void FillNormal(RandomSequence* random, double mean, double deviation, bool truncated,
                absl::Span<float> values) {
  for (float& value : values) {
    double z = random->Normal();
    while (truncated && std::abs(z) > 2) z = random->Normal();
    value = static_cast<float>(mean + deviation * z);
  }
}

void FillScaled(RandomSequence* random, InitializerConfig::Scaled kind, double fan_in,
                double fan_out, absl::Span<float> values) {
  const auto uniform = [&](double variance) {
    const double limit = std::sqrt(3 * variance);
    FillUniform(random, -limit, limit, values);
  };
  const auto normal = [&](double variance) {
    FillNormal(random, 0, std::sqrt(variance) / kTruncatedDeviation, true, values);
  };
  switch (kind) {
    case InitializerConfig::GLOROT_UNIFORM:
      return uniform(2 / (fan_in + fan_out));
    case InitializerConfig::GLOROT_NORMAL:
      return normal(2 / (fan_in + fan_out));
    case InitializerConfig::HE_UNIFORM:
      return uniform(2 / fan_in);
    case InitializerConfig::HE_NORMAL:
      return normal(2 / fan_in);
    case InitializerConfig::LECUN_UNIFORM:
      return uniform(1 / fan_in);
    case InitializerConfig::LECUN_NORMAL:
      return normal(1 / fan_in);
  }
}

}  // namespace

void Initialize(const ParameterSpec& parameter, uint64_t seed, absl::Span<float> values) {
  RandomSequence random(seed, StreamOf(parameter.name));
  const InitializerConfig& initializer = parameter.initializer;
  switch (initializer.kind_case()) {
    case InitializerConfig::kConstant:
      std::fill(values.begin(), values.end(), static_cast<float>(initializer.constant()));
      return;
    case InitializerConfig::kScaled: {
      const Shape& shape = parameter.shape;
      double fan_in = 1, fan_out = shape.rank() > 0 ? shape.dim(shape.rank() - 1).k : 1;
      for (int axis = 0; axis + 1 < shape.rank(); ++axis) fan_in *= shape.dim(axis).k;
      if (shape.rank() == 1) fan_in = fan_out;
      return FillScaled(&random, initializer.scaled(), std::max(fan_in, 1.0), fan_out, values);
    }
    case InitializerConfig::kRandomUniform:
      return FillUniform(&random, initializer.random_uniform().minval(),
                         initializer.random_uniform().maxval(), values);
    case InitializerConfig::kRandomNormal:
      return FillNormal(&random, initializer.random_normal().mean(),
                        initializer.random_normal().stddev(),
                        initializer.random_normal().truncated(), values);
    case InitializerConfig::KIND_NOT_SET:
      std::fill(values.begin(), values.end(), 0.0f);
      return;
  }
}

}  // namespace gradus
