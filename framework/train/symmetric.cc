// Householder's reduction to a tridiagonal matrix and the QL iteration with implicit shifts.
// Bowdler, Martin, Reinsch & Wilkinson 1968, procedures tred2 and tql2 of the Handbook for
// Automatic Computation. Here the eigenvectors stand in rows while they are made, so that what the
// loops go through lies side by side.

#include "gradus/train/symmetric.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "gradus/base/status.h"

namespace gradus {
namespace {

// A tridiagonal matrix with diagonal d and e[1..n-1] beside it; q (n x n, dense), which comes in as
// the symmetric matrix a, becomes orthogonal with a = q^T tridiagonal q.
void Tridiagonalise(int64_t n, double* q, double* d, double* e, Workspace* work) {
  const Workspace::Scope scope(work);
  double *const p = work->Take<double>(n), *const factors = work->Take<double>(n);
  for (double* numbers : {d, e, factors}) std::fill_n(numbers, n, 0.0);
  // Reflections that clear row i but for what stands beside the diagonal; vector i stays in row i.
  for (int64_t i = n - 1; i >= 1; --i) {
    double* const u = q + i * n;
    double scale = 0;
    for (int64_t k = 0; k < i; ++k) scale = std::max(scale, std::fabs(u[k]));
    double rest = 0;  // Of what must go: without it there is nothing to reflect.
    for (int64_t k = 0; k + 1 < i; ++k) rest = std::max(rest, std::fabs(u[k]));
    if (rest == 0) {
      e[i] = u[i - 1];
      continue;
    }
    double squares = 0;
    for (int64_t k = 0; k < i; ++k) {
      u[k] /= scale;
      squares += u[k] * u[k];
    }
    const double root = u[i - 1] > 0 ? -std::sqrt(squares) : std::sqrt(squares);
    e[i] = scale * root;
    const double h = squares - u[i - 1] * root;  // |u|^2 / 2 with the new last number.
    u[i - 1] -= root;
    factors[i] = 1 / h;
    // a <- (1 - u u^T / h) a (1 - u u^T / h), of the leading i x i; only its lower half is kept.
    std::fill_n(p, i, 0.0);
    for (int64_t r = 0; r < i; ++r) {
      const double* row = q + r * n;
      double sum = row[r] * u[r];
      for (int64_t c = 0; c < r; ++c) {
        sum += row[c] * u[c];
        p[c] += row[c] * u[r];
      }
      p[r] += sum;
    }
    double product = 0;
    for (int64_t k = 0; k < i; ++k) {
      p[k] /= h;
      product += p[k] * u[k];
    }
    const double half = product / (2 * h);
    for (int64_t k = 0; k < i; ++k) p[k] -= half * u[k];
    for (int64_t r = 0; r < i; ++r) {
      double* row = q + r * n;
      const double u_r = u[r], p_r = p[r];
      for (int64_t c = 0; c <= r; ++c) row[c] -= u_r * p[c] + p_r * u[c];
    }
  }
  for (int64_t i = 0; i < n; ++i) d[i] = q[i * n + i];
  // The product of the reflections, from the last one made to the first: the leading i x i of q is
  // what the later ones made, and row i gives up its vector.
  double* const u = work->Take<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    double* const row_i = q + i * n;
    const bool reflects = i > 0 && factors[i] != 0;
    if (reflects) {
      std::copy(row_i, row_i + i, u);
      // q <- q (1 - u u^T / h), row by row.
      for (int64_t r = 0; r < i; ++r) {
        double* row = q + r * n;
        double sum = 0;
        for (int64_t k = 0; k < i; ++k) sum += row[k] * u[k];
        sum *= factors[i];
        for (int64_t k = 0; k < i; ++k) row[k] -= sum * u[k];
      }
    }
    std::fill(row_i, row_i + n, 0.0);
    for (int64_t r = 0; r < i; ++r) q[r * n + i] = 0;
    row_i[i] = 1;
  }
}

// Makes d the eigenvalues of the tridiagonal matrix and rotates q's rows into eigenvectors.
bool Diagonalise(int64_t n, double* d, double* e, double* q) {
  constexpr int kMostIterations = 60;  // For one eigenvalue; it takes less than two on average.
  std::rotate(e, e + 1, e + n);        // e[i] stands between d[i] and d[i + 1].
  e[n - 1] = 0;
  for (int64_t l = 0; l < n; ++l) {
    for (int iteration = 0;; ++iteration) {
      int64_t m = l;
      for (; m + 1 < n; ++m) {
        const double size = std::fabs(d[m]) + std::fabs(d[m + 1]);
        if (std::fabs(e[m]) <= std::numeric_limits<double>::epsilon() * size) break;
      }
      if (m == l) break;
      if (iteration == kMostIterations) return false;
      double g = (d[l + 1] - d[l]) / (2 * e[l]);
      double r = std::hypot(g, 1.0);
      g = d[m] - d[l] + e[l] / (g + std::copysign(r, g));
      double s = 1, c = 1, p = 0;
      int64_t i = m - 1;
      for (; i >= l; --i) {
        double f = s * e[i];
        const double b = c * e[i];
        r = std::hypot(f, g);
        e[i + 1] = r;
        if (r == 0) {  // The matrix falls apart here.
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        double* const low = q + i * n;
        double* const high = low + n;
        for (int64_t k = 0; k < n; ++k) {
          f = high[k];
          high[k] = s * low[k] + c * f;
          low[k] = c * low[k] - s * f;
        }
      }
      if (r == 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return true;
}

bool AllFinite(const double* numbers, int64_t count) {
  return std::all_of(numbers, numbers + count, [](double x) { return std::isfinite(x); });
}

}  // namespace

bool SymmetricEigen(Matrix<const double> a, double* values, Matrix<double> v, Workspace* work) {
  const int64_t n = a.rows;
  GRADUS_CHECK(a.columns == n && v.rows == n && v.columns == n);
  if (n == 0) return true;
  const Workspace::Scope scope(work);
  double *const q = work->Take<double>(n * n), *const d = work->Take<double>(n),
                *const e = work->Take<double>(n);
  for (int64_t r = 0; r < n; ++r) std::copy_n(a.data + r * a.pitch, n, q + r * n);
  if (!AllFinite(q, n * n)) return false;
  Tridiagonalise(n, q, d, e, work);
  if (!AllFinite(d, n) || !AllFinite(e, n) || !Diagonalise(n, d, e, q)) return false;
  if (!AllFinite(d, n)) return false;
  int64_t* const order = work->Take<int64_t>(n);
  std::iota(order, order + n, 0);
  // Equal ones in their order; a stable sort would allocate.
  std::sort(order, order + n,
            [&](int64_t x, int64_t y) { return d[x] != d[y] ? d[x] < d[y] : x < y; });
  for (int64_t i = 0; i < n; ++i) {
    values[i] = d[order[i]];
    for (int64_t r = 0; r < n; ++r) v(r, i) = q[order[i] * n + r];
  }
  return true;
}

bool SymmetricPower(Matrix<const double> a, double shift, double exponent, Matrix<double> power,
                    Workspace* work) {
  const int64_t n = a.rows;
  const Workspace::Scope scope(work);
  double* const values = work->Take<double>(n);
  const Matrix<double> v = TakeMatrix<double>(n, n, work), s = TakeMatrix<double>(n, n, work);
  if (!SymmetricEigen(a, values, v, work)) return false;
  for (int64_t i = 0; i < n; ++i) {
    values[i] = std::pow(std::max(values[i], 0.0) + shift, exponent);
  }
  if (!AllFinite(values, n)) return false;
  for (int64_t r = 0; r < n; ++r) {
    for (int64_t c = 0; c < n; ++c) s(r, c) = v(r, c) * values[c];
  }
  MultiplyTransposed(s, v, power, work);
  return true;
}

int64_t SymmetricPowerRoom(int64_t n) {
  // Of values, v, s and then q, d, e, the order and three of the reduction; or a product's. Each may
  // begin up to 7 doubles later than the one before ends.
  const int64_t product = n * n + 16 * n;
  return n + 2 * n * n + std::max(n * n + 6 * n, product) + 11 * 8;
}

}  // namespace gradus
