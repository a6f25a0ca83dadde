// Models that are wrong, with all that the user is told about them, word for word.

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/model_text.h"

namespace gradus {
namespace {

struct Broken {
  const char* name;
  const char* text;
  const char* errors;
};

constexpr Broken kLayers[] = {
    {"MissingInputOfConcat",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" concat {} })",
     "m:3:19: layer \"a\": concat reads at least 2 inputs, not 1 [layer[a].concat]"},
    {"TooManyInputs",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: ["x", "y"] dense { units: 1 } })",
     "m:3:37: layer \"a\": dense reads 1 input, not 2 [layer[a].dense]"},
    {"MissingUnits",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dense {} }
layer { name: "b" dense { units: 1 } })",
     "m:3:19: layer \"a\": units is missing [layer[a].dense.units]"},
    {"NegativeUnits",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dense { units: -4 } })",
     "m:3:34: layer \"a\": units -4 must be at least 1 [layer[a].dense.units]"},
    {"ZeroExtent",
     R"(input { name: "x" shape: [3, 0] }
layer { name: "a" dense { units: 1 } })",
     "m:1:30: input \"x\": shape 0 must be at least 1 [input[x].shape[1]]"},
    {"HugeInput",
     R"(input { name: "x" shape: [4000000000, 4000000000] }
layer { name: "a" flatten {} })",
     "m:1:27: input \"x\": a tensor of shape [1, 4000000000, 4000000000] has more than "
     "2^48 elements [input[x].shape]"},
    {"HugeKernel",
     R"(input { name: "x" shape: 200000000 }
layer { name: "a" dense { units: 2000000000 } })",
     "m:2:19: layer \"a\": parameter \"a/kernel\": a tensor of shape [200000000, "
     "2000000000] has more than 2^48 elements [layer[a].dense]"},
    {"DenseOfIntegers",
     R"(input { name: "x" shape: 3 type: INT32 }
layer { name: "a" dense { units: 1 } })",
     "m:2:1: layer \"a\": input \"x\" is INT32 [batch, 3], not FLOAT32 [layer[a]]"},
    {"DenseOfNamedIntegers",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
input { name: "k" type: INT32 }
layer { name: "a" input: "k" dense { units: 1 } })",
     "m:4:26: layer \"a\": input \"k\" is INT32 [batch], not FLOAT32 [layer[a].input[0]]"},
    {"DenseOfOneNumberPerExample",
     R"(input { name: "x" }
layer { name: "a" dense { units: 1 } })",
     "m:2:1: layer \"a\": dense needs an axis behind the batch, the input is [batch]; "
     "`shape: 1` or flatten gives it one [layer[a]]"},
    {"BatchNormOfOneNumberPerExample",
     R"(input { name: "x" }
layer { name: "a" batch_norm {} })",
     "m:2:1: layer \"a\": batch_norm needs an axis behind the batch, the input is "
     "[batch]; `shape: 1` or flatten gives it one [layer[a]]"},
    {"SoftmaxOfOneNumberPerExample",
     R"(input { name: "x" }
layer { name: "a" activation { function: SOFTMAX } })",
     "m:2:1: layer \"a\": softmax needs an axis behind the batch, the input is [batch]; "
     "`shape: 1` or flatten gives it one [layer[a]]"},
    {"MissingFunction",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" activation {} })",
     "m:3:19: layer \"a\": function is missing [layer[a].activation.function]"},
    {"RateOne",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dropout { rate: 1 } })",
     "m:3:35: layer \"a\": rate 1 must be at least 0 and below 1 [layer[a].dropout.rate]"},
    {"ConcatAlongTheBatch",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: ["x", "y"] concat { axis: 0 } })",
     "m:3:52: layer \"a\": axis 0 of [batch, 3] is the batch, which cannot be joined "
     "[layer[a].concat.axis]"},
    {"ConcatAlongAnAxisThatIsNot",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: ["x", "y"] concat { axis: 2 } })",
     "m:3:52: layer \"a\": axis 2 is outside [-2, 2), the axes of [batch, 3] "
     "[layer[a].concat.axis]"},
    {"ConcatOfShapesThatDiffer",
     R"(input { name: "x" shape: [2, 3] }
input { name: "y" shape: [4, 3] }
layer { name: "a" input: ["x", "y"] concat {} })",
     "m:3:32: layer \"a\": input 1 is [batch, 4, 3], input 0 [batch, 2, 3]; they may "
     "differ in axis 2 only [layer[a].input[1]]"},
    {"AddOfShapesThatDiffer",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: ["x", "x", "y"] add {} })",
     "m:3:37: layer \"a\": input 2 is [batch, 1], input 0 [batch, 3]; they must have the "
     "same shape [layer[a].input[2]]"},
    {"UniformUpsideDown",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dense { units: 1 kernel_initializer { random_uniform { minval: 1 maxval: 1 } } } })",
     "m:3:36: layer \"a\": minval 1 is not below maxval 1 "
     "[layer[a].dense.kernel_initializer]"},
    {"IdentityOfAVector",
     R"(input { name: "x" shape: 3 }
layer { name: "a" dense { units: 3 bias_initializer { identity {} } } })",
     "m:2:36: layer \"a\": identity is a matrix, the parameter is [3] "
     "[layer[a].dense.bias_initializer]"},
    {"OrthogonalVector",
     R"(input { name: "x" shape: 3 }
layer { name: "a" dense { units: 3 bias_initializer { orthogonal {} } } })",
     "m:2:36: layer \"a\": orthogonal needs at least two axes, the parameter is [3] "
     "[layer[a].dense.bias_initializer]"},
    {"SharedWeightsOfOtherShape",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: "x" weights: "w" dense { units: 2 } }
layer { name: "b" input: "y" weights: "w" dense { units: 2 } })",
     "m:4:43: layer \"b\": parameter \"w/kernel\" has the shape [3, 2] in layer[a].dense "
     "and cannot have [1, 2] here [layer[b].dense]"},
    {"SharedWeightsOfOtherKind",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" weights: "w" dense { units: 2 } }
layer { name: "b" weights: "w" batch_norm {} })",
     "m:4:28: layer \"b\": batch_norm cannot share the weights \"w\" of layer \"a\", "
     "which is dense [layer[b].weights]"},
    {"SharedWeightsOfOtherStart",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dense { units: 3 } }
layer { name: "b" weights: "a" dense { units: 3 kernel_initializer { scaled: HE_NORMAL } } })",
     "m:4:32: layer \"b\": parameter \"a/kernel\" starts with {scaled: GLOROT_UNIFORM} "
     "in layer[a].dense and cannot start with {scaled: HE_NORMAL} here [layer[b].dense]"},
    {"WeightsOfALayerWithoutParameters",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" weights: "w" flatten {} })",
     "m:3:28: layer \"a\": flatten has no parameters to share [layer[a].weights]"},
};

class BrokenModelTest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenModelTest, SaysExactly) {
  EXPECT_EQ(BuildModel(GetParam().text, Mode::kTraining).errors, GetParam().errors);
}

TEST_P(BrokenModelTest, SaysTheSameInInferenceMode) {
  EXPECT_EQ(BuildModel(GetParam().text, Mode::kInference).errors, GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(Layers, BrokenModelTest, testing::ValuesIn(kLayers),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace gradus
