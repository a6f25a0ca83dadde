// Adafactor: Adam's division without Adam's memory. The average of squared gradients of a matrix is
// kept as one number per row and one per column.
//
//   b = 1 - t^beta2_decay;  r' = max(epsilon2, rms(w)) min(rate, 1 / sqrt(t))
//   R <- b R + (1 - b) mean over a row of (g^2 + epsilon1),  C likewise over columns
//   v = R C / mean(R);  parameters that are no matrices: v <- b v + (1 - b) (g^2 + epsilon1)
//   u = g / sqrt(v),  u <- u / max(1, rms(u) / clip_threshold),  w <- w - r' u
//   epsilon1_added: false: mean(R) at least epsilon1, v at least epsilon1^2
//   beta1 above 0: m <- beta1 m + (1 - beta1) r' u,  w <- w - m
//
// Shazeer & Stern 2018, arXiv:1804.04235.
// NOTE: The numbers of matrices and vectors are Keras' (whose relative_step does nothing: the cap
// is always there) and PyTorch's, which has epsilon1_added: false with epsilon1 the machine's
// epsilon. PyTorch measures the weight before it decays, and with a decay differs by a part of
// rate * decay. Kernels of more than two dimensions are one matrix here with the last dimension as
// columns; Keras and PyTorch have a matrix for each of the leading indices. optax factors only
// what is at least 128 wide and takes the two largest dimensions. Hugging Face's relative_step is
// rate 0.01, its scale_parameter: false is scale_by_parameter: false, and without relative_step
// cap_rate: false.
//
//   optimizer { adafactor {} learning_rate { constant: 0.01 } }

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"

namespace gradus {
namespace {

struct Adafactor {
  using Config = optimizer::Adafactor;

  static std::vector<SlotSpec> Slots(const Config& c) {
    std::vector<SlotSpec> slots = {{"rows", 0, SlotSpec::kRows},
                                   {"columns", 0, SlotSpec::kColumns},
                                   {"velocity", 0, SlotSpec::kVectorElements}};
    if (c.beta1() > 0) slots.push_back({"momentum"});
    return slots;
  }

  // The averages of rows and columns, with this update's gradient.
  template <class F>
  static void FollowMatrix(const ParameterView<F>& p, double part, double added) {
    F *const row_means = p.slots[0], *const column_means = p.slots[1];
    const double rows = static_cast<double>(p.rows), columns = static_cast<double>(p.columns);
    const auto square = [&](int64_t r, int64_t c) {
      const double g = static_cast<double>(p.gradients[r * p.pitch + c]);
      return g * g + added;
    };
    for (int64_t r = 0; r < p.rows; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < p.columns; ++c) sum += square(r, c);
      row_means[r] += F(part * (sum / columns - row_means[r]));
    }
    constexpr int64_t kBlock = 256;  // So many sums of columns at a time.
    std::array<double, kBlock> sums;
    for (int64_t begin = 0; begin < p.columns; begin += kBlock) {
      const int64_t end = std::min(begin + kBlock, p.columns);
      sums.fill(0);
      for (int64_t r = 0; r < p.rows; ++r) {
        for (int64_t c = begin; c < end; ++c) sums[c - begin] += square(r, c);
      }
      for (int64_t c = begin; c < end; ++c) {
        column_means[c] += F(part * (sums[c - begin] / rows - column_means[c]));
      }
    }
  }

  // Calls use(i, u) for every element, with u = g / sqrt(v). In double: products of averages leave
  // the range of floats.
  template <class F, class Use>
  static void ForDirections(const ParameterView<F>& p, double least_mean, double least,
                            const Use& use) {
    if (!p.is_matrix()) {
      const F* v = p.slots[2];
      ForElements(p, [&](int64_t i) {
        use(i, p.gradients[i] / std::sqrt(std::max(static_cast<double>(v[i]), least)));
      });
      return;
    }
    const F *rows = p.slots[0], *columns = p.slots[1];
    double mean = 0;
    for (int64_t r = 0; r < p.rows; ++r) mean += static_cast<double>(rows[r]);
    mean = std::max(mean / static_cast<double>(p.rows), least_mean);
    for (int64_t r = 0; r < p.rows; ++r) {
      const double row = static_cast<double>(rows[r]) / mean;
      for (int64_t c = 0; c < p.columns; ++c) {
        const int64_t i = r * p.pitch + c;
        const double v = std::max(row * static_cast<double>(columns[c]), least);
        use(i, p.gradients[i] / std::sqrt(v));
      }
    }
  }

  template <class F>
  static void Update(const Config& c, const ParameterView<F>& p) {
    const double t = static_cast<double>(p.step->t),
                 count = static_cast<double>(p.rows * p.columns);
    const double part = std::pow(t, c.beta2_decay());
    // Added to the squares, epsilon1 keeps what is divided by from 0, but not when it is too small
    // for the slots' type.
    const double smallest = std::numeric_limits<double>::min();
    const bool is_added = c.epsilon1_added();
    const double added = is_added ? c.epsilon1() : 0;
    const double least_mean = is_added ? smallest : c.epsilon1();
    const double least = is_added ? smallest : std::max(smallest, c.epsilon1() * c.epsilon1());
    double rate = p.step->rate;
    if (c.cap_rate()) rate = std::min(rate, 1 / std::sqrt(t));
    if (c.scale_by_parameter()) {
      rate *= std::max(c.epsilon2(), std::sqrt(SumOfSquares(p, p.weights) / count));
    }
    if (p.is_matrix()) {
      FollowMatrix(p, part, added);
    } else {
      F* const v = p.slots[2];
      ForElements(p, [&](int64_t i) {
        const double g = static_cast<double>(p.gradients[i]);
        v[i] += F(part * (g * g + added - v[i]));
      });
    }
    double squares = 0;
    ForDirections(p, least_mean, least, [&](int64_t, double u) { squares += u * u; });
    const double step = rate / std::max(1.0, std::sqrt(squares / count) / c.clip_threshold());
    F* const w = p.weights;
    if (p.slots.size() == 3) {
      ForDirections(p, least_mean, least, [&](int64_t i, double u) { w[i] -= F(step * u); });
      return;
    }
    F* const m = p.slots[3];
    const double beta1 = c.beta1();
    ForDirections(p, least_mean, least, [&](int64_t i, double u) {
      m[i] = F(beta1 * m[i] + (1 - beta1) * step * u);
      w[i] -= m[i];
    });
  }
};

GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.adafactor", Adafactor);

}  // namespace
}  // namespace gradus
