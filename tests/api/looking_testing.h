// Run folders made by hand, for the tests of what looks at them.

#ifndef GRADUS_TESTS_API_LOOKING_TESTING_H_
#define GRADUS_TESTS_API_LOOKING_TESTING_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/api/progress_file.h"
#include "gradus/api/run_folder.h"
#include "gradus/base/file.h"

namespace gradus {

inline std::string LookingConfig(const std::string& rate = "0.1", int units = 4) {
  return absl::StrCat(R"(model {
      name: "small"
      input { name: "x" shape: 3 }
      input { name: "y" shape: 1 }
      layer { name: "hidden" dense { units: )",
                      units, R"( activation: TANH } }
      layer { name: "out" dense { units: 1 } }
      loss { mean_squared_error { prediction: "out" label: "y" } }
    }
    optimizer { sgd {} learning_rate { constant: )",
                      rate, " } }\n");
}

// A line of an epoch of `steps` updates.
inline MetricLine LookingLine(const std::string& split, int64_t epoch, double loss,
                              int64_t steps = 10) {
  MetricLine line;
  line.split = split;
  line.epoch = epoch;
  line.step = epoch * steps;
  line.loss = loss;
  line.metrics = {{"accuracy", 1 - loss / 2}};
  line.learning_rate = 0.1;
  return line;
}

struct MadeRun {
  std::string path;
  std::vector<MetricLine> lines;
  std::vector<ProgressLine> progress;
  std::string config = LookingConfig();

  // The losses of training and validation by epochs, of a process that ended so after 2 seconds each.
  MadeRun(const std::string& name, const std::vector<double>& train,
          const std::vector<double>& validation, const std::string& end = "finished")
      : path(absl::StrCat(::testing::TempDir(), "/", name)) {
    progress.push_back({0, 0, 0, 100, "began", ""});
    for (size_t i = 0; i < train.size(); ++i) {
      const auto epoch = static_cast<int64_t>(i) + 1;
      lines.push_back(LookingLine("train", epoch, train[i]));
      if (i < validation.size()) lines.push_back(LookingLine("validation", epoch, validation[i]));
      const double seconds = 2 * static_cast<double>(epoch);
      progress.push_back({10 * epoch, epoch, seconds, 100 + seconds, "", ""});
    }
    if (!end.empty()) {
      ProgressLine last = progress.back();
      last.process = end;
      progress.push_back(last);
    }
  }

  void Write() const {
    std::filesystem::remove_all(path);
    RunFolder folder;
    folder.path = path;
    ASSERT_TRUE(MakeFolders(path).ok());
    std::string metrics, times;
    for (const MetricLine& line : lines) absl::StrAppend(&metrics, ToJson(line), "\n");
    for (const ProgressLine& line : progress) absl::StrAppend(&times, ToJson(line), "\n");
    ASSERT_TRUE(WriteFile(folder.configuration(), config).ok());
    ASSERT_TRUE(WriteFile(folder.metrics(), metrics).ok());
    if (progress.empty()) return;
    ASSERT_TRUE(WriteFile(folder.progress(), times).ok());
  }
};

}  // namespace gradus

#endif  // GRADUS_TESTS_API_LOOKING_TESTING_H_
