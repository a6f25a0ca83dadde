// What the data says of a model, written into its configuration, so that whatever is saved of a run stands alone: shapes that the text left
// out, weights of classes that are balanced. And what the data says of a model's numbers: the units in which metrics are told.

#ifndef GRADUS_API_RESOLVE_MODEL_H_
#define GRADUS_API_RESOLVE_MODEL_H_

#include <set>
#include <string>

#include "absl/types/span.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data/open_data.h"
#include "gradus/graph/value_units.h"
#include "gradus/run.pb.h"

namespace gradus {

// Whether a model leaves anything to its training data: a shape, or weights that are balanced.
bool NeedsTrainingData(const ModelConfig& model);

// Writes shapes and class weights into `model`, which stands at `path`. Where the data could not be opened, which is a finding already,
// shapes stay unknown and balanced weights are left out: what is built of the model then serves nothing but more findings.
void ResolveModel(const DataSplits& data, const ConfigPath& path, ModelConfig* model,
                  Diagnostics* diagnostics);

// Inputs whose shape nobody has said.
std::set<std::string> UnknownInputs(const DataSplits& data);

// Of the inputs whose numbers are not those of the source.
UnitsByInput UnitsOf(const Preprocessing& preprocessing, absl::Span<const FieldSpec> inputs);

// A configuration that a program of an older version has saved says no more of a sample than what fraction it is: it meant the last
// examples.
void ReadOlderSplit(DataConfig* data);

// "1437 training, 360 validation examples" and, in a line of its own, how many of each class; no line break at the end. Empty without data.
std::string SplitInWords(const DataSplits& data);

}  // namespace gradus

#endif  // GRADUS_API_RESOLVE_MODEL_H_
