// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64, which are
// PyTorch's too.

#include <algorithm>
#include <cmath>
#include <map>

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
       {"adafactor { beta1: 0.9 cap_rate: false scale_by_parameter: false }", 0.05, {}},
       // optax, whose vector is Keras' and whose small matrix keeps whole squares.
       {"adafactor { factored: LARGEST_TWO least_side: 128 cap_rate: false }",
        0.1,
        {0.7927112988, -2.056125535, 0.5261283533}},
       {"adafactor { factored: LARGEST_TWO least_side: 3 }", 0.1, {}}},
      {{"adafactor { beta2_decay: 0 }",
        "text:1:26: adafactor: beta2_decay 0 must be below 0 [adafactor.beta2_decay]"},
       {"adafactor { epsilon1: 0 clip_threshold: -1 }",
        "text:1:23: adafactor: epsilon1 0 must be above 0 [adafactor.epsilon1]\n"
        "text:1:41: adafactor: clip_threshold -1 must be above 0 [adafactor.clip_threshold]"}}}));

// With a full-size v, which for a matrix is made from the averages, each under the indices of what it
// is an average of.
struct PlainAdafactor {
  using Index = std::vector<int64_t>;
  const optimizer::Adafactor& c;
  std::map<Index, double> rows, columns;
  PlainMatrix v, m;

  static double Rms(const PlainMatrix& a) {
    return Norm(a) / std::sqrt(static_cast<double>(a.x.size()));
  }
  static std::vector<Index> Indices(const Index& dims) {
    std::vector<Index> indices = {{}};
    for (const int64_t size : dims) {
      std::vector<Index> longer;
      for (const Index& index : indices) {
        for (int64_t i = 0; i < size; ++i) {
          longer.push_back(index);
          longer.back().push_back(i);
        }
      }
      indices = longer;
    }
    return indices;
  }
  static Index Without(Index index, size_t axis) {
    index.erase(index.begin() + static_cast<int64_t>(axis));
    return index;
  }

  // Of `squares`, averaged over one of the axes.
  static std::map<Index, double> Means(const PlainMatrix& squares, const Index& dims, size_t axis) {
    std::map<Index, double> means;
    const std::vector<Index> indices = Indices(dims);
    for (size_t i = 0; i < indices.size(); ++i) {
      means[Without(indices[i], axis)] += squares.x[i] / static_cast<double>(dims[axis]);
    }
    return means;
  }

  void Update(PlainUpdate* p) {
    const double b = 1 - std::pow(static_cast<double>(p->t), c.beta2_decay());
    const bool added = c.epsilon1_added();
    PlainMatrix squares = p->g;
    for (double& g : squares.x) g = g * g + (added ? c.epsilon1() : 0);
    std::vector<size_t> axes(p->dims.size());
    for (size_t k = 0; k < axes.size(); ++k) axes[k] = k;
    if (c.factored() == optimizer::Adafactor::LARGEST_TWO) {
      std::stable_sort(axes.begin(), axes.end(),
                       [&](size_t x, size_t y) { return p->dims[x] < p->dims[y]; });
    }
    const size_t last = axes.size() - 1;
    if (axes.size() >= 2 &&
        std::min(p->dims[axes[last]], p->dims[axes[last - 1]]) >= c.least_side()) {
      const size_t row = std::min(axes[last], axes[last - 1]),
                   column = axes[last] + axes[last - 1] - row;
      const auto row_means = Means(squares, p->dims, column),
                 column_means = Means(squares, p->dims, row);
      for (const auto& mean : row_means)
        rows[mean.first] = b * rows[mean.first] + (1 - b) * mean.second;
      for (const auto& mean : column_means) {
        columns[mean.first] = b * columns[mean.first] + (1 - b) * mean.second;
      }
      std::map<Index, double> means;  // Of R, by the indices that are neither's.
      for (const auto& mean : rows) {
        means[Without(mean.first, row)] += mean.second / static_cast<double>(p->dims[row]);
      }
      const std::vector<Index> indices = Indices(p->dims);
      for (size_t i = 0; i < indices.size(); ++i) {
        double mean = means[Without(Without(indices[i], column), row)];
        if (!added && mean < c.epsilon1()) mean = c.epsilon1();
        v.x[i] = rows[Without(indices[i], column)] * columns[Without(indices[i], row)] / mean;
      }
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
    return PlainAdafactor{c, {}, {}, {rows, columns}, {rows, columns}};
  });
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adafactor", Formula);

}  // namespace
}  // namespace gradus
