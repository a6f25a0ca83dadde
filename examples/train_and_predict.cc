// Trains on examples that the program makes, saves the model, loads it and predicts: y = sin(x) from points in [-3, 3].

#include <cmath>
#include <cstdio>

#include "gradus/api/predictor.h"
#include "gradus/api/trainer.h"

constexpr char kRun[] = R"(
  model {
    name: "sine"
    input { name: "x" shape: 1 }
    input { name: "y" shape: 1 }
    layer { name: "hidden" input: "x" dense { units: 32 activation: TANH } }
    layer { name: "sine" dense { units: 1 } }
    loss { mean_squared_error { prediction: "sine" label: "y" } }
  }
  optimizer { adam {} learning_rate { constant: 0.01 } })";

absl::Status TrainAndPredict(const std::string& folder) {
  GRADUS_ASSIGN_OR_RETURN(gradus::RunFile file, gradus::RunFile::Parse(kRun, "sine"));
  GRADUS_ASSIGN_OR_RETURN(auto trainer, gradus::Trainer::Create(std::move(file)));

  std::vector<float> x(64), y(64);
  for (int i = 0; i < 64; ++i) {
    x[i] = -3.0f + 6.0f * i / 63;
    y[i] = std::sin(x[i]);
  }
  for (int i = 0; i < 2000; ++i) {
    GRADUS_ASSIGN_OR_RETURN(gradus::StepResult step,
                            trainer->Step({{"x", gradus::Tensor::Of<float>({64, 1}, x)},
                                           {"y", gradus::Tensor::Of<float>({64, 1}, y)}}));
    if (step.step % 500 == 0) std::printf("step %d  loss %.6f\n", int(step.step), step.loss);
  }
  GRADUS_RETURN_IF_ERROR(trainer->SaveModel(folder));

  GRADUS_ASSIGN_OR_RETURN(auto predictor, gradus::Predictor::Load(folder));
  GRADUS_ASSIGN_OR_RETURN(
      auto outputs, predictor->Predict({{"x", gradus::Tensor::Of<float>({3, 1}, {-1, 0, 2})}}));
  for (float value : outputs.at("sine").data<float>()) std::printf("%.3f\n", value);
  return absl::OkStatus();
}

int main(int argc, char** argv) {
  const absl::Status status = TrainAndPredict(argc > 1 ? argv[1] : "sine_model");
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
