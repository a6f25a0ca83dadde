// A test's view of the framework's driver.

#include "tests/testing/under_update.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

int64_t Product(absl::Span<const int64_t> dims) {
  int64_t product = 1;
  for (const int64_t d : dims) product *= d;
  return product;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ParsedOptimizer>> ParseOptimizer(const std::string& text) {
  auto parsed = std::make_unique<ParsedOptimizer>();
  Diagnostics diagnostics;
  const ParsedConfig config =
      ParseTextConfig(text, "text", OptimizerConfig::default_instance(), {}, &diagnostics);
  if (config.message == nullptr) return diagnostics.ToStatus();
  parsed->config.CopyFrom(*config.message);
  const google::protobuf::FieldDescriptor* field = ChosenField(parsed->config);
  if (field != nullptr) {
    parsed->rule = Registry<Optimizer>::Get().Find(field->full_name());
    if (parsed->rule == nullptr) return absl::NotFoundError(field->full_name());
    parsed->message = &parsed->config.GetReflection()->GetMessage(parsed->config, field);
    parsed->rule->Check(*parsed->message, ConfigPath().Child(field->name()), &diagnostics);
  }
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  return parsed;
}

int64_t ShapedParameter::rows() const {
  return dims.empty() ? 1 : Product(absl::MakeConstSpan(dims).first(dims.size() - 1));
}
int64_t ShapedParameter::columns() const { return dims.empty() ? 1 : dims.back(); }

template <class F>
absl::StatusOr<std::unique_ptr<LooseOptimizer<F>>> MakeLooseOptimizer(
    const ParsedOptimizer& parsed, const std::vector<ShapedParameter>& parameters, ThreadPool* pool,
    Isa isa) {
  OptimizerConfig config = parsed.config;
  if (!config.has_weight_decay()) config.set_weight_decay(0);
  std::vector<LooseParameter> loose;
  for (const ShapedParameter& parameter : parameters) {
    loose.push_back({parameter.name, parameter.dims});
  }
  Diagnostics diagnostics;
  return LooseOptimizer<F>::Create(config, loose, pool, &diagnostics, isa);
}
template absl::StatusOr<std::unique_ptr<LooseOptimizer<float>>> MakeLooseOptimizer<float>(
    const ParsedOptimizer&, const std::vector<ShapedParameter>&, ThreadPool*, Isa);
template absl::StatusOr<std::unique_ptr<LooseOptimizer<double>>> MakeLooseOptimizer<double>(
    const ParsedOptimizer&, const std::vector<ShapedParameter>&, ThreadPool*, Isa);

template <class F>
UnderUpdate<F>::UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> w)
    : UnderUpdate(parsed, w, {{"weights", {static_cast<int64_t>(w.size())}}}, Setting()) {}

template <class F>
UnderUpdate<F>::UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> w,
                            const std::vector<ShapedParameter>& parameters, const Setting& setting)
    : weights(std::move(w)) {
  auto optimizer = MakeLooseOptimizer<F>(parsed, parameters, setting.pool, setting.isa);
  status = optimizer.status();
  if (!status.ok()) return;
  optimizer_ = *std::move(optimizer);
  GRADUS_CHECK(optimizer_->elements() == static_cast<int64_t>(weights.size()));
  for (const SlotSpec& spec : parsed.rule->Slots(*parsed.message)) slot_names_.push_back(spec.name);
  if (optimizer_->evaluates_loss()) {
    optimizer_->set_loss(
        [this](absl::Span<const F> at, absl::Span<F> gradients) { return LossAt(at, gradients); });
  }
}

template <class F>
UpdateWatch UnderUpdate<F>::Update(double rate, int64_t t, absl::Span<const F> gradients) {
  if (optimizer_ == nullptr) return {};
  GRADUS_CHECK(gradients.size() == weights.size() && t == optimizer_->updates() + 1);
  if (optimizer_->evaluates_loss()) {
    gradients_.assign(gradients.begin(), gradients.end());
    start_ = weights;
  }
  optimizer_->SetWeights(weights);
  const absl::StatusOr<UpdateWatch> watch = optimizer_->Update(gradients, rate);
  weights = optimizer_->Weights();
  status.Update(watch.status());
  if (!optimizer_->PaddingIsZero()) {
    status.Update(absl::InternalError("the rule wrote between rows or parameters"));
  }
  return watch.ok() ? *watch : UpdateWatch();
}

template <class F>
double UnderUpdate<F>::LossAt(absl::Span<const F> at, absl::Span<F> gradients) {
  ++losses;
  if (loss) return loss(at, gradients);
  double value = 0;
  for (size_t i = 0; i < at.size(); ++i) {
    const double far = static_cast<double>(at[i]) - static_cast<double>(start_[i]);
    value += static_cast<double>(gradients_[i]) * static_cast<double>(at[i]) + 0.5 * far * far;
    gradients[i] = static_cast<F>(static_cast<double>(gradients_[i]) + far);
  }
  return value;
}

template <class F>
std::vector<F> UnderUpdate<F>::EvaluationWeights() {
  if (optimizer_ == nullptr) return weights;
  optimizer_->SetWeights(weights);
  absl::StatusOr<std::vector<F>> evaluated = optimizer_->EvaluationWeights();
  status.Update(evaluated.status());
  if (!optimizer_->PaddingIsZero()) {
    status.Update(absl::InternalError("weights to evaluate are not 0 where there are none"));
  }
  return evaluated.ok() ? *std::move(evaluated) : weights;
}

template <class F>
std::vector<std::vector<F>> UnderUpdate<F>::slots() const {
  std::vector<std::vector<F>> slots(slot_names_.size());
  if (optimizer_ == nullptr) return slots;
  for (const typename LooseOptimizer<F>::Slot& slot : optimizer_->Slots()) {
    const auto name = std::find(slot_names_.begin(), slot_names_.end(), slot.name);
    if (name == slot_names_.end()) continue;  // The framework's.
    std::vector<F>& all = slots[name - slot_names_.begin()];
    all.insert(all.end(), slot.values.begin(), slot.values.end());
  }
  return slots;
}

template <class F>
std::vector<double> UnderUpdate<F>::numbers() const {
  if (optimizer_ == nullptr) return {};
  // The first is how many updates there were.
  return {optimizer_->numbers().begin() + 1, optimizer_->numbers().end()};
}

template <class F>
absl::Status UnderUpdate<F>::CopyTo(UnderUpdate* other) const {
  GRADUS_RETURN_IF_ERROR(status);
  GRADUS_RETURN_IF_ERROR(other->status);
  optimizer_->SetWeights(weights);
  GRADUS_RETURN_IF_ERROR(optimizer_->CopyTo(other->optimizer_.get()));
  other->weights = other->optimizer_->Weights();
  return absl::OkStatus();
}

template class UnderUpdate<float>;
template class UnderUpdate<double>;

}  // namespace gradus
