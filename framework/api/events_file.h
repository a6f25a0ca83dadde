// events.jsonl: every change of a number that is not its schedule's own curve, and what was asked
// for from outside, one JSON object a line.
//
//   {"step":40,"group":"default","field":"learning_rate","layer":"controller[0] reduce_on_plateau",
//    "old":0.1,"new":0.01,"cause":"validation/loss has not ...","state":{"best":0.5,"scale":0.1}}
//   {"step":52,...,"layer":"override",...,"cause":"set to 0.001","command":"set: 0.001 at_step: 52"}
//   {"step":60,...,"layer":"resume",...,"settings":["optimizer.adam.beta1=0.95"]}
//
// `step` is the first update, counted from 0, that uses the new value. With run.pbtxt the events are
// enough to say what every rate was made of (explain_rate.h), and to do a run again (ReplayLegs).

#ifndef GRADUS_API_EVENTS_FILE_H_
#define GRADUS_API_EVENTS_FILE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/json_lines.h"
#include "gradus/train/train_loop.h"
#include "gradus/train_state.pb.h"

namespace gradus {

struct RecordedEvent {
  RateEvent event;                    // Its state's numbers are in no particular order.
  std::vector<std::string> settings;  // Of a resume.
  std::string line;                   // As it stands in the file.
};

// The JSON object, without the line's end.
std::string ToJson(const RateEvent& event, absl::Span<const std::string> settings = {});
absl::StatusOr<RecordedEvent> ParseEvent(absl::string_view line);
// The events of a file; none when there is no such file. An error names the line.
absl::StatusOr<std::vector<RecordedEvent>> ReadEvents(const std::string& path);

// What a resume finds in the file.
struct EventsAtCheckpoint {
  std::vector<RecordedEvent> kept;    // What the checkpoint has in it.
  std::vector<RateCommand> lost;      // What was asked for after it, to be done again at at_step.
  std::vector<std::string> settings;  // Of a resume from this very checkpoint that did not get far.
};
EventsAtCheckpoint SplitEvents(std::vector<RecordedEvent> events, const TrainStateHeader& header);

// A part of a run between two changes of its settings, as a replay does it again.
struct ReplayLeg {
  std::vector<RateCommand> commands;  // In their order; at_step says when each took effect.
  // Where the run went on with these settings after it; the last leg has none and goes to the end.
  int64_t end = 0;
  std::vector<std::string> settings;
};
// At least one. A run that went on without other settings did so as if never stopped, and still is in
// the same leg.
std::vector<ReplayLeg> ReplayLegs(const std::vector<RecordedEvent>& events);

// A command without what runs and their folders wrote into it.
RateCommand AsGiven(const RateCommand& command);
// With the digits that people read: 0.0005.
std::string RateInWords(double rate);
// For people: "rate of group default: 0.001 -> 0.0005 from step 4312".
std::string ChangeInWords(const RateEvent& event);
// On one line: `scale: 0.5 at_step: 52`.
std::string OneLine(const RateCommand& command);

// The observer that writes the file. A command is on the disk before its answer.
class EventsFile final : public TrainObserver {
 public:
  // Appends to those of the file's lines that are in `kept`; the others are removed.
  static absl::StatusOr<std::unique_ptr<EventsFile>> Open(const std::string& path,
                                                          const std::vector<RecordedEvent>& kept);

  // A run goes on with other settings.
  absl::Status WriteResume(const RateEvent& event, absl::Span<const std::string> settings);

  absl::Status OnEvent(const RateEvent& event) override;
  absl::Status OnLine(const MetricLine& line) override;
  absl::Status OnCommand(const RateCommand& command, const absl::Status& status) override;
  absl::Status BeforeCheckpoint() override { return lines_->Sync(); }

 private:
  explicit EventsFile(std::unique_ptr<JsonLinesFile> lines) : lines_(std::move(lines)) {}
  const std::unique_ptr<JsonLinesFile> lines_;
  int64_t last_step_ = -2;  // Of the last event.
  bool every_update_ = false;
};

}  // namespace gradus

#endif  // GRADUS_API_EVENTS_FILE_H_
