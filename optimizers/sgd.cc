// Gradient descent, with momentum and Nesterov's momentum as variants.
//
//   w <- w - rate g                                    without momentum
//   v <- momentum v - rate g,  w <- w + v              with momentum
//   v <- momentum v - rate g,  w <- w + momentum v - rate g    Nesterov
//
// Polyak 1964; Nesterov 1983; Sutskever et al. 2013.
// NOTE: The rate is inside the velocity, as in Keras and Caffe; PyTorch and optax have it outside.
// The two differ when the rate changes: here old velocity keeps the rate it was made with.
//
//   optimizer { sgd { momentum: 0.9 nesterov: true } learning_rate { constant: 0.01 } }

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

template <class F>
struct SgdNumbers {
  F rate, momentum;
};

template <class F>
SgdNumbers<F> PrepareSgd(const optimizer::Sgd& c, double rate) {
  return {F(rate), F(c.momentum())};
}

struct Sgd {
  using Config = optimizer::Sgd;
  template <class F>
  using Numbers = SgdNumbers<F>;

  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.nesterov() && c.momentum() == 0) {
      diagnostics->Error("conflict", path.Child("nesterov"),
                         "sgd: nesterov is set, but momentum is 0", "write momentum: 0.9");
    }
  }
  static bool Serves(const Config& c) { return c.momentum() == 0; }
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return PrepareSgd<F>(c, step.rate);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g;
  }
};

struct Momentum {
  using Config = optimizer::Sgd;
  template <class F>
  using Numbers = SgdNumbers<F>;

  static bool Serves(const Config& c) { return !c.nesterov(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return PrepareSgd<F>(c, step.rate);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
    v = n.momentum * v - n.rate * g;
    w += v;
  }
};

struct Nesterov {
  using Config = optimizer::Sgd;
  template <class F>
  using Numbers = SgdNumbers<F>;

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return PrepareSgd<F>(c, step.rate);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
    v = n.momentum * v - n.rate * g;
    w += n.momentum * v - n.rate * g;
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.sgd", Sgd, Momentum, Nesterov);

}  // namespace
}  // namespace gradus
