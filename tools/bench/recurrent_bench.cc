// The training step of an LSTM and of a GRU against hand-written loops of oneDNN's primitives of the same network (raw_onednn_rnn.h) in
// the same process:
//
//   bazel run //tools/bench:recurrent_bench
//
// How it is measured: ratio_table.h. NOTE: oneDNN's backward primitive always gives the gradient of the sequences as well, about an eighth
// of all products, which nothing needs here.

#include <benchmark/benchmark.h>
#include <omp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/bench/bench_model.h"
#include "tools/bench/ratio_table.h"
#include "tools/bench/raw_onednn_rnn.h"

namespace gradus {
namespace {

constexpr double kLimit = 1.3;

struct Case {
  bool gru;
  int64_t steps, features, units, batch;

  std::string name() const {
    return absl::StrCat(gru ? "gru" : "lstm", " ", batch, " x ", steps, " x ", features, ", ",
                        units, " units");
  }
  std::string text() const {
    return absl::StrCat(
        "model { input { name: \"x\" shape: [", steps, ", ", features,
        "] } input { name: \"label\" type: INT32 } layer { name: \"state\" input: \"x\" ",
        gru ? "gru" : "lstm", " { units: ", units,
        " } } layer { name: \"y\" dense { units: 10 } } loss { sparse_categorical_crossentropy { "
        "prediction: \"y\" label: \"label\" from_logits: true } } } optimizer { learning_rate { "
        "constant: 0.001 } adam {} }");
  }
  RawOneDnnRnn::Config raw() const {
    RawOneDnnRnn::Config config;
    config.gru = gru;
    config.steps = steps;
    config.features = features;
    config.units = units;
    config.batch = batch;
    config.classes = 10;
    return config;
  }
};

template <class Step>
void Register(const std::string& name, const Step& step) {
  benchmark::RegisterBenchmark(name.c_str(), [step](benchmark::State& state) {
    Settle(step, 3);
    for (auto _ : state) step();
  })->UseRealTime();
}

void RegisterBoth(const Case& c, int threads) {
  const auto batch = std::make_shared<const BenchBatch>(c.batch, c.steps * c.features, 10);
  auto model = std::make_shared<BenchModel>(OrDie(RunFile::Parse(c.text(), "bench")), threads);
  Register(absl::StrCat(c.name(), "/gradus", threads),
           [=] { model->Step(batch->x.data(), batch->labels.data(), batch->rows); });
  omp_set_num_threads(threads);
  auto raw = std::make_shared<RawOneDnnRnn>(c.raw());
  Register(absl::StrCat(c.name(), "/raw", threads), [=] {
    omp_set_num_threads(threads);
    raw->Step(batch->x.data(), batch->labels.data());
  });
}

int Main(int argc, char** argv) {
  ReadArguments(argc, argv, 20);
  std::vector<std::string> names;
  for (const Case& c :
       {Case{false, 100, 64, 128, 32}, Case{true, 100, 64, 128, 32}, Case{false, 30, 16, 32, 32}}) {
    names.push_back(c.name());
    for (int threads : {1, 2}) RegisterBoth(c, threads);
  }
  Collector times;
  benchmark::RunSpecifiedBenchmarks(&times);
  for (const std::string& name : names) PrintTable(name, times, kLimit, kLimit);
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) { return gradus::Main(argc, argv); }
