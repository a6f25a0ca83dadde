// Examples of the schedule, for the conformance test. Golden values: Keras 3.16 and PyTorch 1.13.1
// as they ran, transformers, timm, Caffe and fastai by their formulas.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.polynomial_decay",
    ({{// PolynomialDecay(.1, 4, .01, 2)
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 4 end_learning_rate: 0.01 "
        "power: 2 }",
        {{0, 0.1},
         {1, 0.060625},
         {2, 0.0325},
         {3, 0.015625},
         {4, 0.01},
         {5, 0.01},
         {int64_t{1} << 53, 0.01}}},
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 4 end_learning_rate: 0.01 "
        "power: 2 cycle: true }",
        {{0, 0.1},
         {1, 0.060625},
         {3, 0.015625},
         {4, 0.01},
         {5, 0.02265625},
         {6, 0.015625},
         {7, 0.01140625},
         {8, 0.01},
         {9, 0.015625},
         {10, 0.0125},
         {int64_t{1} << 53, 0.01}}},
       // PolynomialLR(4, 2)
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 4 end_learning_rate: 0 power: "
        "2 }",
        {{0, 0.1}, {1, 0.05625}, {2, 0.025}, {3, 0.00625}, {4, 0}, {5, 0}}},
       // Keras' defaults: a line to 0.0001
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 10 }",
        {{0, 0.1}, {5, 0.05005}, {10, 0.0001}, {int64_t{1} << 53, 0.0001}}},
       // Caffe's poly with max_iter 8, power .75
       {"polynomial_decay { initial_learning_rate: 0.01 decay_steps: 8 end_learning_rate: 0 power: "
        "0.75 }",
        {{0, 0.01},
         {1, 0.00904703019425048},
         {2, 0.00805927448867656},
         {3, 0.00702926656487936},
         {4, 0.0059460355750136},
         {5, 0.00479207328184704},
         {6, 0.00353553390593274},
         {7, 0.00210224103813429},
         {8, 0}}},
       // timm's PolyLRScheduler(6, power=.5, lr_min=.01, k_decay=2)
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 6 end_learning_rate: 0.01 "
        "power: 0.5 k_decay: 2 }",
        {{0, 0.1},
         {1, 0.0987411967464942},
         {2, 0.0948528137423857},
         {3, 0.0879422863405995},
         {4, 0.0770820393249937},
         {5, 0.059749371855331},
         {6, 0.01},
         {7, 0.01}}},
       // fastai's SchedPoly(.1, .5, 3) over 4 updates: a + (b - a) pos^power
       {"clock: RUN polynomial_decay { initial_learning_rate: 0.1 decay_steps: 1 "
        "end_learning_rate: 0.5 k_decay: 3 }",
        {{0, 0.1}, {1, 0.10625}, {2, 0.15}, {3, 0.26875}, {4, 0.5}, {9, 0.5}},
        {0, 0, {}, 4}},
       // 2.5 updates long, and again.
       {"polynomial_decay { initial_learning_rate: 1 decay_steps: 2.5 end_learning_rate: 0 cycle: "
        "true }",
        {{0, 1}, {1, 0.6}, {2, 0.2}, {3, 0.4}, {4, 0.2}, {5, 0}, {6, 0.2}, {10, 0}}},
       // Power 0 is 1 everywhere.
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 4 power: 0 }",
        {{0, 0.1}, {4, 0.1}, {9, 0.1}}}},
      {{"polynomial_decay { }",
        "text:1:1: polynomial_decay: initial_learning_rate is missing "
        "[polynomial_decay.initial_learning_rate]\ntext:1:1: polynomial_decay: decay_steps is "
        "missing [polynomial_decay.decay_steps]"},
       {"polynomial_decay { initial_learning_rate: 0.1 decay_steps: 4 end_learning_rate: -1 power: "
        "-1 k_decay: 0 }",
        "text:1:81: polynomial_decay: end_learning_rate -1 must be at least 0 "
        "[polynomial_decay.end_learning_rate]\ntext:1:91: polynomial_decay: power -1 must be at "
        "least 0 [polynomial_decay.power]\ntext:1:103: polynomial_decay: k_decay 0 must be above 0 "
        "[polynomial_decay.k_decay]"}}}));

}  // namespace
}  // namespace gradus
