// Examples of the rule, for the conformance test. Golden weights: numpy's eigenvalues in float64.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.shampoo",
    ({{{"shampoo {}", 0.1, {0.8578356773, -2.011361728, 0.489488292}},
       {"shampoo { update_frequency: 1 }",
        0.1,
        {0.9338069503, -2.031300486, 0.4705296648, 0.1171151286, 0.7222088744, -1.146879474},
        {2, 3}},
       {"shampoo { update_frequency: 2 }",
        0.1,
        {0.9333386598, -2.445814415, 0.2362813466, 0.1121321293, 0.9606882285, -1.0198009},
        {2, 3}},
       {"shampoo { momentum: 0.9 beta: 0.9 exponent: 0.5 length: OF_GRADIENT "
        "update_frequency: 1 }",
        0.1,
        {0.9129116818, -2.02925218, 0.4133351217, 0.1100968857, 0.7028936025, -1.131173801},
        {2, 3}}},
      {{"shampoo { momentum: 1 }",
        "text:1:21: shampoo: momentum 1 must be at least 0 and below 1 [shampoo.momentum]"},
       {"shampoo { exponent: 0 }",
        "text:1:21: shampoo: exponent 0 must be above 0 and at most 1 [shampoo.exponent]"},
       {"shampoo { update_frequency: 0 }",
        "text:1:29: shampoo: update_frequency 0 must be at least 1 "
        "[shampoo.update_frequency]"}}}));

// a^exponent of a positive matrix by Jacobi's rotations (1846).
PlainMatrix Power(PlainMatrix a, double exponent) {
  const size_t n = a.rows;
  PlainMatrix v(n, n);
  for (size_t i = 0; i < n; ++i) v(i, i) = 1;
  // Columns p and q of x, turned by the angle.
  const auto turn = [](PlainMatrix* x, size_t p, size_t q, double cosine, double sine) {
    for (size_t i = 0; i < x->rows; ++i) {
      const double left = (*x)(i, p), right = (*x)(i, q);
      (*x)(i, p) = cosine * left - sine * right;
      (*x)(i, q) = sine * left + cosine * right;
    }
  };
  for (int sweep = 0; sweep < 10; ++sweep) {
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        if (a(p, q) == 0) continue;
        const double angle = 0.5 * std::atan2(2 * a(p, q), a(q, q) - a(p, p));
        const double cosine = std::cos(angle), sine = std::sin(angle);
        turn(&a, p, q, cosine, sine);
        a = Turned(a);
        turn(&a, p, q, cosine, sine);
        turn(&v, p, q, cosine, sine);
      }
    }
  }
  PlainMatrix powers(n, n);
  for (size_t i = 0; i < n; ++i) powers(i, i) = std::pow(a(i, i), exponent);
  return v * powers * Turned(v);
}

struct PlainShampoo {
  const optimizer::Shampoo& c;
  PlainMatrix l, r, l_power, r_power, squares, v;

  PlainMatrix Shifted(PlainMatrix a) const {
    for (size_t i = 0; i < a.rows; ++i) a(i, i) += c.epsilon();
    return a;
  }

  void Update(PlainUpdate* p) {
    const double f = c.beta() == 1 ? 1 : 1 - c.beta();
    PlainMatrix u = p->g;
    if (p->is_matrix) {
      l = c.beta() * l + f * (u * Turned(u));
      r = c.beta() * r + f * (Turned(u) * u);
      if (p->t % c.update_frequency() == 1 % c.update_frequency()) {
        l_power = Power(Shifted(l), -c.exponent());
        r_power = Power(Shifted(r), -c.exponent());
      }
      u = l_power * u * r_power;
    } else {
      for (size_t i = 0; i < u.x.size(); ++i) {
        squares.x[i] = c.beta() * squares.x[i] + f * u.x[i] * u.x[i];
        u.x[i] /= std::sqrt(squares.x[i] + c.epsilon());
      }
    }
    const double norm = Norm(u);
    if (c.length() == optimizer::Shampoo::OF_GRADIENT && norm > 0) u = Norm(p->g) / norm * u;
    v = c.momentum() * v + u;
    p->w = p->w - p->rate * v;
  }
};

std::vector<double> Formula(const optimizer::Shampoo& c, const UpdateHistory& h) {
  return ParameterByParameter(h, [&](size_t rows, size_t columns) {
    return PlainShampoo{c,  {rows, rows},    {columns, columns}, {},
                        {}, {rows, columns}, {rows, columns}};
  });
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.shampoo", Formula);

}  // namespace
}  // namespace gradus
