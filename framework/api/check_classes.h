// Whether a model has an output for each class that its training examples have: otherwise a run ends somewhere in its first epoch, at a
// label that picks a number which is not there.

#ifndef GRADUS_API_CHECK_CLASSES_H_
#define GRADUS_API_CHECK_CLASSES_H_

#include "gradus/base/diagnostics.h"
#include "gradus/data/open_data.h"
#include "gradus/graph/build_graph.h"
#include "gradus/model.pb.h"

namespace gradus {

// Findings stand at the losses. Of a label without class names only what the split has counted is known (DataSplits::classes).
void CheckClasses(const DataSplits& data, const ModelConfig& model, const ModelGraph& built,
                  Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_API_CHECK_CLASSES_H_
