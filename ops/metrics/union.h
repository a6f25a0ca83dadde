// What iou and mean_iou share: intersection over union of what is predicted and what is labelled, tp / (tp + fp + fn).

#ifndef GRADUS_OPS_METRICS_UNION_H_
#define GRADUS_OPS_METRICS_UNION_H_

#include "ops/metrics/positives.h"

namespace gradus {

struct IntersectionOverUnion {
  static double Of(double tp, double fp, double fn) { return PartOf(tp, tp + fp + fn); }
};

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_UNION_H_
