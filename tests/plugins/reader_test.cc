// A reader that a library brings: a run is trained on what it gives, what it refuses is told with its place, and without the library the
// text says what it lacks.

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "gradus/api/plugin.h"
#include "gradus/api/run_file.h"
#include "gradus/api/trainer.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

std::string RunText(const std::string& count) {
  return R"(
model {
  input { name: "x" shape: 1 }
  input { name: "y" shape: 1 }
  layer { name: "out" input: "x" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
}
data { train { [acme.count] { )" +
         count + R"( } } batch_size: 4 }
optimizer { sgd {} learning_rate { constant: 0.01 } }
run { epochs: 200 threads: 1 }
)";
}

absl::StatusOr<std::unique_ptr<Trainer>> TrainerOf(const std::string& count) {
  absl::StatusOr<RunFile> file = RunFile::Parse(RunText(count), "run.pbtxt");
  if (!file.ok()) return file.status();
  return Trainer::Create(*std::move(file));
}

// Runs first: nothing is loaded yet.
TEST(APluginsReader, IsUnknownWithoutItsLibrary) {
  const absl::Status status = TrainerOf("input: 'x' double_input: 'y'").status();
  EXPECT_TRUE(absl::StrContains(status.message(), "no extension is called \"acme.count\""))
      << status;
}

TEST(APluginsReader, GivesTheExamplesThatARunIsTrainedOn) {
  const absl::Status loaded = LoadPlugin(Library("acme_count")).status();
  ASSERT_TRUE(loaded.ok()) << loaded;
  const auto trainer = TrainerOf("input: 'x' double_input: 'y'");
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  EXPECT_EQ((*trainer)->data().train->size(), 8);
  EXPECT_EQ((*trainer)->data().train->Where(3, 0), "count: 3");
  const absl::StatusOr<LoopEnd> end = (*trainer)->Train();
  ASSERT_TRUE(end.ok()) << end.status();
  const absl::StatusOr<Tensor> kernel = (*trainer)->Parameter("out/kernel");
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_NEAR(kernel->data<float>()[0], 2, 0.05);  // y = 2 x, which descent nears from anywhere.
}

TEST(APluginsReader, TellsWhatItRefusesWithItsAddress) {
  ASSERT_TRUE(LoadPlugin(Library("acme_count")).ok());
  EXPECT_EQ(TrainerOf("input: 'x' double_input: 'y' rows: 5000").status().message(),
            "run.pbtxt:8:66: 5000 is further than this reader counts "
            "[data.train.(acme.count).rows]");
  EXPECT_TRUE(absl::StrContains(TrainerOf("input: 'x' double_input: 'z'").status().message(),
                                "the model has no input \"z\""));
}

}  // namespace
}  // namespace gradus
