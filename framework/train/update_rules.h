// Which rule updates the parameters of each group, with what message, and what has to be remembered
// for it. The optimizer's rule serves every group that has none of its own.

#ifndef GRADUS_TRAIN_UPDATE_RULES_H_
#define GRADUS_TRAIN_UPDATE_RULES_H_

#include <memory>
#include <string>
#include <vector>

#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/optimizer.pb.h"
#include "gradus/train/hyperparameters.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/update_memory.h"

namespace gradus {

// The part of the configuration that says which rule group `group` has.
const OptimizerConfig& RuleConfigOf(const OptimizerConfig& config, int group);

class UpdateRules {
 public:
  // A rule of the text with the groups that it updates.
  struct Use {
    const Optimizer* optimizer = nullptr;
    std::string name;  // As a segment of an address: "adam", "(acme.lion)"
    ConfigPath path;
    std::vector<int> groups;
    // The message with a number in every field that follows a schedule.
    std::unique_ptr<google::protobuf::Message> structure;
    // Where its memory is: slots [first_slot, first_slot + slots), and for each of `groups`, or once
    // for a rule that sees all of them, the number of updates and then the rule's own numbers.
    int first_slot = 0, slots = 0;
    std::vector<int> first_number;
    int numbers = 0;  // The rule's own.

    bool sees_all() const { return optimizer->reach() >= Reach::kAll; }
  };

  // Findings: no rule, one that is not registered, one that declares what cannot be; null after any.
  static std::unique_ptr<UpdateRules> Make(const OptimizerConfig& config,
                                           const ParameterGroups& groups, const ConfigPath& path,
                                           Diagnostics* diagnostics);
  // Once it is known which fields follow schedules: rules between fields, slots, numbers.
  void Finish(const OptimizerConfig& config, const Hyperparameters& numbers,
              const ParameterGroups& groups, const ConfigPath& path, Diagnostics* diagnostics);

  const std::vector<Use>& uses() const { return uses_; }
  // Whether a rule evaluates the loss at other weights.
  bool evaluates_loss() const;
  // The groups that have one: those that are trained.
  std::vector<int> trained() const;
  // Whether the group's parameters stay as they are: it has no rule.
  bool frozen(int group) const { return use_of_[group] < 0; }
  // By group: position in uses(), and the rule's message with the numbers of the present update.
  int use_of(int group) const { return use_of_[group]; }
  google::protobuf::Message* config(int group) const { return configs_[group].get(); }
  // What is to be remembered for all of them.
  const MemorySpec& memory() const { return memory_; }
  // Adds a slot of the framework's own, for every group; its position.
  int AddSlot(SlotSpec spec);
  // Of the average of the weights, and of the updates that it has seen, or -1.
  int average_slot() const { return average_slot_; }
  int average_number() const { return average_number_; }
  // Of the slow weights of lookahead, and of the updates that it has seen, or -1.
  int lookahead_slot() const { return lookahead_slot_; }
  int lookahead_number() const { return lookahead_number_; }
  // Of how many updates in a row were skipped, or -1.
  int skipped_number() const { return skipped_number_; }

 private:
  void CheckStages(const OptimizerConfig& config, const ConfigPath& path,
                   Diagnostics* diagnostics) const;
  int AddNumber(NumberSpec spec);

  std::vector<Use> uses_;
  std::vector<int> use_of_;
  std::vector<std::unique_ptr<google::protobuf::Message>> configs_;
  MemorySpec memory_;
  int average_slot_ = -1, average_number_ = -1, skipped_number_ = -1;
  int lookahead_slot_ = -1, lookahead_number_ = -1;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_UPDATE_RULES_H_
