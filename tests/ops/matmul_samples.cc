// Samples and references of matmul and fused_dense.

#include <algorithm>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

void RefMatmul(bool ta, bool tb, const RefTensor& a, const RefTensor& b, RefTensor* c) {
  const size_t rank = c->dims.size();
  const int64_t k = a.dims[a.dims.size() - (ta ? 2 : 1)];
  const auto element = [rank](const RefTensor& x, std::vector<int64_t> at, int64_t row,
                              int64_t column) {
    at[rank - 2] = row;
    at[rank - 1] = column;
    std::vector<int64_t> own(at.end() - static_cast<int64_t>(x.dims.size()), at.end());
    for (size_t i = 0; i + 2 < own.size(); ++i) own[i] = x.dims[i] == 1 ? 0 : own[i];
    return x.values[FlatOf(x.dims, own)];
  };
  for (size_t i = 0; i < c->values.size(); ++i) {
    const std::vector<int64_t> at = IndicesOf(c->dims, static_cast<int64_t>(i));
    const int64_t row = at[rank - 2], column = at[rank - 1];
    for (int64_t p = 0; p < k; ++p) {
      c->values[i] += (ta ? element(a, at, p, row) : element(a, at, row, p)) *
                      (tb ? element(b, at, column, p) : element(b, at, p, column));
    }
  }
}

GRADUS_OP_REFERENCE(op::Matmul, [](const op::Matmul& config, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  RefMatmul(config.transpose_a(), config.transpose_b(), in[0], in[1], &out[0]);
});

op::Matmul Swapped(int which) {
  op::Matmul config;
  if (which & 1) config.set_transpose_a(true);
  if (which & 2) config.set_transpose_b(true);
  return config;
}

// [m, k] x [k, n], stored as the config wants them; batch_axis 0: m is the batch, 1: k is.
OpSample Product(int swaps, Dim m, Dim k, Dim n, const std::string& note = "") {
  OpSample sample = Sample(Swapped(swaps),
                           {Floats(swaps & 1 ? Shape({k, m}) : Shape({m, k})),
                            Floats(swaps & 2 ? Shape({n, k}) : Shape({k, n}))},
                           note);
  sample.absolute = SumTolerance(static_cast<double>(k.At(sample.rows)));
  return sample;
}

GRADUS_OP_SAMPLES(op::Matmul, [] {
  const auto fixed = [](int64_t k) { return Dim{k, false}; };
  const Dim batch{1, true};
  std::vector<OpSample> samples;
  for (int swaps = 0; swaps < 4; ++swaps) {
    samples.push_back(Product(swaps, fixed(1), fixed(1), fixed(1), "all 1"));
    samples.push_back(Product(swaps, batch, fixed(4), fixed(5), "batch in m"));
    samples.push_back(Product(swaps, fixed(4), batch, fixed(5), "batch in k"));
    samples.push_back(Product(swaps, fixed(13), fixed(7), fixed(19), "odd"));
    samples.push_back(Product(swaps, fixed(2), fixed(512), fixed(3), "k = 512"));
    samples.push_back(Product(swaps, fixed(3), fixed(1024), fixed(2), "k = 1024"));
    samples.push_back(Product(swaps, fixed(2), fixed(2), fixed(512), "n = 512"));
    samples.push_back(Product(swaps, fixed(1024), fixed(2), fixed(1), "m = 1024, n = 1"));
    samples.push_back(Product(swaps, fixed(2), fixed(0), fixed(3), "k = 0"));
    samples.push_back(Product(swaps, fixed(0), fixed(2), fixed(3), "m = 0"));
    samples.push_back(Product(swaps, fixed(2), fixed(3), fixed(0), "n = 0"));
    const bool ta = swaps & 1, tb = swaps & 2;
    const Shape a = ta ? Shape::Batched({4, 2}) : Shape::Batched({2, 4});
    const Shape b = tb ? Shape::Batched({3, 4}) : Shape::Batched({4, 3});
    samples.push_back(Sample(Swapped(swaps), {Floats(a), Floats(b)}, "a stack of each"));
    samples.push_back(Sample(Swapped(swaps),
                             {Floats(a), Floats(tb ? Shape::Fixed({3, 4}) : Shape::Fixed({4, 3}))},
                             "a stack and a matrix"));
    samples.push_back(Sample(Swapped(swaps),
                             {Floats(ta ? Shape::Fixed({4, 2}) : Shape::Fixed({2, 4})), Floats(b)},
                             "a matrix and a stack"));
    samples.push_back(Sample(Swapped(swaps),
                             {Floats(ta ? Shape::Fixed({2, 1, 4, 2}) : Shape::Fixed({2, 1, 2, 4})),
                              Floats(tb ? Shape::Fixed({1, 3, 3, 4}) : Shape::Fixed({1, 3, 4, 3}))},
                             "both broadcast"));
  }
  return samples;
});

GRADUS_OP_REFERENCE(op::FusedDense, [](const op::FusedDense& config, absl::Span<const RefTensor> in,
                                       absl::Span<RefTensor> out) {
  RefMatmul(false, false, in[0], in[1], &out[0]);
  const int64_t n = out[0].dims[1];
  for (size_t i = 0; i < out[0].values.size(); ++i) {
    double& y = out[0].values[i];
    if (config.has_bias()) y += in[2].values[static_cast<int64_t>(i) % n];
    switch (config.activation()) {
      case op::FusedDense::NONE:
        break;
      case op::FusedDense::RELU:
        y = std::max(y, 0.0);
        break;
      case op::FusedDense::ELU:
        y = y > 0 ? y : config.alpha() * std::expm1(y);
        break;
      case op::FusedDense::SIGMOID:
        y = 1 / (1 + std::exp(-y));
        break;
      case op::FusedDense::TANH:
        y = std::tanh(y);
        break;
    }
  }
});

GRADUS_OP_SAMPLES(op::FusedDense, [] {
  struct Size {
    Dim m;
    int64_t k, n;
  };
  const Dim batch{1, true};
  std::vector<OpSample> samples;
  for (int activation = 0; activation < 5; ++activation) {
    for (bool has_bias : {false, true}) {
      for (const Size& size :
           {Size{batch, 4, 5}, Size{{1, false}, 1, 1}, Size{batch, 30, 10},
            Size{{13, false}, 7, 19}, Size{{2, false}, 512, 3}, Size{{1024, false}, 2, 1},
            Size{{2, false}, 3, 512}, Size{{0, false}, 3, 2}, Size{{3, false}, 0, 2},
            Size{{3, false}, 2, 0}}) {
        op::FusedDense config;
        config.set_activation(static_cast<op::FusedDense::Activation>(activation));
        config.set_alpha(0.7);
        config.set_has_bias(has_bias);
        std::vector<InputSample> inputs = {Floats(Shape({size.m, {size.k, false}})),
                                           Floats(Shape::Fixed({size.k, size.n}))};
        if (has_bias) inputs.push_back(Floats(Shape::Fixed({size.n})));
        // Made after differentiation: no gradient goes through it.
        for (InputSample& input : inputs) input.differentiable = false;
        OpSample sample = Sample(config, inputs);
        // oneDNN's elu is off by 1.4e-3 relative near 0, and its sigmoid and tanh by some 1e-6.
        sample.absolute = SumTolerance(static_cast<double>(size.k)) + 4e-6;
        samples.push_back(std::move(sample));
      }
    }
  }
  return samples;
});

}  // namespace
}  // namespace gradus
