// Runs one operation by itself: its shape rule, and every kernel that offers itself.

#ifndef GRADUS_TESTS_OPS_RUN_OP_H_
#define GRADUS_TESTS_OPS_RUN_OP_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/tensor.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/onednn.h"

namespace gradus {

inline const Op& OpOf(const google::protobuf::Message& config) {
  const Op* op = Registry<Op>::Get().Find(config.GetDescriptor()->full_name());
  GRADUS_CHECK(op != nullptr);
  return *op;
}

inline TensorSpec FloatSpec(const Shape& shape) { return {DType::kFloat32, shape}; }
inline TensorSpec IndexSpec(const Shape& shape) { return {DType::kInt32, shape}; }

// What the shape rule says is wrong, or "" with the first output's spec.
inline std::string InferError(const google::protobuf::Message& config,
                              const std::vector<TensorSpec>& inputs) {
  std::vector<TensorSpec> outputs;
  return std::string(OpOf(config).InferOutputs(config, inputs, &outputs).message());
}

inline std::string InferredShape(const google::protobuf::Message& config,
                                 const std::vector<TensorSpec>& inputs) {
  std::vector<TensorSpec> outputs;
  const absl::Status status = OpOf(config).InferOutputs(config, inputs, &outputs);
  return status.ok() ? outputs[0].ToString() : std::string(status.message());
}

struct OpRun {
  std::string kernel;  // "vector", "onednn matmul"
  absl::Status status;
  std::vector<Tensor> outputs;
};

// The results of each kernel for dense operands.
inline std::vector<OpRun> RunOp(const google::protobuf::Message& config,
                                const std::vector<Tensor>& inputs) {
  std::vector<TensorSpec> in, out;
  Request request;
  request.config = &config;
  request.node = "node";
  bool empty = false;
  const auto operand = [](DType dtype, const std::vector<int64_t>& dims) {
    return Operand{dtype, dims, dims.empty() ? 1 : dims.back()};
  };
  for (const Tensor& tensor : inputs) {
    in.push_back({tensor.dtype(), Shape::Fixed(tensor.dims())});
    request.inputs.push_back(operand(tensor.dtype(), tensor.dims()));
    empty |= tensor.elements() == 0;
  }
  GRADUS_CHECK(OpOf(config).InferOutputs(config, in, &out).ok());
  for (const TensorSpec& spec : out) request.outputs.push_back(operand(spec.dtype, spec.shape.At(1)));

  std::vector<OpRun> runs;
  const std::string prefix = config.GetDescriptor()->full_name() + "/";
  for (const std::string& key : Registry<KernelFactory>::Get().Keys()) {
    if (key.compare(0, prefix.size(), prefix) != 0) continue;
    const KernelFactory& factory = *Registry<KernelFactory>::Get().Find(key);
    if (empty && !factory.accepts_empty()) continue;
    for (const Choice& choice : factory.Candidates(request)) {
      OpRun run;
      run.kernel = absl::StrCat(key.substr(prefix.size()), " ", choice.detail);
      auto kernel = factory.Create(request, choice);
      GRADUS_CHECK(kernel.ok());
      auto state = (*kernel)->NewState();
      GRADUS_CHECK(state.ok());
      std::vector<const void*> from;
      std::vector<void*> to;
      for (const Tensor& tensor : inputs) from.push_back(tensor.raw());
      for (const Operand& operand : request.outputs) {
        run.outputs.push_back(*Tensor::Create(operand.dtype, operand.dims));
      }
      for (Tensor& tensor : run.outputs) to.push_back(tensor.mutable_raw());
      const AlignedBuffer scratch = *AllocateAligned(choice.scratch_bytes);
      const OneOpenMpThread one_thread;
      run.status = (*kernel)->Run({from.data(), to.data(), scratch.get()}, state->get());
      runs.push_back(std::move(run));
    }
  }
  GRADUS_CHECK(!runs.empty());
  return runs;
}

inline std::vector<float> Floats(const Tensor& tensor) {
  return {tensor.data<float>().begin(), tensor.data<float>().end()};
}

}  // namespace gradus

#endif  // GRADUS_TESTS_OPS_RUN_OP_H_
