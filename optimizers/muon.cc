// Muon: the momentum of a matrix, with its singular values made about one. An update then moves all
// directions of a layer alike, where gradient descent follows the few strongest.
//
//   SUM:                m <- momentum m + g,                    u = m,  nesterov: momentum m + g
//   AVERAGE:            m <- momentum m + (1 - momentum) g,     u = m,  nesterov: momentum m +
//                                                                           (1 - momentum) g
//   CORRECTED_AVERAGE:  as AVERAGE; m / (1 - momentum^t), nesterov: momentum m /
//                       (1 - momentum^(t+1)) + (1 - momentum) g / (1 - momentum^t)
//   X = u / (|u| + epsilon), transposed when it is higher than wide; `iterations` times
//     A = X X^T,  X <- a X + (b A + c A^2) X
//   w <- w - rate s X
//
// Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; LARGER_SIDE: Liu
// et al. 2025, arXiv:2502.16982. The polynomial does not converge to one but hovers about it, by
// choice: it is fast.
// NOTE: The numbers are Keras'. The iteration is made in the parameter's own type, as in Keras and
// optax; the author's and PyTorch's is in bfloat16, so their weights agree to two digits only.
// Keras gives what is no matrix to Adam by itself; here a group says so, and without one a vector
// is a matrix of one row, u / (|u| + epsilon) times s. Kernels of more than two dimensions are one
// matrix, the last dimension as columns.
//
//   optimizer {
//     muon {}
//     group { name: "others" match: ".*/(bias|embeddings)" rule { adamw {} } }
//   }

#include <algorithm>
#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"
#include "gradus/train/matrix.h"

namespace gradus {
namespace {

struct Muon {
  using Config = optimizer::Muon;

  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }

  // u = of_momentum m + of_gradient g, after m <- momentum m + kept g.
  struct Gathering {
    double kept, of_momentum, of_gradient;

    static Gathering Of(const Config& c, int64_t t) {
      const double momentum = c.momentum(), rest = 1 - momentum, n = static_cast<double>(t);
      const bool nesterov = c.nesterov();
      switch (c.gather()) {
        case Config::SUM:
          return {1, nesterov ? momentum : 1, nesterov ? 1.0 : 0};
        case Config::AVERAGE:
          return {rest, nesterov ? momentum : 1, nesterov ? rest : 0};
        case Config::CORRECTED_AVERAGE:
          break;
      }
      const double now = 1 - std::pow(momentum, n), next = 1 - std::pow(momentum, n + 1);
      return {rest, nesterov ? momentum / next : 1 / now, nesterov ? rest / now : 0};
    }
  };

  static double Scale(const Config& c, double rows, double columns) {
    switch (c.scale()) {
      case Config::LARGER_SIDE:
        return c.rms() * std::sqrt(std::max(rows, columns));
      case Config::ROWS_OVER_COLUMNS:
        return std::sqrt(std::max(1.0, rows / columns));
      case Config::COLUMNS_OVER_ROWS:
        return std::sqrt(std::max(1.0, columns / rows));
      case Config::ONE:
        break;
    }
    return 1;
  }

  // x has no more rows than columns, and no gaps between them.
  template <class F>
  static void Orthogonalise(const Config& c, const Matrix<F>& x, Workspace* work) {
    const int64_t n = x.rows, size = x.rows * x.columns;
    const Matrix<F> a = TakeMatrix<F>(n, n, work), aa = TakeMatrix<F>(n, n, work);
    const Matrix<F> y = TakeMatrix<F>(n, x.columns, work);
    const F first = F(c.a()), third = F(c.b()), fifth = F(c.c());
    for (int64_t k = 0; k < c.iterations(); ++k) {
      MultiplyTransposed(x, x, a, work);
      Multiply(a, a, aa, work);
      for (int64_t i = 0; i < n * n; ++i) a.data[i] = third * a.data[i] + fifth * aa.data[i];
      Multiply(a, x, y, work);
      for (int64_t i = 0; i < size; ++i) x.data[i] = first * x.data[i] + y.data[i];
    }
  }

  template <class F>
  static void Update(const Config& c, const ParameterView<F>& p) {
    const Gathering gathering = Gathering::Of(c, p.step->t);
    const F momentum = F(c.momentum()), kept = F(gathering.kept);
    const F of_momentum = F(gathering.of_momentum), of_gradient = F(gathering.of_gradient);
    F *const w = p.weights, *const m = p.slots[0];
    const auto gathered = [&](int64_t i) {
      return of_momentum * m[i] + of_gradient * p.gradients[i];
    };
    double sum = 0;
    ForElements(p, [&](int64_t i) {
      m[i] = momentum * m[i] + kept * p.gradients[i];
      const double u = static_cast<double>(gathered(i));
      sum += u * u;
    });
    const double norm = std::sqrt(sum);
    const F unit = F(1 / (c.epsilon_added() ? norm + c.epsilon() : std::max(norm, c.epsilon())));
    const F step =
        F(p.step->rate * Scale(c, static_cast<double>(p.rows), static_cast<double>(p.columns)));
    if (!p.is_matrix()) {
      ForElements(p, [&](int64_t i) { w[i] -= step * (gathered(i) * unit); });
      return;
    }
    const Matrix<F> x = TakeMatrix<F>(p.rows, p.columns, p.work);
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t k = 0; k < p.columns; ++k) x(r, k) = gathered(r * p.pitch + k) * unit;
    }
    if (p.rows > p.columns) {
      const Matrix<F> wide = TakeMatrix<F>(p.columns, p.rows, p.work);
      Transpose(x, wide);
      Orthogonalise(c, wide, p.work);
      Transpose(wide, x);
    } else {
      Orthogonalise(c, x, p.work);
    }
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t k = 0; k < p.columns; ++k) w[r * p.pitch + k] -= step * x(r, k);
    }
  }
};

GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.muon", Muon);

}  // namespace
}  // namespace gradus
