// Kernels out of oneDNN primitives.

#include "gradus/runtime/onednn.h"

#include <omp.h>

namespace gradus {
namespace {

struct MemoryDeleter {
  void operator()(dnnl_memory* memory) const { dnnl_memory_destroy(memory); }
};

class OneDnnState final : public KernelState {
 public:
  std::vector<std::unique_ptr<dnnl_memory, MemoryDeleter>> memories;
  std::vector<dnnl_exec_arg_t> exec_args;
  std::vector<const void*> handles;  // What each memory points at now.
  dnnl_stream_t stream = nullptr;
  ~OneDnnState() override {
    if (stream != nullptr) dnnl_stream_destroy(stream);
  }
};

absl::Status ToStatus(dnnl_status_t status, absl::string_view what) {
  if (status == dnnl_success) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("oneDNN: ", what, " failed with status ", status));
}

class OneDnnKernel final : public Kernel {
 public:
  OneDnnKernel(dnnl::primitive primitive, const dnnl::memory::desc& scratchpad,
               std::vector<OneDnnArg> args)
      : primitive_(std::move(primitive)), scratchpad_(scratchpad), args_(std::move(args)) {}

  absl::StatusOr<std::unique_ptr<KernelState>> NewState() const override {
    auto state = std::make_unique<OneDnnState>();
    GRADUS_RETURN_IF_ERROR(ToStatus(
        dnnl_stream_create(&state->stream, OneDnnEngine().get(), dnnl_stream_default_flags),
        "creating a stream"));
    for (const OneDnnArg& arg : args_) GRADUS_RETURN_IF_ERROR(Add(arg.id, arg.desc, state.get()));
    if (scratchpad_.get_size() > 0) {
      GRADUS_RETURN_IF_ERROR(Add(DNNL_ARG_SCRATCHPAD, scratchpad_, state.get()));
    }
    return std::unique_ptr<KernelState>(std::move(state));
  }

  absl::Status Run(const KernelArgs& args, KernelState* kernel_state) const override {
    auto* state = static_cast<OneDnnState*>(kernel_state);
    for (size_t i = 0; i < state->memories.size(); ++i) {
      const void* p = i == args_.size()                      ? args.scratch
                      : args_[i].source == OneDnnArg::kInput ? args.inputs[args_[i].index]
                                                             : args.outputs[args_[i].index];
      if (state->handles[i] == p) continue;
      GRADUS_RETURN_IF_ERROR(
          ToStatus(dnnl_memory_set_data_handle_v2(state->memories[i].get(), const_cast<void*>(p),
                                                  state->stream),
                   "setting a data handle"));
      state->handles[i] = p;
    }
    return ToStatus(
        dnnl_primitive_execute(primitive_.get(), state->stream,
                               static_cast<int>(state->exec_args.size()), state->exec_args.data()),
        "executing a primitive");
  }

 private:
  static absl::Status Add(int id, const dnnl::memory::desc& desc, OneDnnState* state) {
    dnnl_memory_t memory = nullptr;
    GRADUS_RETURN_IF_ERROR(
        ToStatus(dnnl_memory_create(&memory, &desc.data, OneDnnEngine().get(), DNNL_MEMORY_NONE),
                 "creating a memory object"));
    state->memories.emplace_back(memory);
    state->exec_args.push_back({id, memory});
    state->handles.push_back(nullptr);
    return absl::OkStatus();
  }

  const dnnl::primitive primitive_;
  const dnnl::memory::desc scratchpad_;
  const std::vector<OneDnnArg> args_;
};

}  // namespace

const dnnl::engine& OneDnnEngine() {
  static const dnnl::engine* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

dnnl::primitive_attr OneDnnAttributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::memory::data_type OneDnnType(DType dtype) {
  GRADUS_CHECK(dtype == DType::kFloat32 || dtype == DType::kInt32);
  return dtype == DType::kFloat32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::s32;
}

dnnl::memory::desc StridedDesc(DType dtype, const std::vector<int64_t>& dims,
                               const std::vector<int64_t>& strides) {
  return dnnl::memory::desc(dims, OneDnnType(dtype), strides);
}

dnnl::memory::desc PlainDesc(const Operand& operand) {
  if (operand.dims.empty()) return StridedDesc(operand.dtype, {1}, {1});
  std::vector<int64_t> strides(operand.dims.size());
  int64_t stride = 1;
  for (size_t i = operand.dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= i + 1 == operand.dims.size() && operand.pitch > 0 ? operand.pitch : operand.dims[i];
  }
  return StridedDesc(operand.dtype, operand.dims, strides);
}

std::unique_ptr<Kernel> MakeOneDnnKernel(dnnl::primitive primitive,
                                         const dnnl::memory::desc& scratchpad,
                                         std::vector<OneDnnArg> args) {
  return std::make_unique<OneDnnKernel>(std::move(primitive), scratchpad, std::move(args));
}

OneOpenMpThread::OneOpenMpThread() : before_(omp_get_max_threads()) {
  if (before_ != 1) omp_set_num_threads(1);
}

OneOpenMpThread::~OneOpenMpThread() {
  if (before_ != 1) omp_set_num_threads(before_);
}

}  // namespace gradus
