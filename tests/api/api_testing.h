// A small model and its examples, for the tests of the API.

#ifndef GRADUS_TESTS_API_API_TESTING_H_
#define GRADUS_TESTS_API_API_TESTING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gradus/api/trainer.h"

namespace gradus {

// Batch normalisation, so that there are states; dropout, so that there is a random order of
// things.
inline std::string SmallRun() {
  return R"(
    model {
      name: "small"
      input { name: "x" shape: 3 }
      input { name: "y" shape: 1 }
      layer { name: "hidden" input: "x" dense { units: 4 activation: TANH } }
      layer { name: "norm" batch_norm {} }
      layer { name: "noise" dropout { rate: 0.25 } }
      layer { name: "out" dense { units: 1 } }
      loss { mean_squared_error { prediction: "out" label: "y" } }
      metric { name: "distance" mean_absolute_error { prediction: "out" label: "y" } }
    }
    data { train { memory { name: "points" } } batch_size: 8 shuffle_seed: 3 }
    optimizer { adam {} learning_rate { constant: 0.01 } }
    run { epochs: 3 seed: 5 threads: 2 }
  )";
}

struct Points {
  Tensor x, y;
};

// Rows with a pattern; `first` makes other ones.
inline Points MakePoints(int64_t rows, int first = 0) {
  std::vector<float> x, y;
  for (int64_t i = 0; i < rows; ++i) {
    const float t = static_cast<float>(i + first);
    for (float f : {0.7f, 1.3f, 2.1f}) x.push_back(std::sin(f * t));
    y.push_back(x[x.size() - 3] - 0.5f * x.back());
  }
  return {Tensor::Of<float>({rows, 3}, x), Tensor::Of<float>({rows, 1}, y)};
}

// 20 points are two batches of 8 and one of 4.
inline std::unique_ptr<Trainer> SmallTrainer(const std::vector<std::string>& settings = {},
                                             const std::string& checkpoints = "") {
  const Points points = MakePoints(20);
  TrainerOptions options;
  options.datasets["points"] = *MakeMemoryDataset({{"x", points.x}, {"y", points.y}});
  options.checkpoint_folder = checkpoints;
  absl::StatusOr<RunFile> file = RunFile::Parse(SmallRun(), "small", settings);
  EXPECT_TRUE(file.ok()) << file.status();
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(file), options);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return trainer.ok() ? *std::move(trainer) : nullptr;
}

inline std::vector<float> Values(const absl::StatusOr<Tensor>& tensor) {
  EXPECT_TRUE(tensor.ok()) << tensor.status();
  if (!tensor.ok()) return {};
  return {tensor->data<float>().begin(), tensor->data<float>().end()};
}

constexpr const char* kSmallTensors[] = {"hidden/kernel",    "hidden/bias",         "out/kernel",
                                         "out/bias",         "norm/gamma",          "norm/beta",
                                         "norm/moving_mean", "norm/moving_variance"};

}  // namespace gradus

#endif  // GRADUS_TESTS_API_API_TESTING_H_
