// What fuse_dense and fuse_conv2d have in common: a product, the sum with a bias along its last axis, and an activation become one
// node. It is done after differentiation: gradients of these activations read the output, so nothing else reads what lies between,
// which is what makes the test local.

#ifndef GRADUS_RUNTIME_FUSE_EPILOGUE_H_
#define GRADUS_RUNTIME_FUSE_EPILOGUE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/pass.h"

namespace gradus {

// What follows a product.
struct Epilogue {
  bool has_bias = false;
  op::FusedDense::Activation activation = op::FusedDense::NONE;
  double alpha = 1;

  // The fields that all fused messages have.
  template <class Config>
  void Write(Config* config) const {
    if (activation != op::FusedDense::NONE) config->set_activation(activation);
    if (activation == op::FusedDense::ELU) config->set_alpha(alpha);
    config->set_has_bias(has_bias);
  }
};

struct EpilogueFusion {
  const google::protobuf::Descriptor* fused;  // The fused message; without its op nothing is done.
  // Whether a node is a product that can be fused.
  bool (*is_product)(const Graph& graph, const Node& node);
  // The fused node's config; its inputs are the product's and the bias.
  std::unique_ptr<google::protobuf::Message> (*make)(const Node& product, const Epilogue& epilogue);
};

absl::StatusOr<Program> FuseEpilogues(const Program& program, const EpilogueFusion& fusion);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_FUSE_EPILOGUE_H_
