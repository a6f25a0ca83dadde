// Examples of the rule, for the conformance test. Golden weights: optax, and the author's rule, in
// float64; Keras' and PyTorch's, which decay, are in matrix_rule_test.cc.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.muon",
    ({{{"muon {}", 0.1, {}},
       {"muon { gather: AVERAGE scale: ROWS_OVER_COLUMNS }",
        0.1,
        {0.9022687334, -2.041482337, 0.4211269294, 0.05064519272, 0.7245375009, -1.164609646},
        {2, 3}},
       {"muon { gather: CORRECTED_AVERAGE epsilon: 1e-8 scale: COLUMNS_OVER_ROWS }",
        0.1,
        {0.8706987419, -2.052281936, 0.4104671695, -0.005541175038, 0.7212731103, -1.188188506},
        {2, 3}},
       {"muon { nesterov: false scale: ONE momentum: 0.5 }", 0.1, {}}},
      {{"muon { momentum: 1 }",
        "text:1:18: muon: momentum 1 must be at least 0 and below 1 [muon.momentum]"},
       {"muon { iterations: 0 }",
        "text:1:20: muon: iterations 0 must be at least 1 and at most 100 [muon.iterations]"},
       {"muon { epsilon: 0 }", "text:1:17: muon: epsilon 0 must be above 0 [muon.epsilon]"}}}));

// By the definition, without ever turning the matrix: (X X^T) X is X (X^T X).
struct PlainMuon {
  const optimizer::Muon& c;
  PlainMatrix m;

  PlainMatrix Direction(const PlainUpdate& p) {
    using optimizer::Muon;
    const double b = c.momentum(), t = static_cast<double>(p.t);
    if (c.gather() == Muon::SUM) {
      m = b * m + p.g;
      return c.nesterov() ? b * m + p.g : m;
    }
    m = b * m + (1 - b) * p.g;
    if (c.gather() == Muon::AVERAGE) return c.nesterov() ? b * m + (1 - b) * p.g : m;
    const double now = 1 - std::pow(b, t), next = 1 - std::pow(b, t + 1);
    return c.nesterov() ? (b / next) * m + ((1 - b) / now) * p.g : (1 / now) * m;
  }

  double Scale(double rows, double columns) const {
    using optimizer::Muon;
    if (c.scale() == Muon::LARGER_SIDE) {
      return c.rms() * std::sqrt(rows > columns ? rows : columns);
    }
    if (c.scale() == Muon::ROWS_OVER_COLUMNS) return rows > columns ? std::sqrt(rows / columns) : 1;
    if (c.scale() == Muon::COLUMNS_OVER_ROWS) return columns > rows ? std::sqrt(columns / rows) : 1;
    return 1;
  }

  void Update(PlainUpdate* p) {
    PlainMatrix x = Direction(*p);
    double norm = Norm(x);
    norm = c.epsilon_added() ? norm + c.epsilon() : norm > c.epsilon() ? norm : c.epsilon();
    x = (1 / norm) * x;
    if (p->is_matrix) {
      for (int k = 0; k < c.iterations(); ++k) {
        const PlainMatrix third = x * Turned(x) * x;
        x = c.a() * x + c.b() * third + c.c() * (x * Turned(x) * third);
      }
    }
    const double rows = static_cast<double>(x.rows), columns = static_cast<double>(x.columns);
    p->w = p->w - p->rate * Scale(rows, columns) * x;
  }
};

std::vector<double> Formula(const optimizer::Muon& c, const UpdateHistory& h) {
  return ParameterByParameter(h, [&](size_t rows, size_t columns) {
    return PlainMuon{c, {rows, columns}};
  });
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.muon", Formula);

}  // namespace
}  // namespace gradus
