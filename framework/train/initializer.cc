// Keras' initializers on counter-based random numbers.

#include "gradus/train/initializer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/random.h"
#include "gradus/base/status.h"

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

// A distribution of mean 0 by its variance.
void FillVariance(RandomSequence* random, VarianceScaling::Distribution distribution,
                  double variance, absl::Span<float> values) {
  switch (distribution) {
    case VarianceScaling::TRUNCATED_NORMAL:
      return FillNormal(random, 0, std::sqrt(variance) / kTruncatedDeviation, true, values);
    case VarianceScaling::UNTRUNCATED_NORMAL:
      return FillNormal(random, 0, std::sqrt(variance), false, values);
    case VarianceScaling::UNIFORM: {
      const double limit = std::sqrt(3 * variance);
      return FillUniform(random, -limit, limit, values);
    }
  }
}

struct Fans {
  double in = 1, out = 1;
};

// keras.src.initializers.random_initializers.compute_fans.
Fans FansOf(const Shape& shape) {
  const int rank = shape.rank();
  if (rank == 0) return {};
  const auto last = static_cast<double>(shape.dim(rank - 1).k);
  if (rank == 1) return {last, last};
  double window = 1;
  for (int axis = 0; axis + 2 < rank; ++axis) window *= static_cast<double>(shape.dim(axis).k);
  return {window * static_cast<double>(shape.dim(rank - 2).k), window * last};
}

double FanOf(const Fans& fans, VarianceScaling::Mode mode) {
  const double fan = mode == VarianceScaling::FAN_IN    ? fans.in
                     : mode == VarianceScaling::FAN_OUT ? fans.out
                                                        : (fans.in + fans.out) / 2;
  return std::max(fan, 1.0);
}

// The names that have become customary, as members of the family.
VarianceScaling Scaling(InitializerConfig::Scaled kind) {
  const auto make = [](double scale, VarianceScaling::Mode mode,
                       VarianceScaling::Distribution distribution) {
    VarianceScaling config;
    config.set_scale(scale);
    config.set_mode(mode);
    config.set_distribution(distribution);
    return config;
  };
  switch (kind) {
    case InitializerConfig::GLOROT_UNIFORM:
      return make(1, VarianceScaling::FAN_AVG, VarianceScaling::UNIFORM);
    case InitializerConfig::GLOROT_NORMAL:
      return make(1, VarianceScaling::FAN_AVG, VarianceScaling::TRUNCATED_NORMAL);
    case InitializerConfig::HE_UNIFORM:
      return make(2, VarianceScaling::FAN_IN, VarianceScaling::UNIFORM);
    case InitializerConfig::HE_NORMAL:
      return make(2, VarianceScaling::FAN_IN, VarianceScaling::TRUNCATED_NORMAL);
    case InitializerConfig::LECUN_UNIFORM:
      return make(1, VarianceScaling::FAN_IN, VarianceScaling::UNIFORM);
    case InitializerConfig::LECUN_NORMAL:
      return make(1, VarianceScaling::FAN_IN, VarianceScaling::TRUNCATED_NORMAL);
  }
  return VarianceScaling();
}

void FillScaling(RandomSequence* random, const VarianceScaling& config, const Shape& shape,
                 absl::Span<float> values) {
  const double fan = FanOf(FansOf(shape), config.mode());
  FillVariance(random, config.distribution(), config.scale() / fan, values);
}

void FillIdentity(double gain, const Shape& shape, absl::Span<float> values) {
  GRADUS_CHECK(shape.rank() == 2);
  std::fill(values.begin(), values.end(), 0.0f);
  const int64_t columns = shape.dim(1).k;
  for (int64_t i = 0; i < std::min(shape.dim(0).k, columns); ++i) {
    values[i * columns + i] = static_cast<float>(gain);
  }
}

// `count` vectors of `size` numbers, which is at least as many, made orthonormal one after the
// other (Gram & Schmidt): the Q of the QR decomposition whose R has a positive diagonal. Twice,
// because once loses orthogonality where a vector lies nearly in the span of those before it (Kahan
// & Parlett's "twice is enough").
void Orthonormalize(int64_t count, int64_t size, std::vector<double>* vectors) {
  for (int64_t i = 0; i < count; ++i) {
    double* v = vectors->data() + i * size;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const double* u = vectors->data() + j * size;
        double along = 0;
        for (int64_t k = 0; k < size; ++k) along += u[k] * v[k];
        for (int64_t k = 0; k < size; ++k) v[k] -= along * u[k];
      }
    }
    double square = 0;
    for (int64_t k = 0; k < size; ++k) square += v[k] * v[k];
    const double length = std::sqrt(square);
    for (int64_t k = 0; k < size; ++k) v[k] /= length;
  }
}

void FillOrthogonal(RandomSequence* random, double gain, const Shape& shape,
                    absl::Span<float> values) {
  GRADUS_CHECK(shape.rank() >= 2);
  if (values.empty()) return;
  const int64_t columns = shape.dim(shape.rank() - 1).k;
  const int64_t rows = static_cast<int64_t>(values.size()) / columns;
  const int64_t count = std::min(rows, columns), size = std::max(rows, columns);
  std::vector<double> vectors(values.size());
  for (double& x : vectors) x = random->Normal();
  Orthonormalize(count, size, &vectors);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const double q = rows >= columns ? vectors[c * size + r] : vectors[r * size + c];
      values[r * columns + c] = static_cast<float>(gain * q);
    }
  }
}

// Each part as a parameter of its own, "<name>/<number>", so that its numbers depend on nothing else.
void FillParts(const InitializerParts& config, const ParameterSpec& parameter, uint64_t seed,
               absl::Span<float> values) {
  const int count = config.part_size(), last = parameter.shape.rank() - 1;
  GRADUS_CHECK(count > 0 && last >= 0);
  const int64_t columns = parameter.shape.dim(last).k;
  if (columns == 0) return;
  const int64_t width = columns / count;
  const int64_t rows = static_cast<int64_t>(values.size()) / columns;
  std::vector<float> part(static_cast<size_t>(rows * width));
  for (int p = 0; p < count; ++p) {
    ParameterSpec own = {absl::StrCat(parameter.name, "/", p), parameter.shape, config.part(p)};
    own.shape.Set(last, {width, false});
    Initialize(own, seed, absl::MakeSpan(part));
    for (int64_t r = 0; r < rows; ++r) {
      std::copy_n(part.begin() + r * width, width, values.begin() + r * columns + p * width);
    }
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
    case InitializerConfig::kScaled:
      return FillScaling(&random, Scaling(initializer.scaled()), parameter.shape, values);
    case InitializerConfig::kVarianceScaling:
      return FillScaling(&random, initializer.variance_scaling(), parameter.shape, values);
    case InitializerConfig::kIdentity:
      return FillIdentity(initializer.identity().gain(), parameter.shape, values);
    case InitializerConfig::kOrthogonal:
      return FillOrthogonal(&random, initializer.orthogonal().gain(), parameter.shape, values);
    case InitializerConfig::kRandomUniform:
      return FillUniform(&random, initializer.random_uniform().minval(),
                         initializer.random_uniform().maxval(), values);
    case InitializerConfig::kRandomNormal:
      return FillNormal(&random, initializer.random_normal().mean(),
                        initializer.random_normal().stddev(),
                        initializer.random_normal().truncated(), values);
    case InitializerConfig::kParts:
      return FillParts(initializer.parts(), parameter, seed, values);
    case InitializerConfig::KIND_NOT_SET:
      std::fill(values.begin(), values.end(), 0.0f);
      return;
  }
}

}  // namespace gradus
