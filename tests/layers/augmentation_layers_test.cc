// The layers that change images at random: what they do to an image while training, that every example has its own change, that nothing but
// seed, step, name and row decides it, and that they do nothing otherwise. Placements are checked against plain shifts of the image.

#include <algorithm>
#include <cmath>
#include <map>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

constexpr const char* kKinds[] = {"random_flip {}",
                                  "random_translation { height_factor: 0.5 width_factor: 0.5 }",
                                  "random_rotation { factor: 0.3 }",
                                  "random_zoom { height_factor: 0.4 width_factor: 0.3 }",
                                  "random_contrast { factor: 0.4 }",
                                  "random_brightness { factor: 0.3 value_range: [-2, 2] }"};
const std::vector<int64_t> kDims = {12, 5, 4, 2};

// One image [height, width, channels] of many.
struct Image {
  int64_t h, w, c;
  std::vector<double> values;
  double At(int64_t i, int64_t j, int64_t k) const { return values[(i * w + j) * c + k]; }
};
Image ImageOf(const RefTensor& images, int64_t n) {
  const int64_t size = images.dims[1] * images.dims[2] * images.dims[3];
  const auto* first = images.values.data() + n * size;
  return {images.dims[1], images.dims[2], images.dims[3], {first, first + size}};
}

TEST(AugmentationTest, PassesThroughInInference) {
  for (const char* kind : kKinds) {
    const LayerCase layer = MakeLayer(kind, {Filled(kDims)}, Mode::kInference);
    EXPECT_EQ(layer.output, layer.model.graph.inputs()[0]) << kind;
  }
}

TEST(AugmentationTest, EachExampleIsChangedInItsOwnWay) {
  RefTensor x = Filled({1, 5, 4, 2});
  const std::vector<double> one = x.values;
  for (int i = 1; i < 12; ++i) x.values.insert(x.values.end(), one.begin(), one.end());
  x.dims[0] = 12;
  for (const char* kind : kKinds) {
    const RefTensor y = Evaluate(MakeLayer(kind, {x}));
    std::map<std::vector<double>, int> seen;
    for (int64_t n = 0; n < 12; ++n) ++seen[ImageOf(y, n).values];
    EXPECT_GE(seen.size(), 3u) << kind;  // Of four ways to flip; more of all others.
  }
}

TEST(AugmentationTest, SeedAndStepChangeItAndAnotherCallDoesNot) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    ExpectDrawnOfSeedAndStep(MakeLayer(kind, {Filled(kDims)}));
  }
}

TEST(AugmentationTest, ABlockOfRowsIsChangedAsInTheWhole) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    const RefTensor x = Filled(kDims);
    const std::vector<double> whole = Evaluate(MakeLayer(kind, {x})).values;
    const int64_t size = 5 * 4 * 2;
    LayerCase block =
        MakeLayer(kind, {{{4, 5, 4, 2}, {x.values.begin() + 8 * size, x.values.end()}}});
    SetScalar("row_offset", 8, &block);
    EXPECT_EQ(Evaluate(block).values, std::vector<double>(whole.begin() + 8 * size, whole.end()));
  }
}

TEST(AugmentationTest, HasTheDerivativeOfWhatWasDrawn) {
  for (const char* kind : kKinds) {
    EXPECT_EQ(GradientError(MakeLayer(kind, {Filled({3, 4, 3, 2})})), "") << kind;
  }
}

TEST(RandomFlipTest, MirrorsHalfOfTheImages) {
  for (const std::string mode : {"HORIZONTAL", "VERTICAL"}) {
    const RefTensor x = Filled({400, 2, 3, 1});
    const RefTensor y = Evaluate(MakeLayer(absl::StrCat("random_flip { mode: ", mode, " }"), {x}));
    int flipped = 0;
    for (int64_t n = 0; n < 400; ++n) {
      const Image before = ImageOf(x, n), after = ImageOf(y, n);
      if (after.values == before.values) continue;
      ++flipped;
      for (int64_t i = 0; i < 2; ++i) {
        for (int64_t j = 0; j < 3; ++j) {
          EXPECT_EQ(after.At(i, j, 0),
                    mode == "VERTICAL" ? before.At(1 - i, j, 0) : before.At(i, 2 - j, 0));
        }
      }
    }
    EXPECT_NEAR(flipped, 200, 50);  // Five deviations of a binomial, 10.
  }
}

TEST(RandomTranslationTest, MovesByWholePixelsWithinTheFactors) {
  const RefTensor x = Filled({60, 5, 4, 1});
  const RefTensor y = Evaluate(
      MakeLayer("random_translation { height_factor: [0.2, 0.4] width_factor: 0 fill_mode: "
                "CONSTANT fill_value: 7 interpolation: NEAREST }",
                {x}));
  std::map<int64_t, int> moves;
  for (int64_t n = 0; n < 60; ++n) {
    const Image before = ImageOf(x, n), after = ImageOf(y, n);
    int64_t down = 0;  // Rows of nothing but the fill.
    while (down < 5 && after.At(down, 0, 0) == 7) ++down;
    ++moves[down];
    for (int64_t i = 0; i < 5; ++i) {
      for (int64_t j = 0; j < 4; ++j) {
        EXPECT_EQ(after.At(i, j, 0), i < down ? 7 : before.At(i - down, j, 0));
      }
    }
  }
  // 0.2 to 0.4 of five rows is 1 to 2 pixels.
  EXPECT_EQ(moves.size(), 2u);
  EXPECT_GT(moves[1], 0);
  EXPECT_GT(moves[2], 0);
}

TEST(RandomTranslationTest, FillsAsItIsTold) {
  // Two pixels down, always.
  const RefTensor x = {{1, 5, 1, 1}, {1, 2, 3, 4, 5}};
  const std::pair<const char*, std::vector<double>> cases[] = {{"REFLECT", {2, 1, 1, 2, 3}},
                                                               {"WRAP", {4, 5, 1, 2, 3}},
                                                               {"NEAREST_EDGE", {1, 1, 1, 2, 3}},
                                                               {"CONSTANT", {0, 0, 1, 2, 3}}};
  for (const auto& [mode, expected] : cases) {
    const RefTensor y = Evaluate(MakeLayer(
        absl::StrCat("random_translation { height_factor: [0.4, 0.4] width_factor: 0 fill_mode: ",
                     mode, " }"),
        {x}));
    ExpectNumbers(y, {1, 5, 1, 1}, expected, 1e-6);  // 0.4 is no float.
  }
}

TEST(RandomRotationTest, AQuarterTurnMovesEachPixelToItsPlace) {
  const RefTensor x = Filled({1, 4, 4, 2});
  const RefTensor y = Evaluate(MakeLayer("random_rotation { factor: [0.25, 0.25] }", {x}));
  const Image before = ImageOf(x, 0), after = ImageOf(y, 0);
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      // Counter-clockwise: what was on the right is above.
      EXPECT_NEAR(after.At(i, j, 1), before.At(j, 3 - i, 1), 1e-5);
    }
  }
  ExpectNumbers(Evaluate(MakeLayer("random_rotation { factor: 0 }", {x})), x.dims, x.values, 1e-6);
}

TEST(RandomZoomTest, ZoomsAroundTheCentre) {
  const RefTensor x = {{1, 5, 5, 1}, std::vector<double>(25, 1)};
  // Twice the height is shown: the middle rows 1 to 3 hold it.
  const RefTensor y = Evaluate(MakeLayer(
      "random_zoom { height_factor: [1, 1] width_factor: [0, 0] fill_mode: CONSTANT }", {x}));
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j < 5; ++j) {
      EXPECT_NEAR(ImageOf(y, 0).At(i, j, 0), i >= 1 && i <= 3 ? 1 : 0, 1e-6) << i;
    }
  }
  const RefTensor image = Filled({1, 5, 5, 1});
  const RefTensor in = Evaluate(MakeLayer("random_zoom { height_factor: [-0.5, -0.5] }", {image}));
  EXPECT_NEAR(ImageOf(in, 0).At(2, 2, 0), ImageOf(image, 0).At(2, 2, 0), 1e-6);
  EXPECT_NEAR(ImageOf(in, 0).At(0, 4, 0), ImageOf(image, 0).At(1, 3, 0), 1e-6);
}

TEST(RandomCropTest, CutsAtAllPlacesAlikeAndInTheMiddleOtherwise) {
  const RefTensor x = Filled({300, 5, 4, 1});
  const RefTensor y = Evaluate(MakeLayer("random_crop { height: 3 width: 4 }", {x}));
  EXPECT_EQ(y.dims, (std::vector<int64_t>{300, 3, 4, 1}));
  std::map<int64_t, int> places;
  for (int64_t n = 0; n < 300; ++n) {
    const Image before = ImageOf(x, n), after = ImageOf(y, n);
    int64_t at = 0;
    while (at < 3 && before.At(at, 0, 0) != after.At(0, 0, 0)) ++at;
    ASSERT_LT(at, 3);
    ++places[at];
    for (int64_t i = 0; i < 3; ++i) {
      for (int64_t j = 0; j < 4; ++j) EXPECT_EQ(after.At(i, j, 0), before.At(at + i, j, 0));
    }
  }
  for (int64_t at = 0; at < 3; ++at) EXPECT_NEAR(places[at], 100, 41);  // Five deviations, 8.2.
  for (const char* kind :
       {"random_crop { height: 3 width: 1 }", "center_crop { height: 3 width: 1 }"}) {
    const RefTensor middle = Evaluate(MakeLayer(kind, {x}, Mode::kInference));
    EXPECT_EQ(middle.dims, (std::vector<int64_t>{300, 3, 1, 1}));
    EXPECT_EQ(ImageOf(middle, 7).At(0, 0, 0), ImageOf(x, 7).At(1, 1, 0));
  }
}

TEST(RandomContrastTest, SpreadsAroundTheMeanOfEachChannel) {
  const RefTensor x = Filled({20, 3, 2, 2});
  const RefTensor y = Evaluate(MakeLayer("random_contrast { factor: [0.5, 0.25] }", {x}));
  double least = 9, most = 0;
  for (int64_t n = 0; n < 20; ++n) {
    const Image before = ImageOf(x, n), after = ImageOf(y, n);
    double mean = 0;
    for (int64_t i = 0; i < 6; ++i) mean += before.values[2 * i] / 6;
    const double f = (after.values[0] - mean) / (before.values[0] - mean);
    least = std::min(least, f), most = std::max(most, f);
    for (int64_t i = 0; i < 6; ++i) {
      EXPECT_NEAR(after.values[2 * i], (before.values[2 * i] - mean) * f + mean, 1e-9);
    }
  }
  EXPECT_GE(least, 0.5);
  EXPECT_LT(least, 0.8);
  EXPECT_LE(most, 1.25);
  EXPECT_GT(most, 1);
}

TEST(RandomBrightnessTest, AddsANumberAndKeepsTheRange) {
  const RefTensor x = {{40, 1, 2, 1}, std::vector<double>(80, 0.5)};
  const RefTensor y =
      Evaluate(MakeLayer("random_brightness { factor: 0.8 value_range: [0, 1] }", {x}));
  int limited = 0;
  for (int64_t n = 0; n < 40; ++n) {
    EXPECT_EQ(y.values[2 * n], y.values[2 * n + 1]);
    EXPECT_GE(y.values[2 * n], 0);
    EXPECT_LE(y.values[2 * n], 1);
    limited += y.values[2 * n] == 0 || y.values[2 * n] == 1;
  }
  EXPECT_GT(limited, 2);  // Of 40, each with a chance of 3 / 8.
  EXPECT_LT(limited, 30);
}

TEST(AugmentationTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"random_crop { height: 6 width: 1 }",
       "height 6 is more than axis 1 of [batch, 5, 4, 1] has"},
      {"random_translation { height_factor: [0.2, 0.1] width_factor: 0 }",
       "height_factor 0.2 to 0.1 is no range"},
      {"random_translation { height_factor: 0.2 width_factor: [0, 0, 0] }",
       "width_factor has 3 numbers, not 1 or 2"},
      {"random_rotation { factor: 0.1 fill_value: 3 }",
       "fill_value is of fill_mode: CONSTANT, not of REFLECT"},
      {"random_zoom { height_factor: -1 }", "height_factor -1 must be above -1"},
      {"random_brightness { factor: 0.1 value_range: [1, 0] }",
       "value_range is two numbers, the second above the first"},
      {"random_flip { mode: BOTH }", "BOTH"}};
  for (const auto& [kind, message] : cases) {
    EXPECT_NE(LayerErrors(kind, "shape: [5, 4, 1]").find(message), std::string::npos)
        << LayerErrors(kind, "shape: [5, 4, 1]");
  }
  EXPECT_NE(
      LayerErrors("random_flip {}").find("random_flip reads [batch, height, width, channels]"),
      std::string::npos);
}

}  // namespace
}  // namespace gradus
