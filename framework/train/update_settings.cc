// From the text to an update's numbers.

#include "gradus/train/update_settings.h"

namespace gradus {
namespace {

// A mean is made up by and by: the n-th weights have the n-th part in it.
double AveragePart(const AverageConfig& average, int64_t update) {
  switch (average.kind_case()) {
    case AverageConfig::KIND_NOT_SET:
      return 0;
    case AverageConfig::kEma:
      return update == 0 ? 1 : 1 - average.ema().momentum();
    case AverageConfig::kSwa:
      break;
  }
  const int64_t since = update - average.swa().start();
  if (since < 0) return 1;
  if (since % average.swa().every() != 0) return 0;
  return 1 / (1 + static_cast<double>(since / average.swa().every()));
}

}  // namespace

UpdateStep StepOf(const OptimizerConfig& config, const GroupNumbers& numbers, int64_t update) {
  UpdateStep step;
  step.rate = numbers.rate;
  step.l1 = config.l1();
  step.average_part = AveragePart(config.average(), update);
  switch (config.weight_decay_form()) {
    case DECOUPLED:
      step.decay = numbers.weight_decay * numbers.rate;
      break;
    case COUPLED:
      step.l2 = numbers.weight_decay;
      break;
    case DECOUPLED_FROM_RATE:
      step.decay = numbers.weight_decay;
      break;
  }
  return step;
}

}  // namespace gradus
