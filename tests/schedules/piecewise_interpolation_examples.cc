// Examples of the schedule, for the conformance test. Golden values: optax by its formula,
// otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.piecewise_interpolation",
    ({{// optax' piecewise_interpolate_schedule('linear', 1, {2: .5, 6: .2}), its factors multiplied
       // out
       {"piecewise_interpolation { point { at: 0 value: 1 } point { at: 2 value: 0.5 } point { at: "
        "6 value: 0.1 } }",
        {{0, 1},
         {1, 0.75},
         {2, 0.5},
         {3, 0.4},
         {4, 0.3},
         {5, 0.2},
         {6, 0.1},
         {7, 0.1},
         {int64_t{1} << 53, 0.1}}},
       // with half cosines
       {"piecewise_interpolation { point { at: 0 value: 1 } point { at: 2 value: 0.5 } point { at: "
        "6 value: 0.1 } interpolation: COSINE }",
        {{0, 1},
         {1, 0.75},
         {2, 0.5},
         {3, 0.441421356237309},
         {4, 0.3},
         {5, 0.158578643762691},
         {6, 0.1},
         {7, 0.1}}},
       // Up and down; the first value holds before its time.
       {"piecewise_interpolation { point { at: 2.5 value: 0 } point { at: 5 value: 1 } point { at: "
        "7.5 value: 0.5 } }",
        {{0, 0}, {2, 0}, {3, 0.2}, {4, 0.6}, {5, 1}, {6, 0.8}, {7, 0.6}, {8, 0.5}}},
       // One point is a constant.
       {"piecewise_interpolation { point { at: 3 value: 0.1 } }", {{0, 0.1}, {3, 0.1}, {9, 0.1}}},
       // PyTorch's SWALR(swa_lr=.05, anneal_epochs=4) from .1: half a cosine
       {"piecewise_interpolation { point { at: 0 value: 0.1 } point { at: 4 value: 0.05 } "
        "interpolation: COSINE }",
        {{0, 0.1},
         {1, 0.0926776695296637},
         {2, 0.075},
         {3, 0.0573223304703363},
         {4, 0.05},
         {5, 0.05}}}},
      {{"piecewise_interpolation { }",
        "text:1:1: piecewise_interpolation: point is missing [piecewise_interpolation.point]"},
       {"piecewise_interpolation { point { at: 0 } point { value: 1 } }",
        "text:1:27: point[0]: value is missing "
        "[piecewise_interpolation.point[0].value]\ntext:1:43: point[1]: at is missing "
        "[piecewise_interpolation.point[1].at]"},
       {"piecewise_interpolation { point { at: -1 value: -1 } }",
        "text:1:39: point[0]: at -1 must be at least 0 "
        "[piecewise_interpolation.point[0].at]\ntext:1:49: point[0]: value -1 must be at least 0 "
        "[piecewise_interpolation.point[0].value]"},
       {"piecewise_interpolation { point { at: 2 value: 1 } point { at: 5 value: 1 } point { at: 5 "
        "value: 2 } }",
        "text:1:89: piecewise_interpolation: the times of its points must increase, but 5 follows "
        "5 [piecewise_interpolation.point[2].at]"}}}));

}  // namespace
}  // namespace gradus
