// Checkpoints: every bit comes back, broken ones are skipped, nothing partial is left.

#include "gradus/train/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gradus/base/file.h"
#include "gradus/graph/build_graph.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr char kRest[] =
    "optimizer { adam {} learning_rate { constant: 0.01 } } run { epochs: 9 max_steps: 6 seed: 4 }";

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = FreshFolder(testing::UnitTest::GetInstance()->current_test_info()->name());
    run_ = MakeRun(kRest, true);
    ASSERT_TRUE(run_->Go().ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  std::string Save(int64_t step, int64_t keep = 0) {
    run_->state.progress.update = step;
    const auto path = SaveCheckpoint(folder_, run_->state, run_->options.context, keep);
    EXPECT_TRUE(path.ok()) << path.status();
    return path.ok() ? *path : "";
  }
  std::vector<std::string> Names() const { return *ListFolder(folder_); }

  // Changes one file of a checkpoint.
  static void Edit(const std::string& file, const std::string& from, const std::string& to) {
    std::string bytes = *ReadFile(file, 1 << 20);
    ASSERT_NE(bytes.find(from), std::string::npos) << from;
    ASSERT_TRUE(WriteFile(file, absl::StrReplaceAll(bytes, {{from, to}})).ok());
  }

  std::string folder_;
  std::unique_ptr<TestRun> run_;
};

TEST_F(CheckpointTest, HoldsEveryBitOfAState) {
  // Numbers that a short text or a float would lose.
  run_->state.epoch_sums.loss = 0.1 + 0x1p-52;
  run_->state.epoch_sums.metrics = {1.0 / 3};
  run_->state.store.states()[0] = 1e-45f;
  run_->state.store.memory().At(1, 0)[3] = -0.0f;
  const std::string path = Save(6);
  EXPECT_EQ(path, folder_ + "/step-0000000006");
  auto other = MakeRun(kRest, true);
  ASSERT_NE(Bytes(other->state), Bytes(run_->state));
  const absl::Status loaded =
      LoadCheckpoint(path, other->step->numbers(), *other->watcher, &other->state);
  ASSERT_TRUE(loaded.ok()) << loaded;
  EXPECT_EQ(Bytes(other->state), Bytes(run_->state));
}

TEST_F(CheckpointTest, TheSameStateGivesTheSameBytes) {
  const std::string path = Save(6);
  const std::string header = *ReadFile(path + "/state.pbtxt", 1 << 20);
  const std::string tensors = *ReadFile(path + "/state.safetensors", 1 << 20);
  ASSERT_EQ(Save(6), path);
  EXPECT_EQ(*ReadFile(path + "/state.pbtxt", 1 << 20), header);
  EXPECT_EQ(*ReadFile(path + "/state.safetensors", 1 << 20), tensors);
  EXPECT_EQ(Names(), std::vector<std::string>{"step-0000000006"});
}

TEST_F(CheckpointTest, OlderFormatsAreReadBitForBit) {
  for (const int version : {3, 2, 1}) {
    const std::string path = Save(6);
    // The configuration stood in the header; before version 3 there were no numbers.
    std::string header = *ReadFile(path + "/state.pbtxt", 1 << 20);
    header = absl::StrReplaceAll(header, {{"format_version: 5", absl::StrCat("format_version: ", version)}});
    while (version < 3 && absl::StrContains(header, "number {")) {
      const size_t begin = header.find("number {");
      header.erase(begin, header.find("}\n", begin) + 2 - begin);
    }
    absl::StrAppend(&header, "config {\n", *ReadFile(path + "/run.pbtxt", 1 << 20), "}\n");
    ASSERT_TRUE(WriteFile(path + "/state.pbtxt", header).ok());
    ASSERT_TRUE(RemoveTree(path + "/run.pbtxt").ok());
    auto other = MakeRun(kRest, true);
    const absl::Status loaded =
        LoadCheckpoint(path, other->step->numbers(), *other->watcher, &other->state);
    ASSERT_TRUE(loaded.ok()) << loaded;
    EXPECT_EQ(Bytes(other->state), Bytes(run_->state)) << version;
    EXPECT_EQ(ReadCheckpointHeader(path)->config().SerializeAsString(),
              run_->config.SerializeAsString());
  }
}

TEST_F(CheckpointTest, WhoOnlyWantsWeightsNeedsNoRuleThatIsAPlugins) {
  const std::string path = Save(6);
  Edit(path + "/run.pbtxt", "  adam {", "  [acme.lion] { beta: 0.5 list: [1, 2] }\n  [acme.more] {");
  std::string header = *ReadFile(path + "/state.pbtxt", 1 << 20);
  absl::StrAppend(&header, "command { at_step: 2 schedule { [acme.wave] { period: 3 } } gain: 1 }\n");
  ASSERT_TRUE(WriteFile(path + "/state.pbtxt", header).ok());

  const auto without = ReadCheckpointHeader(path, CheckpointText::kWithoutRules);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(without->progress().step(), 6);
  EXPECT_EQ(without->command_size(), 0);
  RunConfig rest = run_->config;
  rest.clear_optimizer();
  EXPECT_EQ(without->config().SerializeAsString(), rest.SerializeAsString());
  std::vector<std::string> skipped;
  EXPECT_EQ(*NewestCheckpoint(folder_, &skipped), path);
  EXPECT_TRUE(skipped.empty());
  auto other = MakeRun("optimizer { sgd {} learning_rate { constant: 1 } } run {}", true);
  ASSERT_TRUE(LoadCheckpointWeights(path, &other->state.store).ok());
  EXPECT_EQ(other->state.store.weights()[0], run_->state.store.weights()[0]);

  // Whoever goes on needs it, and everything else is read as strictly as ever.
  EXPECT_TRUE(absl::StrContains(ReadCheckpointHeader(path).status().message(),
                                "no extension is called \"acme.wave\""));
  Edit(path + "/run.pbtxt", "list: [1, 2]", "list: [1, 2");
  EXPECT_TRUE(absl::StrContains(
      ReadCheckpointHeader(path, CheckpointText::kWithoutRules).status().message(), "run.pbtxt:"));
}

TEST_F(CheckpointTest, SumsThatAreNotFiniteComeBackAsNaN) {
  run_->state.epoch_sums.metrics = {std::numeric_limits<double>::infinity()};
  const std::string path = Save(6);
  ASSERT_TRUE(LoadCheckpoint(path, run_->step->numbers(), *run_->watcher, &run_->state).ok());
  EXPECT_TRUE(std::isnan(run_->state.epoch_sums.metrics[0]));
}

TEST_F(CheckpointTest, ItsHeaderHasTheConfigurationAndWhereTheRunStands) {
  const auto header = ReadCheckpointHeader(Save(6));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->config().SerializeAsString(), run_->config.SerializeAsString());
  EXPECT_EQ(header->progress().step(), 6);
  EXPECT_EQ(header->progress().examples(), 164);
  EXPECT_EQ(header->progress().epoch(), 1);
  EXPECT_EQ(header->progress().offset(), 64);
  EXPECT_EQ(header->threads(), 1);
  ASSERT_EQ(header->epoch_sum_size(), 2);
  EXPECT_EQ(header->epoch_sum(1).name(), "accuracy");
}

TEST_F(CheckpointTest, TheNewestAreKept) {
  for (const int64_t step : {5, 9, 10, 11}) Save(step, 3);
  EXPECT_EQ(Names(),
            (std::vector<std::string>{"step-0000000009", "step-0000000010", "step-0000000011"}));
  Save(10000000000, 2);  // Eleven digits come after ten.
  EXPECT_EQ(Names(), (std::vector<std::string>{"step-0000000011", "step-10000000000"}));
  Save(12, 0);
  EXPECT_EQ(Names().size(), 3u);
}

TEST_F(CheckpointTest, OneThatWasJustWrittenStaysBesideALaterOneThatIsDamaged) {
  ASSERT_TRUE(MakeFolders(folder_ + "/step-0000000900").ok());
  Save(15, 1);
  Save(30, 1);
  EXPECT_EQ(Names(), (std::vector<std::string>{"step-0000000030", "step-0000000900"}));
  std::vector<std::string> skipped;
  EXPECT_EQ(*NewestCheckpoint(folder_, &skipped), folder_ + "/step-0000000030");
  EXPECT_EQ(skipped.size(), 1u);
}

TEST_F(CheckpointTest, WhatAKilledProcessLeftBehindIsNoCheckpointAndGoesWithTheNextOne) {
  Save(6);
  const pid_t writer = fork();
  if (writer == 0) {
    for (;;) pause();
  }
  const std::string temporary = absl::StrCat("step-0000000007.tmp-", writer);
  ASSERT_TRUE(MakeFolders(folder_ + "/" + temporary + "/x").ok());
  ASSERT_TRUE(MakeFolders(folder_ + "/step-0000000007.tmp-mine").ok());
  std::vector<std::string> skipped;
  EXPECT_EQ(*NewestCheckpoint(folder_, &skipped), folder_ + "/step-0000000006");
  EXPECT_TRUE(skipped.empty());
  ASSERT_TRUE(WriteFile(folder_ + "/notes.txt", "mine").ok());
  // While the process lives it may be writing.
  Save(8);
  EXPECT_TRUE(Exists(folder_ + "/" + temporary + "/x"));
  ASSERT_EQ(kill(writer, SIGKILL), 0);
  ASSERT_EQ(waitpid(writer, nullptr, 0), writer);
  Save(9);
  EXPECT_EQ(Names(),
            (std::vector<std::string>{"notes.txt", "step-0000000006", "step-0000000007.tmp-mine",
                                      "step-0000000008", "step-0000000009"}));
}

TEST_F(CheckpointTest, AFolderThatCannotBeMadeIsAnError) {
  // The folder is a file: nothing can be made in it.
  ASSERT_TRUE(WriteFile(folder_ + "/file", "x").ok());
  const auto saved = SaveCheckpoint(folder_ + "/file", run_->state, run_->options.context, 0);
  EXPECT_EQ(std::string(saved.status().message()),
            "cannot make folder " + folder_ + "/file: Not a directory");
}

TEST_F(CheckpointTest, AWriteThatBreaksOffLeavesTheOldOneAndNothingPartial) {
  const std::string path = Save(6);
  const std::string before = *ReadFile(path + "/state.safetensors", 1 << 20);
  run_->state.store.weights()[0] += 1;
  // A limit on the size of files makes write() fail in the middle, as a full disk does.
  struct rlimit usual;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {1000, usual.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto same = SaveCheckpoint(folder_, run_->state, run_->options.context, 1);
  run_->state.progress.update = 7;
  const auto next = SaveCheckpoint(folder_, run_->state, run_->options.context, 1);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(same.ok());
  EXPECT_FALSE(next.ok());
  EXPECT_EQ(Names(), std::vector<std::string>{"step-0000000006"});
  EXPECT_EQ(*ReadFile(path + "/state.safetensors", 1 << 20), before);
  EXPECT_EQ(*ListFolder(path),
            (std::vector<std::string>{"run.pbtxt", "state.pbtxt", "state.safetensors"}));
}

TEST_F(CheckpointTest, BrokenOnesAreSkippedAndNamed) {
  for (const int64_t step : {1, 2, 3, 4, 5, 6, 7}) Save(step);
  const auto file = [&](int step, absl::string_view name) {
    return absl::StrCat(folder_, "/step-000000000", step, "/", name);
  };
  // Without its configuration, torn, flipped, without tensors, without header, of no version.
  ASSERT_TRUE(RemoveTree(file(7, "run.pbtxt")).ok());
  const std::string tensors = *ReadFile(file(6, "state.safetensors"), 1 << 20);
  ASSERT_TRUE(WriteFile(file(6, "state.safetensors"), tensors.substr(0, tensors.size() / 2)).ok());
  std::string flipped = tensors;
  flipped[flipped.size() - 1] ^= 1;
  ASSERT_TRUE(WriteFile(file(5, "state.safetensors"), flipped).ok());
  ASSERT_TRUE(RemoveTree(file(4, "state.safetensors")).ok());
  ASSERT_TRUE(RemoveTree(file(3, "state.pbtxt")).ok());
  Edit(file(2, "state.pbtxt"), "format_version: 5", "format_version: 0");
  std::vector<std::string> skipped;
  const auto newest = NewestCheckpoint(folder_, &skipped);
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(*newest, folder_ + "/step-0000000001");
  EXPECT_EQ(skipped,
            (std::vector<std::string>{
                "cannot read " + file(7, "run.pbtxt") + ": No such file or directory",
                file(6, "state.safetensors") + " is damaged: its checksum is not the one in " +
                    file(6, "state.pbtxt"),
                file(5, "state.safetensors") + " is damaged: its checksum is not the one in " +
                    file(5, "state.pbtxt"),
                "cannot open " + file(4, "state.safetensors") + ": No such file or directory",
                "cannot read " + file(3, "state.pbtxt") + ": No such file or directory",
                file(2, "state.pbtxt") +
                    ": format_version 0 is not one that this program reads (1 to 5)"}));
  EXPECT_EQ(Names().size(), 7u);  // Nothing is thrown away.
}

TEST_F(CheckpointTest, AFolderWithoutOneIsNotFound) {
  std::vector<std::string> skipped;
  const absl::Status status = NewestCheckpoint(folder_, &skipped).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(std::string(status.message()), "no whole checkpoint in " + folder_);
  EXPECT_TRUE(absl::IsNotFound(NewestCheckpoint(folder_ + "/none", &skipped).status()));
}

TEST_F(CheckpointTest, ANewerOneIsNotPassedOver) {
  Save(2);
  const std::string path = Save(4);
  Edit(path + "/state.pbtxt", "format_version: 5", "format_version: 99");
  std::vector<std::string> skipped;
  EXPECT_TRUE(absl::IsFailedPrecondition(NewestCheckpoint(folder_, &skipped).status()));
}

TEST_F(CheckpointTest, TheBestIsKeptBesideTheNewest) {
  const std::string second = Save(2, 1);
  ASSERT_TRUE(MarkBest(folder_, second).ok());
  Save(4, 1);
  const std::string sixth = Save(6, 1);
  EXPECT_EQ(*FindCheckpoint(folder_, "best"), second);
  EXPECT_EQ(*FindCheckpoint(folder_, "last"), sixth);
  EXPECT_EQ(*FindCheckpoint(folder_, "6"), sixth);
  EXPECT_TRUE(Exists(second));
  EXPECT_EQ(std::string(FindCheckpoint(folder_, "4").status().message()),
            folder_ + " has no checkpoint of step 4; there are 2, 6");
  // Another one is the best now: the first may go.
  ASSERT_TRUE(MarkBest(folder_, sixth).ok());
  const std::string eighth = Save(8, 1);
  EXPECT_FALSE(Exists(second));
  EXPECT_TRUE(Exists(sixth));
  EXPECT_TRUE(Exists(eighth));
}

TEST_F(CheckpointTest, BrokenHeadersAreRefusedByTheirReason) {
  const struct {
    std::string from, to, message;
  } cases[] = {
      {"step: 6", "step: -6", ": progress has the number -6, which is not in [0, 2^53]"},
      {"step: 6", "step: 9223372036854775807",
       ": progress has the number 9223372036854775807, which is not in [0, 2^53]"},
      {"weight: 64", "weight: -1", ": epoch_sum \"loss\" has the weight -1"},
      {"weight: 64", "weight: 1e300", ": epoch_sum \"loss\" has the weight 1e+300"},
      {"format_version: 5", "", ": format_version 0 is not one that this program reads (1 to 5)"},
      {"format_version: 5", "format_version: 6",
       ": format_version 6 was written by a newer program; this one reads 1 to 5"},
      {"examples_per_update: 32", "examples_per_update: -32",
       ": pace has the number -32, which is not in [0, 2^53]"},
  };
  for (const auto& c : cases) {
    const std::string path = Save(6);
    Edit(path + "/state.pbtxt", c.from, c.to);
    EXPECT_EQ(std::string(ReadCheckpointHeader(path).status().message()),
              path + "/state.pbtxt" + c.message);
  }
  const std::string path = Save(6);
  Edit(path + "/state.pbtxt", "threads: 1",
       absl::StrCat("threads: 1 config { ", *ReadFile(path + "/run.pbtxt", 1 << 20), " }"));
  EXPECT_EQ(std::string(ReadCheckpointHeader(path).status().message()),
            path + "/state.pbtxt: config stands in run.pbtxt since format_version 4");
  ASSERT_TRUE(WriteFile(path + "/state.pbtxt", "format_version: 1 progress { ste: 1 }").ok());
  EXPECT_EQ(std::string(ReadCheckpointHeader(path).status().message()),
            path +
                "/state.pbtxt:1:30: progress: no field is called \"ste\"; did you mean \"step\"? "
                "[progress]");
}

TEST_F(CheckpointTest, NumbersOfRulesAreThereAndCountUpdates) {
  const struct {
    std::string from, to, message;
  } cases[] = {
      {"value: 6", "value: -6", "the number \"default/updates\" is -6, which counts no updates"},
      {"value: 6", "value: 1e300",
       "the number \"default/updates\" is 1e+300, which counts no updates"},
      {"value: 6", "value: 6.5", "the number \"default/updates\" is 6.5, which counts no updates"},
      {"value: 6", "", "the number \"default/updates\" is nan, which counts no updates"},
      {"\"default/updates\"", "\"default/update\"", "the number \"default/updates\" is missing"},
  };
  for (const auto& c : cases) {
    run_->state.store.memory().numbers()[0] = 6;
    const std::string path = Save(6);
    Edit(path + "/state.pbtxt", c.from, c.to);
    const std::string before = Bytes(run_->state);
    EXPECT_EQ(std::string(
                  LoadCheckpoint(path, run_->step->numbers(), *run_->watcher, &run_->state).message()),
              path + "/state.pbtxt does not fit:\n  " + c.message);
    EXPECT_TRUE(Bytes(run_->state) == before);
  }
}

TEST_F(CheckpointTest, EveryMisfitIsNamedAndTheStateStaysAsItWas) {
  const std::string path = Save(6);
  // Another width, no normalisation, another optimizer.
  RunConfig config = run_->config;
  config.mutable_model()->mutable_layer(0)->mutable_dense()->set_units(9);
  config.mutable_model()->mutable_layer()->DeleteSubrange(1, 1);
  Diagnostics diagnostics;
  const ModelGraph model = BuildGraph(config.model(), Mode::kTraining, Parts::kAll,
                                      ConfigPath().Child("model"), &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  TrainState other;
  auto store = ParameterStore::Create(model.graph, 1, std::vector<SlotSpec>{{"momentum"}, {"average"}});
  ASSERT_TRUE(store.ok()) << store.status();
  other.store = *std::move(store);
  other.progress.update = 3;
  const std::string before = Bytes(other);
  EXPECT_EQ(
      std::string(LoadCheckpoint(path, run_->step->numbers(), *run_->watcher, &other).message()),
      path + " does not fit:" + R"(
  "hidden/kernel" is FLOAT32 [2, 8] and should be FLOAT32 [2, 9]
  "hidden/kernel/momentum" is FLOAT32 [2, 8] and should be FLOAT32 [2, 9]
  "hidden/kernel/average" is missing
  "hidden/bias" is FLOAT32 [8] and should be FLOAT32 [9]
  "hidden/bias/momentum" is FLOAT32 [8] and should be FLOAT32 [9]
  "hidden/bias/average" is missing
  "output/kernel" is FLOAT32 [8, 1] and should be FLOAT32 [9, 1]
  "output/kernel/momentum" is FLOAT32 [8, 1] and should be FLOAT32 [9, 1]
  "output/kernel/average" is missing
  "output/bias/average" is missing
  "hidden/bias/velocity" is not part of this model
  "hidden/kernel/velocity" is not part of this model
  "norm/beta" is not part of this model
  "norm/beta/momentum" is not part of this model
  "norm/beta/velocity" is not part of this model
  "norm/gamma" is not part of this model
  "norm/gamma/momentum" is not part of this model
  "norm/gamma/velocity" is not part of this model
  "norm/moving_mean" is not part of this model
  "norm/moving_variance" is not part of this model
  "output/bias/velocity" is not part of this model
  "output/kernel/velocity" is not part of this model)");
  EXPECT_EQ(Bytes(other), before);
}

}  // namespace
}  // namespace gradus
