// dropout: the reference draws its masks from Philox() of base/random.h, one number at a time.

#include "gradus/base/random.h"
#include "gradus/op.pb.h"
#include "tests/testing/op_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

GRADUS_OP_REFERENCE(op::Dropout, [](const op::Dropout& config, absl::Span<const RefTensor> in,
                                    absl::Span<RefTensor> out) {
  const RefTensor& x = in[0];
  const double rate = in[1].values[0];
  const uint64_t seed = static_cast<uint64_t>(static_cast<int64_t>(in[2].values[0]));
  const uint64_t stream = static_cast<uint64_t>(config.node()) << 40 |
                          static_cast<uint64_t>(static_cast<int64_t>(in[3].values[0]));
  const uint64_t row_size = x.dims[0] == 0 ? 0 : x.values.size() / static_cast<size_t>(x.dims[0]);
  const uint64_t first = static_cast<uint64_t>(in[4].values[0]) * row_size;
  for (size_t i = 0; i < x.values.size(); ++i) {
    const uint64_t element = first + i;
    const double number = Philox(seed, stream, element / 4)[element % 4] * 0x1p-32;
    const double mask = number < rate ? 0 : 1 / (1 - rate);
    out[0].values[i] = x.values[i] * mask;
    out[1].values[i] = mask;
  }
});

GRADUS_OP_SAMPLES(op::Dropout, [] {
  std::vector<OpSample> samples;
  int number = 0;
  for (const Shape& shape :
       {Shape::Batched({}), Shape::Batched({1}), Shape::Batched({0}), Shape::Batched({5}),
        Shape::Batched({2, 3}), Shape::Batched({7, 3, 2}), Shape::Batched({17}),
        Shape::Batched({64}), Shape::Batched({65}), Shape::Batched({512}), Shape::Batched({1024}),
        Shape::Batched({3, 111})}) {
    for (const double rate : {0.0, 0.25, 0.9}) {
      op::Dropout config;
      config.set_node(number % 5);
      OpSample sample;
      sample.config = std::make_shared<op::Dropout>(config);
      sample.rows = number % 3 == 0 ? 1 : 4;
      InputSample x;
      x.spec.shape = shape;
      InputSample scalar;  // No gradient goes to the rate.
      scalar.differentiable = false;
      sample.inputs = {x, scalar, scalar, scalar, scalar};
      sample.inputs[1].values = {rate};
      for (int i = 2; i < 5; ++i) sample.inputs[i].spec.dtype = DType::kInt64;
      sample.inputs[2].values = {static_cast<double>(number * 1000003LL - 17)};
      sample.inputs[3].values = {static_cast<double>(number)};
      sample.inputs[4].values = {static_cast<double>(number % 4 * 3)};
      sample.outputs_without_gradient = {1};
      samples.push_back(std::move(sample));
      ++number;
    }
  }
  return samples;
});

}  // namespace
}  // namespace gradus
