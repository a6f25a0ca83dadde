// Examples of the controller, for the conformance test.

#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

GRADUS_CONTROLLER_EXAMPLES(
    "gradus.ControllerConfig.reduce_on_plateau",
    ({{"reduce_on_plateau { monitor: \"validation/loss\" factor: 0.1 patience: 10 }",
       "reduce_on_plateau { monitor: \"validation/loss\" patience: 2 cooldown: 2 min_scale: 1e-3 }",
       "reduce_on_plateau { monitor: \"batch/accuracy\" factor: 0.5 patience: 3 cooldown: 1 "
       "counting: PYTORCH rise_factor: 1.5 }",
       "reduce_on_plateau { monitor: \"batch/loss\" factor: 0.5 patience: 1 average: 4 "
       "counting: OPTAX min_learning_rate: 1e-4 }",
       "reduce_on_plateau { monitor: \"train/loss\" smoothing: 0.9 patience: 1.5 cooldown: 0.5 "
       "clock: EPOCHS }",
       "reduce_on_plateau { monitor: \"train/loss\" patience: 0 clock: RUN }"},
      {{"reduce_on_plateau { patience: 3 }",
        "text:1:1: reduce_on_plateau: monitor is missing [reduce_on_plateau.monitor]"},
       {"reduce_on_plateau { monitor: \"validation/los\" }",
        "text:1:30: reduce_on_plateau: nothing produces \"validation/los\"; did you mean "
        "\"validation/loss\"? [reduce_on_plateau.monitor]"},
       {"\n reduce_on_plateau {\n  monitor: \"test/loss\" }",
        "text:3:12: reduce_on_plateau: nothing produces \"test/loss\"; there is validation/loss, "
        "validation/accuracy, train/loss, train/accuracy, batch/loss, batch/accuracy "
        "[reduce_on_plateau.monitor]"},
       {"reduce_on_plateau { monitor: \"batch/loss\" factor: 1 }",
        "text:1:51: reduce_on_plateau: factor 1 must be above 0 and below 1 "
        "[reduce_on_plateau.factor]"},
       {"reduce_on_plateau { monitor: \"batch/loss\" patience: -1 cooldown: -1 }",
        "text:1:53: reduce_on_plateau: patience -1 must be at least 0 "
        "[reduce_on_plateau.patience]\n"
        "text:1:66: reduce_on_plateau: cooldown -1 must be at least 0 "
        "[reduce_on_plateau.cooldown]"},
       {"reduce_on_plateau { monitor: \"batch/loss\" smoothing: 1 average: 0 rise_factor: 0.5 }",
        "text:1:54: reduce_on_plateau: smoothing 1 must be at least 0 and below 1 "
        "[reduce_on_plateau.smoothing]\n"
        "text:1:65: reduce_on_plateau: average 0 must be at least 1 and at most 9007199254740991 "
        "[reduce_on_plateau.average]\n"
        "text:1:80: reduce_on_plateau: rise_factor 0.5 must be at least 1 "
        "[reduce_on_plateau.rise_factor]"}}}));

}  // namespace
}  // namespace gradus
