// Shampoo: the gradient of a matrix, with the correlations among its rows and among its columns
// taken out; what Adagrad does for single elements.
//
//   L <- beta L + f g g^T,  R <- beta R + f g^T g,  f = 1 with beta 1, otherwise 1 - beta
//   u = (L + epsilon I)^-exponent g (R + epsilon I)^-exponent
//   OF_GRADIENT: u <- u |g| / |u|
//   v <- momentum v + u,  w <- w - rate v
//   not a matrix, element by element: a <- beta a + f g^2,  u = g / sqrt(a + epsilon)
//
// Gupta, Koren & Singer 2018, arXiv:1802.09568, algorithm 1, with the exponent a quarter. For a
// vector the paper has the whole matrix g g^T; its diagonal is used here, as for any side that is
// too large. The length of the gradient: "grafting", Agarwal et al. 2020, arXiv:2002.11803.
// NOTE: No library among Keras, PyTorch and optax has the rule. The powers are made by the
// eigenvalues of L and R in double, at updates 1, 1 + n, 1 + 2 n ... with n = update_frequency,
// and kept in slots. Kernels of more than two dimensions are one matrix, the last dimension as
// columns.
//
//   optimizer { shampoo { momentum: 0.9 update_frequency: 20 } learning_rate { constant: 0.1 } }

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"
#include "gradus/train/matrix.h"
#include "gradus/train/symmetric.h"

namespace gradus {
namespace {

struct Shampoo {
  using Config = optimizer::Shampoo;

  static std::vector<SlotSpec> Slots(const Config& c) {
    std::vector<SlotSpec> slots = {{"rows", 0, SlotSpec::kRowsByRows},
                                   {"columns", 0, SlotSpec::kColumnsByColumns},
                                   {"rows_power", 0, SlotSpec::kRowsByRows},
                                   {"columns_power", 0, SlotSpec::kColumnsByColumns},
                                   {"squares", 0, SlotSpec::kVectorElements}};
    if (c.momentum() > 0) slots.push_back({"momentum"});
    return slots;
  }

  // sum <- beta sum + f g g^T
  template <class F>
  static void Follow(const Config& c, const Matrix<const F>& g, F* sum, Workspace* work) {
    const Workspace::Scope scope(work);
    const int64_t n = g.rows;
    const Matrix<F> product = TakeMatrix<F>(n, n, work);
    MultiplyTransposed(g, g, product, work);
    const F kept = F(c.beta()), part = Part<F>(c);
    for (int64_t i = 0; i < n * n; ++i) sum[i] = kept * sum[i] + part * product.data[i];
  }

  template <class F>
  static F Part(const Config& c) {
    return c.beta() == 1 ? F(1) : F(1 - c.beta());
  }

  template <class F>
  static void Power(const Config& c, const F* sum, int64_t n, F* power, Workspace* work) {
    const Workspace::Scope scope(work);
    const Matrix<double> a = TakeMatrix<double>(n, n, work), made = TakeMatrix<double>(n, n, work);
    std::copy_n(sum, n * n, a.data);
    if (!SymmetricPower(a, c.epsilon(), -c.exponent(), made, work)) {
      // Seen in the weights by who watches over them.
      std::fill_n(made.data, n * n, std::numeric_limits<double>::quiet_NaN());
    }
    for (int64_t i = 0; i < n * n; ++i) power[i] = F(made.data[i]);
  }

  // Into u, without gaps.
  template <class F>
  static void FindDirection(const Config& c, const ParameterView<F>& p, F* u) {
    const int64_t rows = p.rows, columns = p.columns, larger = std::max(rows, columns);
    const Workspace::Scope scope(p.work);
    F* const numbers = p.work->template Take<F>(rows * columns);
    const Matrix<const F> g{p.gradients, rows, columns, p.pitch};
    const Matrix<F> turned{numbers, columns, rows, rows};
    Follow(c, g, p.slots[0], p.work);
    Transpose(g, turned);
    Follow<F>(c, turned, p.slots[1], p.work);
    // Power's own two matrices too, each aligned.
    p.work->template Reserve<double>(SymmetricPowerRoom(larger) + 2 * (larger * larger + 8));
    // The power of a positive matrix has no 0 on its diagonal: a 0 says that none was made.
    if ((p.step->t - 1) % c.update_frequency() == 0 || p.slots[2][0] == 0) {
      Power(c, p.slots[0], rows, p.slots[2], p.work);
      Power(c, p.slots[1], columns, p.slots[3], p.work);
    }
    const Matrix<F> half{numbers, rows, columns, columns};
    Multiply(Matrix<F>{p.slots[2], rows, rows, rows}, g, half, p.work);
    Multiply(half, Matrix<F>{p.slots[3], columns, columns, columns},
             Matrix<F>{u, rows, columns, columns}, p.work);
  }

  template <class F>
  static void Update(const Config& c, const ParameterView<F>& p) {
    const int64_t size = p.rows * p.columns;
    if (size == 0) return;
    F* const u = p.work->template Take<F>(size);
    if (p.is_matrix()) {
      FindDirection(c, p, u);
    } else {
      const F kept = F(c.beta()), part = Part<F>(c), epsilon = F(c.epsilon());
      F* const a = p.slots[4];
      int64_t n = 0;
      ForElements(p, [&](int64_t i) {
        const F g = p.gradients[i];
        a[i] = kept * a[i] + part * g * g;
        u[n++] = g / std::sqrt(a[i] + epsilon);
      });
    }
    double factor = 1;
    if (c.length() == Config::OF_GRADIENT) {
      double squares = 0;
      for (int64_t i = 0; i < size; ++i) {
        squares += static_cast<double>(u[i]) * static_cast<double>(u[i]);
      }
      if (squares > 0) factor = Norm(p, p.gradients) / std::sqrt(squares);
    }
    const F rate = F(p.step->rate), length = F(factor), momentum = F(c.momentum());
    F *const w = p.weights, *const v = p.slots.size() == 6 ? p.slots[5] : nullptr;
    int64_t next = 0;
    ForElements(p, [&](int64_t i) {
      F step = length * u[next++];
      if (v != nullptr) step = v[i] = momentum * v[i] + step;
      w[i] -= rate * step;
    });
  }
};

GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.shampoo", Shampoo);

}  // namespace
}  // namespace gradus
