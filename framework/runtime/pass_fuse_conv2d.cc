// Conv2d + Add of a bias + activation become one FusedConv2d, so that the sum and the activation
// are not two more passes over the images.

#include "gradus/op.pb.h"
#include "gradus/runtime/fuse_epilogue.h"
#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

bool IsConvolution(const Graph&, const Node& node) { return ConfigOf<op::Conv2d>(node) != nullptr; }

std::unique_ptr<google::protobuf::Message> MakeConvolution(const Node& product,
                                                           const Epilogue& epilogue) {
  const auto& conv = *ConfigOf<op::Conv2d>(product);
  auto fused = std::make_unique<op::FusedConv2d>();
  *fused->mutable_stride() = conv.stride();
  *fused->mutable_dilation() = conv.dilation();
  *fused->mutable_padding() = conv.padding();
  if (conv.has_groups()) fused->set_groups(conv.groups());
  epilogue.Write(fused.get());
  return fused;
}

}  // namespace

absl::StatusOr<Program> FuseConv2d(const Program& program) {
  return FuseEpilogues(program, {op::FusedConv2d::descriptor(), IsConvolution, MakeConvolution});
}

}  // namespace gradus
