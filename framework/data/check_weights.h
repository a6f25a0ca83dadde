// Weights of examples are numbers from 0 on. That they are finite every example's numbers must be; that they are not negative is checked
// here, where the message can still name the row.

#ifndef GRADUS_DATA_CHECK_WEIGHTS_H_
#define GRADUS_DATA_CHECK_WEIGHTS_H_

#include <memory>

#include "gradus/data/dataset.h"

namespace gradus {

// The dataset itself when none of its fields is `not_negative`.
std::shared_ptr<const Dataset> CheckWeights(std::shared_ptr<const Dataset> dataset);

}  // namespace gradus

#endif  // GRADUS_DATA_CHECK_WEIGHTS_H_
