// What an update costs on 24 Mi parameters, against the memory's own speed on as many streams.
//
//   bazel run -c opt //tools/bench:update_bench [-- RULE ...]
//
// Of every rule that works element by element: the bytes that must move (weights and slots are read
// and written, gradients read; an average is read and written; clipping by the global norm reads the
// gradients once more), how many of them a second, and the same for a loop that reads and writes the
// same number of arrays and does nothing else with them. Both are measured in turn, in one process;
// the ratio is of the medians. Speeds of memory differ by where buffers happen to lie, so the last
// digits mean little.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gradus/base/isa.h"
#include "gradus/base/text_config.h"
#include "gradus/train/loose_optimizer.h"

namespace gradus {
namespace {

constexpr int64_t kElements = int64_t{24} << 20;
constexpr int kRounds = 15;
constexpr int kMostStreams = 8;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Reads one array and reads and writes `streams` others.
template <int streams>
struct TouchLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const float* __restrict g, float* const* arrays, int64_t begin,
                                int64_t end) {
    float* a[streams];
    for (int s = 0; s < streams; ++s) a[s] = arrays[s];
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) {
      for (int s = 0; s < streams; ++s) a[s][i] += g[i];
    }
  }
};

void Touch(int streams, const float* g, float* const* arrays, int64_t begin, int64_t end) {
  switch (streams) {
    case 1:
      return ForIsa<TouchLoop<1>>(g, arrays, begin, end);
    case 2:
      return ForIsa<TouchLoop<2>>(g, arrays, begin, end);
    case 3:
      return ForIsa<TouchLoop<3>>(g, arrays, begin, end);
    case 4:
      return ForIsa<TouchLoop<4>>(g, arrays, begin, end);
    case 5:
      return ForIsa<TouchLoop<5>>(g, arrays, begin, end);
    default:
      return ForIsa<TouchLoop<6>>(g, arrays, begin, end);
  }
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void Measure(const std::string& text, ThreadPool* pool) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", OptimizerConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return;
  const auto& config = static_cast<const OptimizerConfig&>(*parsed.message);
  auto made = LooseOptimizer<float>::Create(config, {{"w", {kElements}}}, pool, &diagnostics);
  if (!made.ok()) {
    std::printf("%-60s %s\n", text.c_str(), std::string(made.status().message()).c_str());
    return;
  }
  LooseOptimizer<float>& optimizer = **made;
  std::vector<float> numbers(static_cast<size_t>(kElements));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = 1e-3f * static_cast<float>(i % 1000 + 1);
  optimizer.SetWeights(numbers);
  if (!optimizer.Update(numbers, 1e-6).ok()) return;
  // The average is one of the slots.
  const int slots = static_cast<int>(optimizer.Slots().size());
  const int streams = std::min(6, 1 + slots);
  const double clip_bytes = config.clip().has_global_norm() ? 4 : 0;
  const double bytes = static_cast<double>(kElements) * (4 + 8 * (1 + slots) + clip_bytes);
  const double touched = static_cast<double>(kElements) * (4 + 8 * streams);

  std::vector<AlignedBuffer> buffers;
  float* arrays[kMostStreams] = {};
  for (int s = 0; s < streams; ++s) {
    auto buffer = AllocateAligned(kElements * static_cast<int64_t>(sizeof(float)));
    if (!buffer.ok()) return;
    arrays[s] = static_cast<float*>(buffer->get());
    buffers.push_back(*std::move(buffer));
  }
  std::vector<double> update, roof;
  const int threads = pool->threads();
  auto touch = [&](int thread) {
    Touch(streams, numbers.data(), arrays, kElements / threads * thread,
          kElements / threads * (thread + 1));
  };
  for (int round = 0; round < kRounds; ++round) {
    const double start = Seconds();
    if (!optimizer.UpdateAgain(1e-6).ok()) return;
    const double middle = Seconds();
    pool->Run(threads, touch);
    update.push_back(middle - start);
    roof.push_back(Seconds() - middle);
  }
  const double speed = bytes / Median(update), limit = touched / Median(roof);
  std::printf("%-60s %5.1f %8.1f %8.1f %7.2f\n", text.c_str(), 1e3 * Median(update), speed / 1e9,
              limit / 1e9, speed / limit);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  std::vector<std::string> texts;
  for (int i = 1; i < argc; ++i) texts.push_back(argv[i]);
  if (texts.empty()) {
    for (const std::string& key : Registry<Optimizer>::Get().Keys()) {
      if (Registry<Optimizer>::Get().Find(key)->reach() != Reach::kElements) continue;
      texts.push_back(absl::StrCat(absl::StripPrefix(key, "gradus.OptimizerConfig."), " {}"));
    }
    texts.push_back("sgd { momentum: 0.9 nesterov: true }");
    texts.push_back("adam { amsgrad: true }");
    texts.push_back(
        "adam {} clip { global_norm: 1 } weight_decay: 0.01 average { ema {} }");
  }
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    std::printf("%d thread%s, 24 Mi parameters%-29s %5s %8s %8s %7s\n", threads,
                threads == 1 ? "" : "s", "", "ms", "GB/s", "roof", "ratio");
    for (const std::string& text : texts) Measure(text, &pool);
  }
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) { return gradus::Main(argc, argv); }
