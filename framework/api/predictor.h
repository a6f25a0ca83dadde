// A saved model that predicts. Loaded once, used by any number of threads.
//
//   GRADUS_ASSIGN_OR_RETURN(auto predictor, gradus::Predictor::Load("runs/xor-1"));
//   GRADUS_ASSIGN_OR_RETURN(auto outputs, predictor->Predict({{"x", x}}));
//   const float* y = outputs.at("output").data<float>();
//
// `x` has raw values: preprocessing is the model's. Outputs are what the network gives; Interpret makes probabilities of logits, says
// which class is the most probable, and turns numbers back into the target's own units:
//
//   GRADUS_ASSIGN_OR_RETURN(auto read, predictor->Interpret("output", outputs.at("output")));
//   const std::string& first = predictor->MeaningOf("output")->names[read.chosen[0]];

#ifndef GRADUS_API_PREDICTOR_H_
#define GRADUS_API_PREDICTOR_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/output_meaning.h"
#include "gradus/base/tensor.h"
#include "gradus/data/preprocessing.h"
#include "gradus/graph/build_graph.h"
#include "gradus/model.pb.h"
#include "gradus/runtime/executor.h"
#include "gradus/train/parameter_store.h"

namespace gradus {

struct PredictorOptions {
  bool raw_inputs = true;  // Whether Predict applies the saved preprocessing.
  // Of a run's folder: "best", "last" or a number of updates; empty: the best when the run keeps one, otherwise the
  // saved model.
  std::string checkpoint;
};

class Predictor {
 public:
  // `folder` holds model.pbtxt and model.safetensors: a run folder, or where SaveModel wrote.
  // Weights must fit exactly.
  static absl::StatusOr<std::unique_ptr<Predictor>> Load(const std::string& folder,
                                                         const PredictorOptions& options = {});
  ~Predictor();

  // The inputs that predicting needs (no labels), and the outputs by name with the shape of one
  // example.
  const std::vector<FieldSpec>& inputs() const { return inputs_; }
  const std::vector<FieldSpec>& outputs() const { return outputs_; }
  // What the outputs mean, one for each of them; plain where no loss says it, or where its kind is not in the program.
  const std::vector<OutputMeaning>& meanings() const { return meanings_; }
  const OutputMeaning* MeaningOf(const std::string& output) const;  // Null when there is none.
  const Preprocessing& preprocessing() const { return preprocessing_; }
  const std::string& name() const { return name_; }
  const ModelConfig& model() const { return model_; }
  // Which weights it has: "best checkpoint, step 1200", "saved model".
  const std::string& weights() const { return weights_; }

  // Thread-safe. All tensors [rows, ...]; more inputs than needed are an error, as are missing
  // ones. The same row gives the same result in any batch of the same size.
  absl::StatusOr<std::map<std::string, Tensor>> Predict(
      const std::map<std::string, Tensor>& inputs) const;

  // What Predict gave for one output, as it is meant. Thread-safe.
  absl::StatusOr<Interpretation> Interpret(const std::string& output, const Tensor& values) const;

 private:
  Predictor() = default;

  std::string name_, weights_;
  ModelConfig model_;
  PredictorOptions options_;
  std::vector<FieldSpec> inputs_, outputs_;
  std::vector<OutputMeaning> meanings_;
  Preprocessing preprocessing_;
  std::unique_ptr<ParameterStore> store_;
  std::unique_ptr<Executor> executor_;
  std::vector<double> scalars_;
  std::vector<Shape> output_shapes_;

  mutable std::mutex mutex_;
  mutable std::vector<Executor::ContextPtr> idle_;  // Contexts that no call is using.
};

}  // namespace gradus

#endif  // GRADUS_API_PREDICTOR_H_
