// From logits to probabilities, from prepared numbers to the target's.

#include "gradus/api/output_meaning.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using Kind = PredictionMeaning::Kind;

bool IsClasses(Kind kind) {
  return kind == Kind::kClassLogits || kind == Kind::kClassProbabilities ||
         kind == Kind::kClassScores;
}

bool IsQuestion(Kind kind) {
  return kind == Kind::kYesLogits || kind == Kind::kYesProbabilities || kind == Kind::kYesScores;
}

// What the loss says of an output: of the layer itself, or of the one before a softmax or sigmoid that only predicts.
PredictionMeaning FindMeaning(const std::string& output, const ModelConfig& model,
                              absl::Span<const PredictionMeaning> meanings) {
  const auto said_of = [meanings](const std::string& name) {
    for (const PredictionMeaning& meaning : meanings) {
      if (meaning.prediction == name) return meaning;
    }
    return PredictionMeaning();
  };
  PredictionMeaning meaning = said_of(output);
  if (meaning.kind != Kind::kPlain) return meaning;
  for (int i = 0; i < model.layer_size(); ++i) {
    const LayerConfig& layer = model.layer(i);
    if (layer.name() != output || !layer.has_activation()) continue;
    if (layer.input_size() == 0 && i == 0) continue;
    meaning = said_of(layer.input_size() > 0 ? layer.input(0) : model.layer(i - 1).name());
    const auto function = layer.activation().function();
    if (meaning.kind == Kind::kClassLogits && function == layer::SOFTMAX) {
      meaning.kind = Kind::kClassProbabilities;
      return meaning;
    }
    if (meaning.kind == Kind::kYesLogits && function == layer::SIGMOID) {
      meaning.kind = Kind::kYesProbabilities;
      return meaning;
    }
  }
  return PredictionMeaning();
}

const FieldSpec* FindField(absl::Span<const FieldSpec> fields, const std::string& name) {
  for (const FieldSpec& field : fields) {
    if (field.input == name) return &field;
  }
  return nullptr;
}

// The names of n classes: those that were saved, the columns that a class each has, or their numbers.
std::vector<std::string> NamesOfClasses(const std::string& label, int64_t n,
                                        const Preprocessing& preprocessing) {
  const InputTransform* transform = preprocessing.Find(label);
  std::vector<std::string> names = preprocessing.ClassNames(label);
  if (names.empty() && transform != nullptr && n > 2 &&
      static_cast<int64_t>(transform->columns.size()) == n) {
    names = transform->columns;
  }
  names.resize(static_cast<size_t>(std::min<int64_t>(n, static_cast<int64_t>(names.size()))));
  for (int64_t i = static_cast<int64_t>(names.size()); i < n; ++i) {
    names.push_back(absl::StrCat(i));
  }
  return names;
}

// No and yes: as classes have names, or what 0 and 1 were made of.
std::vector<std::string> NamesOfAnswers(const std::string& label, const FieldSpec* field,
                                        const Preprocessing& preprocessing) {
  std::vector<NumberMap> units;
  if (field != nullptr && preprocessing.ClassNames(label).empty()) {
    units = preprocessing.Units(*field);
  }
  if (units.size() != 1) return NamesOfClasses(label, 2, preprocessing);
  return {ShortestNumber(units[0].Invert(0)), ShortestNumber(units[0].Invert(1))};
}

std::vector<std::string> NamesOfNumbers(const std::string& target, const std::string& label,
                                        int64_t n, const Preprocessing& preprocessing) {
  if (n == 1) return {target};
  const InputTransform* transform = preprocessing.Find(label);
  if (transform != nullptr && static_cast<int64_t>(transform->columns.size()) == n) {
    return transform->columns;
  }
  std::vector<std::string> names;
  for (int64_t i = 0; i < n; ++i) names.push_back(absl::StrCat(target, "[", i, "]"));
  return names;
}

OutputMeaning Plain(const FieldSpec& output) {
  OutputMeaning meaning;
  meaning.output = meaning.target = output.input;
  meaning.elements = output.elements();
  meaning.names = NamesOfNumbers(output.input, "", output.elements(), Preprocessing());
  return meaning;
}

float Sigmoid(float z) { return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(z)))); }

void Softmax(absl::Span<const float> z, absl::Span<float> p) {
  const double most = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (const float value : z) sum += std::exp(value - most);
  for (size_t i = 0; i < z.size(); ++i) p[i] = static_cast<float>(std::exp(z[i] - most) / sum);
}

}  // namespace

bool OutputMeaning::one_of_classes() const { return IsClasses(kind); }
bool OutputMeaning::yes_or_no() const { return IsQuestion(kind); }
bool OutputMeaning::has_probabilities() const {
  return (one_of_classes() && kind != Kind::kClassScores) ||
         (yes_or_no() && kind != Kind::kYesScores);
}

std::vector<OutputMeaning> MeaningsOf(absl::Span<const FieldSpec> outputs, const ModelConfig& model,
                                      absl::Span<const PredictionMeaning> meanings,
                                      absl::Span<const FieldSpec> labels,
                                      const Preprocessing& preprocessing) {
  std::vector<OutputMeaning> result;
  for (const FieldSpec& output : outputs) {
    const PredictionMeaning said = FindMeaning(output.input, model, meanings);
    // Classes of every place of an image, say, are more than a table can hold.
    const bool readable = output.dtype == DType::kFloat32 && said.kind != Kind::kPlain &&
                          (!IsClasses(said.kind) || output.dims.size() == 1);
    if (!readable) {
      result.push_back(Plain(output));
      continue;
    }
    OutputMeaning meaning;
    meaning.output = output.input;
    meaning.kind = said.kind;
    const InputTransform* transform = preprocessing.Find(said.label);
    const bool one_column = transform != nullptr && transform->columns.size() == 1;
    meaning.target = one_column ? transform->columns[0] : said.label;
    const FieldSpec* label = FindField(labels, said.label);
    const int64_t n = meaning.elements = output.elements();
    if (meaning.one_of_classes()) {
      meaning.names = NamesOfClasses(said.label, n, preprocessing);
    } else if (meaning.yes_or_no() && n == 1) {
      meaning.names = NamesOfAnswers(said.label, label, preprocessing);
    } else {
      meaning.names = NamesOfNumbers(meaning.target, said.label, n, preprocessing);
    }
    if (meaning.kind == Kind::kInUnits && label != nullptr) {
      meaning.units = preprocessing.Units(*label);
      if (static_cast<int64_t>(meaning.units.size()) != n) meaning.units.clear();
    }
    result.push_back(std::move(meaning));
  }
  return result;
}

std::vector<std::string> ClassesOfMetric(const ModelConfig& model, const std::string& metric,
                                         const Preprocessing& preprocessing) {
  for (const MetricConfig& config : model.metric()) {
    const google::protobuf::FieldDescriptor* kind = ChosenField(config);
    if (kind == nullptr || kind->message_type() == nullptr) continue;
    if ((config.has_name() ? config.name() : kind->name()) != metric) continue;
    const google::protobuf::FieldDescriptor* label = kind->message_type()->FindFieldByName("label");
    if (label == nullptr || label->cpp_type() != label->CPPTYPE_STRING) return {};
    const google::protobuf::Message& message = config.GetReflection()->GetMessage(config, kind);
    return preprocessing.ClassNames(message.GetReflection()->GetString(message, label));
  }
  return {};
}

absl::StatusOr<Interpretation> Interpret(const OutputMeaning& meaning, const Tensor& values) try {
  Interpretation read;
  read.values = values;
  if (meaning.kind == Kind::kPlain) return read;
  const size_t n = static_cast<size_t>(meaning.elements);
  if (values.dtype() != DType::kFloat32 || n == 0 ||
      values.elements() % static_cast<int64_t>(n) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("output \"", meaning.output, "\": values that are not the output's"));
  }
  const absl::Span<const float> given = values.data<float>();
  GRADUS_ASSIGN_OR_RETURN(Tensor made, Tensor::Create(DType::kFloat32, values.dims()));
  const absl::Span<float> out = made.mutable_data<float>();
  const size_t rows = given.size() / n;
  if (meaning.one_of_classes()) {
    read.chosen.reserve(rows);
    for (size_t row = 0; row < rows; ++row) {
      const absl::Span<const float> scores = given.subspan(row * n, n);
      const auto largest = std::max_element(scores.begin(), scores.end());
      read.chosen.push_back(static_cast<int32_t>(largest - scores.begin()));
      if (meaning.kind == Kind::kClassLogits) Softmax(scores, out.subspan(row * n, n));
    }
    if (meaning.kind == Kind::kClassLogits) read.values = std::move(made);
    return read;
  }
  if (meaning.yes_or_no()) {
    const float threshold = meaning.kind == Kind::kYesProbabilities ? 0.5f : 0.0f;
    for (size_t i = 0; i < given.size(); ++i) {
      read.chosen.push_back(given[i] > threshold);
      out[i] = meaning.kind == Kind::kYesLogits ? Sigmoid(given[i]) : given[i];
    }
    read.values = std::move(made);
    return read;
  }
  if (meaning.units.empty()) return read;
  for (size_t i = 0; i < given.size(); ++i) {
    out[i] = static_cast<float>(meaning.units[i % n].Invert(given[i]));
  }
  read.values = std::move(made);
  return read;
} catch (...) {
  return StatusOfException("reading predictions");
}

}  // namespace gradus
