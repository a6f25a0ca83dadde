// Trainer::Step: what it refuses of a batch, that both forms give the same, and that the one with a
// result that is kept allocates nothing.

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <string>

#include "gradus/api/trainer.h"
#include "tests/testing/allocation_counter.h"

namespace gradus {
namespace {

constexpr char kRun[] = R"(
model {
  name: "small"
  input { name: "x" shape: 40 }
  input { name: "label" type: INT32 }
  layer { name: "hidden" input: "x" dense { units: 20 activation: RELU } }
  layer { name: "logits" dense { units: 3 } }
  loss { sparse_categorical_crossentropy { prediction: "logits" label: "label" from_logits: true } }
  metric {
    name: "an_accuracy_whose_name_is_longer_than_a_short_string"
    sparse_categorical_accuracy { prediction: "logits" label: "label" }
  }
}
optimizer { adam {} }
run { threads: 2 block_rows: 8 }
)";

std::unique_ptr<Trainer> MakeTrainer() {
  auto file = RunFile::Parse(kRun, "small");
  EXPECT_TRUE(file.ok()) << file.status();
  auto trainer = Trainer::Create(*std::move(file));
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

std::map<std::string, Tensor> MakeBatch(int64_t rows) {
  std::vector<float> x(static_cast<size_t>(rows) * 40);
  std::vector<int32_t> label(static_cast<size_t>(rows));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17) / 16;
  for (size_t i = 0; i < label.size(); ++i) label[i] = static_cast<int32_t>(i % 3);
  return {{"x", Tensor::Of<float>({rows, 40}, x)}, {"label", Tensor::Of<int32_t>({rows}, label)}};
}

TEST(TrainerStepTest, BothFormsGiveTheSame) {
  const auto by_value = MakeTrainer(), kept = MakeTrainer();
  StepResult result;
  for (int64_t rows : {16, 16, 5}) {
    const auto batch = MakeBatch(rows);
    const auto expected = by_value->Step(batch);
    ASSERT_TRUE(expected.ok()) << expected.status();
    ASSERT_TRUE(kept->Step(batch, &result).ok());
    EXPECT_EQ(result.step, expected->step);
    EXPECT_EQ(result.loss, expected->loss);
    EXPECT_EQ(result.learning_rate, expected->learning_rate);
    EXPECT_EQ(result.metrics, expected->metrics);
  }
  EXPECT_EQ(result.step, 3);
  ASSERT_EQ(result.metrics.size(), 1u);
  EXPECT_EQ(result.metrics[0].first, "an_accuracy_whose_name_is_longer_than_a_short_string");
}

TEST(TrainerStepTest, AKeptResultAllocatesNothingAfterTheFirstStepOfASize) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  const auto trainer = MakeTrainer();
  const auto batch = MakeBatch(16), rest = MakeBatch(5);
  StepResult result;
  ASSERT_TRUE(trainer->Step(batch, &result).ok());
  ASSERT_TRUE(trainer->Step(rest, &result).ok());
  AllocationCounter::Reset();
  AllocationCounter::Count(true);
  bool ok = true;
  for (int i = 0; i < 4; ++i) {
    ok &= trainer->Step(batch, &result).ok();
    ok &= trainer->Step(rest, &result).ok();
  }
  AllocationCounter::Count(false);
  EXPECT_TRUE(ok);
  EXPECT_EQ(AllocationCounter::ours(), 0) << AllocationCounter::FirstOfOurs();
  // The counter counts.
  AllocationCounter::Count(true);
  ASSERT_TRUE(trainer->Step(batch).ok());
  AllocationCounter::Count(false);
  EXPECT_GT(AllocationCounter::ours(), 0);
}

TEST(TrainerStepTest, RefusesWhatDoesNotFitAndLeavesTheStateAlone) {
  const auto trainer = MakeTrainer();
  const auto message = [&](const std::map<std::string, Tensor>& batch) {
    StepResult result;
    return std::string(trainer->Step(batch, &result).message());
  };
  auto batch = MakeBatch(16);
  const Tensor good = batch["x"];

  batch["x"] = good.Clone();
  batch["x"].mutable_data<float>()[603] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(message(batch), "input \"x\" has inf at element 603");
  batch["x"].mutable_data<float>()[600] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message(batch), "input \"x\" has nan at element 600");
  batch["x"].mutable_data<float>()[600] = std::numeric_limits<float>::max();
  batch["x"].mutable_data<float>()[603] = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(message(batch), "");

  batch["x"] = *Tensor::Create(DType::kFloat32, {16, 39});
  EXPECT_EQ(message(batch),
            "input \"x\" is FLOAT32 [16, 39] and should be FLOAT32 [40] after the rows");
  batch["x"] = *Tensor::Create(DType::kFloat32, {16});
  EXPECT_EQ(message(batch),
            "input \"x\" is FLOAT32 [16] and should be FLOAT32 [40] after the rows");
  batch["x"] = *Tensor::Create(DType::kFloat32, {16, 40, 1});
  EXPECT_EQ(message(batch),
            "input \"x\" is FLOAT32 [16, 40, 1] and should be FLOAT32 [40] after the rows");
  batch.erase("x");
  batch["y"] = good;
  EXPECT_EQ(message(batch), "input \"x\" is missing\nthe model has no input \"y\"");
  EXPECT_EQ(trainer->state().progress.update, 1);
}

}  // namespace
}  // namespace gradus
