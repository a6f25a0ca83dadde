// A graph of nothing but parameters.

#include "gradus/train/loose_optimizer.h"

#include <algorithm>
#include <utility>

#include "gradus/graph/build_graph.h"

namespace gradus {

template <class F>
absl::StatusOr<std::unique_ptr<LooseOptimizer<F>>> LooseOptimizer<F>::Create(
    const OptimizerConfig& config, const std::vector<LooseParameter>& parameters, ThreadPool* pool,
    Diagnostics* diagnostics, Isa isa) {
  std::unique_ptr<LooseOptimizer> optimizer(new LooseOptimizer);
  ModelGraph model;
  for (const LooseParameter& parameter : parameters) {
    ParameterSpec spec;
    spec.name = parameter.name;
    spec.shape = Shape::Fixed(parameter.dims);
    GRADUS_RETURN_IF_ERROR(model.graph.AddParameter(spec).status());
    GRADUS_ASSIGN_OR_RETURN(const int64_t count, ElementCount(parameter.dims));
    optimizer->elements_ += count;
  }
  // Addresses as a text of nothing but the optimizer has them.
  const ConfigPath path;
  const ParameterGroups groups = FindGroups(config, model.graph, path, diagnostics);
  optimizer->rules_ = UpdateRules::Make(config, groups, path, diagnostics);
  optimizer->numbers_ = Hyperparameters::Make(config, model, groups, MonitorTable(),
                                              std::make_shared<Timeline>(), path, diagnostics);
  if (optimizer->rules_ != nullptr && optimizer->numbers_ != nullptr) {
    optimizer->rules_->Finish(config, *optimizer->numbers_, groups, path, diagnostics);
  }
  if (config.has_sharpness_aware()) {
    diagnostics->Error("conflict", path.Child("sharpness_aware"),
                       "sharpness_aware asks for the gradient at other weights, and here gradients are "
                       "given");
  }
  GRADUS_RETURN_IF_ERROR(diagnostics->ToStatus());
  optimizer->rates_ = optimizer->numbers_->NewState();
  GRADUS_ASSIGN_OR_RETURN(optimizer->layout_,
                          ParameterLayout::OfParameters(model.graph, isa, groups.group_of));
  optimizer->updater_ = std::make_unique<Updater<F>>(config, optimizer->rules_.get(),
                                                     &optimizer->layout_, pool);
  GRADUS_ASSIGN_OR_RETURN(
      optimizer->memory_,
      UpdateMemory<F>::Create(optimizer->rules_->memory(), optimizer->layout_));
  const int64_t bytes = optimizer->layout_.floats() * static_cast<int64_t>(sizeof(F));
  GRADUS_ASSIGN_OR_RETURN(optimizer->weights_, AllocateAligned(bytes));
  GRADUS_ASSIGN_OR_RETURN(optimizer->gradients_, AllocateAligned(bytes));
  GRADUS_ASSIGN_OR_RETURN(optimizer->evaluation_, AllocateAligned(bytes));
  optimizer->group_numbers_.resize(static_cast<size_t>(groups.count()));
  return optimizer;
}

template <class F>
void LooseOptimizer<F>::SetWeights(absl::Span<const F> weights) {
  Spread(weights, this->weights());
}

template <class F>
absl::StatusOr<std::vector<F>> LooseOptimizer<F>::EvaluationWeights() {
  if (!updater_->has_evaluation_weights()) return Weights();
  typename Updater<F>::Blocks blocks;
  blocks.weights = weights();
  blocks.memory = &memory_;
  F* const out = static_cast<F*>(evaluation_.get());
  GRADUS_RETURN_IF_ERROR(updater_->EvaluationWeights(blocks, out));
  return Plain(out);
}

template <class F>
absl::StatusOr<UpdateWatch> LooseOptimizer<F>::Update(absl::Span<const F> given,
                                                      absl::optional<double> rate) {
  Spread(given, gradients());
  return UpdateAgain(rate);
}

template <class F>
absl::StatusOr<UpdateWatch> LooseOptimizer<F>::UpdateAgain(absl::optional<double> rate) {
  for (int i = 0; i < numbers_->count(); ++i) {
    const Hyperparameters::Number& number = numbers_->number(i);
    const double value = numbers_->At(i, progress_, rates_);
    GRADUS_RETURN_IF_ERROR(numbers_->CheckRange(i, value));
    switch (number.kind) {
      case Hyperparameters::Number::kLearningRate:
        group_numbers_[number.group].rate = rate.value_or(value);
        break;
      case Hyperparameters::Number::kWeightDecay:
        group_numbers_[number.group].weight_decay = value;
        break;
      case Hyperparameters::Number::kRule:
        if (google::protobuf::Message* config = rules_->config(number.group)) {
          config->GetReflection()->SetDouble(config, number.rule_field, value);
        }
        break;
      case Hyperparameters::Number::kModel:
      case Hyperparameters::Number::kRadius:
        break;
    }
  }
  typename Updater<F>::Blocks blocks;
  blocks.weights = weights();
  blocks.gradients = gradients();
  blocks.memory = &memory_;
  if (loss_ != nullptr) {
    at_.resize(static_cast<size_t>(elements_));
    slopes_.resize(at_.size());
    blocks.loss = [this]() -> absl::StatusOr<double> {
      Gather(weights(), absl::MakeSpan(at_));
      const double loss = loss_(at_, absl::MakeSpan(slopes_));
      Spread(slopes_, gradients());
      return loss;
    };
  }
  absl::StatusOr<UpdateWatch> watch = updater_->Run(group_numbers_, blocks);
  if (watch.ok()) ++progress_.update;
  return watch;
}

template <class F>
std::vector<typename LooseOptimizer<F>::Slot> LooseOptimizer<F>::Slots() const {
  std::vector<Slot> slots;
  for (int s = 0; s < memory_.slots(); ++s) {
    for (int i = 0; i < layout_.count(); ++i) {
      const SlotPart<F> part = memory_.Part(s, layout_, i);
      if (part.data == nullptr) continue;
      Slot slot = {memory_.spec(s).name, layout_.place(i).name, {}};
      for (int64_t r = 0; r < part.rows; ++r) {
        slot.values.insert(slot.values.end(), part.data + r * part.pitch,
                           part.data + r * part.pitch + part.columns);
      }
      slots.push_back(std::move(slot));
    }
  }
  return slots;
}

template <class F>
absl::Status LooseOptimizer<F>::CopyTo(LooseOptimizer* other) const {
  std::copy(weights(), weights() + layout_.floats(), other->weights());
  other->progress_ = progress_;
  return memory_.CopyTo(&other->memory_);
}

template <class F>
std::vector<F> LooseOptimizer<F>::Plain(const F* block) const {
  std::vector<F> plain(static_cast<size_t>(elements_));
  Gather(block, absl::MakeSpan(plain));
  return plain;
}

template <class F>
void LooseOptimizer<F>::Gather(const F* block, absl::Span<F> plain) const {
  F* to = plain.data();
  for (int i = 0; i < layout_.count(); ++i) {
    const ParameterPlace& place = layout_.place(i);
    for (int64_t r = 0; r < place.rows; ++r, to += place.columns) {
      const F* const row = block + place.offset + r * place.pitch;
      std::copy(row, row + place.columns, to);
    }
  }
}

template <class F>
void LooseOptimizer<F>::Spread(absl::Span<const F> plain, F* block) const {
  const F* from = plain.data();
  for (int i = 0; i < layout_.count(); ++i) {
    const ParameterPlace& place = layout_.place(i);
    for (int64_t r = 0; r < place.rows; ++r, from += place.columns) {
      std::copy(from, from + place.columns, block + place.offset + r * place.pitch);
    }
  }
}

template <class F>
bool LooseOptimizer<F>::PaddingIsZero() const {
  const int average = rules_->average_slot();
  for (const F* const block :
       {static_cast<const F*>(weights()), static_cast<const F*>(evaluation_.get()),
        average < 0 ? nullptr : memory_.At(average, 0)}) {
    if (block != nullptr && !layout_.PaddingIsZero(block)) return false;
  }
  return true;
}

template class LooseOptimizer<float>;
template class LooseOptimizer<double>;

}  // namespace gradus
