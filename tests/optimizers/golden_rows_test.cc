// The weights that Keras, PyTorch, optax, Caffe and the rules' own repositories end at after the same
// updates, each from the text that gives its setting.
//
// All start from (1, -2, 0.5), or as a matrix from ((1, -2, 0.5), (0.3, 0.7, -1.1)), and take the three
// gradients below, so many times over; the rate is 0.1, or 1 for the rules that find it. The numbers
// were printed by the libraries in float64 (Keras 3.15 with exact betas, PyTorch's 1.13.1 code, optax),
// or by transcriptions of their code: Caffe's, those of Muon, and PyTorch's for NAdam since 2.0 and
// Adafactor.
//
// Not here, because it is no setting but an accident of the library: optax' Rprop, whose moves come one
// update late, and its Schedule-Free under warm-up, whose average and step read the schedule at
// different counts.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/api/optimizer_trace.h"

namespace gradus {
namespace {

struct Golden {
  const char* whose;
  const char* text;
  const char* weights;  // As they were printed.
  int times = 1;        // How often the three gradients are gone through.
  bool evaluated = false;
};

constexpr Golden kGolden[] = {
    {"SGD", "sgd {} learning_rate { constant: 0.1 }", "0.975 -2.03 0.53"},
    {"Momentum", "sgd { momentum: 0.9 } learning_rate { constant: 0.1 }", "0.9624 -2.0318 0.4787"},
    {"Momentum PyTorch/optax",
     "sgd { momentum: 0.9 velocity: RATE_OUTSIDE } learning_rate { constant: 0.1 }",
     "0.9624 -2.0318 0.4787"},
    {"Dampening PyTorch",
     "sgd { momentum: 0.9 velocity: RATE_OUTSIDE dampening: 0.5 } learning_rate { constant: 0.1 }",
     "0.96765 -1.9888 0.4487"},
    {"Nesterov", "sgd { momentum: 0.9 nesterov: true } learning_rate { constant: 0.1 }",
     "0.94116 -2.05862 0.51083"},
    {"Nesterov PyTorch",
     "sgd { momentum: 0.9 nesterov: true velocity: RATE_OUTSIDE } learning_rate { constant: 0.1 }",
     "0.94116 -2.05862 0.51083"},
    {"Momentum with decay Keras",
     "sgd { momentum: 0.9 } learning_rate { constant: 0.1 } weight_decay: 0.1",
     "0.932938 -1.972576 0.4647165"},
    {"Momentum with decay PyTorch",
     "sgd { momentum: 0.9 velocity: RATE_OUTSIDE } learning_rate { constant: 0.1 } weight_decay: "
     "0.1 weight_decay_form: COUPLED",
     "0.907108 -1.920916 0.4520265"},
    {"Momentum, changing rate Keras/Caffe",
     "sgd { momentum: 0.9 } learning_rate { piecewise_constant_decay { boundaries: 0 boundaries: 1 "
     "values: 0.1 values: 0.05 values: 0.025 } }",
     "0.97265 -1.9863 0.4337"},
    {"Momentum, changing rate PyTorch/optax",
     "sgd { momentum: 0.9 velocity: RATE_OUTSIDE } learning_rate { piecewise_constant_decay { "
     "boundaries: 0 boundaries: 1 values: 0.1 values: 0.05 values: 0.025 } }",
     "0.9821 -1.99845 0.465425"},
    {"Nesterov, changing rate Keras",
     "sgd { momentum: 0.9 nesterov: true } learning_rate { piecewise_constant_decay { boundaries: "
     "0 boundaries: 1 values: 0.1 values: 0.05 values: 0.025 } }",
     "0.962885 -1.99017 0.42533"},
    {"Nesterov, changing rate PyTorch",
     "sgd { momentum: 0.9 nesterov: true velocity: RATE_OUTSIDE } learning_rate { "
     "piecewise_constant_decay { boundaries: 0 boundaries: 1 values: 0.1 values: 0.05 values: "
     "0.025 } }",
     "0.97139 -2.001105 0.4538825"},
    {"Adagrad Keras/optax", "adagrad {} learning_rate { constant: 0.1 }",
     "0.9335412573 -2.03753796 0.5120792741"},
    {"Adagrad PyTorch",
     "adagrad { initial_accumulator_value: 0 epsilon: 1e-10 epsilon_inside_root: false } "
     "learning_rate { constant: 0.1 }",
     "0.8574342036 -2.011264508 0.4894427191"},
    {"Adadelta Keras", "adadelta {} learning_rate { constant: 0.1 }",
     "0.9997579585 -2.000098368 0.5000369619"},
    {"Adadelta PyTorch/optax",
     "adadelta { rho: 0.9 epsilon: 1e-6 } learning_rate { constant: 0.1 }",
     "0.9994618037 -2.00022549 0.5000812721"},
    {"RMSprop Keras", "rmsprop {} learning_rate { constant: 0.1 }",
     "0.5493684591 -2.042734389 0.4721485581"},
    {"RMSprop PyTorch",
     "rmsprop { rho: 0.99 epsilon: 1e-8 epsilon_inside_root: false } learning_rate { constant: 0.1 "
     "}",
     "-0.4257254326 -2.11479674 0.3962126313"},
    {"RMSprop optax", "rmsprop { epsilon: 1e-8 } learning_rate { constant: 0.1 }",
     "0.54935748 -2.042731664 0.4721472767"},
    {"RMSprop, centered, momentum Keras",
     "rmsprop { momentum: 0.9 centered: true } learning_rate { constant: 0.1 }",
     "0.07994429769 -1.721418595 -0.1106121266"},
    {"RMSprop, centered, momentum PyTorch",
     "rmsprop { rho: 0.99 epsilon: 1e-8 epsilon_inside_root: false momentum: 0.9 velocity: "
     "RATE_OUTSIDE centered: true } learning_rate { constant: 0.1 }",
     "-1.74965064 -1.199154284 -1.326501839"},
    {"RMSprop, centered, momentum optax",
     "rmsprop { epsilon: 1e-8 momentum: 0.9 centered: true } learning_rate { constant: 0.1 }",
     "0.07990732582 -1.721408788 -0.1106168316"},
    {"Adam Keras", "adam {} learning_rate { constant: 0.1 }",
     "0.8075599602 -1.978176508 0.366999222"},
    {"Adam PyTorch/optax",
     "adam { epsilon: 1e-8 epsilon_after_correction: true } learning_rate { constant: 0.1 }",
     "0.8075551544 -1.978175475 0.3669976272"},
    {"AMSGrad Keras", "adam { amsgrad: true } learning_rate { constant: 0.1 }",
     "0.8075599602 -1.978176508 0.3670327326"},
    {"AMSGrad PyTorch",
     "adam { epsilon: 1e-8 epsilon_after_correction: true amsgrad: true } learning_rate { "
     "constant: 0.1 }",
     "0.8075551544 -1.978175475 0.3670311385"},
    {"AMSGrad optax",
     "adam { epsilon: 1e-8 epsilon_after_correction: true amsgrad: true amsgrad_corrected: true } "
     "learning_rate { constant: 0.1 }",
     "0.8131362255 -1.971378523 0.38663503"},
    {"Adam L2 PyTorch",
     "adam { epsilon: 1e-8 epsilon_after_correction: true } learning_rate { constant: 0.1 } "
     "weight_decay: 0.01 weight_decay_form: COUPLED",
     "0.7935999338 -1.966023543 0.3650166124"},
    {"AdamW Keras", "adamw {} learning_rate { constant: 0.1 }",
     "0.8064510748 -1.975842806 0.3665062472"},
    {"AdamW PyTorch",
     "adamw { epsilon: 1e-8 epsilon_after_correction: true } learning_rate { constant: 0.1 } "
     "weight_decay: 0.01",
     "0.804784687 -1.972344763 0.3657660326"},
    {"AdamW optax",
     "adamw { epsilon: 1e-8 epsilon_after_correction: true } learning_rate { constant: 0.1 } "
     "weight_decay: 0.0001",
     "0.807527421 -1.978117109 0.3669852974"},
    {"Adamax Keras", "adamax {} learning_rate { constant: 0.1 }",
     "0.8353840022 -1.956465697 0.3745399282"},
    {"Adamax PyTorch/optax",
     "adamax { epsilon: 1e-8 epsilon_inside_maximum: true } learning_rate { constant: 0.1 }",
     "0.8353838736 -1.956465665 0.3745398872"},
    {"NAdam Keras", "nadam {} learning_rate { constant: 0.1 }",
     "0.8381927182 -2.009337272 0.4786520356"},
    {"NAdam PyTorch",
     "nadam { epsilon: 1e-8 momentum_decay: 0.004 } learning_rate { constant: 0.1 }",
     "0.8356555964 -2.013167004 0.4860668592"},
    {"NAdam optax", "nadam { epsilon: 1e-8 momentum_reduction: 0 } learning_rate { constant: 0.1 }",
     "0.766671345 -1.985723607 0.3916156554"},
    {"RAdam PyTorch", "radam {} learning_rate { constant: 0.1 }",
     "0.9791862498 -2.002575257 0.4689629054"},
    {"RAdam optax", "radam { epsilon_after_correction: true } learning_rate { constant: 0.1 }",
     "0.9791862498 -2.002575257 0.4689629054"},
    {"RAdam, 9 updates", "radam {} learning_rate { constant: 0.1 }",
     "0.9554887167 -2.02093417 0.4732991215", 3},
    {"Ftrl", "ftrl {} learning_rate { constant: 0.1 }",
     "-0.01992135583 -0.3472294467 0.1493411383"},
    {"Ftrl with all of its regularization",
     "ftrl { l1_regularization_strength: 0.01 l2_regularization_strength: 0.02 "
     "l2_shrinkage_regularization_strength: 0.03 beta: 0.5 } learning_rate { constant: 0.1 }",
     "-0.01605832189 -0.1405495489 0.07534488198"},
    {"Lion Keras", "lion {} learning_rate { constant: 0.1 }", "0.9 -2.1 0.4"},
    {"Lion optax", "lion {} learning_rate { constant: 0.1 } weight_decay: 0.001",
     "0.899710029 -2.099410059 0.399880014"},
    {"LAMB Keras", "lamb {} learning_rate { constant: 0.1 }",
     "0.6339630933 -2.066537955 0.279544467"},
    {"LAMB optax", "lamb { epsilon: 1e-6 } learning_rate { constant: 0.1 }",
     "0.6339642395 -2.066538214 0.2795443154"},
    {"LARS optax", "lars {} learning_rate { constant: 0.1 }",
     "0.9998164768 -2.000135826 0.4997168335"},
    {"Adafactor Keras/PyTorch/optax", "adafactor {} learning_rate { constant: 0.1 }",
     "0.7927112988 -2.056125535 0.5261283533"},
    {"Adafactor PyTorch",
     "adafactor { epsilon1: 2.220446049250313e-16 epsilon1_added: false } learning_rate { "
     "constant: 0.1 }",
     "0.7927112988 -2.056125535 0.5261283533"},
    {"Adafactor optax",
     "adafactor { factored: LARGEST_TWO least_side: 128 cap_rate: false } learning_rate { "
     "constant: 0.1 }",
     "0.7927112988 -2.056125535 0.5261283533"},
    {"ASGD", "asgd {} learning_rate { constant: 0.1 }", "0.974970413 -2.029939551 0.5299847003"},
    {"Rprop PyTorch", "rprop {} learning_rate { constant: 0.1 }", "0.85 -1.95 0.5"},
    {"AdaBelief optax", "adabelief {} learning_rate { constant: 0.1 }",
     "0.787054961683 -1.97286424284 0.351236661007"},
    {"Yogi optax", "yogi { initial_momentum: 1e-6 } learning_rate { constant: 0.1 }",
     "0.815533547259 -1.97940715044 0.36845290681"},
    {"SGDScheduleFree y", "schedule_free_sgd {} learning_rate { constant: 0.1 }",
     "0.9855 -2.012 0.494"},
    {"SGDScheduleFree x", "schedule_free_sgd {} learning_rate { constant: 0.1 }",
     "0.9866666667 -2.01 0.49", 1, true},
    {"SGDScheduleFree warm-up with decay",
     "schedule_free_sgd { warmup_steps: 2 } learning_rate { constant: 0.1 } weight_decay: 0.1 "
     "weight_decay_form: COUPLED",
     "0.97066009 -1.99319718 0.5057647825"},
    {"AdamWScheduleFree y", "schedule_free_adamw {} learning_rate { constant: 0.1 }",
     "0.8838215101 -2.003650152 0.4619491389"},
    {"AdamWScheduleFree x", "schedule_free_adamw {} learning_rate { constant: 0.1 }",
     "0.89178918 -1.996914471 0.4516242829", 1, true},
    {"Keras ScheduleFreeAdamW y",
     "schedule_free_adamw { weight_lr_power: 0 } learning_rate { constant: 0.1 }",
     "0.8838215101 -2.003650152 0.4619491389"},
    {"AdamWScheduleFree warm-up",
     "schedule_free_adamw { warmup_steps: 2 } learning_rate { constant: 0.1 }",
     "0.931358256 -2.082724489 0.5274364211"},
    {"AdamWScheduleFree with decay",
     "schedule_free_adamw { decay_at_y: 0.1 } learning_rate { constant: 0.1 }",
     "0.8639119289 -1.962733273 0.4526128288"},
    {"Prodigy", "prodigy {} learning_rate { constant: 1 }",
     "0.9999924481 -2.000000451 0.4999956735"},
    {"Prodigy, bias-corrected", "prodigy { bias_correction: true } learning_rate { constant: 1 }",
     "0.9999980756 -1.999999782 0.49999867"},
    {"Prodigy optax",
     "prodigy { bias_correction: true only_grows: true } learning_rate { constant: 1 }",
     "0.9999980756 -1.999999782 0.49999867"},
    {"Prodigy, 30 updates", "prodigy {} learning_rate { constant: 1 }",
     "0.9582887993 -2.014125814 0.5018214525", 10},
    {"DAdaptAdam", "dadapt_adam {} learning_rate { constant: 1 }",
     "0.9999924481 -2.000000451 0.4999956735"},
    {"DAdaptAdam, bias-corrected decoupled",
     "dadapt_adam { bias_correction: true } learning_rate { constant: 1 }",
     "0.9999977625 -1.999999634 0.4999983087"},
    {"DAdaptSGD", "dadapt_sgd {} learning_rate { constant: 1 }",
     "0.9999993318 -2.000000802 0.5000008018"},
    {"Caffe AdaGrad",
     "adagrad { initial_accumulator_value: 0 epsilon: 1e-8 epsilon_inside_root: false } "
     "learning_rate { constant: 0.1 }",
     "0.8574342133 -2.011264511 0.4894427211"},
    {"Caffe AdaDelta", "adadelta { rho: 0.9 epsilon: 1e-8 } learning_rate { constant: 0.1 }",
     "0.999946161 -2.00002255 0.500008127"},
    {"Caffe Adam", "adam { epsilon: 1e-8 } learning_rate { constant: 0.1 }",
     "0.8075556184 -1.978175576 0.3669977817"},
    {"Caffe RMSProp",
     "rmsprop { rho: 0.99 epsilon: 1e-8 epsilon_inside_root: false } learning_rate { constant: 0.1 "
     "}",
     "-0.4257254326 -2.11479674 0.3962126313"},
    {"Adafactor 2x3 Keras", "adafactor {} learning_rate { constant: 0.1 }",
     "0.9017159688 -2.030997161 0.5046813933 -0.06115642957 0.7709767363 -1.256381848"},
    {"Adafactor 2x3 PyTorch",
     "adafactor { epsilon1: 2.220446049250313e-16 epsilon1_added: false } learning_rate { "
     "constant: 0.1 }",
     "0.9017159688 -2.030997161 0.5046813933 -0.06115642957 0.7709767363 -1.256381848"},
    {"Muon Keras", "muon {} learning_rate { constant: 0.1 }",
     "0.9649587811 -2.011976859 0.4721098426 0.2132995201 0.7076606582 -1.121065473"},
    {"Muon of its author",
     "muon { gather: AVERAGE scale: ROWS_OVER_COLUMNS } learning_rate { constant: 0.1 } "
     "weight_decay: 0",
     "0.9022687334 -2.041482337 0.4211269294 0.05064519272 0.7245375009 -1.164609646"},
    {"Muon PyTorch",
     "muon { gather: AVERAGE scale: ROWS_OVER_COLUMNS epsilon_added: false } learning_rate { "
     "constant: 0.1 } weight_decay: 0.1",
     "0.873534867 -1.982523724 0.4085821666 0.04447405214 0.7037779634 -1.132200716"},
    {"Muon optax",
     "muon { gather: CORRECTED_AVERAGE epsilon: 1e-8 scale: COLUMNS_OVER_ROWS } learning_rate { "
     "constant: 0.1 } weight_decay: 0",
     "0.8706987419 -2.052281936 0.4104671695 -0.005541175038 0.7212731103 -1.188188506"},
};

TEST(GoldenRowsTest, EveryLibrarysWeightsAreReachedFromItsSetting) {
  const std::vector<std::vector<double>> first = {
      {0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
  const std::vector<std::vector<double>> second = {
      {0.4, 0.05, -0.1}, {0.2, -0.3, 0.1}, {0.3, 0, 0.5}};
  for (const Golden& golden : kGolden) {
    const std::vector<std::string> printed = absl::StrSplit(golden.weights, ' ');
    OptimizerTraceOptions options;
    options.parameters = {1, -2, 0.5};
    for (int i = 0; i < 3 * golden.times; ++i) options.gradients.push_back(first[i % 3]);
    if (printed.size() == 6) {
      options.shape = {2, 3};
      options.parameters.insert(options.parameters.end(), {0.3, 0.7, -1.1});
      for (size_t i = 0; i < options.gradients.size(); ++i) {
        options.gradients[i].insert(options.gradients[i].end(), second[i % 3].begin(),
                                    second[i % 3].end());
      }
    }
    options.slots = golden.evaluated;
    const auto trace = TraceOptimizer(golden.text, "text", options);
    ASSERT_TRUE(trace.ok()) << trace.status();
    for (size_t i = 0; i < printed.size(); ++i) {
      const std::string column = absl::StrCat(golden.evaluated ? "evaluated" : "p", i);
      size_t c = 0;
      while (trace->columns.at(c) != column) ++c;
      // Half a unit of the last digit that was printed, or a millionth of how far the weight went.
      const size_t point = printed[i].find('.');
      const double digits =
          point == std::string::npos ? 0 : static_cast<double>(printed[i].size() - point - 1);
      const double expected = std::stod(printed[i]);
      const double most = std::max(1e-6 * std::abs(expected - options.parameters[i]),
                                   0.5001 * std::pow(10, -digits));
      EXPECT_NEAR(trace->rows.back()[c], expected, most)
          << golden.whose << ": " << golden.text << ", element " << i;
    }
  }
}

}  // namespace
}  // namespace gradus
