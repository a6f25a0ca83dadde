// What stands around a rule, as simply as it can be written.

#include "tests/testing/under_update.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>  // NOLINT(build/c++11)

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/base/tensor.h"
#include "gradus/base/text_config.h"
#include "gradus/train/safetensors.h"

namespace gradus {
namespace {

template <class F>
bool AllFinite(absl::Span<const F> values) {
  return std::all_of(values.begin(), values.end(), [](F x) { return std::isfinite(x); });
}

int64_t Product(absl::Span<const int64_t> dims) {
  int64_t product = 1;
  for (const int64_t d : dims) product *= d;
  return product;
}

// Runs task(0) to task(count - 1), each in a thread of its own if it may.
template <class Task>
void RunAll(bool in_threads, int64_t count, const Task& task) {
  if (!in_threads) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < count; ++i) threads.emplace_back(task, i);
  for (std::thread& thread : threads) thread.join();
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
UnderUpdate<F>::UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> w)
    : UnderUpdate(parsed, w, {{"weights", {static_cast<int64_t>(w.size())}}}) {}

template <class F>
UnderUpdate<F>::UnderUpdate(const ParsedOptimizer& parsed, std::vector<F> w,
                            std::vector<ShapedParameter> parameters)
    : weights(std::move(w)),
      parsed_(parsed),
      parameters_(std::move(parameters)),
      specs_(parsed.rule->Slots(*parsed.message)) {
  int64_t elements = 0;
  for (const ShapedParameter& parameter : parameters_) elements += parameter.elements();
  GRADUS_CHECK(elements == static_cast<int64_t>(weights.size()));
  for (const SlotSpec& spec : specs_) {
    // What a rule sees by elements has an element for every weight.
    GRADUS_CHECK(spec.extent == SlotSpec::kElements || parsed.rule->reach() != Reach::kElements);
    int64_t count = 0;
    for (const ShapedParameter& parameter : parameters_)
      count += Product(SlotDims(parameter, spec));
    slots.emplace_back(count, static_cast<F>(spec.initial));
    if (spec.from_weights) slots.back() = weights;
  }
  for (const NumberSpec& number : parsed.rule->Numbers(*parsed.message)) {
    numbers.push_back(number.initial);
  }
  for (const ShapedParameter& parameter : parameters_) {
    for (const SlotSpec& spec : specs_) {
      slot_elements_.push_back(Product(SlotDims(parameter, spec)));
    }
  }
  pointers_.resize(std::max<size_t>(1, parameters_.size()) * specs_.size());
}

template <class F>
std::vector<int64_t> UnderUpdate<F>::SlotDims(const ShapedParameter& parameter,
                                              const SlotSpec& spec) const {
  const bool matrix = parameter.dims.size() >= 2;
  const int64_t rows = parameter.rows(), columns = parameter.columns();
  switch (spec.extent) {
    case SlotSpec::kElements:
      return parameter.dims;
    case SlotSpec::kVectorElements:
      return matrix ? std::vector<int64_t>{0} : parameter.dims;
    case SlotSpec::kRows:
      return {matrix ? rows : 0};
    case SlotSpec::kColumns:
      return {matrix ? columns : 0};
    case SlotSpec::kRowsByRows:
      return {matrix ? rows : 0, matrix ? rows : 0};
    case SlotSpec::kColumnsByColumns:
      return {matrix ? columns : 0, matrix ? columns : 0};
  }
  return {0};
}

template <class F>
UpdateWatch UnderUpdate<F>::Update(double rate, int64_t t, absl::Span<const F> gradients,
                                   absl::Span<const int64_t> cuts) {
  GRADUS_CHECK(gradients.size() == weights.size());
  step_.config = parsed_.message;
  step_.rate = rate;
  step_.t = t;
  step_.numbers = numbers;
  gradients_.assign(gradients.begin(), gradients.end());
  const Reach reach = parsed_.rule->reach();
  UpdateWatch watch;
  if (reach != Reach::kElements) {
    watch.gradients_finite = AllFinite<F>(gradients_);
    if (!watch.gradients_finite) return watch;
  }
  if (reach == Reach::kElements || reach == Reach::kParameter) {
    parsed_.rule->Begin(step_, absl::MakeSpan(numbers));
  }
  if (reach == Reach::kElements) return UpdateElements(step_, cuts);
  UpdateViews(step_);
  watch.weights_finite = AllFinite<F>(weights);
  return watch;
}

template <class F>
UpdateWatch UnderUpdate<F>::UpdateElements(const UpdateStep& step, absl::Span<const int64_t> cuts) {
  const auto update = [&](int64_t begin, int64_t end, F** pointers) {
    for (size_t s = 0; s < slots.size(); ++s) pointers[s] = slots[s].data() + begin;
    UpdateRange<F> range;
    range.weights = weights.data() + begin;
    range.gradients = gradients_.data() + begin;
    range.slots = absl::MakeConstSpan(pointers, slots.size());
    range.count = end - begin;
    return parsed_.rule->Update(step, range);
  };
  const int64_t count = static_cast<int64_t>(weights.size());
  if (cuts.empty()) return update(0, count, pointers_.data());
  const int64_t ranges = static_cast<int64_t>(cuts.size()) + 1;
  std::vector<UpdateWatch> watches(ranges);
  RunAll(in_threads, ranges, [&](int64_t i) {
    std::vector<F*> pointers(slots.size());
    watches[i] =
        update(i == 0 ? 0 : cuts[i - 1], i + 1 == ranges ? count : cuts[i], pointers.data());
  });
  UpdateWatch all;
  for (const UpdateWatch& watch : watches) {
    all.gradients_finite &= watch.gradients_finite;
    all.weights_finite &= watch.weights_finite;
  }
  return all;
}

// Lays out the padded numbers and the views; allocates the first time only.
template <class F>
void UnderUpdate<F>::Spread() {
  const F nothing = std::numeric_limits<F>::quiet_NaN();
  const size_t count = parameters_.size();
  offsets_.resize(count), pitches_.resize(count), views_.resize(count);
  int64_t floats = 1;
  for (size_t p = 0; p < count; ++p) {
    const bool matrix = parameters_[p].dims.size() >= 2;
    offsets_[p] = floats;
    pitches_[p] = parameters_[p].columns() + (matrix ? padding : 0);
    floats += parameters_[p].rows() * pitches_[p] + 1;
  }
  padded_weights_.assign(floats, nothing);
  padded_gradients_.assign(floats, nothing);
  padded_slots_.resize(slots.size());
  for (size_t s = 0; s < slots.size(); ++s) {
    if (specs_[s].extent == SlotSpec::kElements) padded_slots_[s].assign(floats, nothing);
  }
}

template <class F>
void UnderUpdate<F>::Scatter(const std::vector<F>& dense, std::vector<F>* padded) const {
  const F* from = dense.data();
  for (size_t p = 0; p < parameters_.size(); ++p) {
    const int64_t columns = parameters_[p].columns();
    for (int64_t r = 0; r < parameters_[p].rows(); ++r, from += columns) {
      std::copy(from, from + columns, padded->begin() + offsets_[p] + r * pitches_[p]);
    }
  }
}

template <class F>
void UnderUpdate<F>::Gather(const std::vector<F>& padded, std::vector<F>* dense) {
  F* to = dense->data();
  int64_t next = 0;  // The first number of `padded` that is not accounted for.
  const auto expect_nothing = [&](int64_t end) {
    for (; next < end; ++next) {
      if (!std::isnan(padded[next]) && status.ok()) {
        status = absl::InternalError("the rule wrote between rows or parameters");
      }
    }
  };
  for (size_t p = 0; p < parameters_.size(); ++p) {
    const int64_t columns = parameters_[p].columns();
    for (int64_t r = 0; r < parameters_[p].rows(); ++r, to += columns) {
      const int64_t begin = offsets_[p] + r * pitches_[p];
      expect_nothing(begin);
      std::copy(padded.begin() + begin, padded.begin() + begin + columns, to);
      next = begin + columns;
    }
  }
  expect_nothing(static_cast<int64_t>(padded.size()));
}

template <class F>
void UnderUpdate<F>::UpdateViews(const UpdateStep& step) {
  Spread();
  Scatter(weights, &padded_weights_);
  Scatter(gradients_, &padded_gradients_);
  const int64_t count = static_cast<int64_t>(parameters_.size());
  for (size_t s = 0; s < slots.size(); ++s) {
    const bool padded = specs_[s].extent == SlotSpec::kElements;
    if (padded) Scatter(slots[s], &padded_slots_[s]);
    F* dense = slots[s].data();
    for (int64_t p = 0; p < count; ++p) {
      const int64_t elements = slot_elements_[p * slots.size() + s];
      F*& pointer = pointers_[p * slots.size() + s];
      pointer = padded ? padded_slots_[s].data() + offsets_[p] : elements > 0 ? dense : nullptr;
      dense += elements;
    }
  }
  for (int64_t p = 0; p < count; ++p) {
    ParameterView<F>& view = views_[backwards ? count - 1 - p : p];
    view.name = parameters_[p].name;
    view.dims = parameters_[p].dims;
    view.rows = parameters_[p].rows();
    view.columns = parameters_[p].columns();
    view.pitch = pitches_[p];
    view.weights = padded_weights_.data() + offsets_[p];
    view.gradients = padded_gradients_.data() + offsets_[p];
    view.slots = absl::MakeConstSpan(pointers_.data() + p * slots.size(), slots.size());
    view.step = &step;
  }
  if (parsed_.rule->reach() == Reach::kParameter) {
    RunAll(in_threads, count, [&](int64_t i) { parsed_.rule->UpdateParameter(views_[i]); });
  } else {
    start_ = weights;
    WholeUpdate<F> whole;
    whole.parameters = views_;
    whole.numbers = absl::MakeSpan(numbers);
    if (parsed_.rule->reach() == Reach::kLoss) whole.loss = [this] { return LossNow(); };
    status.Update(parsed_.rule->UpdateAll(whole));
  }
  Gather(padded_weights_, &weights);
  for (size_t s = 0; s < slots.size(); ++s) {
    if (specs_[s].extent == SlotSpec::kElements) Gather(padded_slots_[s], &slots[s]);
  }
}

template <class F>
absl::StatusOr<double> UnderUpdate<F>::LossNow() {
  ++losses;
  Gather(padded_weights_, &weights);
  double value = 0;
  if (loss) {
    value = loss(weights, absl::MakeSpan(gradients_));
    Scatter(gradients_, &padded_gradients_);
    return value;
  }
  // gradients_ stays what the update was given.
  gradients_there_.resize(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const double far = static_cast<double>(weights[i]) - static_cast<double>(start_[i]);
    value += static_cast<double>(gradients_[i]) * static_cast<double>(weights[i]) + 0.5 * far * far;
    gradients_there_[i] = static_cast<F>(static_cast<double>(gradients_[i]) + far);
  }
  Scatter(gradients_there_, &padded_gradients_);
  return value;
}

template <class F>
std::vector<F> UnderUpdate<F>::EvaluationWeights() const {
  if (!parsed_.rule->HasEvaluationWeights(*parsed_.message)) return weights;
  // Only read.
  std::vector<F> copy = weights, out(weights.size());
  std::vector<std::vector<F>> slots_copy = slots;
  std::vector<F*> pointers;
  for (std::vector<F>& slot : slots_copy) pointers.push_back(slot.data());
  UpdateRange<F> range;
  range.weights = copy.data();
  range.gradients = gradients_.data();
  range.slots = pointers;
  range.count = static_cast<int64_t>(copy.size());
  UpdateStep step = step_;
  step.config = parsed_.message;
  step.numbers = numbers;
  parsed_.rule->EvaluationWeights(step, range, out.data());
  return out;
}

template <class F>
std::string UnderUpdate<F>::Save(int64_t t) const {
  SafetensorsFile file;
  file.metadata["t"] = absl::StrCat(t);
  const auto add = [&](const std::string& name, const std::vector<int64_t>& dims, const F*& from) {
    const int64_t count = Product(dims);
    file.tensors.push_back({name, Tensor::Of<F>(dims, std::vector<F>(from, from + count))});
    from += count;
  };
  const F* from = weights.data();
  for (const ShapedParameter& parameter : parameters_) add(parameter.name, parameter.dims, from);
  for (size_t s = 0; s < specs_.size(); ++s) {
    from = slots[s].data();
    for (const ShapedParameter& parameter : parameters_) {
      add(absl::StrCat(parameter.name, "/", specs_[s].name), SlotDims(parameter, specs_[s]), from);
    }
  }
  const std::vector<NumberSpec> names = parsed_.rule->Numbers(*parsed_.message);
  for (size_t i = 0; i < names.size(); ++i) {
    file.tensors.push_back(
        {absl::StrCat("@number/", names[i].name), Tensor::Of<double>({}, {numbers[i]})});
  }
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  const auto bytes = SerializeSafetensors(file);
  GRADUS_CHECK(bytes.ok());
  return *bytes;
}

template <class F>
absl::StatusOr<int64_t> UnderUpdate<F>::Load(const std::string& bytes) {
  const auto file = ParseSafetensors(bytes, "saved");
  GRADUS_RETURN_IF_ERROR(file.status());
  size_t taken = 0;
  const auto take = [&](const std::string& name, const std::vector<int64_t>& dims, auto*& to) {
    using Number = std::decay_t<decltype(*to)>;
    const Tensor* tensor = file->Find(name);
    if (tensor == nullptr || tensor->dims() != dims || tensor->dtype() != DTypeOf<Number>::value) {
      return absl::NotFoundError(absl::StrCat("\"", name, "\" is missing or of another shape"));
    }
    const absl::Span<const Number> values = tensor->template data<Number>();
    to = std::copy(values.begin(), values.end(), to);
    ++taken;
    return absl::OkStatus();
  };
  F* to = weights.data();
  for (const ShapedParameter& parameter : parameters_) {
    GRADUS_RETURN_IF_ERROR(take(parameter.name, parameter.dims, to));
  }
  for (size_t s = 0; s < specs_.size(); ++s) {
    to = slots[s].data();
    for (const ShapedParameter& parameter : parameters_) {
      GRADUS_RETURN_IF_ERROR(take(absl::StrCat(parameter.name, "/", specs_[s].name),
                                  SlotDims(parameter, specs_[s]), to));
    }
  }
  double* number = numbers.data();
  for (const NumberSpec& spec : parsed_.rule->Numbers(*parsed_.message)) {
    GRADUS_RETURN_IF_ERROR(take(absl::StrCat("@number/", spec.name), {}, number));
  }
  if (taken != file->tensors.size()) return absl::InvalidArgumentError("saved twice");
  int64_t t = 0;
  const auto found = file->metadata.find("t");
  if (found == file->metadata.end() || !absl::SimpleAtoi(found->second, &t)) {
    return absl::NotFoundError("the number of updates is missing");
  }
  return t;
}

template class UnderUpdate<float>;
template class UnderUpdate<double>;

}  // namespace gradus
