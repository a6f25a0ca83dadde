// The part of train/carry_state.h that is slots and numbers.

#ifndef GRADUS_TRAIN_CARRY_MEMORY_H_
#define GRADUS_TRAIN_CARRY_MEMORY_H_

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gradus/train/memory_match.h"
#include "gradus/train/train_step.h"

namespace gradus {

// A step and the configuration that it was made of.
struct CarrySide {
  const TrainStep& step;
  const OptimizerConfig& optimizer;
};

// Of one memory. Both steps are of the same model.
class CarryMemory {
 public:
  // `weights` are those that belong to the memory, in the layout of `now`; `update`: how many the run
  // has done. `to` is new.
  CarryMemory(const CarrySide& before, const UpdateMemory<float>& from, const CarrySide& now,
              const float* weights, int64_t update, UpdateMemory<float>* to);

  MemoryMatch Run();

 private:
  // The groups that share a set of numbers.
  struct Unit {
    const UpdateRules::Use* use;
    std::vector<int> groups;
    int first_number;
  };
  static std::vector<Unit> UnitsOf(const TrainStep& step);
  static const Unit* UnitOfGroup(const std::vector<Unit>& units, int group);
  static std::vector<int> ParametersOf(const TrainStep& step, const Unit& unit);
  static int FindSlot(const UpdateMemory<float>& memory, int begin, int end,
                      const std::string& name);

  // Whose numbers a unit goes on with; null and why when it begins afresh. `culprit`: the parameter
  // that is the reason, or -1.
  const Unit* Find(const Unit& unit, std::string* why, int* culprit) const;
  bool SameNumbers(const Unit& a, const Unit& b) const;
  void CarryUnit(const Unit& unit);
  void CarryNumbers(const Unit& unit, const Unit* old, const std::string& why);
  void CarryStages();
  void CarryStageSlot(int slot, int old);
  void CarryStageNumber(int number, bool same_average);
  void AddDropped();
  // Whether the old memory's part was taken.
  bool Copy(int slot, int old, int parameter);
  void BeginAtWeights(int slot, int parameter);
  bool SameAverage() const;
  void Add(MemoryMatch::Kind kind, std::string name, std::string reason);

  const std::string& name(int parameter) const { return now_.layout().place(parameter).name; }
  bool was_trained(int parameter) const;
  bool is_trained(int parameter) const;

  const TrainStep &before_, &now_;
  const AverageConfig &old_average_, &average_;
  const UpdateMemory<float>& from_;
  const float* const weights_;
  const int64_t update_;
  UpdateMemory<float>* const to_;
  const std::vector<Unit> old_units_, units_;
  std::set<std::string> names_;  // Of everything that there is now.
  MemoryMatch match_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_CARRY_MEMORY_H_
