// Races: a run is an ordinary training, every rule gets the same, and the scores are what one works
// out from the records.

#include "gradus/api/race.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/api/race_runs.h"
#include "gradus/api/race_table.h"
#include "gradus/api/target.h"
#include "gradus/base/file.h"

namespace gradus {
namespace {

namespace fs = std::filesystem;

std::string FreshFolder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder.string();
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string Contents(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
  return text.ok() ? *text : "";
}

// A line through forty points that lie beside it, in batches of 8; 8 of the points validate.
constexpr char kLine[] = R"(
  model {
    name: "line"
    input { name: "x" shape: 1 }
    input { name: "y" shape: 1 }
    layer { name: "out" input: "x" dense { units: 1 } }
    loss { mean_squared_error { prediction: "out" label: "y" } }
  }
  data {
    train { csv { path: "points.csv" field { input: "x" column: "x" } field { input: "y" column: "y" } } }
    validation { fraction: 0.2 }
    batch_size: 8
    shuffle_seed: 3
  }
)";
constexpr char kPlain[] = "optimizer { adam {} learning_rate { constant: 0.01 } }";
constexpr char kRun[] =
    "run { epochs: 4 seed: 5 target { monitor: 'validation/loss' value: 1.0 } }";

// Its path. Each test has a folder of its own.
std::string Problem(const std::string& folder, const std::string& optimizer = kPlain,
                    const std::string& run = kRun, const std::string& name = "line") {
  std::string points = "x,y\n";
  for (int i = 0; i < 40; ++i) {
    const double x = std::sin(1.3 * i);
    absl::StrAppend(&points, x, ",", 2 * x - 1 + 0.1 * std::cos(7.0 * i), "\n");
  }
  Write(folder + "/points.csv", points);
  const std::string path = absl::StrCat(folder, "/", name, ".pbtxt");
  Write(path, absl::StrCat(kLine, optimizer, run));
  return path;
}

std::unique_ptr<Race> Make(const std::vector<std::string>& rules,
                           const std::vector<std::string>& problems, const std::string& rates,
                           int seeds) {
  RaceOptions options;
  options.rules = rules;
  options.problems = problems;
  options.rates = rates;
  options.seeds = seeds;
  absl::StatusOr<std::unique_ptr<Race>> race = Race::Create(options);
  EXPECT_TRUE(race.ok()) << race.status();
  return race.ok() ? *std::move(race) : nullptr;
}

RaceRuns RunAll(const Race& race, const std::string& folder, int jobs = 1) {
  RunRaceOptions options;
  options.folder = folder;
  options.jobs = jobs;
  absl::StatusOr<RaceRuns> runs = RunRace(race, options);
  EXPECT_TRUE(runs.ok()) << runs.status();
  return runs.ok() ? *std::move(runs) : RaceRuns(race.runs());
}

std::string Refusal(const std::vector<std::string>& rules, const std::vector<std::string>& problems,
                    const std::string& rates = "0.1", int seeds = 1) {
  RaceOptions options;
  options.rules = rules;
  options.problems = problems;
  options.rates = rates;
  options.seeds = seeds;
  const absl::StatusOr<std::unique_ptr<Race>> race = Race::Create(options);
  EXPECT_FALSE(race.ok());
  return std::string(race.status().message());
}

// ---- A run.

class LastLoss final : public TrainObserver {
 public:
  absl::Status OnLine(const MetricLine& line) override {
    if (line.split == "validation") value = line.loss;
    return absl::OkStatus();
  }
  double value = 0;
};

// What `gradus train` does with the settings, by one thread.
void ExpectIsTraining(const RaceRun& run, const std::string& file,
                      std::vector<std::string> settings) {
  settings.push_back("run.threads=1");
  const absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::FromFile(file, settings);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  LastLoss last;
  TargetWatch target((*trainer)->config().run().target());
  TrainObserver* const observers[] = {&last, &target};
  ASSERT_TRUE((*trainer)->Train(observers).ok());
  ASSERT_TRUE(run.loss.has_value());
  EXPECT_EQ(*run.loss, last.value);
  EXPECT_EQ(run.steps, (*trainer)->state().progress.update);
  EXPECT_EQ(run.target_step.has_value(), target.reached().has_value());
  EXPECT_EQ(run.target_step.value_or(0), target.reached().value_or(TargetWatch::Reached()).step);
}

TEST(Race, ARunIsTheTrainingOfItsConfiguration) {
  const std::string file =
      Problem(FreshFolder("run"), "optimizer { adam {} learning_rate { constant: 0.01 } "
                                  "clip { global_norm: 2 } }");
  const auto race =
      Make({"sgd { momentum: 0.9 }", "rmsprop {}"}, {file}, "0.003, 0.02", 2);
  for (int seed : {0, 1}) {
    const absl::StatusOr<RaceRun> run = race->Run({0, 0, 1, seed}, nullptr);
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_GT(run->seconds, 0);
    ExpectIsTraining(*run, file,
                     {"optimizer.sgd={ momentum: 0.9 }", "optimizer.learning_rate.constant=0.02",
                      absl::StrCat("run.seed=", 5 + seed),
                      absl::StrCat("data.shuffle_seed=", 3 + seed)});
  }
  EXPECT_NE(*race->Run({0, 0, 1, 0}, nullptr)->loss, *race->Run({0, 0, 1, 1}, nullptr)->loss);
}

TEST(Race, TheRateIsThePeakOfTheProblemsSchedule) {
  const std::string file = Problem(
      FreshFolder("peak"),
      "optimizer { adam {} learning_rate { cosine_decay { initial_learning_rate: 0.5 decay_steps: 16 } } }");
  const auto race = Make({"sgd {}"}, {file}, "0.02", 1);
  ExpectIsTraining(*race->Run({0, 0, 0, 0}, nullptr), file,
                   {"optimizer.sgd={}", "optimizer.learning_rate.cosine_decay.initial_learning_rate=0.02"});
}

TEST(Race, ARateThatIsNotSetIsSet) {
  const std::string file = Problem(FreshFolder("unset"), "optimizer { adam {} }");
  const auto race = Make({"sgd {}"}, {file}, "0.02", 1);
  ExpectIsTraining(*race->Run({0, 0, 0, 0}, nullptr), file,
                   {"optimizer.sgd={}", "optimizer.learning_rate.constant=0.02"});
}

TEST(Race, ComparesTheTrainingLossWhereNothingValidates) {
  const std::string folder = FreshFolder("unvalidated");
  const std::string file = Problem(folder, kPlain,
                                   "run { epochs: 2 target { monitor: 'train/loss' value: 0.001 } }");
  std::string text = Contents(file);
  const std::string validation = "validation { fraction: 0.2 }";
  text.erase(text.find(validation), validation.size());
  Write(file, text);
  const auto race = Make({"sgd {}"}, {file}, "0.01", 1);
  EXPECT_EQ(race->problems()[0].measure(), "train/loss");
  const absl::StatusOr<RaceRun> run = race->Run({0, 0, 0, 0}, nullptr);
  ASSERT_TRUE(run.ok() && run->loss.has_value());
  EXPECT_FALSE(run->target_step.has_value());
  EXPECT_EQ(run->steps, 10);
}

TEST(Race, ARunThatDivergesHasNoLoss) {
  const auto race = Make({"sgd {}"}, {Problem(FreshFolder("diverges"))}, "0.01, 1e30", 1);
  EXPECT_TRUE(race->Run({0, 0, 0, 0}, nullptr)->loss.has_value());
  const absl::StatusOr<RaceRun> run = race->Run({0, 0, 1, 0}, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_FALSE(run->loss.has_value());
  EXPECT_FALSE(run->target_step.has_value());
  EXPECT_LT(run->steps, 16);
}

TEST(Race, ProblemsThatAreShippedAreProblems) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator("examples/race")) {
    const bool there = fs::exists("/usr/share/datasets/fashion-mnist");
    if (there || entry.path().stem() != "fashion_mnist") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  ASSERT_GE(files.size(), 3u);
  const auto race = Make({"adam {}", "sgd { momentum: 0.9 nesterov: true }"}, files, "0.01", 1);
  ASSERT_NE(race, nullptr);
  EXPECT_EQ(race->problems()[0].name, "breast_cancer");
  EXPECT_EQ(race->warnings(), std::vector<std::string>());
  // With their own rule and rate they reach their targets.
  for (const RaceProblem& problem : race->problems()) {
    const auto own = Trainer::FromFile(problem.file, {"run.threads=1"});
    TargetWatch target(problem.config.run().target());
    TrainObserver* const observers[] = {&target};
    ASSERT_TRUE((*own)->Train(observers).ok());
    EXPECT_TRUE(target.reached().has_value()) << problem.name << " " << target.InWords();
  }
}

// ---- Records.

TEST(RunRace, HasTheSameNumbersHoweverManyRunsThereAreAtOnce) {
  const std::string folder = FreshFolder("jobs");
  const auto race = Make({"sgd {}", "adam {}"}, {Problem(folder)}, "log(0.001, 1, 3)", 2);
  const RaceRuns one = RunAll(*race, folder + "/one"), three = RunAll(*race, folder + "/three", 3);
  for (size_t i = 0; i < race->runs(); ++i) {
    EXPECT_EQ(one[i]->loss, three[i]->loss);
    EXPECT_EQ(one[i]->steps, three[i]->steps);
    EXPECT_EQ(one[i]->target_step, three[i]->target_step);
    EXPECT_EQ(race->index(race->entry(i)), i);
  }
  EXPECT_EQ(Contents(folder + "/one/lock"), "");
}

TEST(RunRace, GoesOnWhereItWasStopped) {
  const std::string folder = FreshFolder("stopped");
  const auto race = Make({"sgd {}", "adam {}"}, {Problem(folder)}, "log(0.001, 1, 3)", 2);
  const RaceRuns whole = RunAll(*race, folder + "/whole");
  RunRaceOptions options;
  options.folder = folder + "/race";
  size_t ended = 0;
  options.on_run = [&ended](const RaceProgress& progress) {
    EXPECT_EQ(progress.runs, 12u);
    ended = progress.done;
  };
  options.cancelled = [&ended] { return ended == 5; };
  EXPECT_TRUE(absl::IsCancelled(RunRace(*race, options).status()));
  const std::string records = folder + "/race/runs.jsonl";
  std::string text = Contents(records);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  // Killed while it wrote.
  Write(records, text + text.substr(0, 40));
  options.cancelled = nullptr;
  const absl::StatusOr<RaceRuns> runs = RunRace(*race, options);
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_EQ(ended, 12u);
  const std::string after = Contents(records);
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), 12);
  EXPECT_TRUE(absl::StartsWith(after, text));
  for (size_t i = 0; i < race->runs(); ++i) EXPECT_EQ((*runs)[i]->loss, whole[i]->loss);
  // And now there is nothing left to do.
  EXPECT_TRUE(RunRace(*race, options).ok());
  EXPECT_EQ(Contents(records), after);
}

TEST(RunRace, OnlyTrainsWhatAWiderRaceHasMore) {
  const std::string folder = FreshFolder("wider");
  const std::string file = Problem(folder);
  RunAll(*Make({"sgd {}"}, {file}, "0.1, 0.01", 1), folder + "/race");
  const std::string before = Contents(folder + "/race/runs.jsonl");
  EXPECT_EQ(std::count(before.begin(), before.end(), '\n'), 2);
  // However it is written.
  const auto wider = Make({"adam {}", "sgd{  }"}, {file}, "0.01, 0.1, 1", 2);
  RunAll(*wider, folder + "/race");
  const std::string after = Contents(folder + "/race/runs.jsonl");
  EXPECT_TRUE(absl::StartsWith(after, before));
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), 12);
  // Another text of the problem is another problem.
  Problem(folder, kPlain, "run { epochs: 5 seed: 5 target { monitor: 'validation/loss' value: 1 } }");
  RunAll(*Make({"sgd {}"}, {file}, "0.1, 0.01", 1), folder + "/race");
  const std::string last = Contents(folder + "/race/runs.jsonl");
  EXPECT_EQ(std::count(last.begin(), last.end(), '\n'), 14);
}

TEST(RunRace, RefusesRecordsThatAreNone) {
  const std::string folder = FreshFolder("broken");
  const auto race = Make({"sgd {}"}, {Problem(folder)}, "0.1", 1);
  Write(folder + "/runs.jsonl", "{\"problem\":\"line\"}\n");
  RunRaceOptions options;
  options.folder = folder;
  const absl::Status status = RunRace(*race, options).status();
  EXPECT_EQ(status.message(), folder + "/runs.jsonl:1: this is no record of a run");
}

// ---- Scores.

// Records as they might be: losses by rule, rate and seed, NaN for one that diverged.
RaceRuns Records(const Race& race, const std::vector<double>& losses) {
  EXPECT_EQ(losses.size(), race.runs());
  RaceRuns runs(race.runs());
  for (size_t i = 0; i < race.runs(); ++i) {
    runs[i].emplace();
    if (std::isfinite(losses[i])) runs[i]->loss = losses[i];
    runs[i]->steps = 16;
    runs[i]->seconds = static_cast<double>(i);
    if (losses[i] <= 0.5) {
      runs[i]->target_step = static_cast<int64_t>(i) + 1;
      runs[i]->target_seconds = 0.5;
    }
  }
  return runs;
}

TEST(ScoreRace, IsWhatOneWorksOutByHand) {
  const double nan = std::nan("");
  const auto race = Make({"sgd {}", "adam {}"}, {Problem(FreshFolder("hand"))},
                         "0.001, 0.01, 0.1, 1", 2);
  const std::vector<RaceScore> scores = ScoreRace(*race, Records(*race, {
      // sgd, of which one run at the rate 1 is the best of all: means 0.9, 0.62, 0.6, -
      0.8, 1.0, 0.58, 0.66, 0.5, 0.7, 0.01, nan,
      // adam: means 0.4, 0.4, 0.42, 0.4200001
      0.3, 0.5, 0.35, 0.45, 0.42, 0.42, 0.42, 0.4200002}));
  ASSERT_EQ(scores.size(), 2u);
  const RaceScore &adam = scores[0], &sgd = scores[1];
  EXPECT_EQ(adam.rule, 1u);
  EXPECT_EQ(sgd.rule, 0u);
  EXPECT_EQ(*sgd.best, 2u);
  // Sums of two doubles and a division: within some roundings of 2^-53.
  EXPECT_NEAR(sgd.loss(), 0.6, 1e-15);
  EXPECT_NEAR(sgd.rates[2].deviation, std::sqrt(0.02), 1e-15);
  EXPECT_EQ(sgd.diverged, 1);
  EXPECT_EQ(sgd.rates[3].diverged, 1);
  EXPECT_TRUE(std::isinf(sgd.rates[3].mean));
  EXPECT_EQ(sgd.within, 2);  // 0.62 and 0.6 itself.
  EXPECT_EQ(sgd.reached, 1);
  EXPECT_EQ(sgd.target_steps, 5);  // Run 4.
  EXPECT_EQ(sgd.target_seconds, 0.5);
  EXPECT_EQ(sgd.seconds, 4.5);
  EXPECT_FALSE(sgd.at_edge);
  EXPECT_EQ(*adam.best, 0u);  // Of two that are alike the lower rate.
  EXPECT_TRUE(adam.at_edge);
  EXPECT_EQ(adam.within, 3);
  EXPECT_EQ(adam.reached, 2);
  EXPECT_EQ(adam.target_steps, 9.5);  // Runs 8 and 9.
}

TEST(ScoreRace, WithinFivePercentOfALossBelowZeroLiesAboveIt) {
  const auto race =
      Make({"sgd {}"}, {Problem(FreshFolder("negative"))}, "0.01, 0.1, 1", 1);
  const std::vector<RaceScore> scores = ScoreRace(*race, Records(*race, {-1.0, -0.96, -0.94}));
  EXPECT_EQ(scores[0].within, 2);
  EXPECT_TRUE(std::isnan(scores[0].rates[0].deviation));  // Of one seed there is none.
  const std::vector<RaceScore> zero = ScoreRace(*race, Records(*race, {0, 1e-12, 0}));
  EXPECT_EQ(zero[0].within, 2);
}

TEST(ScoreRace, ARuleThatDivergesAtEveryRateIsLastAndHasNoBest) {
  const double nan = std::nan("");
  const auto race = Make({"sgd {}", "adam {}"}, {Problem(FreshFolder("none"))}, "0.01, 0.1", 2);
  const std::vector<RaceScore> scores =
      ScoreRace(*race, Records(*race, {0.1, nan, nan, 0.1, 9, 9, 9, 9}));
  EXPECT_EQ(scores[1].rule, 0u);
  EXPECT_FALSE(scores[1].best.has_value());
  EXPECT_EQ(scores[1].diverged, 2);
  const std::vector<std::string> text = absl::StrSplit(RaceText(*race, scores), '\n');
  ASSERT_GE(text.size(), 4u);
  EXPECT_EQ(text[3], "sgd           -        -          -        -      -        -          -       2/4");
  const std::vector<std::string> tsv = absl::StrSplit(RaceTsv(*race, scores), '\n');
  EXPECT_EQ(tsv[2],
            "line\t2\tsgd { }\tvalidation/loss\t\t\t\tvalidation/loss 1\t0\t2\t\t\t\t0\t2\t0\t2");
}

TEST(RaceTable, HasTheScoresOfTheRecordsInItsFile) {
  const std::string folder = FreshFolder("closed");
  const auto race = Make({"sgd {}", "adam {}"}, {Problem(folder)}, "log(0.001, 10, 5)", 3);
  const std::vector<RaceScore> scores = ScoreRace(*race, RunAll(*race, folder + "/race", 2));
  // The least mean of the lines of runs.jsonl, read as text.
  for (const RaceScore& score : scores) {
    const std::string& rule = race->rules()[score.rule].text;
    double least = INFINITY, at = 0;
    for (double rate : race->rates()) {
      double sum = 0;
      int found = 0;
      for (absl::string_view line :
           absl::StrSplit(Contents(folder + "/race/runs.jsonl"), '\n', absl::SkipEmpty())) {
        const std::string begin = absl::StrCat("\"rule\":\"", rule, "\",\"rate\":");
        const size_t place = line.find(begin);
        if (place == absl::string_view::npos) continue;
        if (std::stod(std::string(line.substr(place + begin.size()))) != rate) continue;
        ++found;
        const std::string loss(line.substr(line.find("\"loss\":") + 7));
        sum += absl::StartsWith(loss, "null") ? INFINITY : std::stod(loss);
      }
      EXPECT_EQ(found, 3);
      if (sum / 3 < least) least = sum / 3, at = rate;
    }
    EXPECT_NEAR(score.loss(), least, 1e-14 * least);
    EXPECT_EQ(race->rates()[*score.best], at);
  }
  const std::string svg = RaceSvg(*race, scores, 0);
  EXPECT_TRUE(absl::StartsWith(svg, "<svg"));
  for (const char* text : {">sgd<", ">adam<", ">Race on line<", ">learning rate<"}) {
    EXPECT_TRUE(absl::StrContains(svg, text)) << text;
  }
}

// ---- What is refused.

TEST(Race, SaysWhereARuleIsWrong) {
  const std::string file = Problem(FreshFolder("rules"));
  EXPECT_EQ(Refusal({"adam {}", "adm {}", "sgd { momentum: 2 }", "sgd {} weight_decay: 0.1"},
                    {file}),
            "--rule 2:1:1: no field is called \"adm\"; did you mean \"adam\"?\n"
            "--rule 3:1:17: sgd: momentum 2 must be at least 0 and at most 1 [sgd.momentum]\n"
            "--rule 4:1:22: weight_decay is not part of the rule, and all rules of a race have the "
            "same; write it in the problems [weight_decay]");
  EXPECT_EQ(Refusal({"adam {}", "sgd {}", "adam { }"}, {file}),
            "--rule 1 and 3 are both \"adam { }\"");
  EXPECT_TRUE(absl::StartsWith(Refusal({""}, {file}), "--rule 1:1:1: rule is missing; set one of "));
  EXPECT_EQ(Refusal({}, {file}), "there is no rule; give --rule 'adam {}'");
}

TEST(Race, SaysWhereTheGridIsWrong) {
  const std::string file = Problem(FreshFolder("grids"));
  EXPECT_TRUE(absl::StartsWith(Refusal({"adam {}"}, {file}, "log(1, 0.1, 3)"),
                               "--rates log(1, 0.1, 3):"));
  EXPECT_EQ(Refusal({"adam {}"}, {file}, "log(0.1, 1)"),
            "--rates log(0.1, 1): it says not how many rates there are; give a third number, "
            "log(1e-4, 1, 9)");
  EXPECT_EQ(Refusal({"adam {}"}, {file}, "choice(0.1, high)"),
            "--rates choice(0.1, high): \"high\" is not a finite number above 0");
  EXPECT_EQ(Refusal({"adam {}"}, {file}, "0.1, 0.10"),
            "--rates 0.1, 0.10: the rate 0.1 is there twice");
  EXPECT_EQ(Refusal({"adam {}"}, {file}, "0"),
            "--rates 0: \"0\" is not a finite number above 0");
  EXPECT_EQ(Refusal({"adam {}"}, {file}, "0.1", 0), "--seeds 0 is not 1 to 1000");
}

TEST(Race, SaysWhichProblemIsNone) {
  const std::string folder = FreshFolder("problems");
  const std::string good = Problem(folder);
  const std::string aimless = Problem(folder, kPlain, "run { epochs: 2 }", "aimless");
  EXPECT_EQ(Refusal({"adam {}"}, {aimless}),
            aimless + ": a problem of a race has a target; write run { target { monitor: "
                      "\"validation/loss\" value: 0.1 } }");
  const std::string blind = Problem(
      folder, kPlain, "run { target { monitor: 'validation/los' value: 1 } }", "blind");
  EXPECT_TRUE(absl::StrContains(Refusal({"adam {}"}, {blind}),
                                "target: nothing produces \"validation/los\""));
  EXPECT_TRUE(absl::StrContains(Refusal({"adam {}"}, {folder + "/missing.pbtxt"}), "missing.pbtxt"));
  EXPECT_EQ(Refusal({"adam {}"}, {good, good}), "--problems 1 and 2 are both \"line\"");
}

TEST(Race, SaysWhichRuleDoesNotGoWithAProblem) {
  const std::string file = Problem(
      FreshFolder("follows"),
      "optimizer { adam {} learning_rate { constant: 0.1 } "
      "schedule { field: 'beta1' follow { constant: 0.9 } } }");
  const std::string refusal = Refusal({"adam { beta2: 0.9 }", "sgd {}"}, {file});
  EXPECT_TRUE(absl::StartsWith(refusal, file + " with --rule 2: ")) << refusal;
  EXPECT_TRUE(absl::StrContains(refusal, "beta1")) << refusal;
}

}  // namespace
}  // namespace gradus
