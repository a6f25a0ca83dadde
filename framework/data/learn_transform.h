// Mean and deviation of an input's elements, from the rows that are trained on.

#ifndef GRADUS_DATA_LEARN_TRANSFORM_H_
#define GRADUS_DATA_LEARN_TRANSFORM_H_

#include "absl/status/status.h"
#include "gradus/data/dataset.h"
#include "gradus/data/preprocessing.h"
#include "gradus/data/rows.h"

namespace gradus {

// Sets mean and deviation of `transform` from those rows of the field: the mean of x / divide_by,
// and the root of the mean squared distance from it (population form, two passes). A constant
// element gets its value and deviation 1: it is only centred.
absl::Status LearnTransform(const Dataset& raw, int field, const Rows& rows,
                            InputTransform* transform);

}  // namespace gradus

#endif  // GRADUS_DATA_LEARN_TRANSFORM_H_
