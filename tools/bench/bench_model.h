// What the measurements share: a model written as text, its training step, and one batch of made-up
// examples that it is fed again and again.

#ifndef GRADUS_TOOLS_BENCH_BENCH_MODEL_H_
#define GRADUS_TOOLS_BENCH_BENCH_MODEL_H_

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gradus/api/run_file.h"
#include "gradus/base/thread_pool.h"
#include "gradus/train/train_step.h"

namespace gradus {

inline void DieUnless(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}
template <class T>
T OrDie(absl::StatusOr<T> value) {
  DieUnless(value.status());
  return *std::move(value);
}

// One batch: x [rows, features], and labels as classes or as zeros and ones.
struct BenchBatch {
  BenchBatch(int64_t rows, int64_t features, int classes)
      : rows(rows), x(rows * features), labels(rows), targets(rows) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> uniform(0, 1);
    for (float& value : x) value = uniform(random);
    for (int64_t i = 0; i < rows; ++i) {
      labels[i] = static_cast<int32_t>(random() % classes);
      targets[i] = static_cast<float>(labels[i]);
    }
  }
  int64_t rows;
  std::vector<float> x;
  std::vector<int32_t> labels;
  std::vector<float> targets;
};

// A TrainStep with everything around it that a run has.
class BenchModel {
 public:
  BenchModel(RunFile file, int threads) : pool_(threads) {
    StepOptions options;
    options.seed = 1;
    options.pool = &pool_;
    step_ = OrDie(TrainStep::Create(file.config().model(), file.config().optimizer(), options,
                                    &file.diagnostics()));
    state_ = OrDie(step_->NewState());
  }

  // One update; the mean loss before it.
  double Step(const void* x, const void* label, int64_t rows) {
    const void* const inputs[] = {x, label};
    DieUnless(step_->Run(inputs, rows, &state_, &report_));
    return report_.sums.loss / static_cast<double>(rows);
  }

  const TrainStep& step() const { return *step_; }

 private:
  ThreadPool pool_;
  std::unique_ptr<TrainStep> step_;
  TrainState state_;
  StepReport report_;
};

}  // namespace gradus

#endif  // GRADUS_TOOLS_BENCH_BENCH_MODEL_H_
