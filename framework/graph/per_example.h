// What losses and metrics share: reading a prediction with its label, and one number per example from many.

#ifndef GRADUS_GRAPH_PER_EXAMPLE_H_
#define GRADUS_GRAPH_PER_EXAMPLE_H_

#include <string>

#include "gradus/graph/layer.h"

namespace gradus {

struct PredictionAndLabel {
  Value prediction;
  Value label;
  bool valid() const { return prediction.valid() && label.valid(); }
};

// Looks up the fields `prediction` and `label`. Both must be FLOAT32 of one shape that begins with the batch. As in Keras, [batch] and
// [batch, 1] go together (the label takes the prediction's shape); everything else, which Keras would broadcast, is a finding. In a metric
// both are in the label's own units (value_units.h): not standardised, not the logarithm.
PredictionAndLabel ReadPair(const std::string& prediction, const std::string& label,
                            LayerScope* scope);

// The same for a metric that is made of differences between numbers, and so does not change when both are moved by one amount: what is
// only such an amount (a mean, a least value) is left out, as float32 has no room for small errors of large numbers.
PredictionAndLabel ReadPairForDifferences(const std::string& prediction, const std::string& label,
                                          LayerScope* scope);

// The same for class numbers: prediction FLOAT32 [batch, classes], label INT32 [batch] or [batch, 1], which becomes [batch].
PredictionAndLabel ReadClasses(const std::string& prediction, const std::string& label,
                               LayerScope* scope);

// A finding and false unless the last axis of the prediction has at least two classes.
bool ExpectClasses(Value prediction, LayerScope* scope);

// Rows for a metric's summary: all numbers of an example's prediction, then as many of its label, [batch, 2 n]. n >= 1.
Value RowsOfPair(const PredictionAndLabel& pair, Emitter& emit);
// Rows of two numbers, for a metric of classes: the predicted class, then the label's, as floats. The prediction is [batch, classes] with
// two classes at least. The label is INT32 [batch] (a number that is no class ends the run) or one-hot. Invalid after a finding.
Value RowsOfClasses(const std::string& prediction, const std::string& label, LayerScope* scope);

// The mean over all axes behind the batch: [batch, ...] to [batch].
Value MeanPerExample(Value value, Emitter& emit);

}  // namespace gradus

#endif  // GRADUS_GRAPH_PER_EXAMPLE_H_
