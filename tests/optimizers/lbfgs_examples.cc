// Examples of the rule, for the conformance test. Golden weights: PyTorch's algorithm in numpy,
// float64; the loss of update t is <g_t, w> + |w - w_t|^2 / 2, with w_t the weights before it.

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.lbfgs",
    ({{{"lbfgs {}", 1, {0.75, -2.3, 0.8}, {3}, 1},
       {"lbfgs { line_search: FIXED history: 3 max_iterations: 3 }",
        0.5,
        {0.8125, -2.225, 0.725},
        {3},
        0.5},
       {"lbfgs { max_iterations: 1 curvature: 0.1 }", 1, {0.75, -2.3, 0.8}, {3}, 1}},
      {{"lbfgs { history: 0 }",
        "text:1:18: lbfgs: history 0 must be at least 1 and at most 1000 [lbfgs.history]"},
       {"lbfgs { curvature: 1 }",
        "text:1:20: lbfgs: curvature 1 must be above 0 and below 1 [lbfgs.curvature]"},
       {"lbfgs { sufficient_decrease: 0.5 curvature: 0.3 }",
        "text:1:30: sufficient_decrease 0.5 is not below curvature 0.3; there may be no step with "
        "both [lbfgs.sufficient_decrease]"}}}));

// The algorithm as PyTorch walks through it, with lists for the history and for the ends of a
// bracket; there a pair may be taken when the next direction is made, because the loss is one
// function.
struct PlainLbfgs {
  struct Place {
    double t = 0, loss = 0, slope = 0;
    PlainMatrix g;
  };

  const optimizer::Lbfgs& c;
  const UpdateHistory& h;
  PlainMatrix w, d, before;
  double t = 0;
  int iterations = 0;
  std::vector<PlainMatrix> s, y;

  double Loss(const PlainMatrix& at, PlainMatrix* g) const {
    *g = PlainMatrix(1, at.columns);
    return h.loss(at.x, absl::MakeSpan(g->x));
  }
  Place At(double step) const {
    Place place;
    place.t = step;
    place.loss = Loss(w + step * d, &place.g);
    place.slope = Product(place.g, d);
    return place;
  }
  static double Largest(const PlainMatrix& a) {
    double largest = 0;
    for (const double x : a.x) largest = std::max(largest, std::abs(x));
    return largest;
  }
  static double Cubic(const Place& a, const Place& b, double least, double most) {
    if (a.t > b.t) return Cubic(b, a, least, most);
    const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t);
    const double square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0)) return (least + most) / 2;
    const double d2 = std::sqrt(square);
    const double at = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2));
    return std::min(std::max(at, least), most);
  }

  Place Search(const Place& start, double first, int* evaluations) const {
    const auto rises = [&](const Place& p) {
      return p.loss > start.loss + c.sufficient_decrease() * p.t * start.slope;
    };
    const auto flat = [&](const Place& p) {
      return std::abs(p.slope) <= -c.curvature() * start.slope;
    };
    Place last = start, now = At(first);
    ++*evaluations;
    std::vector<Place> bracket;
    int n = 0;
    for (; bracket.empty(); ++n) {
      if (n == c.max_line_search()) return now.loss < start.loss ? now : start;
      if (rises(now) || (n > 1 && now.loss >= last.loss))
        bracket = {last, now};
      else if (flat(now))
        return now;
      else if (now.slope >= 0)
        bracket = {last, now};
      if (!bracket.empty()) break;
      const double next = Cubic(last, now, now.t + 0.01 * (now.t - last.t), 10 * now.t);
      last = now;
      now = At(next);
      ++*evaluations;
    }
    bool was_near = false;
    int low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
    for (; n < c.max_line_search(); ++n) {
      const double least = std::min(bracket[0].t, bracket[1].t);
      const double most = std::max(bracket[0].t, bracket[1].t), width = most - least;
      if (width * Largest(d) < c.tolerance_change()) break;
      double next = Cubic(bracket[0], bracket[1], least, most);
      const bool near = std::min(most - next, next - least) < 0.1 * width;
      if (near && (was_near || next >= most || next <= least)) {
        next = most - next < next - least ? most - 0.1 * width : least + 0.1 * width;
        was_near = false;
      } else {
        was_near = near;
      }
      const Place there = At(next);
      ++*evaluations;
      const int high = 1 - low;
      if (rises(there) || there.loss >= bracket[low].loss) {
        bracket[high] = there;
        low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
        continue;
      }
      if (flat(there)) return there;
      if (there.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
      bracket[low] = there;
    }
    return bracket[low];
  }

  void Direction(const PlainMatrix& g) {
    if (iterations == 1) {
      d = -1.0 * g;
      return;
    }
    const PlainMatrix change = g - before, step = t * d;
    if (Product(change, step) > 1e-10) {
      s.push_back(step);
      y.push_back(change);
      if (static_cast<int64_t>(s.size()) > c.history()) s.erase(s.begin()), y.erase(y.begin());
    }
    d = -1.0 * g;
    std::vector<double> parts(s.size());
    for (size_t i = s.size(); i-- > 0;) {
      parts[i] = Product(s[i], d) / Product(s[i], y[i]);
      d = d - parts[i] * y[i];
    }
    if (!s.empty()) d = Product(s.back(), y.back()) / Product(y.back(), y.back()) * d;
    for (size_t i = 0; i < s.size(); ++i) {
      d = d + (parts[i] - Product(y[i], d) / Product(s[i], y[i])) * s[i];
    }
  }

  void Update(double rate) {
    PlainMatrix g;
    double loss = Loss(w, &g);
    int evaluations = 1;
    if (Largest(g) <= c.tolerance_gradient()) return;
    const int64_t most = c.has_max_evaluations() ? c.max_evaluations() : c.max_iterations() * 5 / 4;
    for (int64_t n = 1; n <= c.max_iterations(); ++n) {
      ++iterations;
      Direction(g);
      before = g;
      const double old = loss;
      double sizes = 0;
      for (const double x : g.x) sizes += std::abs(x);
      t = iterations == 1 ? std::min(1.0, 1 / sizes) * rate : rate;
      if (Product(g, d) > -c.tolerance_change()) break;
      if (c.line_search() == optimizer::Lbfgs::STRONG_WOLFE) {
        const Place place = Search({0, loss, Product(g, d), g}, t, &evaluations);
        t = place.t, loss = place.loss, g = place.g;
        w = w + t * d;
      } else {
        w = w + t * d;
        if (n < c.max_iterations()) loss = Loss(w, &g), ++evaluations;
      }
      if (evaluations >= most || Largest(g) <= c.tolerance_gradient() ||
          Largest(t * d) <= c.tolerance_change() || std::abs(loss - old) < c.tolerance_change()) {
        break;
      }
    }
  }
};

std::vector<double> Formula(const optimizer::Lbfgs& c, const UpdateHistory& h) {
  PlainMatrix w(1, h.weights.size());
  w.x = h.weights;
  PlainLbfgs state{c, h, w, w, w, 0, 0, {}, {}};
  for (int64_t t = 1; t <= h.updates(); ++t) {
    if (h.rate(t) > 0) state.Update(h.rate(t));
  }
  return state.w.x;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.lbfgs", Formula);

}  // namespace
}  // namespace gradus
