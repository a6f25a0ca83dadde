// The training step of examples/fashion_mnist_cnn.pbtxt against a hand-written loop of oneDNN primitives of the same network
// (raw_onednn_cnn.h) in the same process:
//
//   bazel run //tools/bench:cnn_bench
//
// How it is measured: ratio_table.h. The yardstick is the faster of the layouts that oneDNN asks for and of channels-last images.

#include <benchmark/benchmark.h>
#include <omp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/bench/bench_model.h"
#include "tools/bench/ratio_table.h"
#include "tools/bench/raw_onednn_cnn.h"

namespace gradus {
namespace {

constexpr char kExample[] = "examples/fashion_mnist_cnn.pbtxt";
constexpr double kLimit = 1.15;

RawOneDnnCnn::Config SameNetwork(int64_t batch, RawOneDnnCnn::Layout layout) {
  RawOneDnnCnn::Config config;
  config.blocks = {{32, true}, {64, true}, {64, false}};
  config.dropout = 0.4f;
  config.classes = 10;
  config.batch = batch;
  config.layout = layout;
  return config;
}

int64_t ParametersOf(const TrainStep& step) {
  int64_t n = 0;
  const ParameterLayout& layout = step.layout();
  for (int i = 0; i < layout.count(); ++i) n += layout.place(i).rows * layout.place(i).columns;
  return n;
}

void RegisterGradus(const std::shared_ptr<const BenchBatch>& batch, int threads) {
  auto model = std::make_shared<BenchModel>(OrDie(RunFile::Read(kExample)), threads);
  const RawOneDnnCnn raw(SameNetwork(1, RawOneDnnCnn::kChannelsLast));
  const int64_t ours = ParametersOf(model->step());
  if (ours != raw.parameters()) {
    DieUnless(absl::FailedPreconditionError(
        absl::StrCat(kExample, " has ", ours, " parameters, the yardstick ", raw.parameters())));
  }
  benchmark::RegisterBenchmark(absl::StrCat("batch ", batch->rows, "/gradus", threads).c_str(),
                               [=](benchmark::State& state) {
                                 const auto step = [&] {
                                   model->Step(batch->x.data(), batch->labels.data(), batch->rows);
                                 };
                                 Settle(step, 2);
                                 for (auto _ : state) step();
                               })
      ->Iterations(4)
      ->UseRealTime();
}

void RegisterRaw(const std::shared_ptr<const BenchBatch>& batch, int threads,
                 RawOneDnnCnn::Layout layout) {
  omp_set_num_threads(threads);
  auto raw = std::make_shared<RawOneDnnCnn>(SameNetwork(batch->rows, layout));
  benchmark::RegisterBenchmark(
      absl::StrCat("batch ", batch->rows, "/raw", threads,
                   layout == RawOneDnnCnn::kAny ? "/any" : "/channels_last")
          .c_str(),
      [=](benchmark::State& state) {
        omp_set_num_threads(threads);
        const auto step = [&] { raw->Step(batch->x.data(), batch->labels.data()); };
        Settle(step, 2);
        for (auto _ : state) step();
      })
      ->Iterations(4)
      ->UseRealTime();
}

int Main(int argc, char** argv) {
  ReadArguments(argc, argv, 30);
  std::vector<std::string> names;
  for (int64_t rows : {32, 128}) {
    const auto batch = std::make_shared<const BenchBatch>(rows, 28 * 28, 10);
    names.push_back(absl::StrCat("batch ", rows));
    for (int threads : {1, 2}) {
      RegisterGradus(batch, threads);
      RegisterRaw(batch, threads, RawOneDnnCnn::kAny);
      RegisterRaw(batch, threads, RawOneDnnCnn::kChannelsLast);
    }
  }
  Collector times;
  benchmark::RunSpecifiedBenchmarks(&times);
  for (const std::string& name : names) PrintTable(name, times, kLimit, kLimit);
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) { return gradus::Main(argc, argv); }
