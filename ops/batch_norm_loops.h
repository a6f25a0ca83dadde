// Loops over [rows, channels] for the parts of batch normalisation. Several rows are taken as one, so that any number of channels
// fills vectors: the numbers of a channel are then `width` apart or `channels` apart, and sums of neighbours are folded at the end. Rows
// that are left over are done by themselves.
//
// Sums run in float over some rows and in double over those sums, so that thousands of rows lose nothing. Their order does not depend on
// the instruction set.

#ifndef GRADUS_OPS_BATCH_NORM_LOOPS_H_
#define GRADUS_OPS_BATCH_NORM_LOOPS_H_

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "gradus/base/isa.h"
#include "ops/batch_norm.h"

namespace gradus {

struct WideRows {
  int64_t channels = 0;
  int64_t repeat = 1;  // How many rows are one wide row.
  int64_t width = 0;   // channels * repeat, a multiple of kWidth
  int64_t rows = 0;    // Wide ones.
  int64_t rest = 0;    // Rows behind them.

  static constexpr int64_t kWidth = 32;
  static constexpr int64_t kLeastWidth = 128;

  explicit WideRows(const RowsByChannels& size) : channels(size.channels) {
    if (channels == 0) return;
    repeat = kWidth / std::gcd(kWidth, channels);
    while (repeat * channels < kLeastWidth) repeat *= 2;
    width = repeat * channels;
    rows = size.rows / repeat;
    rest = size.rows % repeat;
  }
};

namespace batch_norm {

constexpr int kLanes = 16;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

GRADUS_INLINE void Load(const float* from, Lanes& to) { __builtin_memcpy(&to, from, sizeof(to)); }
GRADUS_INLINE void Store(const Lanes& from, float* to) {
  __builtin_memcpy(to, &from, sizeof(from));
}

// values[0, channels) again and again up to `width`.
GRADUS_INLINE void Repeat(const WideRows& wide, float* values) {
  for (int64_t j = wide.channels; j < wide.width; ++j) values[j] = values[j - wide.channels];
}

// What is summed, of x, dy and the mean, for vectors and for single numbers.
struct Plain {
  static constexpr bool kGradient = false;
  template <class T>
  GRADUS_INLINE static void Add(const T& x, const T&, const T&, T& sum, T&) {
    sum += x;
  }
};
struct Squares {
  static constexpr bool kGradient = false;
  template <class T>
  GRADUS_INLINE static void Add(const T& x, const T&, const T& mean, T& sum, T&) {
    const T centred = x - mean;
    sum += centred * centred;
  }
};
struct Gradients {
  static constexpr bool kGradient = true;
  template <class T>
  GRADUS_INLINE static void Add(const T& x, const T& dy, const T& mean, T& sum, T& product) {
    sum += dy;
    product += dy * (x - mean);
  }
};

GRADUS_INLINE void AddTo(double* sums, const Lanes& lanes) {
  for (int l = 0; l < kLanes; ++l) sums[l] += lanes[l];
}

// sums[0, channels) become the sums, and for gradients sums[width, width + channels) the second ones.
// `mean` is repeated; it is not read for plain sums, and dy only for gradients.
template <class Term>
struct SumRows {
  static constexpr int64_t kRows = 64;  // So many in float.

  template <Isa>
  GRADUS_INLINE static void Run(const WideRows* wide, const float* x, const float* dy,
                                const float* mean, double* sums) {
    const int64_t width = wide->width, channels = wide->channels;
    std::fill(sums, sums + (Term::kGradient ? 2 : 1) * width, 0.0);
    for (int64_t first = 0; first < wide->rows; first += kRows) {
      const int64_t end = std::min(first + kRows, wide->rows);
      for (int64_t j = 0; j < width; j += 2 * kLanes) {
        Lanes sum_a = {}, sum_b = {}, product_a = {}, product_b = {};
        Lanes mean_a = {}, mean_b = {}, dy_a = {}, dy_b = {}, x_a, x_b;
        if (mean != nullptr) {
          Load(mean + j, mean_a);
          Load(mean + j + kLanes, mean_b);
        }
        for (int64_t i = first; i < end; ++i) {
          const int64_t at = i * width + j;
          Load(x + at, x_a);
          Load(x + at + kLanes, x_b);
          if (Term::kGradient) {
            Load(dy + at, dy_a);
            Load(dy + at + kLanes, dy_b);
          }
          Term::Add(x_a, dy_a, mean_a, sum_a, product_a);
          Term::Add(x_b, dy_b, mean_b, sum_b, product_b);
        }
        AddTo(sums + j, sum_a);
        AddTo(sums + j + kLanes, sum_b);
        if (Term::kGradient) {
          AddTo(sums + width + j, product_a);
          AddTo(sums + width + j + kLanes, product_b);
        }
      }
    }
    const int64_t done = wide->rows * width;
    for (int64_t i = 0; i < wide->rest; ++i) {
      for (int64_t j = 0; j < channels; ++j) {
        const int64_t at = done + i * channels + j;
        float sum = 0, product = 0;
        Term::Add(x[at], Term::kGradient ? dy[at] : 0.0f, mean != nullptr ? mean[j] : 0.0f, sum,
                  product);
        sums[j] += sum;
        if (Term::kGradient) sums[width + j] += product;
      }
    }
    if (wide->rows == 0) return;
    for (int64_t k = 1; k < wide->repeat; ++k) {
      for (int64_t j = 0; j < channels; ++j) {
        sums[j] += sums[k * channels + j];
        if (Term::kGradient) sums[width + j] += sums[width + k * channels + j];
      }
    }
  }
};

// y = (x - mean) scale + shift, each repeated. y may be x.
struct Apply {
  template <Isa>
  GRADUS_INLINE static void Run(const WideRows* wide, const float* x, const float* mean,
                                const float* scale, const float* shift, float* y) {
    const int64_t width = wide->width, channels = wide->channels;
    for (int64_t i = 0; i < wide->rows; ++i, x += width, y += width) {
      for (int64_t j = 0; j < width; j += kLanes) {
        Lanes a, m, s, b;
        Load(x + j, a);
        Load(mean + j, m);
        Load(scale + j, s);
        Load(shift + j, b);
        Store((a - m) * s + b, y + j);
      }
    }
    for (int64_t i = 0; i < wide->rest; ++i, x += channels, y += channels) {
      for (int64_t j = 0; j < channels; ++j) y[j] = (x[j] - mean[j]) * scale[j] + shift[j];
    }
  }
};

// dx = scale (dy - shift - (x - mean) slope), each repeated. dx may be dy.
struct ApplyGradient {
  template <Isa>
  GRADUS_INLINE static void Run(const WideRows* wide, const float* dy, const float* x,
                                const float* mean, const float* scale, const float* shift,
                                const float* slope, float* dx) {
    const int64_t width = wide->width, channels = wide->channels;
    for (int64_t i = 0; i < wide->rows; ++i, dy += width, x += width, dx += width) {
      for (int64_t j = 0; j < width; j += kLanes) {
        Lanes d, a, m, s, b, c;
        Load(dy + j, d);
        Load(x + j, a);
        Load(mean + j, m);
        Load(scale + j, s);
        Load(shift + j, b);
        Load(slope + j, c);
        Store(s * (d - b - (a - m) * c), dx + j);
      }
    }
    for (int64_t i = 0; i < wide->rest; ++i, dy += channels, x += channels, dx += channels) {
      for (int64_t j = 0; j < channels; ++j) {
        dx[j] = scale[j] * (dy[j] - shift[j] - (x[j] - mean[j]) * slope[j]);
      }
    }
  }
};

}  // namespace batch_norm
}  // namespace gradus

#endif  // GRADUS_OPS_BATCH_NORM_LOOPS_H_
