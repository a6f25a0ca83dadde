// What became of a run's memory when it went on with other rules, groups or stages: one row for each
// slot of a parameter ("hidden_1/kernel/momentum"), each number ("default/updates"), each controller
// and each state to go back to ("@good").

#ifndef GRADUS_TRAIN_MEMORY_MATCH_H_
#define GRADUS_TRAIN_MEMORY_MATCH_H_

#include <string>
#include <vector>

namespace gradus {

struct MemoryMatch {
  enum Kind {
    kRestored,  // Goes on as it was.
    kFresh,     // Begins as in a new run.
    kDropped    // Was there, and has no place any more.
  };
  struct Row {
    Kind kind;
    std::string name;
    std::string reason;  // Empty when it is restored.
  };
  std::vector<Row> rows;

  // Whether everything was restored.
  bool exact() const;
  int Count(Kind kind) const;
  // For people: how many of each, then what was not restored; where that is much, parameters with the
  // same to be said of them on one line.
  std::string Table() const;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_MEMORY_MATCH_H_
