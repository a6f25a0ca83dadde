// The only door to oneDNN besides ops/*.cc. Owns the engine, turns dnnl::error into Status, and
// makes kernels out of primitives: created once with user-managed scratchpads, executed through the
// C interface with argument lists made beforehand.
//
//   return GuardOneDnn("softmax", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
//     dnnl::memory::desc md = DenseDesc(request.inputs[0]);
//     dnnl::softmax_forward::primitive_desc pd({prop, md, 1}, OneDnnAttributes(), OneDnnEngine());
//
//     return MakeOneDnnKernel(dnnl::softmax_forward(pd), pd.scratchpad_desc(),
//                             {{DNNL_ARG_SRC, md, OneDnnArg::kInput, 0},
//                              {DNNL_ARG_DST, md, OneDnnArg::kOutput, 0}});
//   });

#ifndef GRADUS_RUNTIME_ONEDNN_H_
#define GRADUS_RUNTIME_ONEDNN_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dnnl.hpp"
#include "gradus/base/status.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

// The CPU engine of the process.
const dnnl::engine& OneDnnEngine();

// Attributes with a user-managed scratchpad. A fresh object each time: copies of
// dnnl::primitive_attr are shallow.
dnnl::primitive_attr OneDnnAttributes();

dnnl::memory::data_type OneDnnType(DType dtype);

// The operand as a plain row-major descriptor with its pitch; rank 0 becomes [1].
dnnl::memory::desc PlainDesc(const Operand& operand);
// Any shape with explicit strides, in elements.
dnnl::memory::desc StridedDesc(DType dtype, const std::vector<int64_t>& dims,
                               const std::vector<int64_t>& strides);

struct OneDnnArg {
  enum Source { kInput, kOutput };
  int id;  // DNNL_ARG_SRC, ...
  dnnl::memory::desc desc;
  Source source;
  int index;  // Which input or output of the node.
};

// `scratchpad` is pd.scratchpad_desc(). The choice's scratch_bytes must be at least
// scratchpad.get_size().
std::unique_ptr<Kernel> MakeOneDnnKernel(dnnl::primitive primitive,
                                         const dnnl::memory::desc& scratchpad,
                                         std::vector<OneDnnArg> args);

// Runs f, which returns a Status or StatusOr, and turns what oneDNN throws into a Status that names
// `what`.
template <class F>
auto GuardOneDnn(absl::string_view what, F f) -> decltype(f()) {
  try {
    return f();
  } catch (const dnnl::error& e) {
    return absl::InternalError(absl::StrCat(what, ": oneDNN refused it (status ",
                                            static_cast<int>(e.status), "): ", e.what()));
  } catch (...) {
    return StatusOfException(what);
  }
}

// While it lives, OpenMP regions that this thread starts (oneDNN's) have one thread; then the
// caller's setting is back.
class OneOpenMpThread {
 public:
  OneOpenMpThread();
  ~OneOpenMpThread();
  OneOpenMpThread(const OneOpenMpThread&) = delete;
  OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

 private:
  const int before_;
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_ONEDNN_H_
