// A small model with data, an optimizer and everything that a run of it needs, from one text.

#ifndef GRADUS_TESTS_TRAIN_TRAIN_TESTING_H_
#define GRADUS_TESTS_TRAIN_TRAIN_TESTING_H_

#include <memory>
#include <string>
#include <vector>

#include "gradus/run.pb.h"
#include "gradus/train/train_loop.h"

namespace gradus {

// Two classes of points in the plane, and a network with a normalised hidden layer: parameters, a
// state leaf that mixes the batch, a loss, a metric. More layers come before the output.
std::string PointsModel(bool batch_norm = false, absl::string_view more_layers = "",
                        int64_t batch_size = 32);

// `rows` points, the same for every call: inputs "x" [rows, 2] and "label" [rows].
std::shared_ptr<const Dataset> Points(int64_t rows);

RunConfig ParseRun(const std::string& text);

// What a loop needs, made from a RunConfig.
struct TestRun {
  RunConfig config;
  std::unique_ptr<ThreadPool> pool;
  DataSplits data;
  std::unique_ptr<TrainStep> step;
  std::unique_ptr<Evaluation> evaluation;
  std::unique_ptr<Watcher> watcher;
  TrainState state;
  LoopOptions options;

  absl::StatusOr<LoopEnd> Go(absl::Span<TrainObserver* const> observers = {});
};
// Trains on 100 points (in batches of 32 the last has 4), validates on 37 others. The rest of the
// run's text is given: "optimizer { ... } run { ... }"; more of the model's may be.
std::unique_ptr<TestRun> MakeRun(const std::string& rest, bool batch_norm = false, int threads = 1,
                             const std::string& checkpoint_folder = "",
                             int64_t batch_size = 32, absl::string_view more_model = "");

// All that is in a state as bytes: progress, sums, parameters, slots, states.
std::string Bytes(const TrainState& state);

// A folder of the test's own, empty.
std::string FreshFolder(const std::string& name);

}  // namespace gradus

#endif  // GRADUS_TESTS_TRAIN_TRAIN_TESTING_H_
