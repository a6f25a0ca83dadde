// HOW one node is computed. A KernelFactory offers ways (Choices) for a concrete request; the
// planner takes the cheapest and the factory makes a Kernel of it. Several factories may serve one
// op: oneDNN, a vector loop of ours, a tiny-network path.
//
//   class ReluLoop final : public KernelFactory {
//     std::vector<Choice> Candidates(const Request& request) const override;
//     absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request&, const Choice&) const override;
//   };
//   GRADUS_REGISTER_KERNEL(op::Relu, "loop", ReluLoop);
//
// A Choice is data and depends on nothing but the request and the instruction set, so the same
// program makes the same choices on the same machine.

#ifndef GRADUS_RUNTIME_KERNEL_H_
#define GRADUS_RUNTIME_KERNEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/dtype.h"
#include "gradus/base/registry.h"

namespace gradus {

// A concrete tensor in a plan: row-major, with `pitch` elements from one row of the last axis to
// the next. pitch is dims.back() except for parameters and their gradients, whose rows may be
// padded.
struct Operand {
  DType dtype = DType::kFloat32;
  std::vector<int64_t> dims;
  int64_t pitch = 0;

  int64_t elements() const {
    int64_t n = 1;
    for (int64_t d : dims) n *= d;
    return n;
  }
  bool dense() const { return dims.size() < 2 || pitch == dims.back(); }
};

struct Request {
  const google::protobuf::Message* config = nullptr;
  std::string node;  // The node's name, for messages.
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;
};

struct Choice {
  std::string factory;        // "onednn", "loop"; filled in by the planner
  std::string detail;         // Which variant; printed, and read back by Create
  int64_t scratch_bytes = 0;  // 64-byte aligned memory wanted during Run
  double cost = 0;            // Estimated nanoseconds on one thread
};

struct KernelArgs {
  const void* const* inputs;
  void* const* outputs;  // May equal an input's where the op says MayOverwrite.
  void* scratch;
};

// What one concurrent call keeps between runs (oneDNN memory handles); most kernels need nothing.
class KernelState {
 public:
  virtual ~KernelState() = default;
};

// Immutable and shared between threads; each concurrent caller brings its own state.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual absl::StatusOr<std::unique_ptr<KernelState>> NewState() const {
    return std::unique_ptr<KernelState>();
  }
  // Allocates nothing of ours. Called with oneDNN's threads limited to one.
  virtual absl::Status Run(const KernelArgs& args, KernelState* state) const = 0;
};

class KernelFactory {
 public:
  virtual ~KernelFactory() = default;
  // Ways to compute the request; none when this factory does not serve it.
  virtual std::vector<Choice> Candidates(const Request& request) const = 0;
  virtual absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                         const Choice& choice) const = 0;
  // Whether padded operands are understood. If not, the planner gives dense copies.
  virtual bool accepts_pitch() const { return false; }
  // Whether an input may have no elements while an output has some (sums over nothing). A node
  // whose outputs are all empty never reaches a kernel.
  virtual bool accepts_empty() const { return false; }
};

#define GRADUS_REGISTER_KERNEL(ConfigType, name, Class) \
  GRADUS_REGISTER(::gradus::KernelFactory,              \
                  ::absl::StrCat(ConfigType::descriptor()->full_name(), "/", name), Class)

// A kernel from a function object `void(const KernelArgs&)` or `absl::Status(const KernelArgs&)`.
template <class F>
class FunctionKernel final : public Kernel {
 public:
  explicit FunctionKernel(F f) : f_(std::move(f)) {}
  absl::Status Run(const KernelArgs& args, KernelState*) const override {
    if constexpr (std::is_void<decltype(f_(args))>::value) {
      f_(args);
      return absl::OkStatus();
    } else {
      return f_(args);
    }
  }

 private:
  const F f_;
};

template <class F>
std::unique_ptr<Kernel> MakeKernel(F f) {
  return std::make_unique<FunctionKernel<F>>(std::move(f));
}

}  // namespace gradus

#endif  // GRADUS_RUNTIME_KERNEL_H_
