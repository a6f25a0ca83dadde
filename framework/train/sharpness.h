// Where sharpness-aware minimisation takes its gradients: a step up the loss from the weights w.
//
//   e = radius g / |g|            adaptive:   e = radius w^2 g / | |w| g |
//
//   optimizer { sgd { momentum: 0.9 } sharpness_aware { radius: 0.05 } }
//
// g is the gradient of the whole update as it comes from the graph, the norm that of all parameters
// that are trained. Norms and w + e are computed in double and rounded once.
//
// Foret, Kleiner, Mobahi & Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving
// Generalization", ICLR 2021, arXiv:2010.01412. Kwon, Kim, Park & Choi, "ASAM", ICML 2021,
// arXiv:2102.11600, without the constant that its code adds to |w|.

#ifndef GRADUS_TRAIN_SHARPNESS_H_
#define GRADUS_TRAIN_SHARPNESS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/tensor.h"
#include "gradus/base/thread_pool.h"
#include "gradus/optimizer.pb.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/tiles.h"

namespace gradus {

// Thread safety: used by one thread at a time. Allocates nothing once it is made.
class Sharpness {
 public:
  // `groups`: those that are trained. Nothing is owned; `pool` may be null.
  static absl::StatusOr<std::unique_ptr<Sharpness>> Create(const SharpnessAware& config,
                                                           const ParameterLayout& layout,
                                                           absl::Span<const int> groups,
                                                           ThreadPool* pool);

  double radius() const { return radius_; }
  void set_radius(double radius) { radius_ = radius; }

  // What e is divided by; not finite when a gradient or weight is not.
  double Norm(const float* weights, const float* gradients);
  // Weights to w + e; the norm is above 0.
  void Leave(double norm, const float* gradients, float* weights);
  // And back to w, bit for bit.
  void Return(float* weights) const;

 private:
  Sharpness(const SharpnessAware& config, const ParameterLayout& layout,
            absl::Span<const int> groups, ThreadPool* pool)
      : adaptive_(config.adaptive()),
        radius_(config.radius()),
        pool_(pool),
        tiles_(layout, groups) {}

  const bool adaptive_;
  double radius_;
  ThreadPool* const pool_;
  Tiles tiles_;
  AlignedBuffer kept_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_SHARPNESS_H_
