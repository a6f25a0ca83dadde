// reshape, permute, repeat_vector, padding, cropping, up-sampling: against plain loops over places.

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

// Row-major numbers with names for their places.
struct Images {
  int64_t n, h, w, c;
  double At(const RefTensor& x, int64_t i, int64_t y, int64_t z, int64_t k) const {
    if (y < 0 || y >= h || z < 0 || z >= w) return 0;
    return x.values[((i * h + y) * w + z) * c + k];
  }
};

TEST(ReshapeTest, KeepsTheOrderOfTheNumbers) {
  const RefTensor x = Filled({2, 2, 6});
  for (const char* shape : {"[3, 4]", "[3, -1]", "[-1, 4]"}) {
    const LayerCase layer = MakeLayer(absl::StrCat("reshape { target_shape: ", shape, " }"), {x});
    ExpectNumbers(Evaluate(layer), {2, 3, 4}, x.values);
    EXPECT_EQ(GradientError(layer), "");
  }
  ExpectNumbers(Evaluate(MakeLayer("reshape { target_shape: -1 }", {x})), {2, 12}, x.values);
  ExpectNumbers(Evaluate(MakeLayer("reshape { target_shape: [12, -1] }", {x})), {2, 12, 1},
                x.values);
  ExpectNumbers(Evaluate(MakeLayer("reshape {}", {Filled({3, 1})})), {3}, SomeNumbers(3));
}

TEST(ReshapeTest, TakesIntegers) {
  const LayerCase layer = MakeLayer("reshape { target_shape: [2, 1] }", {Filled({1, 2}, {4, 7})},
                                    Mode::kTraining, "INT32");
  EXPECT_EQ(layer.model.graph.spec(layer.output).ToString(), "INT32 [batch, 2, 1]");
}

TEST(ReshapeTest, RefusesWhatDoesNotFit) {
  const auto errors = [](const char* shape) {
    return LayerErrors(absl::StrCat("reshape { target_shape: ", shape, " }"), "shape: [2, 6]");
  };
  const std::string tail = "; the input is [batch, 2, 6] [layer[l].reshape.target_shape]";
  EXPECT_EQ(errors("[5, 2]"), "m:2:44: layer \"l\": target_shape [5, 2] does not fit" + tail);
  EXPECT_EQ(errors("[5, -1]"), "m:2:44: layer \"l\": target_shape [5, -1] does not fit" + tail);
  EXPECT_EQ(errors("[-1, -1]"),
            "m:2:44: layer \"l\": target_shape [-1, -1] has more than one -1" + tail);
  EXPECT_EQ(errors("[0, 12]"),
            "m:2:44: layer \"l\": target_shape [0, 12] has an extent of 0" + tail);
  // Its product is beyond 64 bits.
  EXPECT_EQ(errors("[4611686018427387904, 4611686018427387904]"),
            "m:2:44: layer \"l\": target_shape [4611686018427387904, 4611686018427387904] does not "
            "fit" +
                tail);
}

TEST(PermuteTest, PutsTheNamedAxisInEachPlace) {
  const RefTensor x = Filled({2, 2, 3, 4});
  const LayerCase layer = MakeLayer("permute { dims: [3, 1, 2] }", {x});
  std::vector<double> expected;
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t c = 0; c < 4; ++c) {
      for (int64_t a = 0; a < 2; ++a) {
        for (int64_t b = 0; b < 3; ++b) expected.push_back(x.values[((n * 2 + a) * 3 + b) * 4 + c]);
      }
    }
  }
  ExpectNumbers(Evaluate(layer), {2, 4, 2, 3}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

TEST(PermuteTest, RefusesWhatIsNoPermutation) {
  for (const char* dims : {"[1, 1]", "[1]", "[1, 3]", "[1, 2, 3]"}) {
    const std::string errors =
        LayerErrors(absl::StrCat("permute { dims: ", dims, " }"), "shape: [2, 6]");
    EXPECT_NE(errors.find("does not name each of the axes 1 to 2 of [batch, 2, 6] once "
                          "[layer[l].permute.dims]"),
              std::string::npos)
        << errors;
  }
}

TEST(RepeatVectorTest, GivesEachStepTheVector) {
  const RefTensor x = Filled({2, 3});
  const LayerCase layer = MakeLayer("repeat_vector { n: 2 }", {x});
  const std::vector<double>& v = x.values;
  ExpectNumbers(Evaluate(layer), {2, 2, 3},
                {v[0], v[1], v[2], v[0], v[1], v[2], v[3], v[4], v[5], v[3], v[4], v[5]});
  EXPECT_EQ(GradientError(layer), "");
  EXPECT_EQ(LayerErrors("repeat_vector { n: 2 }", "shape: [2, 3]"),
            "m:2:1: layer \"l\": repeat_vector reads [batch, features], the input is [batch, 2, 3] "
            "[layer[l]]");
}

struct SidesCase {
  const char* text;
  int64_t top, bottom, left, right;
};

TEST(ZeroPadding2dTest, PutsZerosAround) {
  const Images images{2, 2, 3, 2};
  const RefTensor x = Filled({2, 2, 3, 2});
  for (const SidesCase& c : {SidesCase{"", 1, 1, 1, 1},
                             {"padding: 2", 2, 2, 2, 2},
                             {"padding: [1, 2]", 1, 1, 2, 2},
                             {"padding: [0, 1, 2, 3]", 0, 1, 2, 3},
                             {"padding: 0", 0, 0, 0, 0}}) {
    SCOPED_TRACE(c.text);
    const LayerCase layer = MakeLayer(absl::StrCat("zero_padding2d { ", c.text, " }"), {x});
    const int64_t h = 2 + c.top + c.bottom, w = 3 + c.left + c.right;
    std::vector<double> expected;
    for (int64_t n = 0; n < 2; ++n) {
      for (int64_t y = 0; y < h; ++y) {
        for (int64_t z = 0; z < w; ++z) {
          for (int64_t k = 0; k < 2; ++k)
            expected.push_back(images.At(x, n, y - c.top, z - c.left, k));
        }
      }
    }
    ExpectNumbers(Evaluate(layer), {2, h, w, 2}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(ZeroPadding1dTest, PutsZerosBeforeAndAfter) {
  const RefTensor x = Filled({1, 2, 2}, {1, 2, 3, 4});
  ExpectNumbers(Evaluate(MakeLayer("zero_padding1d {}", {x})), {1, 4, 2}, {0, 0, 1, 2, 3, 4, 0, 0});
  ExpectNumbers(Evaluate(MakeLayer("zero_padding1d { padding: [0, 1] }", {x})), {1, 3, 2},
                {1, 2, 3, 4, 0, 0});
  ExpectNumbers(Evaluate(MakeLayer("zero_padding1d { padding: 0 }", {x})), {1, 2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(GradientError(MakeLayer("zero_padding1d { padding: [2, 1] }", {x})), "");
}

TEST(Cropping2dTest, TakesTheSidesAway) {
  const Images images{2, 4, 5, 2};
  const RefTensor x = Filled({2, 4, 5, 2});
  for (const SidesCase& c : {SidesCase{"", 0, 0, 0, 0},
                             {"cropping: 1", 1, 1, 1, 1},
                             {"cropping: [1, 2]", 1, 1, 2, 2},
                             {"cropping: [0, 1, 2, 1]", 0, 1, 2, 1}}) {
    SCOPED_TRACE(c.text);
    const LayerCase layer = MakeLayer(absl::StrCat("cropping2d { ", c.text, " }"), {x});
    std::vector<double> expected;
    for (int64_t n = 0; n < 2; ++n) {
      for (int64_t y = c.top; y < 4 - c.bottom; ++y) {
        for (int64_t z = c.left; z < 5 - c.right; ++z) {
          for (int64_t k = 0; k < 2; ++k) expected.push_back(images.At(x, n, y, z, k));
        }
      }
    }
    ExpectNumbers(Evaluate(layer), {2, 4 - c.top - c.bottom, 5 - c.left - c.right, 2}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(Cropping1dTest, TakesStepsAwayAtBothEnds) {
  const RefTensor x = Filled({1, 4, 1}, {1, 2, 3, 4});
  ExpectNumbers(Evaluate(MakeLayer("cropping1d {}", {x})), {1, 2, 1}, {2, 3});
  ExpectNumbers(Evaluate(MakeLayer("cropping1d { cropping: [2, 0] }", {x})), {1, 2, 1}, {3, 4});
  EXPECT_EQ(GradientError(MakeLayer("cropping1d { cropping: [2, 1] }", {x})), "");
}

TEST(SidesTest, OtherCountsAndNothingLeftAreRefused) {
  EXPECT_EQ(
      LayerErrors("zero_padding1d { padding: [1, 2, 3] }", "shape: [4, 2]"),
      "m:2:46: layer \"l\": padding has 3 numbers, not 1 or 2 [layer[l].zero_padding1d.padding]");
  EXPECT_EQ(LayerErrors("zero_padding2d { padding: [1, 2, 3] }", "shape: [4, 4, 2]"),
            "m:2:46: layer \"l\": padding has 3 numbers, not 1, 2 or 4 "
            "[layer[l].zero_padding2d.padding]");
  EXPECT_EQ(LayerErrors("cropping1d { cropping: [2, 2] }", "shape: [4, 2]"),
            "m:2:43: layer \"l\": cropping 2 and 2 of axis 1 of [batch, 4, 2] leaves nothing "
            "[layer[l].cropping1d.cropping]");
  EXPECT_EQ(LayerErrors("cropping2d { cropping: 2 }", "shape: [8, 3, 2]"),
            "m:2:42: layer \"l\": cropping 2 and 2 of axis 2 of [batch, 4, 3, 2] leaves nothing "
            "[layer[l].cropping2d.cropping]");
  EXPECT_EQ(
      LayerErrors("zero_padding2d {}", "shape: [4, 2]"),
      "m:2:1: layer \"l\": zero_padding2d reads [batch, height, width, channels], the input is "
      "[batch, 4, 2] [layer[l]]");
}

TEST(UpSampling1dTest, RepeatsEachStep) {
  const RefTensor x = Filled({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  ExpectNumbers(Evaluate(MakeLayer("up_sampling1d {}", {x})), {2, 4, 2},
                {1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 7, 8, 7, 8});
  EXPECT_EQ(GradientError(MakeLayer("up_sampling1d { size: 3 }", {x})), "");
  ExpectNumbers(Evaluate(MakeLayer("up_sampling1d { size: 1 }", {x})), {2, 2, 2}, x.values);
}

TEST(UpSampling2dTest, RepeatsRowsAndColumns) {
  const Images images{2, 2, 3, 2};
  const RefTensor x = Filled({2, 2, 3, 2});
  const struct {
    const char* text;
    int64_t down, across;
  } cases[] = {{"", 2, 2}, {"size: 3", 3, 3}, {"size: [1, 2]", 1, 2}, {"size: [3, 2]", 3, 2}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const LayerCase layer = MakeLayer(absl::StrCat("up_sampling2d { ", c.text, " }"), {x});
    std::vector<double> expected;
    for (int64_t n = 0; n < 2; ++n) {
      for (int64_t y = 0; y < 2 * c.down; ++y) {
        for (int64_t z = 0; z < 3 * c.across; ++z) {
          for (int64_t k = 0; k < 2; ++k)
            expected.push_back(images.At(x, n, y / c.down, z / c.across, k));
        }
      }
    }
    ExpectNumbers(Evaluate(layer), {2, 2 * c.down, 3 * c.across, 2}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
  EXPECT_EQ(LayerErrors("up_sampling2d { size: [1, 2, 3] }", "shape: [4, 4, 2]"),
            "m:2:42: layer \"l\": size has 3 numbers, not 1 or 2 [layer[l].up_sampling2d.size]");
}

}  // namespace
}  // namespace gradus
