// Unit by unit.

#include "gradus/train/carry_memory.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

// "updates" of "head/updates"
std::string NumberOf(const std::string& name, const std::string& group) {
  return name.substr(group.size() + 1);
}

}  // namespace

CarryMemory::CarryMemory(const CarrySide& before, const UpdateMemory<float>& from,
                         const CarrySide& now, const float* weights, int64_t update,
                         UpdateMemory<float>* to)
    : before_(before.step),
      now_(now.step),
      old_average_(before.optimizer.average()),
      average_(now.optimizer.average()),
      from_(from),
      weights_(weights),
      update_(update),
      to_(to),
      old_units_(UnitsOf(before.step)),
      units_(UnitsOf(now.step)) {}

std::vector<CarryMemory::Unit> CarryMemory::UnitsOf(const TrainStep& step) {
  std::vector<Unit> units;
  for (const UpdateRules::Use& use : step.rules().uses()) {
    for (size_t k = 0; k < use.first_number.size(); ++k) {
      units.push_back({&use, use.sees_all() ? use.groups : std::vector<int>{use.groups[k]},
                       use.first_number[k]});
    }
  }
  return units;
}

const CarryMemory::Unit* CarryMemory::UnitOfGroup(const std::vector<Unit>& units, int group) {
  for (const Unit& unit : units) {
    if (std::count(unit.groups.begin(), unit.groups.end(), group) > 0) return &unit;
  }
  return nullptr;  // It is frozen.
}

std::vector<int> CarryMemory::ParametersOf(const TrainStep& step, const Unit& unit) {
  const std::vector<int>& group_of = step.numbers().groups().group_of;
  std::vector<int> parameters;
  for (size_t i = 0; i < group_of.size(); ++i) {
    if (std::count(unit.groups.begin(), unit.groups.end(), group_of[i]) > 0) {
      parameters.push_back(static_cast<int>(i));
    }
  }
  return parameters;
}

int CarryMemory::FindSlot(const UpdateMemory<float>& memory, int begin, int end,
                          const std::string& name) {
  for (int slot = begin; slot < end; ++slot) {
    if (memory.spec(slot).name == name) return slot;
  }
  return -1;
}

bool CarryMemory::was_trained(int parameter) const {
  return !before_.rules().frozen(before_.numbers().groups().group_of[parameter]);
}

bool CarryMemory::is_trained(int parameter) const {
  return !now_.rules().frozen(now_.numbers().groups().group_of[parameter]);
}

void CarryMemory::Add(MemoryMatch::Kind kind, std::string name, std::string reason) {
  if (kind != MemoryMatch::kDropped) names_.insert(name);
  match_.rows.push_back({kind, std::move(name), std::move(reason)});
}

MemoryMatch CarryMemory::Run() {
  for (const Unit& unit : units_) CarryUnit(unit);
  CarryStages();
  AddDropped();
  return std::move(match_);
}

bool CarryMemory::SameNumbers(const Unit& a, const Unit& b) const {
  if (a.use->numbers != b.use->numbers) return false;
  const std::vector<double>& numbers = from_.numbers();
  return std::memcmp(&numbers[a.first_number], &numbers[b.first_number],
                     static_cast<size_t>(1 + a.use->numbers) * sizeof(double)) == 0;
}

const CarryMemory::Unit* CarryMemory::Find(const Unit& unit, std::string* why,
                                           int* culprit) const {
  const std::vector<int>& old_group_of = before_.numbers().groups().group_of;
  const std::vector<int> parameters = ParametersOf(now_, unit);
  *culprit = -1;
  if (parameters.empty()) {  // It serves nobody, but is saved: its name decides.
    const std::string& group = now_.numbers().groups().names[unit.groups[0]];
    const int old_group = before_.numbers().groups().Find(group);
    const Unit* old = old_group < 0 ? nullptr : UnitOfGroup(old_units_, old_group);
    if (old != nullptr && old->use->optimizer == unit.use->optimizer) return old;
    *why = "the group has no parameters";
    return nullptr;
  }
  const Unit* found = nullptr;
  for (int i : parameters) {
    const Unit* old = UnitOfGroup(old_units_, old_group_of[i]);
    *culprit = i;
    if (old == nullptr) {
      *why = "was frozen";
      return nullptr;
    }
    if (old->use->optimizer != unit.use->optimizer) {
      *why = absl::StrCat("had the rule ", old->use->name);
      return nullptr;
    }
    if (found == nullptr) found = old;
    if (found != old && !SameNumbers(*found, *old)) {
      *why = "was in a group with other numbers";
      return nullptr;
    }
  }
  *culprit = -1;
  if (unit.use->sees_all() && ParametersOf(before_, *found) != parameters) {
    *why = absl::StrCat(unit.use->name, " sums over all of its parameters, which are others now");
    return nullptr;
  }
  return found;
}

void CarryMemory::CarryUnit(const Unit& unit) {
  std::string why;
  int culprit;
  const Unit* const old = Find(unit, &why, &culprit);
  std::string of_all = why;
  if (culprit >= 0) of_all = absl::StrCat(name(culprit), " of its group ", why);
  CarryNumbers(unit, old, of_all);
  const UpdateRules::Use& use = *unit.use;
  for (int i : ParametersOf(now_, unit)) {
    for (int slot = use.first_slot; slot < use.first_slot + use.slots; ++slot) {
      if (to_->PartData(slot, now_.layout(), i) == nullptr) continue;
      const std::string& slot_name = to_->spec(slot).name;
      std::string full = absl::StrCat(name(i), "/", slot_name);
      if (old == nullptr) {
        BeginAtWeights(slot, i);
        const Unit* own = UnitOfGroup(old_units_, before_.numbers().groups().group_of[i]);
        std::string reason = of_all;
        if (own == nullptr) reason = "the parameter was frozen";
        if (own != nullptr && own->use->optimizer != use.optimizer) {
          reason = absl::StrCat("the rule was ", own->use->name);
        }
        Add(MemoryMatch::kFresh, std::move(full), std::move(reason));
        continue;
      }
      const UpdateRules::Use& was =
          *UnitOfGroup(old_units_, before_.numbers().groups().group_of[i])->use;
      const int old_slot =
          FindSlot(from_, was.first_slot, was.first_slot + was.slots, slot_name);
      if (Copy(slot, old_slot, i)) {
        Add(MemoryMatch::kRestored, std::move(full), "");
      } else {
        BeginAtWeights(slot, i);
        Add(MemoryMatch::kFresh, std::move(full),
            old_slot < 0 ? "the rule had no such slot" : "it had another shape");
      }
    }
  }
}

void CarryMemory::CarryNumbers(const Unit& unit, const Unit* old, const std::string& why) {
  const std::string& group = now_.numbers().groups().names[unit.groups[0]];
  for (int k = unit.first_number; k <= unit.first_number + unit.use->numbers; ++k) {
    const std::string& full = to_->number_specs()[k].name;
    int found = -1;
    for (int j = 0; old != nullptr && j <= old->use->numbers; ++j) {
      const int at = old->first_number + j;
      const std::string& old_group = before_.numbers().groups().names[old->groups[0]];
      if (NumberOf(from_.number_specs()[at].name, old_group) == NumberOf(full, group)) found = at;
    }
    if (found >= 0) {
      to_->numbers()[k] = from_.numbers()[found];
      Add(MemoryMatch::kRestored, full, "");
    } else {
      Add(MemoryMatch::kFresh, full, old == nullptr ? why : "the rule had no such number");
    }
  }
}

bool CarryMemory::Copy(int slot, int old, int parameter) {
  if (old < 0) return false;
  const SlotPart<float> source = from_.Part(old, before_.layout(), parameter);
  const SlotPart<float> target = to_->Part(slot, now_.layout(), parameter);
  if (source.data == nullptr || source.dims != target.dims) return false;
  for (int64_t row = 0; row < target.rows; ++row) {
    std::copy_n(source.data + row * source.pitch, target.columns, target.data + row * target.pitch);
  }
  return true;
}

void CarryMemory::BeginAtWeights(int slot, int parameter) {
  if (!to_->spec(slot).from_weights) return;
  const ParameterPlace& place = now_.layout().place(parameter);
  std::copy_n(weights_ + place.offset, place.floats(),
              to_->PartData(slot, now_.layout(), parameter));
}

// The mean of some updates does not go on as that of others.
bool CarryMemory::SameAverage() const {
  return old_average_.kind_case() == average_.kind_case() &&
         old_average_.swa().start() == average_.swa().start() &&
         old_average_.swa().every() == average_.swa().every();
}

// What is of no rule stands behind what the rules have.
void CarryMemory::CarryStages() {
  const auto end_of_rules = [](const TrainStep& step) {
    int end = 0;
    for (const UpdateRules::Use& use : step.rules().uses()) {
      end = std::max(end, use.first_slot + use.slots);
    }
    return end;
  };
  const int old_begin = end_of_rules(before_);
  for (int slot = end_of_rules(now_); slot < to_->slots(); ++slot) {
    const bool other = slot == now_.rules().average_slot() && !SameAverage();
    CarryStageSlot(slot, other ? -1 : FindSlot(from_, old_begin, from_.slots(), to_->spec(slot).name));
  }
  std::vector<bool> of_rule(to_->numbers().size());
  for (const Unit& unit : units_) {
    std::fill_n(of_rule.begin() + unit.first_number, 1 + unit.use->numbers, true);
  }
  for (size_t k = 0; k < of_rule.size(); ++k) {
    if (!of_rule[k]) CarryStageNumber(static_cast<int>(k), SameAverage());
  }
}

void CarryMemory::CarryStageSlot(int slot, int old) {
  for (int i = 0; i < now_.layout().count(); ++i) {
    std::string full = absl::StrCat(name(i), "/", to_->spec(slot).name);
    const bool thawed = is_trained(i) && !was_trained(i);
    if (!thawed && Copy(slot, old, i)) {
      Add(MemoryMatch::kRestored, std::move(full), "");
    } else {
      BeginAtWeights(slot, i);
      Add(MemoryMatch::kFresh, std::move(full),
          thawed ? "the parameter was frozen" : "there was none");
    }
  }
}

void CarryMemory::CarryStageNumber(int number, bool same_average) {
  const std::string& full = to_->number_specs()[number].name;
  const bool of_average = number == now_.rules().average_number();
  for (size_t k = 0; k < from_.numbers().size(); ++k) {
    if (from_.number_specs()[k].name != full || (of_average && !same_average)) continue;
    to_->numbers()[number] = from_.numbers()[k];
    return Add(MemoryMatch::kRestored, full, "");
  }
  // A mean that begins in the middle of a run begins where it says, or now.
  if (of_average && average_.has_swa()) {
    to_->numbers()[number] = static_cast<double>(std::min(update_, average_.swa().start()));
  }
  Add(MemoryMatch::kFresh, full, "there was none");
}

void CarryMemory::AddDropped() {
  for (int slot = 0; slot < from_.slots(); ++slot) {
    for (int i = 0; i < before_.layout().count(); ++i) {
      std::string full = absl::StrCat(name(i), "/", from_.spec(slot).name);
      if (from_.PartData(slot, before_.layout(), i) == nullptr || names_.count(full) > 0) continue;
      const Unit* unit = UnitOfGroup(units_, now_.numbers().groups().group_of[i]);
      const Unit* old = UnitOfGroup(old_units_, before_.numbers().groups().group_of[i]);
      std::string reason = "it is not kept any more";
      if (unit == nullptr) {
        reason = "the parameter is frozen";
      } else if (old != nullptr && old->use->optimizer != unit->use->optimizer) {
        reason = absl::StrCat("the rule is ", unit->use->name);
      }
      Add(MemoryMatch::kDropped, std::move(full), std::move(reason));
    }
  }
  for (const NumberSpec& number : from_.number_specs()) {
    if (names_.count(number.name) > 0) continue;
    Add(MemoryMatch::kDropped, number.name, "it is not kept any more");
  }
}

}  // namespace gradus
