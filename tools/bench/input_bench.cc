// What input costs: an epoch of Fashion-MNIST as its example reads it, shuffled and prepared ahead,
// against as many steps on one batch that lies ready.
//
//   bazel run //tools/bench:input_bench
//
// Needs Debian's dataset-fashion-mnist. Eighths of an epoch of both kinds come in turn; before time
// is taken, the batches that were prepared meanwhile are used up. The ratio is that of the fastest,
// which noise touches least; on a quiet machine that of the medians is the same.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gradus/data/batch_stream.h"
#include "gradus/data/open_data.h"
#include "tools/bench/bench_model.h"

namespace gradus {
namespace {

constexpr char kExample[] = "examples/fashion_mnist_mlp.pbtxt";
constexpr double kLimit = 1.1;

RunFile ReadExample() { return OrDie(RunFile::Read(kExample)); }

class Measurement {
 public:
  Measurement(const RunConfig& config, std::shared_ptr<const Dataset> train, int threads)
      : threads(threads),
        model_(ReadExample(), threads),
        options_(TrainingBatches(config.data())),
        stream_(OrDie(BatchStream::Create(std::move(train), options_))) {
    const Batch& first = *OrDie(stream_->Next());
    ready_ = first.fields;
    ready_rows_ = first.rows;
  }

  int64_t steps() const { return stream_->batches_per_epoch() / 8; }
  void ComparePart() {
    step_seconds.push_back(Time([this] { Step(ready_, ready_rows_); }));
    data_seconds.push_back(Time([this] { StepOnData(); }));
  }

  const int threads;
  std::vector<double> data_seconds, step_seconds;

 private:
  template <class F>
  double Time(F step) const {
    for (int i = 0; i <= 2 * options_.prefetch; ++i) step();
    const auto begin = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < steps(); ++i) step();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    return time.count();
  }
  void StepOnData() {
    const Batch& batch = *OrDie(stream_->Next());
    Step(batch.fields, batch.rows);
  }
  void Step(const std::vector<Tensor>& fields, int64_t rows) {
    model_.Step(fields[0].raw(), fields[1].raw(), rows);
  }

  BenchModel model_;
  const BatchOptions options_;
  std::unique_ptr<BatchStream> stream_;
  std::vector<Tensor> ready_;
  int64_t ready_rows_ = 0;
};

struct Summary {
  double least, median;
};
Summary Summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2]};
}

void Print(const Measurement& m) {
  if (m.data_seconds.empty()) return;
  const Summary data = Summarise(m.data_seconds), steps = Summarise(m.step_seconds);
  const auto print = [&m](const char* what, const Summary& seconds) {
    const double scale = 1e6 / static_cast<double>(m.steps());
    std::printf("  %-28s %10.1f %10.1f", what, scale * seconds.least, scale * seconds.median);
  };
  std::printf("\n%d thread%-21s %10s %10s %8s\n", m.threads, m.threads == 1 ? "" : "s", "least us",
              "median us", "ratio");
  print("a step on one batch", steps);
  std::printf("\n");
  print("a step with its data", data);
  const double ratio = data.least / steps.least;
  std::printf(" %8.3f  %s %.2f\n", ratio, ratio <= kLimit ? "ok,  at most" : "SLOW, limit ",
              kLimit);
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  RunFile file = ReadExample();
  const DataSplits data = OpenData(file.config().data(), InputFields(file.config().model()),
                                   file.directory(), {}, &file.diagnostics());
  DieUnless(file.diagnostics().ToStatus());

  std::vector<std::unique_ptr<Measurement>> measurements;
  for (int threads : {1, 2}) {
    measurements.push_back(std::make_unique<Measurement>(file.config(), data.train, threads));
    Measurement* m = measurements.back().get();
    benchmark::RegisterBenchmark(("fashion_mnist/" + std::to_string(threads)).c_str(),
                                 [m](benchmark::State& state) {
                                   for (auto _ : state) m->ComparePart();
                                 })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(80);
  }
  benchmark::RunSpecifiedBenchmarks();
  for (const auto& m : measurements) Print(*m);
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) { return gradus::Main(argc, argv); }
