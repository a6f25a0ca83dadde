// Outputs as people read them: probabilities of named classes, numbers in the target's units.

#include "gradus/api/output_meaning.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gradus/api/prediction_table.h"

namespace gradus {
namespace {

using Kind = PredictionMeaning::Kind;
using Strings = std::vector<std::string>;

FieldSpec Output(const std::string& name, std::vector<int64_t> dims) {
  FieldSpec field;
  field.input = name;
  field.dims = std::move(dims);
  return field;
}

// A table whose label is one column of categories, or of a number that was prepared.
Preprocessing Labels(const std::string& column, ColumnTransform treatment) {
  InputTransform transform;
  transform.input = "label";
  transform.columns = {column};
  transform.treatments = {std::move(treatment)};
  return Preprocessing({transform});
}

OutputMeaning MeaningOf(Kind kind, std::vector<int64_t> dims, const Preprocessing& preprocessing) {
  const FieldSpec outputs[] = {Output("out", std::move(dims))};
  const PredictionMeaning said[] = {{kind, "out", "label"}};
  FieldSpec label = Output("label", outputs[0].dims);
  if (kind == Kind::kClassLogits) label.dtype = DType::kInt32;
  return MeaningsOf(outputs, ModelConfig(), said, {label}, preprocessing)[0];
}

std::vector<float> ValuesOf(const Tensor& tensor) {
  return {tensor.data<float>().begin(), tensor.data<float>().end()};
}

std::string TableOf(const OutputMeaning& meaning, const Tensor& values) {
  const FieldSpec outputs[] = {Output(meaning.output, {meaning.elements})};
  PredictionTable table(outputs, {meaning}, false, {});
  EXPECT_TRUE(table.Read({{meaning.output, values}}).ok());
  std::string text;
  for (const std::string& column : table.columns()) text += column + " ";
  for (int64_t row = 0; row < values.dims()[0]; ++row) {
    text += "| ";
    table.Append(row, &text);
  }
  return text;
}

TEST(OutputMeaning, LogitsOfClassesBecomeProbabilitiesOfNames) {
  ColumnTransform kinds;
  kinds.categories = {"a,b", "c"};
  const OutputMeaning meaning = MeaningOf(Kind::kClassLogits, {2}, Labels("kind", kinds));
  EXPECT_EQ(meaning.target, "kind");
  EXPECT_EQ(meaning.names, (Strings{"a,b", "c"}));
  const Tensor logits = Tensor::Of<float>({2, 2}, {0, std::log(3.0f), 100, 0});
  const auto read = Interpret(meaning, logits);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->chosen, (std::vector<int32_t>{1, 0}));
  const std::vector<float> p = ValuesOf(read->values);
  EXPECT_FLOAT_EQ(p[0], 0.25f);
  EXPECT_FLOAT_EQ(p[1], 0.75f);
  EXPECT_EQ(p[2], 1);
  EXPECT_EQ(TableOf(meaning, Tensor::Of<float>({1, 2}, {0, 0})),
            "kind p(a,b) p(c) | \"a,b\",0.5,0.5");
}

TEST(OutputMeaning, ClassesWithoutNamesAreCalledByTheirNumbers) {
  const OutputMeaning meaning = MeaningOf(Kind::kClassProbabilities, {3}, Preprocessing());
  EXPECT_EQ(TableOf(meaning, Tensor::Of<float>({1, 3}, {0.25, 0.5, 0.25})),
            "label p(0) p(1) p(2) | 1,0.25,0.5,0.25");
}

TEST(OutputMeaning, ScoresAreNoProbabilities) {
  EXPECT_EQ(TableOf(MeaningOf(Kind::kClassScores, {2}, Preprocessing()),
                    Tensor::Of<float>({1, 2}, {-3, -2})),
            "label score(0) score(1) | 1,-3,-2");
  EXPECT_EQ(TableOf(MeaningOf(Kind::kYesScores, {1}, Preprocessing()),
                    Tensor::Of<float>({2, 1}, {-3, 2})),
            "label score(1) | 0,-3| 1,2");
}

TEST(OutputMeaning, OneQuestionHasTwoProbabilitiesAndMoreHaveOneEach) {
  EXPECT_EQ(TableOf(MeaningOf(Kind::kYesLogits, {1}, Preprocessing()),
                    Tensor::Of<float>({2, 1}, {0, 1000})),
            "label p(0) p(1) | 0,0.5,0.5| 1,0,1");
  EXPECT_EQ(TableOf(MeaningOf(Kind::kYesProbabilities, {2}, Preprocessing()),
                    Tensor::Of<float>({1, 2}, {0.25, 0.75})),
            "label[0] p(label[0]) label[1] p(label[1]) | 0,0.25,1,0.75");
}

// A table's 2 and 4 that were made 0 and 1: what is chosen is what the table says.
TEST(OutputMeaning, AnswersAreCalledAsTheTableWroteThem) {
  ColumnTransform grade;
  grade.map.shift = 2;
  grade.map.scale = 2;
  EXPECT_EQ(TableOf(MeaningOf(Kind::kYesLogits, {1}, Labels("grade", grade)),
                    Tensor::Of<float>({2, 1}, {0, 1000})),
            "grade p(2) p(4) | 2,0.5,0.5| 4,0,1");
}

// 10 * (exp(2 y + 1) - 1)
TEST(OutputMeaning, NumbersGoBackToTheTargetsUnits) {
  ColumnTransform price;
  price.map.divide_by = 10;
  price.map.function = NumberMap::kLog1p;
  price.map.shift = 1;
  price.map.scale = 2;
  const OutputMeaning meaning = MeaningOf(Kind::kInUnits, {1}, Labels("price", price));
  EXPECT_EQ(meaning.names, Strings{"price"});
  const auto read = Interpret(meaning, Tensor::Of<float>({2, 1}, {-0.5, 0.25}));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ValuesOf(read->values)[0], 0);
  EXPECT_FLOAT_EQ(ValuesOf(read->values)[1], static_cast<float>(10 * (std::exp(1.5) - 1)));
  EXPECT_TRUE(read->chosen.empty());
}

TEST(OutputMeaning, WhatNoLossSpeaksOfIsPlain) {
  const FieldSpec outputs[] = {Output("features", {2})};
  const OutputMeaning meaning = MeaningsOf(outputs, ModelConfig(), {}, {}, Preprocessing())[0];
  EXPECT_EQ(meaning.kind, Kind::kPlain);
  EXPECT_EQ(TableOf(meaning, Tensor::Of<float>({1, 2}, {0.1f, 3})),
            "features[0] features[1] | 0.100000001,3");
}

// A loss takes logits, and what predicts is the softmax behind them.
TEST(OutputMeaning, ASoftmaxBehindLogitsHasProbabilities) {
  ModelConfig model;
  model.add_layer()->set_name("logits");
  LayerConfig* softmax = model.add_layer();
  softmax->set_name("out");
  softmax->mutable_activation()->set_function(layer::SOFTMAX);
  const FieldSpec outputs[] = {Output("out", {2})};
  const PredictionMeaning said[] = {{Kind::kClassLogits, "logits", "label"}};
  EXPECT_EQ(MeaningsOf(outputs, model, said, {}, Preprocessing())[0].kind,
            Kind::kClassProbabilities);
  softmax->mutable_activation()->set_function(layer::TANH);
  EXPECT_EQ(MeaningsOf(outputs, model, said, {}, Preprocessing())[0].kind, Kind::kPlain);
}

TEST(PredictionTable, OutputsThatShareNamesAreToldApart) {
  const FieldSpec outputs[] = {Output("first", {1}), Output("second", {1})};
  OutputMeaning first, second;
  first.output = "first", second.output = "second";
  first.kind = second.kind = Kind::kInUnits;
  first.target = second.target = "price";
  first.names = second.names = {"price"};
  const PredictionTable table(outputs, {first, second}, false, {});
  EXPECT_EQ(table.columns(), (Strings{"first.price", "second.price"}));
  const std::string before[] = {"price"};
  EXPECT_EQ(PredictionTable(outputs, {first}, false, before).columns(), Strings{"first.price"});
  EXPECT_EQ(PredictionTable(outputs, {first, second}, true, before).columns(),
            (Strings{"first", "second"}));
}

}  // namespace
}  // namespace gradus
