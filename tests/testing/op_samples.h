// What an op brings so that the obligations suite can check it: configs with input shapes, the range its numbers are drawn from, the
// places to keep away from, and tolerances. The suite runs over all registered ops and fails for one without samples.
//
//   GRADUS_OP_SAMPLES(op::Relu, [] {
//     InputSample x;
//     x.kinks = {0};
//     return ElementwiseSamples(op::Relu(), {x});
//   });

#ifndef GRADUS_TESTS_TESTING_OP_SAMPLES_H_
#define GRADUS_TESTS_TESTING_OP_SAMPLES_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"
#include "gradus/base/registry.h"
#include "gradus/base/shape.h"
#include "tests/testing/op_reference.h"

namespace gradus {

// One input: what it is and which numbers it may hold.
struct InputSample {
  TensorSpec spec;
  // FLOAT32: uniform within [low, high). Integers: whole numbers from low to high, both included.
  double low = -1;
  double high = 1;
  // Where the derivative jumps: nothing is drawn nearer than kink_distance to these numbers.
  std::vector<double> kinks;
  double kink_distance = 0.02;
  // No two elements are nearer than 1/(4 elements) of the range to each other (maxima, ties).
  bool distinct = false;
  // false: a FLOAT32 input that no gradient goes to (declared, as for targets of comparisons). Integers never get one.
  bool differentiable = true;
  // Exactly these numbers instead of drawn ones; as many as elements.
  std::vector<double> values;
};

struct OpSample {
  std::string note;  // What is special here, for failures: "M = 0", "ties".
  std::shared_ptr<const google::protobuf::Message> config;
  std::vector<InputSample> inputs;
  int64_t rows = 3;  // The batch.

  // Kernel in float against reference in double: |difference| <= absolute + relative * |reference|. An op says why it needs more than
  // a few roundings.
  double absolute = 1e-6;
  double relative = 1e-5;
  // Gradient graph against central differences, both in double on the reference: the same bound. With h = 1e-5 the differences carry an error of
  // about h^2 f'''/6 + 1e-16 f / h, so 1e-7 of the scale is what smooth functions of size one reach.
  double gradient_absolute = 1e-6;
  double gradient_relative = 1e-5;
  // Outputs with random or discrete content that the gradient check leaves out (a dropout mask).
  std::vector<int> outputs_without_gradient;
};

using OpSamples = std::function<std::vector<OpSample>()>;

// At least 10 shapes for ops that work element by element: rank 0 to 4, with and without the batch, sizes 0, 1, odd, 512, 1024.
inline std::vector<Shape> StandardShapes() {
  return {Shape(),
          Shape::Fixed({1}),
          Shape::Fixed({0}),
          Shape::Fixed({7}),
          Shape::Batched({}),
          Shape::Batched({1}),
          Shape::Batched({5}),
          Shape::Batched({0}),
          Shape::Batched({2, 3}),
          Shape::Batched({2, 3, 4}),
          Shape::Fixed({512}),
          Shape::Batched({17}),
          Shape::Fixed({2, 1024})};
}

// One sample per standard shape, each input of that shape.
template <class ConfigType>
std::vector<OpSample> ElementwiseSamples(const ConfigType& config,
                                         const std::vector<InputSample>& inputs) {
  std::vector<OpSample> samples;
  for (const Shape& shape : StandardShapes()) {
    OpSample sample;
    sample.config = std::make_shared<ConfigType>(config);
    sample.inputs = inputs;
    for (InputSample& input : sample.inputs) input.spec.shape = shape;
    samples.push_back(std::move(sample));
  }
  return samples;
}

template <class ConfigType>
bool RegisterSamples(OpSamples samples) {
  Registry<OpSamples>::Get().Add(ConfigType::descriptor()->full_name(),
                                 std::make_unique<OpSamples>(std::move(samples)));
  return true;
}

#define GRADUS_OP_SAMPLES(ConfigType, ...)                  \
  const bool GRADUS_CONCAT_(gradus_op_samples_, __LINE__) = \
      ::gradus::RegisterSamples<ConfigType>(__VA_ARGS__)

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OP_SAMPLES_H_
