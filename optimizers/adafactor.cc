// Adafactor: Adam's division without Adam's memory. The average of squared gradients of a matrix is
// kept as one number per row and one per column.
//
//   b = 1 - t^beta2_decay;  r' = max(epsilon2, rms(w)) min(rate, 1 / sqrt(t))
//   R <- b R + (1 - b) mean over a row of (g^2 + epsilon1),  C likewise over columns, of every matrix
//     of the parameter's last two or largest two dimensions
//   v = R C / mean(R);  parameters that are no matrices: v <- b v + (1 - b) (g^2 + epsilon1)
//   u = g / sqrt(v),  u <- u / max(1, rms(u) / clip_threshold),  w <- w - r' u
//   epsilon1_added: false: mean(R) at least epsilon1, v at least epsilon1^2
//   beta1 above 0: m <- beta1 m + (1 - beta1) r' u,  w <- w - m
//
// Shazeer & Stern 2018, arXiv:1804.04235.
// NOTE: The numbers are Keras' (whose relative_step does nothing: the cap is always there) and
// PyTorch's, which has epsilon1_added: false with epsilon1 the machine's epsilon. PyTorch measures the
// weight before it decays, and with a decay differs by a part of rate * decay. optax has
// factored: LARGEST_TWO, least_side: 128 and, with a rate of its own, cap_rate: false. Hugging Face's
// relative_step is rate 0.01, its scale_parameter: false is scale_by_parameter: false, and without
// relative_step cap_rate: false.
//
//   optimizer { adafactor {} learning_rate { constant: 0.01 } }

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"
#include "optimizers/factored_dims.h"

namespace gradus {
namespace {

struct Adafactor {
  using Config = optimizer::Adafactor;

  static FactoredDims Factored(const Config& c, absl::Span<const int64_t> dims) {
    return FactoredDims::Of(dims, c.factored() == Config::LARGEST_TWO, c.least_side());
  }

  enum Part { kRows, kColumns, kAll };
  static SlotSpec Slot(const Config& c, const char* name, Part part) {
    SlotSpec slot = {name, 0, SlotSpec::kOwn};
    slot.own_dims = [c, part](absl::Span<const int64_t> dims, std::vector<int64_t>* own) {
      const FactoredDims factored = Factored(c, dims);
      if (factored.any() != (part != kAll)) return false;
      own->assign(dims.begin(), dims.end());
      if (part == kRows) own->erase(own->begin() + factored.column_axis);
      if (part == kColumns) own->erase(own->begin() + factored.row_axis);
      return true;
    };
    return slot;
  }
  static std::vector<SlotSpec> Slots(const Config& c) {
    std::vector<SlotSpec> slots = {Slot(c, "rows", kRows), Slot(c, "columns", kColumns),
                                   Slot(c, "velocity", kAll)};
    if (c.beta1() > 0) slots.push_back({"momentum"});
    return slots;
  }

  // The averages of rows and columns, with this update's gradient.
  template <class F>
  static void FollowMatrix(const ParameterView<F>& p, const MatrixPlace& m, int64_t row_count,
                           int64_t column_count, double part, double added) {
    F *const row_means = p.slots[0] + m.first_row, *const column_means =
                                                       p.slots[1] + m.first_column;
    const double rows = static_cast<double>(row_count), columns = static_cast<double>(column_count);
    const F* const gradients = p.gradients + m.first;
    const auto square = [&](int64_t r, int64_t c) {
      const double g = static_cast<double>(gradients[r * m.row_step + c * m.column_step]);
      return g * g + added;
    };
    for (int64_t r = 0; r < row_count; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < column_count; ++c) sum += square(r, c);
      F& mean = row_means[r * m.row_number_step];
      mean += F(part * (sum / columns - mean));
    }
    constexpr int64_t kBlock = 256;  // So many sums of columns at a time.
    std::array<double, kBlock> sums;
    for (int64_t begin = 0; begin < column_count; begin += kBlock) {
      const int64_t end = std::min(begin + kBlock, column_count);
      sums.fill(0);
      for (int64_t r = 0; r < row_count; ++r) {
        for (int64_t c = begin; c < end; ++c) sums[c - begin] += square(r, c);
      }
      for (int64_t c = begin; c < end; ++c) {
        F& mean = column_means[c * m.column_number_step];
        mean += F(part * (sums[c - begin] / rows - mean));
      }
    }
  }

  // Calls use(i, u) for every element, with u = g / sqrt(v). In double: products of averages leave
  // the range of floats.
  template <class F, class Use>
  static void ForDirections(const ParameterView<F>& p, const FactoredDims& factored,
                            double least_mean, double least, const Use& use) {
    if (!factored.any()) {
      // Not padded as the gradient is.
      const F* v = p.slots[2];
      ForElements(p, [&](int64_t i) {
        use(i, p.gradients[i] / std::sqrt(std::max(static_cast<double>(*v++), least)));
      });
      return;
    }
    const int64_t row_count = p.dims[factored.row_axis],
                  column_count = p.dims[factored.column_axis];
    factored.ForEach(p.dims, p.pitch, [&](const MatrixPlace& m) {
      const F *const rows = p.slots[0] + m.first_row, *const columns = p.slots[1] + m.first_column;
      double mean = 0;
      for (int64_t r = 0; r < row_count; ++r) {
        mean += static_cast<double>(rows[r * m.row_number_step]);
      }
      mean = std::max(mean / static_cast<double>(row_count), least_mean);
      for (int64_t r = 0; r < row_count; ++r) {
        const double row = static_cast<double>(rows[r * m.row_number_step]) / mean;
        for (int64_t c = 0; c < column_count; ++c) {
          const int64_t i = m.first + r * m.row_step + c * m.column_step;
          const double v =
              std::max(row * static_cast<double>(columns[c * m.column_number_step]), least);
          use(i, p.gradients[i] / std::sqrt(v));
        }
      }
    });
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
    const FactoredDims factored = Factored(c, p.dims);
    if (factored.any()) {
      factored.ForEach(p.dims, p.pitch, [&](const MatrixPlace& m) {
        FollowMatrix(p, m, p.dims[factored.row_axis], p.dims[factored.column_axis], part, added);
      });
    } else {
      F* v = p.slots[2];
      ForElements(p, [&](int64_t i) {
        const double g = static_cast<double>(p.gradients[i]);
        *v += F(part * (g * g + added - *v));
        ++v;
      });
    }
    double squares = 0;
    ForDirections(p, factored, least_mean, least, [&](int64_t, double u) { squares += u * u; });
    const double step = rate / std::max(1.0, std::sqrt(squares / count) / c.clip_threshold());
    F* const w = p.weights;
    if (p.slots.size() == 3) {
      ForDirections(p, factored, least_mean, least,
                    [&](int64_t i, double u) { w[i] -= F(step * u); });
      return;
    }
    F* const m = p.slots[3];
    const double beta1 = c.beta1();
    ForDirections(p, factored, least_mean, least, [&](int64_t i, double u) {
      m[i] = F(beta1 * m[i] + (1 - beta1) * step * u);
      w[i] -= m[i];
    });
  }
};

GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.adafactor", Adafactor);

}  // namespace
}  // namespace gradus
