// Which numbers the inputs of a model may have, where the model says it: the places of an embedding, the classes of a loss, yes and no.

#ifndef GRADUS_API_VALUE_RANGES_H_
#define GRADUS_API_VALUE_RANGES_H_

#include <string>
#include <vector>

#include "gradus/data/check_ranges.h"
#include "gradus/data/open_data.h"
#include "gradus/graph/build_graph.h"
#include "gradus/model.pb.h"

namespace gradus {

// The name of what layer i reads first: without `input` the layer before it, or the first input.
std::string FirstInputOf(const ModelConfig& model, int i);

// Whether the whole numbers of such a label count classes, and the classes are what the last axis of the prediction has.
bool IsOfClasses(PredictionMeaning::Kind kind);

// How many numbers an example of a layer has along its last axis, or 0 when there is no such layer.
int64_t WidthOf(const ModelGraph& built, const std::string& layer);

// Fields are counted as in `data.inputs`.
std::vector<ValueRange> ValueRangesOf(const ModelConfig& model, const ModelGraph& built,
                                      const DataSplits& data);

// Those of what a model predicts from, whatever its losses and metrics say of labels. Fields are counted as in `inputs`.
std::vector<ValueRange> InputRangesOf(const ModelConfig& model, absl::Span<const FieldSpec> inputs,
                                      const Preprocessing& preprocessing);

// The parts, each of whose examples is checked when it is read.
void CheckValueRanges(const ModelConfig& model, const ModelGraph& built, DataSplits* data);

}  // namespace gradus

#endif  // GRADUS_API_VALUE_RANGES_H_
