// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64, which are
// PyTorch's too.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adafactor",
    ({{{"adafactor {}", 0.1, {0.7927112988, -2.056125535, 0.5261283533}},
       {"adafactor {}",
        0.1,
        {0.9017159688, -2.030997161, 0.5046813933, -0.06115642957, 0.7709767363, -1.256381848},
        {2, 3}},
       // PyTorch: epsilon1 is the machine's epsilon, and a bound.
       {"adafactor { epsilon1: 2.220446049250313e-16 epsilon1_added: false }",
        0.1,
        {0.7927112988, -2.056125535, 0.5261283533}},
       {"adafactor { epsilon1: 2.220446049250313e-16 epsilon1_added: false }",
        0.1,
        {0.9017159688, -2.030997161, 0.5046813933, -0.06115642957, 0.7709767363, -1.256381848},
        {2, 3}},
       {"adafactor { beta1: 0.9 cap_rate: false scale_by_parameter: false }", 0.05, {}}},
      {{"adafactor { beta2_decay: 0 }",
        "text:1:26: adafactor: beta2_decay 0 must be below 0 [adafactor.beta2_decay]"},
       {"adafactor { epsilon1: 0 clip_threshold: -1 }",
        "text:1:23: adafactor: epsilon1 0 must be above 0 [adafactor.epsilon1]\n"
        "text:1:41: adafactor: clip_threshold -1 must be above 0 [adafactor.clip_threshold]"}}}));

// With a full-size v, which for a matrix is made from the averages.
struct PlainAdafactor {
  const optimizer::Adafactor& c;
  PlainMatrix rows, columns, v, m;

  static double Rms(const PlainMatrix& a) {
    return Norm(a) / std::sqrt(static_cast<double>(a.x.size()));
  }

  void Update(PlainUpdate* p) {
    const double b = 1 - std::pow(static_cast<double>(p->t), c.beta2_decay());
    const bool added = c.epsilon1_added();
    PlainMatrix squares = p->g;
    for (double& g : squares.x) g = g * g + (added ? c.epsilon1() : 0);
    if (p->is_matrix) {
      const PlainMatrix right(v.columns, 1, 1.0 / static_cast<double>(v.columns));
      const PlainMatrix left(1, v.rows, 1.0 / static_cast<double>(v.rows));
      rows = b * rows + (1 - b) * (squares * right);
      columns = b * columns + (1 - b) * (left * squares);
      double mean = (left * rows).x[0];
      if (!added && mean < c.epsilon1()) mean = c.epsilon1();
      v = (1 / mean) * (rows * columns);
    } else {
      v = b * v + (1 - b) * squares;
    }
    PlainMatrix u = p->g;
    for (size_t i = 0; i < u.x.size(); ++i) {
      const double least = added ? 0 : c.epsilon1() * c.epsilon1();
      u.x[i] /= std::sqrt(v.x[i] < least ? least : v.x[i]);
    }
    const double rms = Rms(u) / c.clip_threshold();
    if (rms > 1) u = (1 / rms) * u;
    double rate = p->rate;
    const double cap = 1 / std::sqrt(static_cast<double>(p->t));
    if (c.cap_rate() && rate > cap) rate = cap;
    if (c.scale_by_parameter()) rate *= Rms(p->w) > c.epsilon2() ? Rms(p->w) : c.epsilon2();
    m = c.beta1() * m + (1 - c.beta1()) * rate * u;
    p->w = p->w - m;
  }
};

std::vector<double> Formula(const optimizer::Adafactor& c, const UpdateHistory& h) {
  return ParameterByParameter(h, [&](size_t rows, size_t columns) {
    return PlainAdafactor{c, {rows, 1}, {1, columns}, {rows, columns}, {rows, columns}};
  });
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adafactor", Formula);

}  // namespace
}  // namespace gradus
