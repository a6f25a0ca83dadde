// Groups, ranges, threads.

#include "gradus/train/updater.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

#include "gradus/base/status.h"
#include "gradus/train/centralize.h"
#include "gradus/train/stage_passes.h"

namespace gradus {
namespace {

// Below so many elements an update on one thread is over before others have woken up.
constexpr int64_t kLeastPerThread = 32 << 10;
constexpr int kMostParts = 64;

// A stranger's rule may throw, also on a thread of the pool.
template <class Use>
absl::Status Guarded(const std::string& name, const Use& use) try {
  return use();
} catch (...) {
  return StatusOfException(absl::StrCat("the optimizer ", name));
}

}  // namespace

template <class F>
Updater<F>::Updater(const OptimizerConfig& config, const UpdateRules* rules,
                    const ParameterLayout* layout, ThreadPool* pool)
    : config_(config),
      rules_(*rules),
      layout_(*layout),
      pool_(pool),
      clipping_(config.clip()),
      lookahead_(config, *rules),
      groups_(rules->trained()),
      tiles_(*layout, groups_) {
  steps_.resize(static_cast<size_t>(layout->groups()));
  workspaces_.resize(pool == nullptr ? 1 : static_cast<size_t>(pool->threads()));
}

template <class F>
absl::StatusOr<UpdateWatch> Updater<F>::Run(absl::Span<const GroupNumbers> numbers,
                                            const Blocks& blocks) {
  const int64_t averaged = AveragedUpdates(blocks);
  if (rules_.average_number() >= 0) blocks.memory->numbers()[rules_.average_number()] += 1;
  for (int g : groups_) steps_[g] = StepOf(config_, numbers[g], averaged);
  if (config_.centralize_gradients()) {
    CentralizeGradients(layout_, groups_, blocks.gradients, pool_);
  }
  clipping_.Apply(layout_, groups_, &tiles_, blocks.weights, blocks.gradients, pool_,
                  absl::MakeSpan(steps_));
  // The average is one of the weights after they have met.
  const bool syncs = lookahead_.Begin(tiles_, blocks.weights, blocks.memory);
  const double average_part = steps_[groups_[0]].average_part;
  for (int g : groups_) steps_[g].average_part = syncs ? 0 : average_part;
  UpdateWatch all;
  for (const UpdateRules::Use& use : rules_.uses()) {
    UpdateWatch watch;
    GRADUS_RETURN_IF_ERROR(Guarded(use.name, [&] {
      Begin(use, blocks);
      return absl::OkStatus();
    }));
    if (use.optimizer->reach() == Reach::kElements) {
      for (int group : use.groups) {
        GRADUS_RETURN_IF_ERROR(UpdateElements(use, group, steps_[group], blocks, &watch));
      }
    } else {
      GRADUS_RETURN_IF_ERROR(
          Guarded(use.name, [&] { return UpdateViews(use, blocks, &watch); }));
    }
    all.gradients_finite &= watch.gradients_finite;
    all.weights_finite &= watch.weights_finite;
  }
  if (!syncs) return all;
  all.weights_finite &= lookahead_.Sync(tiles_, pool_, blocks.weights, blocks.memory);
  for (int g : groups_) {
    steps_[g].average_part = average_part;
    Average(blocks, g);
  }
  return all;
}

template <class F>
F* Updater<F>::AverageAt(const Blocks& blocks, int64_t offset, const UpdateStep& step) const {
  if (rules_.average_slot() < 0 || step.average_part == 0) return nullptr;
  return blocks.memory->At(rules_.average_slot(), offset);
}

template <class F>
void Updater<F>::Average(const Blocks& blocks, int group) const {
  const std::pair<int64_t, int64_t> bounds = layout_.GroupRange(group);
  F* const average = AverageAt(blocks, bounds.first, steps_[group]);
  if (average == nullptr) return;
  const internal::StageNumbers<F> stage(steps_[group]);
  ForIsa<internal::AfterLoop<F>>(&stage, bounds.second - bounds.first,
                                 blocks.weights + bounds.first, average);
}

template <class F>
int64_t Updater<F>::AveragedUpdates(const Blocks& blocks) const {
  if (rules_.average_number() < 0) return 0;
  return static_cast<int64_t>(blocks.memory->numbers()[rules_.average_number()]);
}

// What a step knows of its rule and of the rule's memory, of the k-th group of the use.
template <class F>
void Updater<F>::FillStep(const UpdateRules::Use& use, size_t k, const Blocks& blocks) {
  UpdateStep& step = steps_[use.groups[k]];
  const double* own = &blocks.memory->numbers()[use.first_number[use.sees_all() ? 0 : k]];
  step.t = static_cast<int64_t>(*own);
  step.config = rules_.config(use.groups[k]);
  step.structure = use.structure.get();
  step.numbers = absl::MakeConstSpan(own + 1, static_cast<size_t>(use.numbers));
}

template <class F>
void Updater<F>::Begin(const UpdateRules::Use& use, const Blocks& blocks) {
  for (int first : use.first_number) blocks.memory->numbers()[first] += 1;
  for (size_t k = 0; k < use.groups.size(); ++k) {
    FillStep(use, k, blocks);
    const UpdateStep& step = steps_[use.groups[k]];
    if (!use.sees_all()) {
      double* const own = &blocks.memory->numbers()[use.first_number[k]];
      use.optimizer->Begin(step, absl::MakeSpan(own + 1, static_cast<size_t>(use.numbers)));
    }
    if (step.t != 1) continue;
    const std::pair<int64_t, int64_t> range = layout_.GroupRange(use.groups[k]);
    for (int s = use.first_slot; s < use.first_slot + use.slots; ++s) {
      if (!blocks.memory->spec(s).from_weights || range.first == range.second) continue;
      std::memcpy(blocks.memory->At(s, range.first), blocks.weights + range.first,
                  static_cast<size_t>(range.second - range.first) * sizeof(F));
    }
  }
}

template <class F>
bool Updater<F>::has_evaluation_weights() const {
  if (config_.average().evaluate()) return true;
  for (const UpdateRules::Use& use : rules_.uses()) {
    if (use.optimizer->HasEvaluationWeights(*use.structure)) return true;
  }
  return false;
}

template <class F>
absl::Status Updater<F>::EvaluationWeights(const Blocks& blocks, F* out) {
  const bool averaged = AveragedUpdates(blocks) > 0;
  const auto copy = [&](const F* from, std::pair<int64_t, int64_t> range) {
    std::copy(from, from + (range.second - range.first), out + range.first);
  };
  for (int g = 0; g < layout_.groups(); ++g) {
    const std::pair<int64_t, int64_t> range = layout_.GroupRange(g);
    const bool average = config_.average().evaluate() && averaged && !rules_.frozen(g);
    if (range.first == range.second) continue;
    copy(average ? blocks.memory->At(rules_.average_slot(), range.first)
                 : blocks.weights + range.first,
         range);
  }
  for (const UpdateRules::Use& use : rules_.uses()) {
    if (!use.optimizer->HasEvaluationWeights(*use.structure)) continue;
    slot_pointers_.resize(std::max(slot_pointers_.size(), static_cast<size_t>(use.slots)));
    for (size_t k = 0; k < use.groups.size(); ++k) {
      const std::pair<int64_t, int64_t> bounds = layout_.GroupRange(use.groups[k]);
      if (bounds.first == bounds.second) continue;
      FillStep(use, k, blocks);
      if (steps_[use.groups[k]].t == 0) continue;
      // Not known after a resume, so never.
      steps_[use.groups[k]].rate = 0;
      for (int i = 0; i < use.slots; ++i) {
        slot_pointers_[i] = blocks.memory->At(use.first_slot + i, bounds.first);
      }
      UpdateRange<F> range;
      range.weights = blocks.weights + bounds.first;
      range.slots = absl::MakeConstSpan(slot_pointers_.data(), static_cast<size_t>(use.slots));
      range.count = bounds.second - bounds.first;
      GRADUS_RETURN_IF_ERROR(Guarded(use.name, [&] {
        use.optimizer->EvaluationWeights(steps_[use.groups[k]], range, out + bounds.first);
        return absl::OkStatus();
      }));
      layout_.ClearPadding(use.groups[k], out);
    }
  }
  return absl::OkStatus();
}

template <class F>
absl::Status Updater<F>::UpdateElements(const UpdateRules::Use& use, int group,
                                        const UpdateStep& step, const Blocks& blocks,
                                        UpdateWatch* watch) {
  const std::pair<int64_t, int64_t> bounds = layout_.GroupRange(group);
  const int64_t elements = bounds.second - bounds.first;
  if (elements == 0) return absl::OkStatus();
  const int threads = pool_ == nullptr ? 1 : pool_->threads();
  const int count = static_cast<int>(std::min<int64_t>(
      kMostParts,
      std::max<int64_t>(1, std::min<int64_t>(threads, elements / kLeastPerThread))));
  std::array<UpdateWatch, kMostParts> watches;
  std::array<absl::Status, kMostParts> statuses;
  slot_pointers_.resize(
      std::max(slot_pointers_.size(), static_cast<size_t>(count) * static_cast<size_t>(use.slots)));
  // Parts begin at multiples of 16 elements; the rule is element by element, so the cut does not
  // change a bit.
  const int64_t stride = (elements / count + 15) / 16 * 16;
  auto update_part = [&](int part) {
    const int64_t begin = bounds.first + std::min(elements, part * stride);
    const int64_t end = part + 1 == count ? bounds.second : std::min(bounds.second, begin + stride);
    F** pointers = slot_pointers_.data() + part * use.slots;
    for (int i = 0; i < use.slots; ++i) pointers[i] = blocks.memory->At(use.first_slot + i, begin);
    UpdateRange<F> range;
    range.weights = blocks.weights + begin;
    range.gradients = blocks.gradients + begin;
    range.slots = absl::MakeConstSpan(pointers, static_cast<size_t>(use.slots));
    range.count = end - begin;
    range.average = AverageAt(blocks, begin, step);
    statuses[part] = Guarded(use.name, [&] {
      watches[part] = use.optimizer->Update(step, range);
      return absl::OkStatus();
    });
  };
  if (count == 1) {
    update_part(0);
  } else {
    pool_->Run(count, update_part);
  }
  for (int part = 0; part < count; ++part) {
    GRADUS_RETURN_IF_ERROR(statuses[part]);
    watch->gradients_finite &= watches[part].gradients_finite;
    watch->weights_finite &= watches[part].weights_finite;
  }
  // A rule whose slots do not begin at 0 may move a weight of 0 without any gradient.
  layout_.ClearPadding(group, blocks.weights);
  if (AverageAt(blocks, bounds.first, step) != nullptr) {
    layout_.ClearPadding(group, blocks.memory->At(rules_.average_slot(), 0));
  }
  return absl::OkStatus();
}

template <class F>
void Updater<F>::FillViews(const UpdateRules::Use& use, const Blocks& blocks) {
  const size_t slots = static_cast<size_t>(use.slots);
  slot_pointers_.resize(
      std::max(slot_pointers_.size(), slots * static_cast<size_t>(layout_.count())));
  views_.clear();
  size_t next = 0;
  for (int group : use.groups) {
    for (int i = 0; i < layout_.count(); ++i) {
      const ParameterPlace& place = layout_.place(i);
      if (!InGroups(layout_, {group}, place.offset)) continue;
      ParameterView<F> view;
      view.name = place.name;
      view.dims = place.dims;
      view.rows = place.rows;
      view.columns = place.columns;
      view.pitch = place.pitch;
      view.weights = blocks.weights + place.offset;
      view.gradients = blocks.gradients + place.offset;
      F** const pointers = slot_pointers_.data() + next;
      next += slots;
      for (size_t s = 0; s < slots; ++s) {
        pointers[s] =
            blocks.memory->PartData(use.first_slot + static_cast<int>(s), layout_, i);
      }
      view.slots = absl::MakeConstSpan(pointers, slots);
      view.step = &steps_[group];
      views_.push_back(view);
    }
  }
}

template <class F>
absl::Status Updater<F>::UpdateViews(const UpdateRules::Use& use, const Blocks& blocks,
                                     UpdateWatch* watch) {
  for (int group : use.groups) {
    const std::pair<int64_t, int64_t> bounds = layout_.GroupRange(group);
    const int64_t count = bounds.second - bounds.first;
    watch->gradients_finite &= internal::AllFinite<F>(blocks.gradients + bounds.first, count);
    if (!internal::HasStages(steps_[group])) continue;
    const internal::StageNumbers<F> stage(steps_[group]);
    ForIsa<internal::BeforeLoop<F>>(&stage, count, blocks.gradients + bounds.first,
                                    blocks.weights + bounds.first);
  }
  FillViews(use, blocks);
  if (use.sees_all()) {
    WholeUpdate<F> update;
    update.parameters = views_;
    update.numbers =
        absl::MakeSpan(&blocks.memory->numbers()[use.first_number[0]] + 1,
                       static_cast<size_t>(use.numbers));
    update.loss = blocks.loss;
    Workspace::Scope scope(&workspaces_[0]);
    update.work = &workspaces_[0];
    GRADUS_RETURN_IF_ERROR(use.optimizer->UpdateAll(update));
  } else {
    const int threads = pool_ == nullptr ? 1 : std::min(pool_->threads(), kMostParts);
    const int count = static_cast<int>(views_.size());
    std::array<absl::Status, kMostParts> statuses;
    auto update_some = [&](int thread) {
      statuses[thread] = Guarded(use.name, [&] {
        for (int i = thread; i < count; i += threads) {
          Workspace::Scope scope(&workspaces_[thread]);
          views_[i].work = &workspaces_[thread];
          use.optimizer->UpdateParameter(views_[i]);
        }
        return absl::OkStatus();
      });
    };
    if (threads == 1 || count < 2) {
      for (int thread = 0; thread < threads; ++thread) update_some(thread);
    } else {
      pool_->Run(threads, update_some);
    }
    for (const absl::Status& status : statuses) GRADUS_RETURN_IF_ERROR(status);
  }
  for (int group : use.groups) {
    const std::pair<int64_t, int64_t> bounds = layout_.GroupRange(group);
    const int64_t count = bounds.second - bounds.first;
    watch->weights_finite &= internal::AllFinite<F>(blocks.weights + bounds.first, count);
    Average(blocks, group);
  }
  return absl::OkStatus();
}

template class Updater<float>;
template class Updater<double>;

}  // namespace gradus
