// A Trainer steps, trains, refuses and resumes.

#include "gradus/api/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "gradus/base/file.h"
#include "gradus/data/batch_stream.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

TEST(Trainer, StepsOneByOneAreTheRun) {
  const std::unique_ptr<Trainer> whole = SmallTrainer(), stepped = SmallTrainer();
  ASSERT_TRUE(whole->Train().ok());

  auto stream = BatchStream::Create(stepped->data().train, TrainingBatches(whole->config().data()));
  ASSERT_TRUE(stream.ok());
  for (int i = 0; i < 9; ++i) {
    const absl::StatusOr<const Batch*> batch = (*stream)->Next();
    ASSERT_TRUE(batch.ok());
    const auto result =
        stepped->Step({{"x", (*batch)->fields[0].Clone()}, {"y", (*batch)->fields[1].Clone()}});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->step, i + 1);
    EXPECT_EQ(result->learning_rate, 0.01);
    ASSERT_EQ(result->metrics.size(), 1u);
    EXPECT_EQ(result->metrics[0].first, "distance");
  }
  for (const char* name : kSmallTensors) {
    EXPECT_EQ(Values(whole->Parameter(name)), Values(stepped->Parameter(name))) << name;
  }
}

TEST(Trainer, StepSaysEverythingThatIsWrongWithABatchAndChangesNothing) {
  const std::unique_ptr<Trainer> trainer = SmallTrainer();
  const std::vector<float> before = Values(trainer->Parameter("hidden/kernel"));
  const Points good = MakePoints(4);
  const auto message = [&](const std::map<std::string, Tensor>& batch) {
    return std::string(trainer->Step(batch).status().message());
  };
  EXPECT_EQ(message({}), "input \"x\" is missing\ninput \"y\" is missing");
  EXPECT_EQ(message({{"x", good.y}, {"z", good.x}}),
            "input \"x\" is FLOAT32 [4, 1] and should be FLOAT32 [3] after the rows\n"
            "input \"y\" is missing\nthe model has no input \"z\"");
  EXPECT_EQ(message({{"x", good.x}, {"y", MakePoints(3).y}}),
            "input \"y\" has 3 rows, another one 4");
  EXPECT_EQ(message({{"x", Tensor::Of<int32_t>({1, 3}, {1, 2, 3})}, {"y", MakePoints(1).y}}),
            "input \"x\" is INT32 [1, 3] and should be FLOAT32 [3] after the rows");
  EXPECT_EQ(message({{"x", MakePoints(0).x}, {"y", MakePoints(0).y}}), "the batch has no rows");
  EXPECT_EQ(message({{"x", Tensor::Of<float>({1, 3}, {1, NAN, 3})}, {"y", MakePoints(1).y}}),
            "input \"x\" has nan at element 1");
  EXPECT_EQ(Values(trainer->Parameter("hidden/kernel")), before);
  EXPECT_EQ(trainer->state().progress.update, 0);
  EXPECT_TRUE(trainer->Step({{"x", good.x}, {"y", good.y}}).ok());
}

TEST(Trainer, AllFindingsOfModelOptimizerAndDataComeAtOnceInTheirOrder) {
  absl::StatusOr<RunFile> file = RunFile::Parse(R"(model {
  input { name: "x" shape: 3 }
  input { name: "y" shape: 1 }
  layer { name: "out" dense { units: -1 } }
  loss { mean_squared_error { prediction: "aut" label: "y" } }
}
data { train { memory { name: "nothing" } } batch_size: 0 }
optimizer { adam { beta1: 2 } }
)",
                                                "broken");
  ASSERT_TRUE(file.ok()) << file.status();
  const auto trainer = Trainer::Create(*std::move(file));
  ASSERT_FALSE(trainer.ok());
  std::vector<int> lines;
  const std::string message(trainer.status().message());
  for (size_t at = 0; at != std::string::npos;) {
    EXPECT_EQ(message.compare(at, 7, "broken:"), 0) << message;
    lines.push_back(std::atoi(message.c_str() + at + 7));
    at = message.find('\n', at);
    if (at != std::string::npos) ++at;
  }
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end())) << message;
  for (int line : {4, 5, 7, 8}) {
    EXPECT_EQ(std::count(lines.begin(), lines.end(), line) > 0, true) << line << "\n" << message;
  }
}

TEST(Trainer, WithoutDataItStepsButDoesNotTrain) {
  const std::string text = SmallRun();
  const size_t data = text.find("data {"), optimizer = text.find("optimizer {");
  absl::StatusOr<RunFile> file =
      RunFile::Parse(text.substr(0, data) + text.substr(optimizer), "small");
  ASSERT_TRUE(file.ok());
  const auto trainer = Trainer::Create(*std::move(file));
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  EXPECT_EQ((*trainer)->planned_steps(), 0);
  const Points points = MakePoints(8);
  EXPECT_TRUE((*trainer)->Step({{"x", points.x}, {"y", points.y}}).ok());
  EXPECT_EQ((*trainer)->Train().status().message(),
            "the configuration has no training data; write data { train { ... } }");
}

TEST(Trainer, TrainsOnWhatAFunctionGives) {
  const Points points = MakePoints(20);
  const ReadRows read = [&](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
    for (size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(points.x.data<float>().data() + 3 * rows[i], 3,
                  static_cast<float*>(to[0]) + 3 * i);
      static_cast<float*>(to[1])[i] = points.y.data<float>()[rows[i]];
    }
    return absl::OkStatus();
  };
  TrainerOptions options;
  options.datasets["points"] =
      *MakeCallbackDataset({{"x", DType::kFloat32, {3}}, {"y", DType::kFloat32, {1}}}, 20, read);
  const auto trainer = Trainer::Create(*RunFile::Parse(SmallRun(), "small"), options);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE((*trainer)->Train().ok());
  const std::unique_ptr<Trainer> memory = SmallTrainer();
  ASSERT_TRUE(memory->Train().ok());
  EXPECT_EQ(Values((*trainer)->Parameter("out/kernel")), Values(memory->Parameter("out/kernel")));
}

TEST(Trainer, ParametersAreReadAndWrittenByName) {
  const std::unique_ptr<Trainer> trainer = SmallTrainer();
  ASSERT_TRUE(trainer->SetParameter("out/bias", Tensor::Of<float>({1}, {2.5f})).ok());
  EXPECT_EQ(Values(trainer->Parameter("out/bias")), std::vector<float>{2.5f});
  EXPECT_EQ(trainer->Parameter("out/bios").status().message(),
            "the model has no parameter \"out/bios\"");
  EXPECT_FALSE(trainer->SetParameter("out/bias", Tensor::Of<float>({2}, {1, 2})).ok());
  EXPECT_EQ(trainer->parameter_count(), 3 * 4 + 4 + 4 + 4 + 4 + 1);
}

// ---- Stopped after a chosen step, then resumed.

class StopAfter final : public TrainObserver {
 public:
  explicit StopAfter(int64_t step) : step_(step) {}
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    stop_ = report.step >= step_;
    return absl::OkStatus();
  }
  absl::Status OnCheckpoint(const std::string& path) override {
    checkpoint = path;
    return absl::OkStatus();
  }
  bool StopRequested() override { return stop_; }
  std::string checkpoint;

 private:
  const int64_t step_;
  bool stop_ = false;
};

class Lines final : public TrainObserver {
 public:
  absl::Status OnLine(const MetricLine& line) override {
    last = line;
    return absl::OkStatus();
  }
  MetricLine last;
};

class Resumed : public testing::TestWithParam<int> {};

TEST_P(Resumed, EndsInTheSameBits) {
  const std::vector<std::string> settings = {"run.epochs=8"};  // 24 steps.
  const std::unique_ptr<Trainer> whole = SmallTrainer(settings);
  Lines whole_lines;
  TrainObserver* const whole_observers[] = {&whole_lines};
  ASSERT_TRUE(whole->Train(whole_observers).ok());

  const std::string folder = testing::TempDir() + "/resumed-" + std::to_string(GetParam());
  ASSERT_TRUE(RemoveTree(folder).ok());
  StopAfter stop(GetParam());
  {
    const std::unique_ptr<Trainer> first = SmallTrainer(settings, folder);
    TrainObserver* const observers[] = {&stop};
    const absl::StatusOr<LoopEnd> end = first->Train(observers);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_EQ(first->state().progress.update, GetParam());
  }
  const Points points = MakePoints(20);
  TrainerOptions options;
  options.datasets["points"] = *MakeMemoryDataset({{"x", points.x}, {"y", points.y}});
  const auto second = Trainer::Resume(stop.checkpoint, options);
  ASSERT_TRUE(second.ok()) << second.status();
  Lines lines;
  TrainObserver* const observers[] = {&lines};
  ASSERT_TRUE((*second)->Train(observers).ok());
  EXPECT_EQ((*second)->state().progress.update, 24);
  for (const char* name : kSmallTensors) {
    EXPECT_EQ(Values(whole->Parameter(name)), Values((*second)->Parameter(name))) << name;
  }
  EXPECT_EQ(lines.last.loss, whole_lines.last.loss);
  EXPECT_EQ(lines.last.metrics, whole_lines.last.metrics);
}

INSTANTIATE_TEST_SUITE_P(AfterStep, Resumed, testing::Range(1, 21));

}  // namespace
}  // namespace gradus
