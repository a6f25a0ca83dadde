// What a schedule costs for an update: every example of every schedule that is registered, and some
// ordinary combinations, each on its own clock.
//
//   bazel run -c opt //tools/bench:schedule_bench
//
// The time is of one TimedSchedule::At, averaged over the first updates of a run: 12 of an example,
// which holds after that, 4096 of a combination. Where the run stands at each is known beforehand,
// as it is in a training loop.

#include <benchmark/benchmark.h>

#include <ctime>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

constexpr double kLimit = 50;  // ns

void At(benchmark::State& state, const ScheduleExample& example, int64_t updates) {
  const auto schedule = ParseSchedule(example.text, Timeline(example.plan));
  if (!schedule.ok()) {
    state.SkipWithError(schedule.status().ToString().c_str());
    return;
  }
  std::vector<Progress> progress;
  for (int64_t k = 0; k < updates; ++k) progress.push_back(schedule->timeline().At(k));
  int64_t calls = 0, next = 0;
  double sum = 0;
  const std::clock_t begin = std::clock();  // Of the processor: others may use it too.
  for (auto _ : state) {
    sum += schedule->At(progress[next]);
    next = next + 1 < updates ? next + 1 : 0;
    ++calls;
  }
  const double time = static_cast<double>(std::clock() - begin) * (1e9 / CLOCKS_PER_SEC);
  benchmark::DoNotOptimize(sum);
  const double each = time / static_cast<double>(calls);
  state.SetLabel(each < kLimit ? "under 50 ns" : "OVER 50 NS");
}

// {examples per epoch, examples per update, epochs, max_steps}
std::vector<ScheduleExample> Combinations() {
  const std::string cosine = "cosine_decay { initial_learning_rate: 0.1 decay_steps: 4000 }";
  return {
      {"warmup { steps: 500 then { " + cosine + " } }", {}},
      {"sequence { part { length: 500 schedule { linear { initial_learning_rate: 0 "
       "end_learning_rate: 0.1 steps: 500 } } } part { schedule { " +
           cosine + " } } }",
       {}},
      {"clamp { min: 0.001 schedule { scale { factor: 0.5 schedule { repeat { length: 700 factor: "
       "0.9 schedule { " +
           cosine + " } } } } } }",
       {}},
      {"clock: RUN warmup { steps: 0.05 then { cosine_decay { initial_learning_rate: 0.1 "
       "decay_steps: 0.95 } } }",
       {},
       {60000, 128, 10, 5000}},
      {"warmup { steps: 500 then { clock: EPOCHS exponential_decay { initial_learning_rate: 0.1 "
       "decay_steps: 2 decay_rate: 0.5 } } }",
       {},
       {60000, 128, 10, {}}},
  };
}

void RegisterAll() {
  for (const std::string& key : Registry<ScheduleExamples>::Get().Keys()) {
    int number = 0;
    for (const ScheduleExample& example : Registry<ScheduleExamples>::Get().Find(key)->good) {
      const std::string name(absl::StripPrefix(key, "gradus.ScheduleConfig."));
      benchmark::RegisterBenchmark(absl::StrCat(name, "/", number++).c_str(), At, example, 12);
    }
  }
  int number = 0;
  for (const ScheduleExample& example : Combinations()) {
    benchmark::RegisterBenchmark(absl::StrCat("combination/", number++).c_str(), At, example, 4096);
  }
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) {
  gradus::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
