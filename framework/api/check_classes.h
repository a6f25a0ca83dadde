// Whether a model has an output for each class that its training examples have, a row for each category that it embeds, and a loss of
// more than two classes where there are more: otherwise a run ends somewhere in its first epoch, or learns what nobody meant.

#ifndef GRADUS_API_CHECK_CLASSES_H_
#define GRADUS_API_CHECK_CLASSES_H_

#include "gradus/base/diagnostics.h"
#include "gradus/data/open_data.h"
#include "gradus/graph/build_graph.h"
#include "gradus/run.pb.h"

namespace gradus {

// Findings stand at the losses and layers. Of a label without class names only what the split has counted is known (DataSplits::classes).
void CheckClasses(const DataSplits& data, const RunConfig& config, const ModelGraph& built,
                  Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_API_CHECK_CLASSES_H_
