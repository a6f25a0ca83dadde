// Measuring several ways to do one thing against each other, and the table of it.
//
// Repetitions are short and come in random order, so that what else the machine does falls on all
// of them alike. The table at the end has the fastest and the median repetition of each. On one
// thread time is the thread's own, which a busy machine touches least, and ratios are those of the
// medians; on two it is the clock's, and ratios are those of the fastest.

#ifndef GRADUS_TOOLS_BENCH_RATIO_TABLE_H_
#define GRADUS_TOOLS_BENCH_RATIO_TABLE_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace gradus {

// Given arguments come after ours and win.
inline void ReadArguments(int argc, char** argv, int repetitions) {
  // Kept: the library goes on pointing at the program's name.
  static std::vector<std::string> words;
  words = {argv[0], "--benchmark_enable_random_interleaving=true",
           absl::StrCat("--benchmark_repetitions=", repetitions), "--benchmark_min_time=0.001"};
  words.insert(words.end(), argv + 1, argv + argc);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(&word[0]);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
}

// Lets the threads of other measurements fall asleep and brings this one's into the caches.
inline void Settle(const std::function<void()>& step, int steps = 10) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (int i = 0; i < steps; ++i) step();
}

// Keeps every repetition's time; prints nothing before the table.
class Collector final : public benchmark::BenchmarkReporter {
 public:
  // Microseconds.
  struct Time {
    double least = 0, median = 0;
  };
  struct Times {
    Time cpu, clock;
  };

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      auto& samples = samples_[run.run_name.function_name];
      samples.cpu.push_back(run.GetAdjustedCPUTime() / 1000);
      samples.clock.push_back(run.GetAdjustedRealTime() / 1000);
    }
  }
  // Of what begins so; of the faster one where there are two.
  Times Of(const std::string& prefix) const {
    Times best;
    for (const auto& entry : samples_) {
      if (!absl::StartsWith(entry.first, prefix)) continue;
      const Times times{TimeOf(entry.second.cpu), TimeOf(entry.second.clock)};
      if (best.clock.least == 0 || times.clock.least < best.clock.least) best = times;
    }
    return best;
  }

 private:
  struct Samples {
    std::vector<double> cpu, clock;
  };
  static Time TimeOf(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    return {samples.front(), samples[samples.size() / 2]};
  }
  std::map<std::string, Samples> samples_;
};

inline void PrintTime(const char* what, const Collector::Time& time) {
  std::printf("  %-34s %10.2f %10.2f", what, time.least, time.median);
}
inline void PrintRatio(double ratio, double limit, const char* of) {
  std::printf(" %8.2f  %s %.2f of %s\n", ratio, ratio <= limit ? "ok,  at most" : "SLOW, limit ",
              limit, of);
}

// Gradus against a yardstick, of the measurements "<name>/gradus<threads>" and "<name>/raw<threads>..", where there are such. On one
// thread against the yardstick on one, within `limit`; on two, within `limit_on_two`, against the faster of the yardstick's two.
// `others` prints more lines about one thread, with the yardstick's time.
inline void PrintTable(const std::string& name, const Collector& collector, double limit,
                       double limit_on_two,
                       const std::function<void(const Collector::Time&)>& others = nullptr) {
  const Collector::Times raw = collector.Of(name + "/raw1"), ours = collector.Of(name + "/gradus1");
  const Collector::Times raw_on_two = collector.Of(name + "/raw2");
  const Collector::Times ours_on_two = collector.Of(name + "/gradus2");
  if (raw.clock.least == 0 || ours.clock.least == 0) return;
  std::printf("\n%-36s %10s %10s %8s\n", name.c_str(), "least us", "median us", "ratio");
  PrintTime("oneDNN, 1 thread", raw.cpu);
  std::printf("\n");
  PrintTime("Gradus, 1 thread", ours.cpu);
  PrintRatio(ours.cpu.median / raw.cpu.median, limit, "oneDNN on 1");
  if (others) others(raw.cpu);
  if (raw_on_two.clock.least == 0 || ours_on_two.clock.least == 0) return;
  PrintTime("oneDNN, 2 threads, by the clock", raw_on_two.clock);
  std::printf("\n");
  PrintTime("Gradus, 2 threads, by the clock", ours_on_two.clock);
  PrintRatio(ours_on_two.clock.least / std::min(raw.clock.least, raw_on_two.clock.least),
             limit_on_two, "oneDNN's best");
  std::printf("  %-34s %10s %10s", "", "", "");
  PrintRatio(ours_on_two.clock.least / ours.clock.least, 1, "Gradus on 1");
}

}  // namespace gradus

#endif  // GRADUS_TOOLS_BENCH_RATIO_TABLE_H_
