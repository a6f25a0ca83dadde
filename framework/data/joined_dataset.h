// Examples whose parts come from several datasets of the same number of rows.

#ifndef GRADUS_DATA_JOINED_DATASET_H_
#define GRADUS_DATA_JOINED_DATASET_H_

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "gradus/data/dataset.h"

namespace gradus {

// Fields in the order of `inputs`, each of which is a field of one part.
std::shared_ptr<const Dataset> JoinDatasets(std::vector<std::shared_ptr<const Dataset>> parts,
                                            absl::Span<const FieldSpec> inputs);

}  // namespace gradus

#endif  // GRADUS_DATA_JOINED_DATASET_H_
