// The activation functions that the language names, as nodes: what dense and activation layers share.

#ifndef GRADUS_GRAPH_ACTIVATION_H_
#define GRADUS_GRAPH_ACTIVATION_H_

#include "gradus/graph/emitter.h"
#include "gradus/layer.pb.h"

namespace gradus {

// The value itself for LINEAR.
Value ApplyActivation(layer::Activation activation, Value value, Emitter& emit);

}  // namespace gradus

#endif  // GRADUS_GRAPH_ACTIVATION_H_
