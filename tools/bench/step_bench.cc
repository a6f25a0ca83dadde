// The training step against a hand-written loop of oneDNN primitives (raw_onednn.h) in the same
// process:
//
//   bazel run //tools/bench:step_bench
//
// How it is measured: ratio_table.h. The yardstick is the faster of oneDNN's own choice of layouts
// and of weights as [inputs, units].

#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/api/trainer.h"
#include "tools/bench/bench_model.h"
#include "tools/bench/ratio_table.h"
#include "tools/bench/raw_onednn.h"

namespace gradus {
namespace {

struct Case {
  std::string name;
  std::string model;  // The text.
  RawOneDnnMlp::Config raw;
  int most_threads;
  double limit;  // Of Gradus on one thread against the yardstick on one.
};

std::string Layers(const std::vector<int64_t>& widths, const std::string& hidden,
                   const std::string& last) {
  std::string text = absl::StrCat("input { name: \"x\" shape: ", widths[0], " }\n");
  for (size_t i = 1; i < widths.size(); ++i) {
    const bool end = i + 1 == widths.size();
    const std::string& activation = end ? last : hidden;
    absl::StrAppend(&text, "layer { name: \"", end ? std::string("y") : absl::StrCat("hidden_", i),
                    "\" ", i == 1 ? "input: \"x\" " : "", "dense { units: ", widths[i],
                    activation.empty() ? "" : absl::StrCat(" activation: ", activation), " } }\n");
  }
  return text;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (int64_t batch : {64, 256}) {
    Case c;
    c.raw.widths = {784, 256, 128, 64, 10};
    c.raw.batch = batch;
    c.name = absl::StrCat("784-256-128-64-10 sgd, batch ", batch);
    c.model =
        absl::StrCat("model { name: \"mlp\" ", Layers(c.raw.widths, "RELU", ""),
                     "input { name: \"label\" type: INT32 }\n"
                     "loss { sparse_categorical_crossentropy { prediction: \"y\" label: \"label\" "
                     "from_logits: true } } }\n"
                     "optimizer { sgd {} learning_rate { constant: 0.01 } }");
    c.most_threads = 2;
    c.limit = 1.1;
    cases.push_back(c);
  }
  for (bool metric : {false, true}) {
    Case c;
    c.raw.widths = {30, 10, 10, 1};
    c.raw.batch = 32;
    c.raw.loss = RawOneDnnMlp::kBinaryCrossEntropy;
    c.raw.rule = RawOneDnnMlp::kAdam;
    c.name = absl::StrCat("30-10-10-1 adam, batch 32", metric ? ", accuracy" : "");
    c.model =
        absl::StrCat("model { name: \"tutorial\" ", Layers(c.raw.widths, "RELU", "SIGMOID"),
                     "input { name: \"label\" shape: 1 }\n"
                     "loss { binary_crossentropy { prediction: \"y\" label: \"label\" } }",
                     metric ? "metric { name: \"accuracy\" binary_accuracy { prediction: \"y\" "
                              "label: \"label\" } }"
                            : "",
                     "}\noptimizer { adam {} learning_rate { exponential_decay { "
                     "initial_learning_rate: 0.01 decay_steps: 1000 decay_rate: 0.96 } } }");
    c.most_threads = 1;
    c.limit = 1.5;
    cases.push_back(c);
  }
  Case c;
  c.raw.widths = {16, 16, 16, 1};
  c.raw.batch = 1;
  c.raw.hidden = RawOneDnnMlp::kTanh;
  c.raw.loss = RawOneDnnMlp::kSquaredError;
  c.name = "16-16-16-1 tanh sgd, batch 1";
  c.model = absl::StrCat("model { name: \"tiny\" ", Layers(c.raw.widths, "TANH", ""),
                         "input { name: \"label\" shape: 1 }\n"
                         "loss { mean_squared_error { prediction: \"y\" label: \"label\" } } }\n"
                         "optimizer { sgd {} learning_rate { constant: 0.01 } }");
  c.most_threads = 1;
  c.limit = 1.5;
  cases.push_back(c);
  return cases;
}

bool IsClasses(const Case& c) { return c.raw.loss == RawOneDnnMlp::kSoftmaxCrossEntropy; }

BenchBatch BatchOf(const Case& c) {
  const int64_t classes = std::max<int64_t>(2, c.raw.widths.back());
  return BenchBatch(c.raw.batch, c.raw.widths[0], static_cast<int>(classes));
}

void RegisterGradus(const Case& c, int threads) {
  auto batch = std::make_shared<BenchBatch>(BatchOf(c));
  auto model = std::make_shared<BenchModel>(OrDie(RunFile::Parse(c.model, c.name)), threads);
  const bool classes = IsClasses(c);
  benchmark::RegisterBenchmark(
      absl::StrCat(c.name, "/gradus", threads).c_str(),
      [=](benchmark::State& state) {
        const void* label = classes ? static_cast<const void*>(batch->labels.data())
                                    : static_cast<const void*>(batch->targets.data());
        const auto step = [&] { model->Step(batch->x.data(), label, batch->rows); };
        Settle(step);
        for (auto _ : state) step();
      })
      ->UseRealTime();
}

// The same through the API, which looks up tensors by name and looks at all of their values.
void RegisterTrainer(const Case& c) {
  const BenchBatch batch = BatchOf(c);
  const Tensor label = IsClasses(c) ? Tensor::Of<int32_t>({batch.rows}, batch.labels)
                                    : Tensor::Of<float>({batch.rows, 1}, batch.targets);
  const std::map<std::string, Tensor> tensors = {
      {"x", Tensor::Of<float>({batch.rows, c.raw.widths[0]}, batch.x)}, {"label", label}};
  const std::shared_ptr<Trainer> trainer =
      OrDie(Trainer::Create(OrDie(RunFile::Parse(c.model + " run { threads: 1 }", c.name))));
  auto result = std::make_shared<StepResult>();
  benchmark::RegisterBenchmark(absl::StrCat(c.name, "/trainer").c_str(), [=](benchmark::State&
                                                                                 state) {
    const auto step = [&] { DieUnless(trainer->Step(tensors, result.get())); };
    Settle(step);
    for (auto _ : state) step();
  })->UseRealTime();
}

void RegisterRaw(const Case& c, int threads, RawOneDnnMlp::Layout layout) {
  auto batch = std::make_shared<BenchBatch>(BatchOf(c));
  RawOneDnnMlp::Config config = c.raw;
  config.weights = layout;
  omp_set_num_threads(threads);
  auto raw = std::make_shared<RawOneDnnMlp>(config);
  const bool classes = IsClasses(c);
  benchmark::RegisterBenchmark(
      absl::StrCat(c.name, "/raw", threads,
                   layout == RawOneDnnMlp::kAny ? "/any" : "/inputs_by_units")
          .c_str(),
      [=](benchmark::State& state) {
        omp_set_num_threads(threads);
        const auto step = [&] {
          if (classes) {
            raw->Step(batch->x.data(), batch->labels.data());
          } else {
            raw->Step(batch->x.data(), batch->targets.data());
          }
        };
        Settle(step);
        for (auto _ : state) step();
      })
      ->UseRealTime();
}

void PrintTable(const Case& c, const Collector& collector) {
  PrintTable(c.name, collector, c.limit, 1, [&](const Collector::Time& raw) {
    const Collector::Times trainer = collector.Of(absl::StrCat(c.name, "/trainer"));
    if (trainer.clock.least == 0) return;
    PrintTime("Gradus, 1 thread, Trainer::Step", trainer.cpu);
    PrintRatio(trainer.cpu.median / raw.median, c.limit, "oneDNN on 1");
  });
}

int Main(int argc, char** argv) {
  ReadArguments(argc, argv, 80);
  const std::vector<Case> cases = Cases();
  for (const Case& c : cases) {
    RegisterTrainer(c);
    for (int threads = 1; threads <= c.most_threads; ++threads) {
      RegisterGradus(c, threads);
      RegisterRaw(c, threads, RawOneDnnMlp::kAny);
      RegisterRaw(c, threads, RawOneDnnMlp::kInputsByUnits);
    }
  }
  Collector times;
  benchmark::RunSpecifiedBenchmarks(&times);
  for (const Case& c : cases) PrintTable(c, times);
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) { return gradus::Main(argc, argv); }
