// Element-by-element kernels out of oneDNN's eltwise and binary primitives. Dense operands only.
//
// Which way is taken is a matter of size. A primitive costs a call of 0.15 to 0.25 microseconds (it
// allocates, checks and looks up); its exp, elu, tanh, logistic and gelu are then up to 2.7 times
// as fast as our loops (it may use fused multiply-adds), what memory limits is as fast, and the
// gradients that read the output are 3 times slower. Ties go to oneDNN from about 50000 elements
// on. Known differences of 2.6.3: relu maps NaN to 0, exp maps NaN to infinity, elu(-1e-5) is off
// by 1.4e-3 of itself; log, soft_relu and mish are too inaccurate to be used (ops/log.cc,
// ops/softplus.cc, ops/mish.cc), binary_min and binary_max drop a NaN of their first operand.
//
//   class TanhOneDnn final : public EltwiseForward<op::Tanh, dnnl::algorithm::eltwise_tanh> {};
//   GRADUS_REGISTER_KERNEL(op::Tanh, "onednn", TanhOneDnn);

#ifndef GRADUS_RUNTIME_ONEDNN_ELTWISE_H_
#define GRADUS_RUNTIME_ONEDNN_ELTWISE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/onednn.h"

namespace gradus {

// What oneDNN calls alpha and beta of an eltwise primitive.
struct EltwiseNumbers {
  float alpha = 0;
  float beta = 0;
};

// The choice of a primitive; none for empty tensors.
std::vector<Choice> ForwardCandidates(const Request& request, dnnl::algorithm algorithm);
std::vector<Choice> BackwardCandidates(const Request& request, dnnl::algorithm algorithm);

// y = f(x).
absl::StatusOr<std::unique_ptr<Kernel>> MakeEltwiseForward(const Request& request,
                                                           dnnl::algorithm algorithm,
                                                           EltwiseNumbers numbers);
// dx = dy f'(x); inputs are dy and x, or y when the algorithm is one of *_use_dst_for_bwd.
absl::StatusOr<std::unique_ptr<Kernel>> MakeEltwiseBackward(const Request& request,
                                                            dnnl::algorithm algorithm,
                                                            EltwiseNumbers numbers);

// Whether a primitive serves the request without falling back to its plain reference loop: b is as
// large as the result, one number, or repeated along the leading axes; or a is and the operation is
// commutative.
std::vector<Choice> BinaryCandidates(const Request& request, bool commutative);
absl::StatusOr<std::unique_ptr<Kernel>> MakeBinary(const Request& request,
                                                   dnnl::algorithm algorithm);

template <class ConfigType, dnnl::algorithm algorithm>
class EltwiseForward : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const final {
    return ForwardCandidates(request, algorithm);
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const final {
    return MakeEltwiseForward(request, algorithm,
                              Numbers(static_cast<const ConfigType&>(*request.config)));
  }

 protected:
  virtual EltwiseNumbers Numbers(const ConfigType&) const { return {}; }
};

template <class ConfigType, dnnl::algorithm algorithm>
class EltwiseBackward : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const final {
    return BackwardCandidates(request, algorithm);
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const final {
    return MakeEltwiseBackward(request, algorithm,
                               Numbers(static_cast<const ConfigType&>(*request.config)));
  }

 protected:
  virtual EltwiseNumbers Numbers(const ConfigType&) const { return {}; }
};

template <dnnl::algorithm algorithm>
class BinaryPrimitive : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const final {
    return BinaryCandidates(request, algorithm == dnnl::algorithm::binary_add ||
                                         algorithm == dnnl::algorithm::binary_mul ||
                                         algorithm == dnnl::algorithm::binary_eq);
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const final {
    return MakeBinary(request, algorithm);
  }
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_ONEDNN_ELTWISE_H_
