// A run that is asked for other rates while it trains does what it is asked, once, at its step,
// however often it is stopped.

#include "gradus/api/rate_control.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/rate_request.h"
#include "gradus/data/batch_stream.h"
#include "tests/api/rate_testing.h"

namespace gradus {
namespace {

std::string Weights(const Trainer& trainer) {
  std::string bytes;
  for (const char* name : {"hidden/kernel", "hidden/bias", "output/kernel", "output/bias"}) {
    const absl::StatusOr<Tensor> tensor = trainer.Parameter(name);
    EXPECT_TRUE(tensor.ok()) << tensor.status();
    bytes.append(static_cast<const char*>(tensor->raw()), static_cast<size_t>(tensor->bytes()));
  }
  return bytes;
}

// Holds the run before an update until something is so.
class WaitsAt final : public TrainObserver {
 public:
  WaitsAt(int64_t step, std::function<bool()> until) : step_(step), until_(std::move(until)) {}
  absl::Status OnStep(const StepReport&, const TrainState& state) override {
    while (state.progress.update == step_ && !until_()) std::this_thread::yield();
    return absl::OkStatus();
  }

 private:
  const int64_t step_;
  const std::function<bool()> until_;
};

TEST(RateControl, ARunWithEverythingOnItIsTheSameHoweverOftenItIsStopped) {
  const std::string whole_path = EmptyFolder("whole"), path = EmptyFolder("stopped");
  FolderRun whole = FolderRun::Start(whole_path);
  ASSERT_TRUE(ControlFolder(whole_path).PutAgain(AllCommands(), 0).ok());
  ASSERT_EQ(*whole.Go(), LoopEnd::kFinished);
  EXPECT_EQ(whole.trainer->state().progress.update, 105);
  EXPECT_EQ(whole.trainer->state().rates.commands.size(), 6u);
  // The controller has cut the rate before, between and after the commands.
  int cuts = 0;
  const std::vector<RecordedEvent> events = *ReadEvents(whole.folder.events());
  for (const RecordedEvent& recorded : events) {
    cuts += absl::StartsWith(recorded.event.layer, "controller[0]");
  }
  EXPECT_GE(cuts, 3);

  std::mt19937 random(4);
  std::set<int64_t> stops;
  while (stops.size() < 10) stops.insert(1 + static_cast<int64_t>(random() % 104));
  {
    FolderRun run = FolderRun::Start(path);
    ASSERT_TRUE(ControlFolder(path).PutAgain(AllCommands(), 0).ok());
    StopAfter stop(*stops.begin());
    ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  }
  std::string weights;
  for (auto step = std::next(stops.begin());; ++step) {
    FolderRun run = FolderRun::Resume(path);
    if (step == stops.end()) {
      ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
      weights = Weights(*run.trainer);
      break;
    }
    StopAfter stop(*step);
    ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
    EXPECT_EQ(run.trainer->state().progress.update, *step);
  }
  EXPECT_EQ(Text(path + "/metrics.jsonl"), Text(whole_path + "/metrics.jsonl"));
  EXPECT_EQ(Text(path + "/events.jsonl"), Text(whole_path + "/events.jsonl"));
  EXPECT_EQ(weights, Weights(*whole.trainer));
}

TEST(RateControl, ARunThatIsKilledDoesAgainWhatItsStateDidNotHave) {
  const std::string whole_path = EmptyFolder("unbroken"), path = EmptyFolder("killed");
  const std::vector<std::string> settings = {"run.checkpoint.every_steps=25"};
  FolderRun whole = FolderRun::Start(whole_path, settings);
  ASSERT_TRUE(ControlFolder(whole_path).PutAgain(AllCommands(), 0).ok());
  ASSERT_EQ(*whole.Go(), LoopEnd::kFinished);
  // What a kill in the middle of step 71 leaves: the states of 25 and 50, of which the later is older
  // than two commands, and the lines up to there.
  {
    FolderRun run = FolderRun::Start(path, settings);
    ASSERT_TRUE(ControlFolder(path).PutAgain(AllCommands(), 0).ok());
    StopAfter stop(70);
    ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  }
  ASSERT_TRUE(RemoveTree(path + "/checkpoints/step-0000000070").ok());
  FolderRun run = FolderRun::Resume(path);
  EXPECT_EQ(run.trainer->state().progress.update, 50);
  EXPECT_EQ(ControlFolder(path).Waiting().size(), 4u);  // Two again, and two that were never done.
  // It stops once more before it gets to them.
  {
    StopAfter stop(52);
    ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
    run.folder.lock.reset();
  }
  FolderRun last = FolderRun::Resume(path);
  ASSERT_EQ(*last.Go(), LoopEnd::kFinished);
  EXPECT_EQ(Text(path + "/metrics.jsonl"), Text(whole_path + "/metrics.jsonl"));
  EXPECT_EQ(Weights(*last.trainer), Weights(*whole.trainer));
  EXPECT_TRUE(ControlFolder(path).Waiting().empty());
}

TEST(RateControl, AReplayGivesTheSameBytes) {
  const std::string path = EmptyFolder("first"), again = EmptyFolder("replay");
  FolderRun first = FolderRun::Start(path);
  for (const RateCommand& command : AllCommands()) {
    ASSERT_TRUE(first.trainer->Command(command).ok());  // By the program itself.
  }
  ASSERT_EQ(*first.Go(), LoopEnd::kFinished);
  const std::vector<ReplayLeg> legs = ReplayLegs(*ReadEvents(first.folder.events()));
  ASSERT_EQ(legs.size(), 1u);
  EXPECT_EQ(legs[0].commands.size(), 6u);
  FolderRun replay = FolderRun::Start(again);
  ASSERT_TRUE(ControlFolder(again).PutAgain(legs[0].commands, 0).ok());
  ASSERT_EQ(*replay.Go(), LoopEnd::kFinished);
  EXPECT_EQ(Weights(*replay.trainer), Weights(*first.trainer));
  EXPECT_EQ(Text(again + "/metrics.jsonl"), Text(path + "/metrics.jsonl"));
  // And without the commands it is another run.
  FolderRun plain = FolderRun::Start(EmptyFolder("plain"));
  ASSERT_EQ(*plain.Go(), LoopEnd::kFinished);
  EXPECT_NE(Weights(*plain.trainer), Weights(*first.trainer));
}

TEST(RateControl, AnswersWhoeverAsksWhileItTrains) {
  const std::string path = EmptyFolder("asked");
  FolderRun run = FolderRun::Start(path);
  std::atomic<bool> asked{false};
  WaitsAt wait(30, [&] { return asked.load(); });
  absl::StatusOr<RateReply> later, refused, foreign_field;
  std::thread other([&] {
    later = RequestRate(path, Command("scale: 0.5 at_step: 60"), absl::Minutes(1));
    refused = RequestRate(path, Command("scale: 0.5 group: \"no\""), absl::Minutes(1));
    foreign_field = RequestRate(path, Command("set: 1 field: \"beta1\""), absl::Minutes(1));
    asked = true;
  });
  ASSERT_EQ(*run.Go({&wait}), LoopEnd::kFinished);
  other.join();
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->kind, RateReply::kLater);
  EXPECT_EQ(later->step, 60);
  EXPECT_EQ(refused.status().message(), "there is no group \"no\"; the groups are default, biases");
  EXPECT_EQ(foreign_field.status().message(),
            "no number that changes is called \"beta1\"; there are learning_rate, weight_decay; a field of the "
       "rule is one when the optimizer has schedule { field: \"beta1\" follow { ... } }");
  ASSERT_EQ(run.trainer->state().rates.commands.size(), 1u);
  EXPECT_EQ(run.trainer->state().rates.commands[0].at_step(), 60);
  EXPECT_TRUE(ListFolder(path + "/control")->empty());
}

TEST(RateControl, SaysWhatChangedAndFromWhichStep) {
  const std::string path = EmptyFolder("changed");
  FolderRun run = FolderRun::Start(path);
  absl::StatusOr<RateReply> reply;
  std::atomic<bool> answered{false};
  std::thread other([&] {
    reply = RequestRate(path, Command("set: 0.125"), absl::Minutes(1));
    answered = true;
  });
  // The run goes on for as long as it takes: its end is moved away until the answer is there.
  class GoesOn final : public TrainObserver {
   public:
    explicit GoesOn(const std::atomic<bool>* answered) : answered_(*answered) {}
    bool StopRequested() override { return answered_.load(); }

   private:
    const std::atomic<bool>& answered_;
  } goes_on(&answered);
  ASSERT_TRUE(run.trainer->Command(Command("total_steps: 1000000000")).ok());
  ASSERT_EQ(*run.Go({&goes_on}), LoopEnd::kStopped);
  other.join();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->kind, RateReply::kDone);
  ASSERT_EQ(reply->changes.size(), 2u);  // One a group.
  EXPECT_EQ(reply->changes[0].group, "default");
  EXPECT_EQ(reply->changes[0].new_value, 0.125);
  EXPECT_EQ(ChangeInWords(reply->changes[1]),
            absl::StrCat("rate of group biases: ", RateInWords(reply->changes[1].old_value),
                         " -> 0.125 from step ", reply->step));
  EXPECT_TRUE(ListFolder(path + "/control")->empty());
}

TEST(RateControl, WhatIsNoCommandIsRefusedAndEndsNothing) {
  const std::string path = EmptyFolder("hostile");
  FolderRun run = FolderRun::Start(path);
  const std::string control = path + "/control";
  ASSERT_TRUE(MakeFolders(control + "/folder.pbtxt").ok());
  ASSERT_TRUE(WriteFile(control + "/torn.pbtxt", "schedule { cosine_dec").ok());
  ASSERT_TRUE(WriteFile(control + "/bytes.pbtxt", std::string("\0\xff\x7f" "ELF", 6)).ok());
  ASSERT_TRUE(WriteFile(control + "/empty.pbtxt", "").ok());
  ASSERT_TRUE(WriteFile(control + "/negative.pbtxt", "scale: -1").ok());
  ASSERT_TRUE(WriteFile(control + "/nan.pbtxt", "set: nan").ok());
  ASSERT_TRUE(WriteFile(control + "/gain.pbtxt",
                        "schedule { constant: 1 } gain: -1").ok());
  ASSERT_TRUE(WriteFile(control + "/huge.pbtxt", std::string(2 << 20, '#')).ok());
  ASSERT_TRUE(WriteFile(control + "/notes.txt", "hello").ok());
  ASSERT_EQ(mkfifo((control + "/pipe.pbtxt").c_str(), 0666), 0);
  ASSERT_EQ(symlink("/dev/zero", (control + "/link.pbtxt").c_str()), 0);
  ASSERT_TRUE(WriteFile(control + "/unfinished.pbtxt.tmp-1", "set: 1").ok());
  ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
  EXPECT_TRUE(run.trainer->state().rates.commands.empty());
  for (const char* name : {"folder", "torn", "bytes", "empty", "negative", "nan", "gain", "huge",
                           "notes.txt", "pipe", "link"}) {
    const auto answer = ControlFolder(path).TakeAnswer(name);
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_TRUE(answer->has_value()) << name;
    EXPECT_NE((*answer)->refused(), "") << name;
  }
  EXPECT_EQ(*ListFolder(control), (std::vector<std::string>{"folder.pbtxt", "notes.txt",
                                                            "unfinished.pbtxt.tmp-1"}));
}

TEST(RateRequest, AStoppedRunTakesItWhenItGoesOnAndAnEndedOneDoesNot) {
  const std::string path = EmptyFolder("request");
  {
    FolderRun run = FolderRun::Start(path);
    StopAfter stop(40);
    ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  }
  const absl::Duration no_wait;
  const auto set = RequestRate(path, Command("set: 0.25 group: \"default\""), no_wait);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->kind, RateReply::kWaits);
  ASSERT_EQ(set->changes.size(), 1u);
  EXPECT_EQ(set->changes[0].step, 40);
  // It is seen by what is asked for next.
  const auto scale = RequestRate(path, Command("scale: 0.5 group: \"default\""), no_wait);
  ASSERT_TRUE(scale.ok()) << scale.status();
  EXPECT_EQ(scale->changes[0].old_value, 0.25);
  EXPECT_EQ(scale->changes[0].new_value, 0.125);
  EXPECT_EQ(RequestRate(path, Command("total_steps: 40"), no_wait).status().message(),
            "total_steps 40 must be above the 40 updates that are done");
  EXPECT_EQ(RequestRate(path, Command("set: 1 at_step: 120"), no_wait).status().message(),
            "at step 120 nothing is left of " + path + ", which ends after 120 updates");
  {
    FolderRun run = FolderRun::Resume(path);
    ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
    EXPECT_EQ(run.trainer->state().rates.commands.size(), 2u);
    EXPECT_EQ(run.trainer->state().rates.commands[1].at_step(), 40);
  }
  EXPECT_EQ(RequestRate(path, Command("set: 1"), no_wait).status().message(),
            path + " has ended after 120 updates; --total_steps with a larger number lets it go on");
  ASSERT_TRUE(RequestRate(path, Command("total_steps: 130"), no_wait).ok());
  FolderRun run = FolderRun::Resume(path);
  ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
  EXPECT_EQ(run.trainer->state().progress.update, 130);
  // The configuration's end has nothing to say any more; other settings have.
  std::vector<std::string> skipped;
  const std::string checkpoint = *NewestCheckpoint(path + "/checkpoints", &skipped);
  for (const char* length : {"run.epochs=40", "run.max_steps=500"}) {
    EXPECT_EQ(Trainer::Resume(checkpoint, {}, {length}).status().message(),
              "another run.epochs or run.max_steps would do nothing: the run's end was moved to step "
              "130 from outside, which goes before; gradus rate RUN --total_steps N moves it again");
  }
  EXPECT_TRUE(Trainer::Resume(checkpoint, {}, {"run.log_every_steps=1"}).ok());
  EXPECT_TRUE(absl::IsNotFound(RequestRate(path + "/no", Command("set: 1"), no_wait).status()));
}

TEST(RateRequest, ARunThatIsOverTakesAnotherEndAndThenAnotherCurve) {
  const std::string path = EmptyFolder("over");
  {
    FolderRun run = FolderRun::Start(path);
    ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
  }
  const absl::Duration no_wait;
  EXPECT_EQ(RequestRate(path, Command("total_steps: 200 at_step: 121"), no_wait).status().message(),
            "at step 121 nothing is left of " + path + ", which ends after 120 updates");
  const auto longer = RequestRate(path, Command("total_steps: 140"), no_wait);
  ASSERT_TRUE(longer.ok()) << longer.status();
  EXPECT_EQ(longer->changes[0].old_value, longer->changes[0].new_value);
  EXPECT_EQ(longer->note,
            "nothing is left of its schedules, so the rates stay what they are; for another curve "
            "give --schedule, too");
  const auto curve = RequestRate(
      path,
      Command("schedule { linear { initial_learning_rate: 1 end_learning_rate: 0.5 steps: 20 } } "
              "group: \"default\""),
      no_wait);
  ASSERT_TRUE(curve.ok()) << curve.status();
  EXPECT_EQ(curve->note, "");
  // Cuts of the controller apart, which the other group has too.
  const double begins = curve->changes[0].new_value;
  EXPECT_NEAR(begins, longer->changes[0].old_value, 1e-15);
  FolderRun run = FolderRun::Resume(path);
  ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
  const TrainState& state = run.trainer->state();
  EXPECT_EQ(state.progress.update, 140);
  const Hyperparameters& numbers = run.trainer->step().numbers();
  const auto chain = numbers.Explain(0, state.progress, state.rates);
  EXPECT_NEAR(chain[0].out, numbers.ScheduleAt(0, run.trainer->timeline().At(120)) / 2, 1e-15);
  EXPECT_EQ(numbers.Explain(1, state.progress, state.rates)[0].detail,
            "exponential_decay, nothing left of it since step 120");
}

TEST(RateRequest, ARunThatHasEndedEarlyTakesAnotherEndAndThenAnythingElse) {
  const std::string path = EmptyFolder("early");
  {
    FolderRun run = FolderRun::Start(
        path, {"run.early_stopping={ monitor: \"validation/loss\" patience: 1 min_delta: 1 }"});
    ASSERT_EQ(*run.Go(), LoopEnd::kEarly);
  }
  const std::string why =
      "validation/loss has not been better than ";
  const absl::Duration no_wait;
  const absl::Status set = RequestRate(path, Command("set: 0.25"), no_wait).status();
  EXPECT_TRUE(absl::StartsWith(set.message(), path + " has ended after 30 updates: " + why)) << set;
  EXPECT_TRUE(absl::EndsWith(set.message(), "; --total_steps with a larger number lets it go on"));
  EXPECT_TRUE(absl::IsOutOfRange(
      RequestRate(path, Command("total_steps: 120 at_step: 31"), no_wait).status()));
  const auto longer = RequestRate(path, Command("total_steps: 120"), no_wait);
  ASSERT_TRUE(longer.ok()) << longer.status();
  EXPECT_TRUE(absl::StartsWith(longer->note, "it had ended early (" + why)) << longer->note;
  EXPECT_TRUE(absl::EndsWith(longer->note, "), patience begins afresh")) << longer->note;
  ASSERT_TRUE(RequestRate(path, Command("set: 0.25"), no_wait).ok());
  FolderRun run = FolderRun::Resume(path);
  ASSERT_EQ(*run.Go(), LoopEnd::kEarly);
  EXPECT_EQ(run.trainer->state().progress.update, 45);  // An epoch of patience.
  EXPECT_EQ(run.trainer->state().last_learning_rate, 0.25);

  // Settings about the end do the same; others do not.
  std::vector<std::string> skipped;
  const std::string checkpoint = *NewestCheckpoint(path + "/checkpoints", &skipped);
  const auto ended_by = [&](const std::string& setting) {
    const auto trainer = Trainer::Resume(checkpoint, {}, {setting});
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return (*trainer)->state().ended_by;
  };
  EXPECT_EQ(ended_by("run.early_stopping.patience=2"), "");
  EXPECT_NE(ended_by("optimizer.learning_rate.exponential_decay.decay_rate=0.5"), "");
}

TEST(RateRequest, AWrongScheduleIsRefusedWithItsPosition) {
  const std::string path = EmptyFolder("schedule");
  FolderRun run = FolderRun::Start(path);
  EXPECT_EQ(ParseRunSchedule(path, "constant: -1", "--schedule").status().message(),
            "--schedule:1:11: constant -1 must be at least 0 [constant]");
  EXPECT_TRUE(absl::StartsWith(
      ParseRunSchedule(path, "cosine_decay {\n  decay_step: 3 }", "--schedule").status().message(),
      "--schedule:2:3: cosine_decay: no field is called \"decay_step\""));
  EXPECT_TRUE(ParseRunSchedule(path, "clock: RUN constant: 1", "--schedule").ok());
}

// ---- Command from another thread.

TEST(TrainerCommand, MayComeFromAnotherThreadWhileOneTrains) {
  FolderRun run = FolderRun::Start(EmptyFolder("threads"));
  constexpr int kCommands = 200;
  std::atomic<int> posted{0};
  WaitsAt begin(5, [&] { return posted.load() > 0; });
  WaitsAt end(100, [&] { return posted.load() == kCommands; });
  std::thread other([&] {
    for (int i = 0; i < kCommands; ++i) {
      EXPECT_TRUE(run.trainer->Command(Command(i % 2 == 0 ? "scale: 0.5" : "scale: 2")).ok());
      EXPECT_FALSE(run.trainer->Command(Command("scale: 2 group: \"no\"")).ok());
      ++posted;
    }
  });
  ASSERT_EQ(*run.Go({&begin, &end}), LoopEnd::kFinished);
  other.join();
  EXPECT_EQ(run.trainer->state().rates.commands.size(), static_cast<size_t>(kCommands));
  EXPECT_EQ(run.trainer->state().rates.overrides[0].scale, 1);
}

TEST(TrainerCommand, MayComeFromAnotherThreadWhileOneSteps) {
  FolderRun run = FolderRun::Start(EmptyFolder("steps"));
  auto stream =
      BatchStream::Create(run.trainer->data().train, TrainingBatches(run.trainer->config().data()));
  ASSERT_TRUE(stream.ok());
  constexpr int kCommands = 100;
  std::thread other([&] {
    for (int i = 0; i < kCommands; ++i) {
      EXPECT_TRUE(run.trainer->Command(Command(absl::StrCat("set: ", 1 + i, "e-4"))).ok());
    }
  });
  size_t events = 0;
  double rate = 0;
  // Two events a command: one a group.
  while (events < 2 * kCommands) {
    const absl::StatusOr<const Batch*> batch = (*stream)->Next();
    ASSERT_TRUE(batch.ok());
    const auto result = run.trainer->Step(
        {{"features", (*batch)->fields[0].Clone()}, {"benign", (*batch)->fields[1].Clone()}});
    ASSERT_TRUE(result.ok()) << result.status();
    events += result->events.size();
    // What it uses is what it says.
    if (!result->events.empty()) {
      rate = result->events[result->events.size() - 2].new_value;
      EXPECT_EQ(result->learning_rate, rate);
    }
  }
  other.join();
  EXPECT_EQ(rate, 100e-4);
}

}  // namespace
}  // namespace gradus
