// Memories, controllers, and all that stays as it was.

#include "gradus/train/carry_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/train/carry_memory.h"

namespace gradus {
namespace {

// Between two geometries of the same parameters.
void CopyBlock(const ParameterLayout& from_layout, const float* from,
               const ParameterLayout& to_layout, float* to) {
  for (int i = 0; i < to_layout.count(); ++i) {
    const ParameterPlace &source = from_layout.place(i), &target = to_layout.place(i);
    GRADUS_CHECK(source.name == target.name && source.dims == target.dims);
    for (int64_t row = 0; row < target.rows; ++row) {
      std::copy_n(from + source.offset + row * source.pitch, target.columns,
                  to + target.offset + row * target.pitch);
    }
  }
}

const float* Floats(const AlignedBuffer& buffer) { return static_cast<const float*>(buffer.get()); }
float* Floats(AlignedBuffer& buffer) { return static_cast<float*>(buffer.get()); }

// Those of a kind in their order.
absl::StatusOr<RateState> CarryRates(const Hyperparameters& before, const RateState& from,
                                     const Hyperparameters& now, MemoryMatch* match) {
  TrainStateHeader old, fresh;
  before.ToProto(from, &old);
  now.ToProto(now.NewState(), &fresh);
  std::vector<bool> taken(static_cast<size_t>(before.controllers()));
  for (int c = 0; c < now.controllers(); ++c) {
    MemoryMatch::Row row = {MemoryMatch::kFresh, now.ControllerName(c), "there was none of its kind"};
    for (int k = 0; k < before.controllers(); ++k) {
      const ControllerState& saved = old.controller(k);
      if (taken[k] || saved.kind() != fresh.controller(c).kind()) continue;
      taken[k] = true;
      RateState trial = now.NewState();
      if (!now.SetStateOf(c, saved, &trial).ok()) {
        row.reason = "it remembers something else now";
        break;
      }
      *fresh.mutable_controller(c) = saved;
      row = {MemoryMatch::kRestored, row.name, ""};
      break;
    }
    match->rows.push_back(std::move(row));
  }
  for (int k = 0; k < before.controllers(); ++k) {
    if (taken[k]) continue;
    match->rows.push_back(
        {MemoryMatch::kDropped, before.ControllerName(k), "there is none of its kind any more"});
  }
  *fresh.mutable_command() = old.command();
  return now.FromProto(fresh);
}

}  // namespace

absl::StatusOr<MemoryMatch> CarryState(const CarrySide& before, const TrainState& from,
                                       const CarrySide& now, TrainState* to) {
  const ParameterLayout &old_layout = before.step.layout(), &layout = now.step.layout();
  const int64_t update = from.progress.update;
  std::vector<MemoryMatch::Row> rows;
  to->snapshots.clear();
  for (const auto& entry : from.snapshots) {
    const bool of_controller = entry.first == "good" || entry.first == "candidate";
    const std::string name = absl::StrCat("@", entry.first);
    if (of_controller && now.step.numbers().SnapshotEverySteps() == 0) {
      rows.push_back({MemoryMatch::kDropped, name, "nothing goes back to it any more"});
      continue;
    }
    StoreSnapshot& snapshot = to->snapshots[entry.first];
    GRADUS_RETURN_IF_ERROR(to->store.CopyTo(&snapshot));  // Its memory is new.
    CopyBlock(old_layout, Floats(entry.second.weights), layout, Floats(snapshot.weights));
    CopyBlock(from.store.state_layout(), Floats(entry.second.states), to->store.state_layout(),
              Floats(snapshot.states));
    CarryMemory(before, entry.second.memory, now, Floats(snapshot.weights), update,
                &snapshot.memory)
        .Run();
    rows.push_back({MemoryMatch::kRestored, name, ""});
  }
  CopyBlock(old_layout, from.store.weights(), layout, to->store.weights());
  CopyBlock(from.store.state_layout(), from.store.states(), to->store.state_layout(),
            to->store.states());
  MemoryMatch match = CarryMemory(before, from.store.memory(), now, to->store.weights(), update,
                                  &to->store.memory())
                          .Run();
  match.rows.insert(match.rows.end(), rows.begin(), rows.end());
  GRADUS_ASSIGN_OR_RETURN(to->rates,
                          CarryRates(before.step.numbers(), from.rates, now.step.numbers(),
                                     &match));
  to->progress = from.progress;
  to->epoch_sums = from.epoch_sums;
  to->last_learning_rate = from.last_learning_rate;
  to->watcher = from.watcher;
  to->ended_by = from.ended_by;
  return match;
}

}  // namespace gradus
