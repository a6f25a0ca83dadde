// What is added to the loss for parameters: l1 sum |w| + l2 sum w^2, as keras.regularizers.L1L2.
//
//   layer { name: "fc" dense { units: 64 } regularizer { l2: 1e-4 } }
//
// It is one more loss of the model, "regularizers", whose value is the same for every example, so its mean is that value and its gradient l1
// sign(w) + 2 l2 w, however the examples are cut into batches and blocks of rows. Whoever sees the model's loss sees it: training, validation
// (as in Keras), a search along a line, gradients at other weights. Its weight is the number "regularizers/weight", 1, which may follow a
// schedule. A parameter that several layers share counts once.
//
// Rejected: adding it in the update. The loss that is shown and searched would be another one than the gradient's; that is weight decay.

#ifndef GRADUS_GRAPH_REGULARIZERS_H_
#define GRADUS_GRAPH_REGULARIZERS_H_

#include <string>
#include <vector>

#include "gradus/base/diagnostics.h"
#include "gradus/graph/emitter.h"
#include "gradus/model.pb.h"

namespace gradus {

constexpr char kRegularizers[] = "regularizers";

class Regularizers {
 public:
  // Takes in what the layer says of its parameters, which are named "<weights>/<parameter>". `path` is the layer's.
  void Add(const LayerConfig& layer, const std::vector<Value>& parameters, const Graph& graph,
           const ConfigPath& path, Diagnostics* diagnostics);
  bool empty() const { return terms_.empty(); }
  // Where the first stands; for messages.
  const ConfigPath& path() const { return terms_[0].path; }
  // Their sum for each example: [batch].
  Value PerExample(Emitter& emit) const;

 private:
  struct Term {
    Value parameter;
    double l1, l2;
    std::string layer;
    ConfigPath path;
  };
  std::vector<Term> terms_;
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_REGULARIZERS_H_
