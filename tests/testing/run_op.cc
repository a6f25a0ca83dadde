// One operation, run by a chosen kernel.

#include "tests/testing/run_op.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/base/tensor.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/onednn.h"

namespace gradus {
namespace {

Operand DenseOperand(DType dtype, const std::vector<int64_t>& dims) {
  return Operand{dtype, dims, dims.empty() ? 1 : dims.back()};
}

}  // namespace

std::vector<float> RunOp(const std::string& factory, const google::protobuf::Message& config,
                         const std::vector<RefTensor>& inputs, int output) {
  const std::string name = config.GetDescriptor()->full_name();
  std::vector<TensorSpec> specs;
  for (const RefTensor& input : inputs)
    specs.push_back({DType::kFloat32, Shape::Fixed(input.dims)});
  std::vector<TensorSpec> outputs;
  GRADUS_CHECK(Registry<Op>::Get().Find(name)->InferOutputs(config, specs, &outputs).ok());

  Request request;
  request.config = &config;
  request.node = "node";
  std::vector<Tensor> tensors, results;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const RefTensor& input : inputs) {
    request.inputs.push_back(DenseOperand(DType::kFloat32, input.dims));
    tensors.push_back(Tensor::Of<float>(
        input.dims, std::vector<float>(input.values.begin(), input.values.end())));
    in.push_back(tensors.back().raw());
  }
  for (const TensorSpec& spec : outputs) {
    request.outputs.push_back(DenseOperand(spec.dtype, spec.shape.At(1)));
    results.push_back(*Tensor::Create(spec.dtype, spec.shape.At(1)));
    out.push_back(results.back().mutable_raw());
  }
  const KernelFactory* kernels =
      Registry<KernelFactory>::Get().Find(absl::StrCat(name, "/", factory));
  GRADUS_CHECK(kernels != nullptr);
  const std::vector<Choice> choices = kernels->Candidates(request);
  GRADUS_CHECK(!choices.empty());
  const std::unique_ptr<Kernel> kernel = *kernels->Create(request, choices[0]);
  const std::unique_ptr<KernelState> state = *kernel->NewState();
  const AlignedBuffer scratch = *AllocateAligned(choices[0].scratch_bytes);
  const OneOpenMpThread one_thread;
  GRADUS_CHECK(kernel->Run({in.data(), out.data(), scratch.get()}, state.get()).ok());
  const auto data = results[output].data<float>();
  return {data.begin(), data.end()};
}

absl::Status InferOp(const google::protobuf::Message& config, const std::vector<TensorSpec>& inputs,
                     TensorSpec* output) {
  std::vector<TensorSpec> outputs;
  GRADUS_RETURN_IF_ERROR(Registry<Op>::Get()
                             .Find(config.GetDescriptor()->full_name())
                             ->InferOutputs(config, inputs, &outputs));
  if (output != nullptr) *output = outputs[0];
  return absl::OkStatus();
}

std::string CheapestFactory(const google::protobuf::Message& config,
                            const std::vector<std::vector<int64_t>>& inputs,
                            const std::vector<int64_t>& output) {
  Request request;
  request.config = &config;
  for (const auto& dims : inputs) request.inputs.push_back(DenseOperand(DType::kFloat32, dims));
  request.outputs.push_back(DenseOperand(DType::kFloat32, output));
  const std::string prefix = absl::StrCat(config.GetDescriptor()->full_name(), "/");
  std::string best;
  double cost = 0;
  for (const std::string& key : Registry<KernelFactory>::Get().Keys()) {
    if (!absl::StartsWith(key, prefix)) continue;
    for (const Choice& choice : Registry<KernelFactory>::Get().Find(key)->Candidates(request)) {
      if (!best.empty() && choice.cost >= cost) continue;
      best = key.substr(prefix.size());
      cost = choice.cost;
    }
  }
  return best;
}

}  // namespace gradus
