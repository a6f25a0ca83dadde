// Samples and references of reduce_sum, reduce_mean and reduce_max.

#include <algorithm>
#include <limits>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

template <class ConfigType>
void SumInto(const ConfigType& config, const RefTensor& x, std::vector<double>* sums) {
  const std::vector<bool> named = NamedAxes(config, x.dims.size());
  for (size_t i = 0; i < x.values.size(); ++i) {
    (*sums)[ReducedPlace(x.dims, named, static_cast<int64_t>(i))] += x.values[i];
  }
}

std::vector<OpSample> WithSumTolerance(std::vector<OpSample> samples) {
  for (OpSample& sample : samples) sample.absolute = SumTolerance(2048);
  return samples;
}

GRADUS_OP_REFERENCE(op::ReduceSum,
                    [](const op::ReduceSum& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) { SumInto(config, in[0], &out[0].values); });
GRADUS_OP_SAMPLES(op::ReduceSum,
                  [] { return WithSumTolerance(ReductionSamples<op::ReduceSum>(false, true)); });

GRADUS_OP_REFERENCE(op::ReduceMean, [](const op::ReduceMean& config, absl::Span<const RefTensor> in,
                                       absl::Span<RefTensor> out) {
  SumInto(config, in[0], &out[0].values);
  const double each =
      static_cast<double>(in[0].values.size()) / static_cast<double>(out[0].values.size());
  for (double& y : out[0].values) y /= each;
});
// The mean of nothing is NaN, which no tolerance compares: reduce_test.cc has it.
GRADUS_OP_SAMPLES(op::ReduceMean, [] { return ReductionSamples<op::ReduceMean>(false, false); });

GRADUS_OP_REFERENCE(op::ReduceMax, [](const op::ReduceMax& config, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  std::vector<double>& y = out[0].values;
  std::fill(y.begin(), y.end(), -std::numeric_limits<double>::infinity());
  const std::vector<bool> named = NamedAxes(config, in[0].dims.size());
  for (size_t i = 0; i < in[0].values.size(); ++i) {
    double& most = y[ReducedPlace(in[0].dims, named, static_cast<int64_t>(i))];
    most = std::max(most, in[0].values[i]);
  }
});
// Elements stand apart, so that no step of the difference quotient changes which one is largest.
GRADUS_OP_SAMPLES(op::ReduceMax, [] { return ReductionSamples<op::ReduceMax>(true, false); });

}  // namespace
}  // namespace gradus
