// For formulas of rules that see parameters as a whole: a parameter's numbers as matrices of their
// own, and plain arithmetic with them.

#ifndef GRADUS_TESTS_OPTIMIZERS_WHOLE_FORMULA_H_
#define GRADUS_TESTS_OPTIMIZERS_WHOLE_FORMULA_H_

#include <cmath>
#include <vector>

#include "tests/testing/optimizer_conformance.h"

namespace gradus {

struct PlainMatrix {
  size_t rows = 0, columns = 0;
  std::vector<double> x;

  PlainMatrix() = default;
  PlainMatrix(size_t r, size_t c, double value = 0) : rows(r), columns(c), x(r * c, value) {}
  double& operator()(size_t r, size_t c) { return x[r * columns + c]; }
  double operator()(size_t r, size_t c) const { return x[r * columns + c]; }
};

inline PlainMatrix Turned(const PlainMatrix& a) {
  PlainMatrix b(a.columns, a.rows);
  for (size_t r = 0; r < a.rows; ++r) {
    for (size_t c = 0; c < a.columns; ++c) b(c, r) = a(r, c);
  }
  return b;
}
inline PlainMatrix operator*(const PlainMatrix& a, const PlainMatrix& b) {
  PlainMatrix product(a.rows, b.columns);
  for (size_t r = 0; r < a.rows; ++r) {
    for (size_t k = 0; k < a.columns; ++k) {
      for (size_t c = 0; c < b.columns; ++c) product(r, c) += a(r, k) * b(k, c);
    }
  }
  return product;
}
inline PlainMatrix operator*(double factor, PlainMatrix a) {
  for (double& x : a.x) x *= factor;
  return a;
}
inline PlainMatrix operator+(PlainMatrix a, const PlainMatrix& b) {
  for (size_t i = 0; i < a.x.size(); ++i) a.x[i] += b.x[i];
  return a;
}
inline PlainMatrix operator-(const PlainMatrix& a, const PlainMatrix& b) { return a + -1.0 * b; }
inline double Norm(const PlainMatrix& a) {
  double sum = 0;
  for (const double x : a.x) sum += x * x;
  return std::sqrt(sum);
}

// What a rule is told about one parameter at update t; it changes `w`.
struct PlainUpdate {
  std::vector<int64_t> dims;
  bool is_matrix;
  int64_t t;
  double rate;
  PlainMatrix g, w;
};

// The weights after all updates, each parameter by itself: make() gives a new state, and the
// state's Update(PlainUpdate*) makes an update.
template <class Make>
std::vector<double> ParameterByParameter(const UpdateHistory& h, const Make& make) {
  std::vector<double> weights = h.weights;
  size_t begin = 0;
  for (const ShapedParameter& parameter : h.parameters) {
    const size_t count = static_cast<size_t>(parameter.elements());
    PlainUpdate update;
    update.dims = parameter.dims;
    update.is_matrix = parameter.dims.size() >= 2;
    update.w = PlainMatrix(static_cast<size_t>(parameter.rows()),
                           static_cast<size_t>(parameter.columns()));
    if (!update.is_matrix) update.w = PlainMatrix(1, count);
    update.g = update.w;
    for (size_t i = 0; i < count; ++i) update.w.x[i] = weights[begin + i];
    auto state = make(update.w.rows, update.w.columns);
    for (update.t = 1; update.t <= h.updates(); ++update.t) {
      update.rate = h.rate(update.t);
      for (size_t i = 0; i < count; ++i) update.g.x[i] = h.gradient(update.t, begin + i);
      state.Update(&update);
    }
    for (size_t i = 0; i < count; ++i) weights[begin + i] = update.w.x[i];
    begin += count;
  }
  return weights;
}

// The gradients of update t as one row.
inline PlainMatrix GradientsOf(const UpdateHistory& h, int64_t t) {
  PlainMatrix g(1, h.weights.size());
  for (size_t i = 0; i < g.x.size(); ++i) g.x[i] = h.gradient(t, i);
  return g;
}
inline double Product(const PlainMatrix& a, const PlainMatrix& b) {
  double sum = 0;
  for (size_t i = 0; i < a.x.size(); ++i) sum += a.x[i] * b.x[i];
  return sum;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_OPTIMIZERS_WHOLE_FORMULA_H_
