// Examples that count more or less than others: in a loss by an input (example_weight) and by their class (class_weight), in a metric by an
// input. A weighted loss is w * loss, and its mean is still over the number of examples, as in Keras; a metric counts an example of weight w
// as w examples.

#ifndef GRADUS_GRAPH_EXAMPLE_WEIGHTS_H_
#define GRADUS_GRAPH_EXAMPLE_WEIGHTS_H_

#include <string>

#include "gradus/base/diagnostics.h"
#include "gradus/graph/emitter.h"
#include "gradus/graph/name_table.h"
#include "gradus/graph/prediction_meaning.h"
#include "gradus/model.pb.h"

namespace gradus {

// Of the loss or metric that is weighted.
struct WeightScope {
  std::string name;     // "loss/price", for what is added to the graph
  std::string subject;  // `loss "price": `, for messages
  ConfigPath path;      // model.loss[price]
  Emitter* emit;
  const NameTable* names;
  Diagnostics* diagnostics;
};

// The loss of each example, [batch], times its weights. Invalid after a finding.
Value WeighLoss(const LossConfig& loss, const PredictionMeaning& meaning, Value value,
                const WeightScope& scope);

// A metric's rows, [batch] or [batch, width], with the example's weight behind them: [batch, width + 1]. Invalid after a finding.
Value AppendWeight(const MetricConfig& metric, Value rows, const WeightScope& scope);

}  // namespace gradus

#endif  // GRADUS_GRAPH_EXAMPLE_WEIGHTS_H_
