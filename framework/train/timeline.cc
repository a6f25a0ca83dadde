// Counting.

#include "gradus/train/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gradus/base/status.h"
#include "gradus/run.pb.h"

namespace gradus {
namespace {

// A count that does not fit stays at the largest one.
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t Product(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? kMost : product;
}

int64_t Sum(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? kMost : sum;
}

int64_t Whole(double count) {
  return count < 9.2e18 ? static_cast<int64_t>(std::max(count, 0.0) + 0.5) : kMost;
}

// std::floor, which is a call of the library where the processor may be any x86-64.
inline double Floor(double x) {
  if (!(std::abs(x) < 0x1p52)) return x;  // Whole, or no number.
  const double whole = static_cast<double>(static_cast<int64_t>(x));
  return whole > x ? whole - 1 : whole;
}

// Updates that it takes to see `examples` (> 0) of one epoch from its beginning or from a place in
// it.
int64_t UpdatesFor(int64_t examples, int64_t per_update) { return (examples - 1) / per_update + 1; }

const char* Noun(Clock clock) {
  switch (clock) {
    case STEPS:
      return "steps";
    case EPOCHS:
      return "epochs";
    case WHOLE_EPOCHS:
      return "whole epochs";
    case EXAMPLES:
      return "examples";
    case RUN:
      return "the fraction of the run";
  }
  return "";
}

}  // namespace

double SnapToWhole(double time) {
  const double whole = Floor(time + 0.5);
  return std::abs(time - whole) <= std::max(1e-9, 1e-14 * std::abs(whole)) ? whole : time;
}

Timeline::Plan PlanOf(const RunConfig& config) {
  Timeline::Plan plan;
  if (config.has_data()) {
    plan.examples_per_update =
        config.data().batch_size() * config.optimizer().gradient_accumulation_steps();
    plan.epochs = config.run().epochs();
  }
  if (config.run().has_max_steps()) plan.max_steps = config.run().max_steps();
  return plan;
}

Timeline::Timeline(const Plan& plan) : plan_(plan) {
  paces_.push_back({Progress(), plan.examples_per_update});
  Count();
}

void Timeline::ChangePace(const Progress& from, int64_t examples_per_update) {
  // Those that lie ahead are of a future that was given up when the run went back.
  while (!paces_.empty() && paces_.back().from.update >= from.update) paces_.pop_back();
  if (!paces_.empty() && paces_.back().examples_per_update == examples_per_update) return;
  paces_.push_back({from, examples_per_update});
  Count();
}

void Timeline::set_paces(std::vector<Pace> paces) {
  GRADUS_CHECK(!paces.empty());
  paces_ = std::move(paces);
  Count();
}

void Timeline::Count() {
  updates_.assign(paces_.size(), Updates());
  for (size_t i = 0; i < paces_.size(); ++i) {
    const Pace& pace = paces_[i];
    if (plan_.examples_per_epoch == 0 || pace.examples_per_update == 0) continue;
    updates_[i].first_epoch =
        UpdatesFor(plan_.examples_per_epoch - pace.from.offset, pace.examples_per_update);
    updates_[i].epoch = UpdatesFor(plan_.examples_per_epoch, pace.examples_per_update);
  }
  ends_by_epochs_ = EndsByEpochs();
}

Progress Timeline::At(int64_t update) const {
  size_t i = paces_.size() - 1;
  while (i > 0 && paces_[i].from.update > update) --i;
  const Pace& pace = paces_[i];
  Progress at = pace.from;
  at.update = update;
  const int64_t per_update = pace.examples_per_update;
  if (per_update == 0) return at;
  int64_t updates = update - pace.from.update;
  const int64_t per_epoch = plan_.examples_per_epoch;
  if (per_epoch == 0) {
    at.examples = Sum(at.examples, Product(updates, per_update));
    return at;
  }
  const int64_t left = per_epoch - at.offset;  // Of the epoch in which the pace began.
  const int64_t first = updates_[i].first_epoch;
  if (updates < first) {
    at.offset += updates * per_update;
    at.examples += updates * per_update;
    return at;
  }
  updates -= first;
  const int64_t epoch_updates = updates_[i].epoch;
  const int64_t epochs = updates / epoch_updates;
  at.epoch = Sum(at.epoch, 1 + epochs);
  at.offset = (updates - epochs * epoch_updates) * per_update;
  at.examples = Sum(Sum(at.examples, Product(epochs, per_epoch)), left + at.offset);
  return at;
}

double Timeline::ExamplesAt(double update) const {
  const double whole = Floor(update);
  const Progress at = At(Whole(whole));
  if (whole == update || at.update == kMost) return static_cast<double>(at.examples);
  const Progress next = At(at.update + 1);
  return static_cast<double>(at.examples) +
         (update - whole) * static_cast<double>(next.examples - at.examples);
}

double Timeline::UpdateAt(double examples) const {
  size_t i = paces_.size() - 1;
  while (i > 0 && static_cast<double>(paces_[i].from.examples) > examples) --i;
  const Pace& pace = paces_[i];
  double update = static_cast<double>(pace.from.update);
  double rest = examples - static_cast<double>(pace.from.examples);
  if (pace.examples_per_update == 0) return update;
  const double per_update = static_cast<double>(pace.examples_per_update);
  if (plan_.examples_per_epoch == 0) return update + rest / per_update;
  // The part of an epoch that begins where the pace does, then whole epochs.
  int64_t size = plan_.examples_per_epoch - pace.from.offset;
  if (rest >= static_cast<double>(size)) {
    rest -= static_cast<double>(size);
    update += static_cast<double>(updates_[i].first_epoch);
    size = plan_.examples_per_epoch;
    const double epochs = Floor(rest / static_cast<double>(size));
    rest -= epochs * static_cast<double>(size);
    update += epochs * static_cast<double>(updates_[i].epoch);
  }
  const double before = Floor(rest / per_update);  // Whole updates of this epoch.
  const double rows = std::min(per_update, static_cast<double>(size) - before * per_update);
  return update + before + (rows > 0 ? (rest - before * per_update) / rows : 0);
}

bool Timeline::EndsByEpochs() const {
  if (!plan_.epochs.has_value()) return false;
  if (!plan_.max_steps.has_value()) return true;
  if (plan_.examples_per_epoch == 0 || paces_.back().examples_per_update == 0) return false;
  return UpdateAt(ExamplesInRun()) <= static_cast<double>(*plan_.max_steps);
}

bool Timeline::InUpdates(Clock clock) const {
  return clock == STEPS || (clock == RUN && !ends_by_epochs_);
}

absl::optional<int64_t> Timeline::total_steps() const {
  if (!WhyNotRead(RUN).empty()) return absl::nullopt;
  if (!ends_by_epochs_) return plan_.max_steps;
  return Whole(UpdateAt(ExamplesInRun()));
}

double Timeline::ExamplesInRun() const {
  return static_cast<double>(*plan_.epochs) * static_cast<double>(plan_.examples_per_epoch);
}

double Timeline::Read(Clock clock, const Progress& progress) const {
  const auto epochs = [&] {
    return static_cast<double>(progress.epoch) +
           (progress.offset == 0 ? 0
                                 : static_cast<double>(progress.offset) /
                                       static_cast<double>(plan_.examples_per_epoch));
  };
  switch (clock) {
    case STEPS:
      return static_cast<double>(progress.update);
    case EXAMPLES:
      return static_cast<double>(progress.examples);
    case EPOCHS:
      return epochs();
    case WHOLE_EPOCHS:
      return static_cast<double>(progress.epoch);
    case RUN:
      return ends_by_epochs_
                 ? epochs() / static_cast<double>(*plan_.epochs)
                 : static_cast<double>(progress.update) / static_cast<double>(*plan_.max_steps);
  }
  return 0;
}

double Timeline::Convert(double time, Clock from, Clock to) const {
  if (from == to) return time;
  if (!std::isfinite(time)) return time;
  // By way of updates or of examples, whichever the two have in common.
  const double per_epoch = static_cast<double>(plan_.examples_per_epoch);
  const bool from_updates = InUpdates(from), to_updates = InUpdates(to);

  double updates = 0, examples = 0;
  switch (from) {
    case STEPS:
      updates = time;
      break;
    case EXAMPLES:
      examples = time;
      break;
    case EPOCHS:
    case WHOLE_EPOCHS:
      examples = time * per_epoch;
      break;
    case RUN:
      if (!from_updates)
        examples = time * ExamplesInRun();
      else
        updates = SnapToWhole(time * static_cast<double>(*plan_.max_steps));
      break;
  }
  if (from_updates && !to_updates) examples = ExamplesAt(SnapToWhole(updates));
  if (!from_updates && to_updates) updates = SnapToWhole(UpdateAt(SnapToWhole(examples)));
  switch (to) {
    case STEPS:
      return updates;
    case EXAMPLES:
      return examples;
    case EPOCHS:
      return examples / per_epoch;
    case WHOLE_EPOCHS:
      return Floor(SnapToWhole(examples / per_epoch));
    case RUN:
      return !to_updates ? examples / per_epoch / static_cast<double>(*plan_.epochs)
                         : updates / static_cast<double>(*plan_.max_steps);
  }
  return 0;
}

std::string Timeline::WhyNotRead(Clock clock) const {
  const bool epoch_known = plan_.examples_per_epoch > 0;
  const char* no_examples = "the number of training examples is not known";
  switch (clock) {
    case STEPS:
    case EXAMPLES:
      return "";
    case EPOCHS:
    case WHOLE_EPOCHS:
      return epoch_known ? "" : no_examples;
    case RUN:
      if (plan_.epochs == 0 || plan_.max_steps == 0) return "the run has no updates";
      if (plan_.max_steps.has_value()) return "";
      if (!plan_.epochs.has_value()) return "the run has no end";
      return epoch_known && paces_.back().examples_per_update > 0 ? "" : no_examples;
  }
  return "";
}

std::string Timeline::WhyNotConvert(Clock from, Clock to) const {
  for (Clock clock : {from, to}) {
    std::string why = WhyNotRead(clock);
    if (!why.empty()) return why;
  }
  if (InUpdates(from) == InUpdates(to) || paces_.back().examples_per_update > 0) return "";
  return std::string(Noun(from)) + " and " + Noun(to) +
         " need the number of examples per update, which is not known";
}

}  // namespace gradus
