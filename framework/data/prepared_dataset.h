// Raw examples as the model takes them: its inputs in its order, types and shapes, preprocessed as
// they are read. What is stored stays raw (a pixel is a byte until its batch is made).

#ifndef GRADUS_DATA_PREPARED_DATASET_H_
#define GRADUS_DATA_PREPARED_DATASET_H_

#include <memory>
#include <vector>

#include "gradus/data/dataset.h"
#include "gradus/data/preprocessing.h"

namespace gradus {

// Rows first .. first + count - 1 of `raw`. Input i is fed from field `fields[i]` of `raw`, each
// field once, through `transforms[i]`; types and sizes have been checked.
std::shared_ptr<const Dataset> MakePreparedDataset(std::shared_ptr<const Dataset> raw,
                                                   std::vector<FieldSpec> inputs,
                                                   std::vector<int> fields,
                                                   std::vector<InputTransform> transforms,
                                                   int64_t first, int64_t count);

}  // namespace gradus

#endif  // GRADUS_DATA_PREPARED_DATASET_H_
