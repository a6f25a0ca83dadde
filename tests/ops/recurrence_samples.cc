// Samples and references of the recurrent operations and their gradients. Written element by element from the published equations; the
// gradients' references go back through the steps, and the gradient check compares them with differences of the forward ones.

#include <algorithm>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }

// A tensor [rows, steps, width], or a matrix.
struct View {
  const RefTensor* x;
  double operator()(int64_t row, int64_t t, int64_t j) const {
    return x->values[(row * x->dims[1] + t) * x->dims[2] + j];
  }
  double operator()(int64_t i, int64_t j) const { return x->values[i * x->dims[1] + j]; }
};
double& At(RefTensor& x, int64_t row, int64_t t, int64_t j) {
  return x.values[(row * x.dims[1] + t) * x.dims[2] + j];
}

// The steps of each row that are read, in their order; the step before each, -1 before the first; and those that are not read, with the
// step whose state they keep.
struct Order {
  int64_t rows, steps;
  bool reverse;
  const RefTensor* lengths;

  Order(const RefTensor& sequence, bool backwards, absl::Span<const RefTensor> in, size_t length_at)
      : rows(sequence.dims[0]),
        steps(sequence.dims[1]),
        reverse(backwards),
        lengths(in.size() > length_at ? &in[length_at] : nullptr) {}

  int64_t Length(int64_t row) const {
    return lengths == nullptr ? steps : static_cast<int64_t>(lengths->values[row]);
  }
  // Calls cell(row, t, before).
  template <class Cell>
  void Forward(const Cell& cell) const {
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t n = Length(row);
      for (int64_t k = 0; k < n; ++k) {
        const int64_t t = reverse ? n - 1 - k : k;
        cell(row, t, k == 0 ? -1 : reverse ? t + 1 : t - 1);
      }
    }
  }
  template <class Cell>
  void Backward(const Cell& cell) const {
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t n = Length(row);
      for (int64_t k = n; k-- > 0;) {
        const int64_t t = reverse ? n - 1 - k : k;
        cell(row, t, k == 0 ? -1 : reverse ? t + 1 : t - 1);
      }
    }
  }
  // States at steps that are not read: the last one, or those of nothing.
  void Keep(RefTensor& states) const {
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t n = Length(row);
      for (int64_t t = n; t < steps; ++t) {
        for (int64_t j = 0; j < states.dims[2]; ++j) {
          At(states, row, t, j) = reverse || n == 0 ? 0 : At(states, row, n - 1, j);
        }
      }
    }
  }
  // The gradients of states with what the steps that keep them get.
  RefTensor Collect(const RefTensor& dh) const {
    RefTensor all = dh;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t n = Length(row);
      for (int64_t t = n; t < steps && n > 0 && !reverse; ++t) {
        for (int64_t j = 0; j < dh.dims[2]; ++j) At(all, row, n - 1, j) += At(all, row, t, j);
      }
    }
    return all;
  }
};

// h_before R, column j.
double Meets(const RefTensor& h, int64_t row, int64_t before, const RefTensor& kernel, int64_t j) {
  double sum = 0;
  for (int64_t i = 0; i < kernel.dims[0] && before >= 0; ++i) {
    sum += View{&h}(row, before, i) * View{&kernel}(i, j);
  }
  return sum;
}

GRADUS_OP_REFERENCE(op::Lstm, [](const op::Lstm& config, absl::Span<const RefTensor> in,
                                 absl::Span<RefTensor> out) {
  const RefTensor& kernel = in[1];
  const int64_t u = kernel.dims[0];
  RefTensor &h = out[0], &c = out[1], &gates = out[2];
  const Order order(in[0], config.reverse(), in, 2);
  order.Forward([&](int64_t row, int64_t t, int64_t before) {
    for (int64_t j = 0; j < u; ++j) {
      double z[4];
      for (int64_t gate = 0; gate < 4; ++gate) {
        const int64_t column = gate * u + j;
        z[gate] = View{&in[0]}(row, t, column) + Meets(h, row, before, kernel, column);
        At(gates, row, t, column) = gate == 2 ? std::tanh(z[gate]) : Logistic(z[gate]);
      }
      const double kept = before < 0 ? 0 : Logistic(z[1]) * At(c, row, before, j);
      At(c, row, t, j) = kept + Logistic(z[0]) * std::tanh(z[2]);
      At(h, row, t, j) = Logistic(z[3]) * std::tanh(At(c, row, t, j));
    }
  });
  order.Keep(h);
  order.Keep(c);
});

// Adds dz R^T to the gradient of the state before.
void GoBack(const RefTensor& dz, int64_t row, int64_t t, int64_t before, const RefTensor& kernel,
            RefTensor& dh) {
  for (int64_t i = 0; i < kernel.dims[0] && before >= 0; ++i) {
    for (int64_t j = 0; j < kernel.dims[1]; ++j) {
      At(dh, row, before, i) += View{&dz}(row, t, j) * View{&kernel}(i, j);
    }
  }
}

GRADUS_OP_REFERENCE(op::LstmGrad, [](const op::LstmGrad& config, absl::Span<const RefTensor> in,
                                     absl::Span<RefTensor> out) {
  const RefTensor &c = in[1], &kernel = in[3];
  const int64_t u = kernel.dims[0];
  const View gate = {&in[2]};
  const Order order(in[0], config.reverse(), in, 4);
  RefTensor dh = order.Collect(in[0]), dc = in[0];
  dc.values.assign(dc.values.size(), 0);
  order.Backward([&](int64_t row, int64_t t, int64_t before) {
    for (int64_t j = 0; j < u; ++j) {
      const double i = gate(row, t, j), f = gate(row, t, u + j);
      const double g = gate(row, t, 2 * u + j), o = gate(row, t, 3 * u + j);
      const double squashed = std::tanh(View{&c}(row, t, j)), d = At(dh, row, t, j);
      const double cell = At(dc, row, t, j) + d * o * (1 - squashed * squashed);
      const double earlier = before < 0 ? 0 : View{&c}(row, before, j);
      At(out[0], row, t, j) = cell * g * i * (1 - i);
      At(out[0], row, t, u + j) = cell * earlier * f * (1 - f);
      At(out[0], row, t, 2 * u + j) = cell * i * (1 - g * g);
      At(out[0], row, t, 3 * u + j) = d * squashed * o * (1 - o);
      if (before >= 0) At(dc, row, before, j) += cell * f;
    }
    GoBack(out[0], row, t, before, kernel, dh);
  });
});

GRADUS_OP_REFERENCE(op::Gru, [](const op::Gru& config, absl::Span<const RefTensor> in,
                                absl::Span<RefTensor> out) {
  const RefTensor& kernel = in[1];
  const int64_t u = kernel.dims[0];
  const View x = {&in[0]};
  RefTensor &h = out[0], &gates = out[1];
  const bool bias = config.recurrent_bias();
  const Order order(in[0], config.reverse(), in, bias ? 3 : 2);
  order.Forward([&](int64_t row, int64_t t, int64_t before) {
    const auto share = [&](int64_t column) {
      return Meets(h, row, before, kernel, column) + (bias ? in[2].values[column] : 0);
    };
    for (int64_t j = 0; j < 2 * u; ++j) At(gates, row, t, j) = Logistic(x(row, t, j) + share(j));
    for (int64_t j = 0; j < u; ++j) {
      const double z = At(gates, row, t, j), r = At(gates, row, t, u + j);
      double from_state = 0;
      if (config.reset_after()) {
        from_state = r * share(2 * u + j);
        At(gates, row, t, 3 * u + j) = share(2 * u + j);
      } else {
        for (int64_t i = 0; i < u && before >= 0; ++i) {
          from_state +=
              At(gates, row, t, u + i) * At(h, row, before, i) * View{&kernel}(i, 2 * u + j);
        }
      }
      const double n = std::tanh(x(row, t, 2 * u + j) + from_state);
      At(gates, row, t, 2 * u + j) = n;
      At(h, row, t, j) = z * (before < 0 ? 0 : At(h, row, before, j)) + (1 - z) * n;
    }
  });
  order.Keep(h);
});

GRADUS_OP_REFERENCE(op::GruGrad, [](const op::GruGrad& config, absl::Span<const RefTensor> in,
                                    absl::Span<RefTensor> out) {
  const RefTensor &h = in[1], &kernel = in[3];
  const int64_t u = kernel.dims[0];
  const View gate = {&in[2]};
  const Order order(in[0], config.reverse(), in, 4);
  RefTensor dh = order.Collect(in[0]);
  order.Backward([&](int64_t row, int64_t t, int64_t before) {
    RefTensor& d = out[0];
    for (int64_t j = 0; j < u; ++j) {
      const double z = gate(row, t, j), n = gate(row, t, 2 * u + j), all = At(dh, row, t, j);
      const double earlier = before < 0 ? 0 : View{&h}(row, before, j);
      At(d, row, t, j) = all * (earlier - n) * z * (1 - z);
      At(d, row, t, 2 * u + j) = all * (1 - z) * (1 - n * n);
      if (before >= 0) At(dh, row, before, j) += all * z;
    }
    for (int64_t j = 0; j < u; ++j) {
      const double r = gate(row, t, u + j), slope = r * (1 - r);
      if (config.reset_after()) {
        At(d, row, t, u + j) = At(d, row, t, 2 * u + j) * gate(row, t, 3 * u + j) * slope;
        continue;
      }
      double dreset = 0;
      for (int64_t i = 0; i < u; ++i) {
        dreset += At(d, row, t, 2 * u + i) * View{&kernel}(j, 2 * u + i);
      }
      At(d, row, t, u + j) = before < 0 ? 0 : dreset * View{&h}(row, before, j) * slope;
      if (before >= 0) At(dh, row, before, j) += dreset * r;
    }
    RefTensor shares = d;
    for (int64_t j = 0; j < u; ++j) {
      At(shares, row, t, 2 * u + j) *= config.reset_after() ? gate(row, t, u + j) : 0;
    }
    if (config.reset_after()) {
      for (int64_t j = 0; j < 3 * u; ++j) At(out[1], row, t, j) = At(shares, row, t, j);
    }
    GoBack(shares, row, t, before, kernel, dh);
  });
});

GRADUS_OP_REFERENCE(op::SimpleRnn, [](const op::SimpleRnn& config, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  const Order order(in[0], config.reverse(), in, 2);
  order.Forward([&](int64_t row, int64_t t, int64_t before) {
    for (int64_t j = 0; j < in[1].dims[0]; ++j) {
      At(out[0], row, t, j) =
          std::tanh(View{&in[0]}(row, t, j) + Meets(out[0], row, before, in[1], j));
    }
  });
  order.Keep(out[0]);
});

GRADUS_OP_REFERENCE(op::SimpleRnnGrad,
                    [](const op::SimpleRnnGrad& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      const Order order(in[0], config.reverse(), in, 3);
                      RefTensor dh = order.Collect(in[0]);
                      order.Backward([&](int64_t row, int64_t t, int64_t before) {
                        for (int64_t j = 0; j < in[2].dims[0]; ++j) {
                          const double h = View{&in[1]}(row, t, j);
                          At(out[0], row, t, j) = At(dh, row, t, j) * (1 - h * h);
                        }
                        GoBack(out[0], row, t, before, in[2], dh);
                      });
                    });

// ---- Samples.

struct SequenceCase {
  const char* note;
  Dim rows;
  int64_t steps, units;
  bool reverse = false;
  std::vector<double> lengths = {};
  int64_t batch = 3;

  Shape Of(int64_t width) const { return {rows, {steps, false}, {width, false}}; }
};

std::vector<SequenceCase> SequenceCases() {
  const Dim batch = {1, true};
  return {{"size 1", {1, false}, 1, 1},
          {"one step", batch, 1, 4},
          {"one unit", batch, 5, 1},
          {"small", batch, 4, 3},
          {"backwards", batch, 4, 3, true},
          {"lengths", batch, 5, 2, false, {3, 0, 5}},
          {"lengths backwards", batch, 5, 2, true, {3, 0, 5}},
          {"a vector of units", batch, 3, 16},
          {"vectors and a rest", batch, 3, 37, false, {}, 5},
          {"lengths of wide states", batch, 3, 21, true, {1, 2, 3, 2}, 4},
          {"twice the batch", {2, true}, 2, 5},
          {"512 steps", {1, false}, 512, 1},
          {"1024 rows", {1024, false}, 2, 2},
          {"no rows", {0, false}, 4, 2},
          {"no steps", batch, 0, 2},
          {"no units", batch, 2, 0}};
}

// Sequences whose widths are multiples of the units, a kernel, and lengths.
template <class Config>
OpSample SequenceSample(const SequenceCase& c, Config config, const std::vector<int>& widths,
                        int gates, bool recurrent_bias = false) {
  config.set_reverse(c.reverse);
  std::vector<InputSample> inputs;
  for (int width : widths) inputs.push_back(Floats(c.Of(width * c.units), -2, 2));
  // Sums of u products of a scale at which gates are neither open nor shut.
  const double scale = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(c.units, 1)));
  inputs.push_back(Floats(Shape::Fixed({c.units, gates * c.units}), -scale, scale));
  if (recurrent_bias) inputs.push_back(Floats(Shape::Fixed({gates * c.units})));
  if (!c.lengths.empty()) {
    inputs.push_back(Indices({c.rows}, 0));
    inputs.back().values = c.lengths;
  }
  OpSample sample = Sample(config, inputs, c.note);
  sample.rows = c.batch;
  // Each step rounds what it reads, and hands on at most about as much as it got.
  sample.absolute = 2e-6 + 2e-7 * static_cast<double>(c.steps);
  sample.relative = 2e-5;
  return sample;
}

// Gates, and states from them, are between -1 and 1; the gradients' own gradients do not exist.
void OfGates(OpSample* sample) {
  for (InputSample& input : sample->inputs) {
    if (input.spec.dtype != DType::kFloat32) continue;
    input.differentiable = false;
    if (input.low < -1) input.low = -1;
    if (input.high > 1) input.high = 1;
  }
}

GRADUS_OP_SAMPLES(op::Lstm, [] {
  std::vector<OpSample> samples;
  for (const SequenceCase& c : SequenceCases()) {
    samples.push_back(SequenceSample(c, op::Lstm(), {4}, 4));
    samples.back().outputs_without_gradient = {1, 2};
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::LstmGrad, [] {
  std::vector<OpSample> samples;
  for (const SequenceCase& c : SequenceCases()) {
    samples.push_back(SequenceSample(c, op::LstmGrad(), {1, 1, 4}, 4));
    OfGates(&samples.back());
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::Gru, [] {
  std::vector<OpSample> samples;
  for (const bool reset_after : {true, false}) {
    for (const bool recurrent_bias : {true, false}) {
      if (recurrent_bias && !reset_after) continue;
      for (const SequenceCase& c : SequenceCases()) {
        op::Gru config;
        config.set_reset_after(reset_after);
        config.set_recurrent_bias(recurrent_bias);
        samples.push_back(SequenceSample(c, config, {3}, 3, recurrent_bias));
        samples.back().outputs_without_gradient = {1};
      }
    }
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::GruGrad, [] {
  std::vector<OpSample> samples;
  for (const bool reset_after : {true, false}) {
    for (const SequenceCase& c : SequenceCases()) {
      op::GruGrad config;
      config.set_reset_after(reset_after);
      samples.push_back(SequenceSample(c, config, {1, 1, reset_after ? 4 : 3}, 3));
      OfGates(&samples.back());
    }
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::SimpleRnn, [] {
  std::vector<OpSample> samples;
  for (const SequenceCase& c : SequenceCases()) {
    samples.push_back(SequenceSample(c, op::SimpleRnn(), {1}, 1));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::SimpleRnnGrad, [] {
  std::vector<OpSample> samples;
  for (const SequenceCase& c : SequenceCases()) {
    samples.push_back(SequenceSample(c, op::SimpleRnnGrad(), {1, 1}, 1));
    OfGates(&samples.back());
  }
  return samples;
});

}  // namespace
}  // namespace gradus
