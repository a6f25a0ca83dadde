// Events are read as they were written, and a resume finds out which of them its state has.

#include "gradus/api/events_file.h"

#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "tests/api/rate_testing.h"

namespace gradus {
namespace {

constexpr char kPlateau[] = "controller[0] reduce_on_plateau";

RateEvent Event(int64_t step, const std::string& layer) {
  RateEvent event;
  event.step = step;
  event.group = "default";
  event.field = "learning_rate";
  event.layer = layer;
  event.old_value = 0.1;
  event.new_value = 1.0 / 3;
  event.cause = "why";
  return event;
}

RateEvent Controlled(int64_t step, double scale, const std::string& layer = kPlateau) {
  RateEvent event = Event(step, layer);
  event.state.set_kind("reduce_on_plateau");
  NamedNumber* number = event.state.add_number();
  number->set_name("scale");
  number->set_value(scale);
  event.state.add_number()->set_name("best");
  return event;
}

RateEvent Asked(int64_t step, const std::string& command) {
  RateEvent event = Event(step, "override");
  event.command = Command(command);
  return event;
}

std::vector<RecordedEvent> Recorded(const std::vector<RateEvent>& events) {
  std::vector<RecordedEvent> recorded;
  for (const RateEvent& event : events) recorded.push_back(*ParseEvent(ToJson(event)));
  return recorded;
}

TrainStateHeader Header(int64_t step, int commands, double scale) {
  TrainStateHeader header;
  header.mutable_progress()->set_step(step);
  for (int i = 0; i < commands; ++i) header.add_command();
  *header.add_controller() = Controlled(0, scale).state;
  return header;
}

std::vector<int64_t> Steps(const std::vector<RecordedEvent>& events) {
  std::vector<int64_t> steps;
  for (const RecordedEvent& recorded : events) steps.push_back(recorded.event.step);
  return steps;
}

TEST(Events, AreJsonWithSeventeenDigits) {
  EXPECT_EQ(ToJson(Controlled(7, 0.1)),
            "{\"step\":7,\"group\":\"default\",\"field\":\"learning_rate\",\"layer\":\"controller["
            "0] reduce_on_plateau\",\"old\":0.10000000000000001,\"new\":0.33333333333333331,"
            "\"cause\":\"why\",\"state\":{\"scale\":0.10000000000000001,\"best\":null}}");
  EXPECT_EQ(ToJson(Event(8, "resume"), {"optimizer.sgd.momentum=0.9"}),
            "{\"step\":8,\"group\":\"default\",\"field\":\"learning_rate\",\"layer\":\"resume\","
            "\"old\":0.10000000000000001,\"new\":0.33333333333333331,\"cause\":\"why\","
            "\"settings\":[\"optimizer.sgd.momentum=0.9\"]}");
}

TEST(Events, AreReadAsTheyWereWritten) {
  RateEvent event = Asked(
      9, "at_step: 9 group: \"a \\\"b\\\"\\n\" schedule { cosine_decay { "
         "initial_learning_rate: 0.1 decay_steps: 3 } } gain: 0.30000000000000004");
  event.cause = "a \"quoted\"\\ \n\tcause";
  event.new_value = std::numeric_limits<double>::infinity();
  const auto read = ParseEvent(ToJson(event));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->event.step, 9);
  EXPECT_EQ(read->event.cause, event.cause);
  EXPECT_EQ(read->event.old_value, 0.1);
  EXPECT_NE(read->event.new_value, read->event.new_value);  // JSON has no infinity.
  ASSERT_TRUE(read->event.command.has_value());
  EXPECT_EQ(read->event.command->SerializeAsString(), event.command->SerializeAsString());
  const auto controlled = ParseEvent(ToJson(Controlled(3, 0.7)));
  ASSERT_TRUE(controlled.ok());
  EXPECT_EQ(controlled->event.state.kind(), "reduce_on_plateau");
  for (const NamedNumber& number : controlled->event.state.number()) {
    EXPECT_EQ(number.has_value(), number.name() == "scale");
    EXPECT_EQ(number.value(), number.name() == "scale" ? 0.7 : 0);
  }
}

TEST(Events, ALineThatIsNoneIsNamedAndOneThatWasTornIsNone) {
  const std::string path = EmptyFolder("events.jsonl");
  EXPECT_TRUE(ReadEvents(path)->empty());
  const std::string line = ToJson(Event(3, "override"));
  ASSERT_TRUE(WriteFile(path, line + "\n" + line.substr(0, 20)).ok());
  EXPECT_EQ(ReadEvents(path)->size(), 1u);
  for (const char* bad : {"{", "[]", "{\"step\":-1}", "{\"step\":\"x\"}", "{}",
                          "{\"step\":1,\"command\":\"sett: 1\"}"}) {
    ASSERT_TRUE(WriteFile(path, absl::StrCat(line, "\n", bad, "\n")).ok());
    const absl::Status status = ReadEvents(path).status();
    EXPECT_EQ(status.message().substr(0, path.size() + 12),
              absl::StrCat(path, ":2: the line"))
        << status;
  }
}

TEST(SplitEvents, KeepsWhatTheStateHasAndGivesBackWhatWasAskedAfterIt) {
  const EventsAtCheckpoint split = SplitEvents(
      Recorded({Asked(5, "scale: 0.5"), Controlled(10, 0.7), Asked(10, "set: 1 id: \"x\""),
                Event(10, "override"), Controlled(12, 0.49), Asked(14, "clear: true")}),
      Header(10, 1, 0.7));
  EXPECT_EQ(Steps(split.kept), (std::vector<int64_t>{5, 10}));
  ASSERT_EQ(split.lost.size(), 2u);
  EXPECT_EQ(OneLine(split.lost[0]), "at_step: 10 set: 1 id: \"x\"");
  EXPECT_EQ(OneLine(split.lost[1]), "at_step: 14 clear: true");
}

TEST(SplitEvents, CountsTheCommandsOfTheStatesOwnStep) {
  const std::vector<RateEvent> events = {Asked(10, "set: 1"), Event(10, "override"),
                                         Asked(10, "set: 2")};
  EXPECT_EQ(SplitEvents(Recorded(events), Header(10, 0, 1)).lost.size(), 2u);
  const EventsAtCheckpoint one = SplitEvents(Recorded(events), Header(10, 1, 1));
  EXPECT_EQ(one.kept.size(), 2u);
  EXPECT_EQ(one.lost.size(), 1u);
  EXPECT_TRUE(SplitEvents(Recorded(events), Header(10, 2, 1)).lost.empty());
}

TEST(SplitEvents, ACutAfterAnUpdateThatWasGivenUpIsOfTheFuture) {
  // Both at step 10: the state has the first cut, and not what came of trying the next update.
  const EventsAtCheckpoint split = SplitEvents(
      Recorded({Controlled(10, 0.7), Controlled(10, 0.7), Controlled(10, 0.35)}),
      Header(10, 0, 0.7));
  EXPECT_EQ(split.kept.size(), 2u);
  EXPECT_EQ(SplitEvents(Recorded({Controlled(10, 0.35)}), Header(10, 0, 0.7)).kept.size(), 0u);
}

TEST(SplitEvents, ARunThatWentOnFromThisStateKeepsItsSettings) {
  std::vector<RecordedEvent> events = {
      *ParseEvent(ToJson(Event(4, "resume"), {"run.epochs=3"})),
      *ParseEvent(ToJson(Event(10, "resume"), {"run.epochs=4", "run.epochs=5"})),
      *ParseEvent(ToJson(Event(11, "resume"), {"run.epochs=6"}))};
  const EventsAtCheckpoint split = SplitEvents(events, Header(10, 0, 1));
  EXPECT_EQ(split.kept.size(), 2u);
  EXPECT_EQ(split.settings, (std::vector<std::string>{"run.epochs=4", "run.epochs=5"}));
}

TEST(ReplayLegs, HaveCommandsAsTheyWereGivenAndEndWhereSettingsChanged) {
  std::vector<RecordedEvent> events =
      Recorded({Controlled(3, 0.7),
                Asked(5, "at_step: 5 scale: 0.5 gain: 3 at_epoch: 1 at_offset: 2 id: \"x\""),
                Event(5, "override")});
  std::vector<ReplayLeg> legs = ReplayLegs(events);
  ASSERT_EQ(legs.size(), 1u);
  ASSERT_EQ(legs[0].commands.size(), 1u);
  EXPECT_EQ(OneLine(legs[0].commands[0]), "at_step: 5 scale: 0.5");
  EXPECT_TRUE(legs[0].settings.empty());
  events.push_back(*ParseEvent(ToJson(Event(7, "resume"), {"run.epochs=3"})));
  events.push_back(Recorded({Asked(7, "set: 1")})[0]);
  legs = ReplayLegs(events);
  ASSERT_EQ(legs.size(), 2u);
  EXPECT_EQ(legs[0].end, 7);
  EXPECT_EQ(legs[0].settings, (std::vector<std::string>{"run.epochs=3"}));
  ASSERT_EQ(legs[1].commands.size(), 1u);
  EXPECT_EQ(OneLine(legs[1].commands[0]), "at_step: 7 set: 1");
  EXPECT_TRUE(legs[1].settings.empty());
  EXPECT_EQ(ReplayLegs({}).size(), 1u);
}

TEST(EventsFile, KeepsTheLinesItIsToldAndAppends) {
  const std::string path = EmptyFolder("appended.jsonl");
  {
    auto file = EventsFile::Open(path, {});
    ASSERT_TRUE(file.ok()) << file.status();
    for (int64_t step : {1, 2, 3}) ASSERT_TRUE((*file)->OnEvent(Controlled(step, 1)).ok());
    ASSERT_TRUE((*file)->BeforeCheckpoint().ok());
    EXPECT_EQ(ReadEvents(path)->size(), 3u);
  }
  std::vector<RecordedEvent> events = *ReadEvents(path);
  events.erase(events.begin() + 1);
  auto file = EventsFile::Open(path, events);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->OnEvent(Asked(9, "set: 1")).ok());
  ASSERT_TRUE((*file)->OnCommand(Command("set: 1"), absl::OkStatus()).ok());
  EXPECT_EQ(Steps(*ReadEvents(path)), (std::vector<int64_t>{1, 3, 9}));
}

}  // namespace
}  // namespace gradus
