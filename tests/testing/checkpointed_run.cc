// Trainers and their checkpoints, through the API that every program has.

#include "tests/testing/checkpointed_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gradus/api/trainer.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Matrices and vectors.
constexpr char kModel[] = R"(
    model {
      name: "small"
      input { name: "x" shape: 3 }
      input { name: "y" shape: 2 }
      layer { name: "hidden" input: "x" dense { units: 4 activation: TANH } }
      layer { name: "output" dense { units: 2 } }
      loss { mean_squared_error { prediction: "output" label: "y" } }
    }
    run { seed: 7 threads: 1 })";

std::map<std::string, Tensor> Batch() {
  constexpr int64_t kRows = 8;
  std::vector<float> x, y;
  for (int64_t i = 0; i < kRows * 3; ++i) x.push_back(static_cast<float>(std::sin(1.0 + 2.0 * i)));
  for (int64_t i = 0; i < kRows * 2; ++i) y.push_back(static_cast<float>(std::cos(3.0 * i)));
  return {{"x", Tensor::Of<float>({kRows, 3}, x)}, {"y", Tensor::Of<float>({kRows, 2}, y)}};
}

absl::StatusOr<std::unique_ptr<Trainer>> NewTrainer(const ParsedOptimizer& parsed) {
  GRADUS_ASSIGN_OR_RETURN(const RunFile file, RunFile::Parse(kModel, "small"));
  RunConfig config = file.config();
  *config.mutable_optimizer() = parsed.config;
  return Trainer::Create(RunFile::Of(config));
}

absl::Status Train(Trainer* trainer, int64_t updates) {
  for (int64_t t = 0; t < updates; ++t) {
    GRADUS_RETURN_IF_ERROR(trainer->Step(Batch()).status());
  }
  return absl::OkStatus();
}

std::string Bytes(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

absl::StatusOr<std::string> Compare(const ParsedOptimizer& parsed, const std::string& folder) {
  constexpr int64_t kUpdates = 12;
  GRADUS_ASSIGN_OR_RETURN(const auto through, NewTrainer(parsed));
  GRADUS_RETURN_IF_ERROR(Train(through.get(), kUpdates));
  GRADUS_ASSIGN_OR_RETURN(const std::string whole, through->SaveState(folder + "/whole"));
  for (const int64_t stop : {int64_t{1}, kUpdates / 2}) {
    GRADUS_ASSIGN_OR_RETURN(auto first, NewTrainer(parsed));
    GRADUS_RETURN_IF_ERROR(Train(first.get(), stop));
    GRADUS_ASSIGN_OR_RETURN(const std::string half,
                            first->SaveState(absl::StrCat(folder, "/half_", stop)));
    first = nullptr;
    // What a rule keeps to itself is that of another run.
    GRADUS_ASSIGN_OR_RETURN(const auto another, NewTrainer(parsed));
    GRADUS_RETURN_IF_ERROR(Train(another.get(), kUpdates + 1));
    GRADUS_ASSIGN_OR_RETURN(const auto resumed, Trainer::Resume(half));
    GRADUS_RETURN_IF_ERROR(Train(resumed.get(), kUpdates - stop));
    GRADUS_ASSIGN_OR_RETURN(const std::string both,
                            resumed->SaveState(absl::StrCat(folder, "/both_", stop)));
    for (const char* const file : {"/state.safetensors", "/state.pbtxt"}) {
      const std::string expected = Bytes(whole + file);
      if (expected.empty()) return absl::InternalError(absl::StrCat(whole, file, " is empty"));
      if (Bytes(both + file) == expected) continue;
      return absl::StrCat("a checkpoint of update ", stop, " loaded and gone on with: at update ",
                          kUpdates, " other bytes in", file);
    }
  }
  return std::string();
}

}  // namespace

std::string CheckCheckpoints(const ParsedOptimizer& parsed) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/gradus_conformance_", getpid());
  std::filesystem::remove_all(folder);
  const absl::StatusOr<std::string> wrong = Compare(parsed, folder);
  std::filesystem::remove_all(folder);
  return wrong.ok() ? *wrong : std::string(wrong.status().message());
}

}  // namespace gradus
