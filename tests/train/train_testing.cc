// The small run that the tests of this room share.

#include "tests/train/train_testing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/base/random.h"
#include "gradus/base/text_config.h"
#include "gradus/data/memory.h"

namespace gradus {

std::string PointsModel(bool batch_norm, absl::string_view more_layers, int64_t batch_size) {
  return absl::StrCat(
      "model { name: \"points\""
      " input { name: \"x\" shape: 2 }"
      " input { name: \"label\" shape: 1 }"
      " layer { name: \"hidden\" input: \"x\" dense { units: 8 activation: TANH } }",
      batch_norm ? " layer { name: \"norm\" batch_norm {} }" : "",
      more_layers,
      " layer { name: \"output\" dense { units: 1 activation: SIGMOID } }"
      " loss { binary_crossentropy { prediction: \"output\" label: \"label\" } }"
      " metric { name: \"accuracy\" binary_accuracy { prediction: \"output\" label: \"label\" } } "
      "}\n"
      "data { train { memory { name: \"points\" } } shuffle_seed: 3 batch_size: ",
      batch_size, " }\n");
}

std::shared_ptr<const Dataset> Points(int64_t rows) {
  RandomSequence random(5, static_cast<uint64_t>(rows));
  std::vector<float> x, label;
  for (int64_t i = 0; i < rows; ++i) {
    const double a = 2 * random.Uniform() - 1, b = 2 * random.Uniform() - 1;
    x.push_back(static_cast<float>(a));
    x.push_back(static_cast<float>(b));
    label.push_back(a * b > 0 ? 1 : 0);
  }
  auto dataset = MakeMemoryDataset(
      {{"x", Tensor::Of<float>({rows, 2}, x)}, {"label", Tensor::Of<float>({rows, 1}, label)}});
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return *dataset;
}

RunConfig ParseRun(const std::string& text) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "run", RunConfig::default_instance(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  RunConfig config;
  if (parsed.message != nullptr) config.CopyFrom(*parsed.message);
  return config;
}

std::unique_ptr<TestRun> MakeRun(const std::string& rest, bool batch_norm, int threads,
                                 const std::string& checkpoint_folder, int64_t batch_size,
                                 absl::string_view more_model) {
  auto run = std::make_unique<TestRun>();
  run->config = ParseRun(PointsModel(batch_norm, more_model, batch_size) + rest);
  run->pool = std::make_unique<ThreadPool>(threads);
  run->data.train = Points(100);
  run->data.validation = Points(37);
  StepOptions options;
  options.seed = static_cast<uint64_t>(run->config.run().seed());
  options.pool = run->pool.get();
  options.block_rows = run->config.run().block_rows();
  options.batch_size = run->config.data().batch_size();
  options.report_groups_every_steps = run->config.run().log_groups_every_steps();
  Timeline::Plan plan = PlanOf(run->config);
  plan.examples_per_epoch = 100;
  options.timeline = std::make_shared<Timeline>(plan);
  options.validates = true;
  Diagnostics diagnostics;
  auto step =
      TrainStep::Create(run->config.model(), run->config.optimizer(), options, &diagnostics);
  EXPECT_TRUE(step.ok()) << step.status();
  if (!step.ok()) return nullptr;
  auto evaluation =
      Evaluation::Create(run->config.model(), options, &diagnostics, &(*step)->layout());
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  if (!evaluation.ok()) return nullptr;
  run->step = *std::move(step);
  run->evaluation = *std::move(evaluation);
  Watcher::Check(run->config.run(), run->step->monitors(), ConfigPath().Child("run"), &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  run->watcher = std::make_unique<Watcher>(run->config.run(), run->step->monitors());
  auto state = run->step->NewState();
  EXPECT_TRUE(state.ok()) << state.status();
  run->state = *std::move(state);
  run->options.settings = run->config.run();
  run->options.data = run->config.data();
  run->options.checkpoint_folder = checkpoint_folder;
  run->options.context.config = run->config;
  run->options.context.threads = threads;
  run->options.context.sum_names = SumNames(run->step->model().metrics);
  run->options.context.numbers = &run->step->numbers();
  run->options.context.watcher = run->watcher.get();
  return run;
}

absl::StatusOr<LoopEnd> TestRun::Go(absl::Span<TrainObserver* const> observers) {
  return RunTrainLoop(options, data, step.get(), evaluation.get(), &state, observers);
}

std::string Bytes(const TrainState& state) {
  std::string bytes =
      absl::StrCat(state.progress.update, " ", state.progress.examples, " ", state.progress.epoch,
                   " ", state.progress.offset, " ", state.epoch_sums.examples, " ");
  const auto add = [&](const void* data, int64_t size) {
    bytes.append(static_cast<const char*>(data), static_cast<size_t>(size));
  };
  add(&state.epoch_sums.loss, sizeof(double));
  for (const double& sum : state.epoch_sums.metrics) add(&sum, sizeof sum);
  for (const std::vector<float>& rows : state.epoch_sums.rows) {
    add(rows.data(), static_cast<int64_t>(rows.size() * sizeof(float)));
  }
  const ParameterStore& store = state.store;
  add(store.weights(), store.floats() * 4);
  for (int slot = 0; slot < store.memory().slots(); ++slot) {
    for (int i = 0; i < store.layout().count(); ++i) {
      const SlotPart<float> part = store.memory().Part(slot, store.layout(), i);
      for (int64_t row = 0; part.data != nullptr && row < part.rows; ++row) {
        add(part.data + row * part.pitch, part.columns * 4);
      }
    }
  }
  for (const double& number : store.memory().numbers()) add(&number, sizeof number);
  add(store.states(), store.state_layout().floats() * 4);
  return bytes;
}

std::string FreshFolder(const std::string& name) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/train_", getpid(), "_", name);
  EXPECT_TRUE(RemoveTree(folder).ok());
  EXPECT_TRUE(MakeFolders(folder).ok());
  return folder;
}

}  // namespace gradus
