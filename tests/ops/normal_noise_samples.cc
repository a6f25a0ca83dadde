// normal_noise: the reference draws from Philox() of base/random.h, one pair at a time.

#include <cmath>

#include "gradus/base/random.h"
#include "gradus/op.pb.h"
#include "tests/testing/op_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

GRADUS_OP_REFERENCE(op::NormalNoise, [](const op::NormalNoise& config,
                                        absl::Span<const RefTensor> in, absl::Span<RefTensor> out) {
  const RefTensor& x = in[0];
  const uint64_t seed = static_cast<uint64_t>(static_cast<int64_t>(in[1].values[0]));
  const uint64_t stream = static_cast<uint64_t>(config.node()) << 40 |
                          static_cast<uint64_t>(static_cast<int64_t>(in[2].values[0]));
  const uint64_t row_size = x.dims[0] == 0 ? 0 : x.values.size() / static_cast<size_t>(x.dims[0]);
  const uint64_t first = static_cast<uint64_t>(in[3].values[0]) * row_size;
  const double two_pi = 2 * std::acos(-1.0);
  for (size_t i = 0; i < x.values.size(); ++i) {
    const uint64_t element = first + i;
    const auto block = Philox(seed, stream, element / 4);
    const size_t pair = element % 4 / 2 * 2;
    const double u = (static_cast<double>(block[pair] >> 8) + 1) * 0x1p-24;
    const double angle = two_pi * static_cast<double>(block[pair + 1]) * 0x1p-32;
    const double radius = std::sqrt(-2 * std::log(u));
    out[0].values[i] = radius * (element % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }
});

GRADUS_OP_SAMPLES(op::NormalNoise, [] {
  std::vector<OpSample> samples;
  int number = 0;
  for (const Shape& shape :
       {Shape::Batched({}), Shape::Batched({1}), Shape::Batched({0}), Shape::Batched({5}),
        Shape::Batched({2, 3}), Shape::Batched({7, 3, 2}), Shape::Batched({17}),
        Shape::Batched({64}), Shape::Batched({65}), Shape::Batched({512}), Shape::Batched({1024}),
        Shape::Batched({3, 111})}) {
    for (int again = 0; again < 3; ++again) {
      op::NormalNoise config;
      config.set_node(number % 5);
      OpSample sample;
      sample.config = std::make_shared<op::NormalNoise>(config);
      sample.rows = number % 3 == 0 ? 1 : 4;
      InputSample x, scalar;
      x.spec.shape = shape;
      scalar.spec.dtype = DType::kInt64;
      sample.inputs = {x, scalar, scalar, scalar};
      sample.inputs[1].values = {static_cast<double>(number * 1000003LL - 17)};
      sample.inputs[2].values = {static_cast<double>(number)};
      sample.inputs[3].values = {static_cast<double>(number % 4 * 3)};
      // A radius below 6 times the error of the cosine, a few units of 2^-24 each for angle,
      // polynomial and rounding.
      sample.absolute = 3e-6;
      samples.push_back(std::move(sample));
      ++number;
    }
  }
  return samples;
});

}  // namespace
}  // namespace gradus
