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

constexpr Broken kNames[] = {
    {"NoInput",
     R"(layer { name: "a" dense { units: 1 } })",
     "m:1:1: input is missing [input]"},
    {"NoLayer",
     R"(input { name: "x" shape: 3 })",
     "m:1:1: the model has no layer"},
    {"UnnamedLayer",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { dense { units: 1 } })",
     "m:3:1: layer[0]: name is missing [layer[0].name]"},
    {"LayerWithoutKind",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" }
layer { name: "b" dense { units: 1 } })",
     "m:3:1: layer \"a\": kind is missing; set one of dense, activation, dropout, flatten, "
     "concat, add, batch_norm, leaky_relu, prelu, multiply, subtract, average, ... [layer[a]]"},
    {"NameWithSlash",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a/b" dense { units: 1 } })",
     "m:3:15: layer \"a/b\": a name has only letters, digits, _, - and . "
     "[layer[a/b].name]"},
    {"ModelNameThatIsAPath",
     R"(name: "../evil" input { name: "x" shape: 3 }
layer { name: "a" dense { units: 1 } })",
     "m:1:7: model: the name \"../evil\" must begin with a letter, a digit, _ or - [name]"},
    {"ModelNameWithSlash",
     R"(name: "a/b" input { name: "x" shape: 3 }
layer { name: "a" dense { units: 1 } })",
     "m:1:7: model: a name has only letters, digits, _, - and . [name]"},
    {"InputNameWithSpace",
     R"(input { name: "x 1" shape: 3 }
layer { name: "a" dense { units: 1 } })",
     "m:1:15: input \"x 1\": a name has only letters, digits, _, - and . [input[\"x "
     "1\"].name]"},
    {"TwoInputsOfOneName",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
input { name: "x" }
layer { name: "a" dense { units: 1 } })",
     "m:3:15: input \"x\": the name is taken by an input above [input[x].name]"},
    {"LayerNamedAsInput",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "x" dense { units: 1 } })",
     "m:3:15: layer \"x\": the name is taken by an input above [layer[x].name]"},
    {"TwoLayersOfOneName",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dense { units: 1 } }
layer { name: "a" dense { units: 2 } })",
     "m:4:15: layer \"a\": the name is taken by a layer above [layer[a].name]"},
    {"UnknownInputOfALayer",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "hidden" dense { units: 1 } }
layer { name: "b" input: "hiden" dense { units: 1 } })",
     "m:4:26: layer \"b\": no layer or input is called \"hiden\"; did you mean "
     "\"hidden\"? [layer[b].input[0]]"},
    {"UnknownInputFarFromAllNames",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "b" input: "elsewhere" dense { units: 1 } })",
     "m:3:26: layer \"b\": no layer or input is called \"elsewhere\" [layer[b].input[0]]"},
    {"UsedBeforeDefinition",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: "b" dense { units: 1 } }
layer { name: "b" input: "x" dense { units: 1 } })",
     "m:3:26: layer \"a\": reads layer \"b\" before it is defined; move \"b\" above "
     "\"a\" [layer[a].input[0]]"},
    {"ReadsItself",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: "a" dense { units: 1 } })",
     "m:3:26: layer \"a\": it depends on itself: a <- a [layer[a].input[0]]"},
    {"CycleOfThree",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" input: "c" dense { units: 1 } }
layer { name: "b" dense { units: 1 } }
layer { name: "c" dense { units: 1 } })",
     "m:3:26: layer \"a\": it depends on itself: a <- c <- b <- a [layer[a].input[0]]"},
};

class BrokenModelTest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenModelTest, SaysExactly) {
  EXPECT_EQ(BuildModel(GetParam().text, Mode::kTraining).errors, GetParam().errors);
}

TEST_P(BrokenModelTest, SaysTheSameInInferenceMode) {
  EXPECT_EQ(BuildModel(GetParam().text, Mode::kInference).errors, GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(Names, BrokenModelTest, testing::ValuesIn(kNames),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace gradus
