// Matrix products in vector registers against a double loop, on every instruction set that this
// machine has.
//
// Tolerance: a chain of k multiply-adds, then bias, each rounded once, is off by at most (k + 3) *
// 2^-24 of the sum of the magnitudes (N. Higham, "Accuracy and Stability of Numerical Algorithms",
// section 3.1); without fused multiply-add each step rounds twice.

#include "gradus/runtime/vector_gemm.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace gradus {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kUntouched = 12345.0f;

// A matrix whose padding is NaN (or the sentinel), so that reading or writing there is seen.
struct Matrix {
  Matrix(int64_t rows, int64_t columns, int64_t padding, float fill, uint32_t seed)
      : rows(rows), columns(columns), pitch(columns + padding), data(rows * pitch, fill) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) at(i, j) = uniform(random);
    }
  }
  float& at(int64_t i, int64_t j) { return data[i * pitch + j]; }
  int64_t rows, columns, pitch;
  std::vector<float> data;
};

struct Case {
  GemmShape shape;
  int64_t padding = 0;
  bool bias = false, accumulate = false, relu = false;
};

std::string Describe(const Case& c, Isa isa) {
  return std::to_string(c.shape.m) + " x " + std::to_string(c.shape.n) + " x " +
         std::to_string(c.shape.k) + (c.shape.transpose_a ? " T" : " N") +
         (c.shape.transpose_b ? "T" : "N") + ", padding " + std::to_string(c.padding) +
         (c.bias ? ", bias" : "") + (c.accumulate ? ", accumulate" : "") +
         (c.relu ? ", relu" : "") + ", instruction set " + std::to_string(static_cast<int>(isa));
}

std::vector<Isa> Isas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (isa <= CurrentIsa()) isas.push_back(isa);
  }
  return isas;
}

struct Operands {
  explicit Operands(const Case& c)
      : a(c.shape.transpose_a ? c.shape.k : c.shape.m, c.shape.transpose_a ? c.shape.m : c.shape.k,
          c.padding, kNaN, 1),
        b(c.shape.transpose_b ? c.shape.n : c.shape.k, c.shape.transpose_b ? c.shape.k : c.shape.n,
          c.padding, kNaN, 2),
        c(c.shape.m, c.shape.n, c.padding, kUntouched, 3),
        bias(1, c.shape.n, 0, 0, 4),
        scratch(VectorGemmScratch(c.shape) + 1, kUntouched) {}

  GemmArguments Arguments(const Case& k) {
    GemmArguments x;
    x.a = a.data.data();
    x.lda = a.pitch;
    x.b = b.data.data();
    x.ldb = b.pitch;
    x.c = c.data.data();
    x.ldc = c.pitch;
    x.bias = k.bias ? bias.data.data() : nullptr;
    x.accumulate = k.accumulate;
    x.relu = k.relu;
    x.scratch = scratch.data();
    return x;
  }

  Matrix a, b, c, bias;
  std::vector<float> scratch;
};

void ExpectAgreesWithDouble(const Case& k, Isa isa) {
  SCOPED_TRACE(Describe(k, isa));
  const GemmShape& shape = k.shape;
  Operands x(k);
  Matrix before = x.c;
  VectorGemm(shape, x.Arguments(k), isa);
  EXPECT_EQ(x.scratch.back(), kUntouched) << "wrote beyond its scratch";
  int wrong = 0;
  for (int64_t i = 0; i < shape.m; ++i) {
    for (int64_t j = 0; j < shape.n; ++j) {
      double sum = 0, magnitude = 0;
      const auto add = [&](double term) {
        sum += term;
        magnitude += std::fabs(term);
      };
      for (int64_t p = 0; p < shape.k; ++p) {
        add(static_cast<double>(shape.transpose_a ? x.a.at(p, i) : x.a.at(i, p)) *
            (shape.transpose_b ? x.b.at(j, p) : x.b.at(p, j)));
      }
      if (k.accumulate) add(before.at(i, j));
      if (k.bias) add(x.bias.at(0, j));
      if (k.relu && sum < 0) sum = 0;
      const double roundings = (isa == Isa::kBaseline ? 2 : 1) * static_cast<double>(shape.k) + 3;
      if (!(std::fabs(x.c.at(i, j) - sum) <= roundings * std::ldexp(magnitude, -24))) ++wrong;
    }
    for (int64_t j = shape.n; j < x.c.pitch; ++j) {
      if (x.c.at(i, j) != kUntouched) ++wrong;
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(VectorGemm, AgreesWithADoubleLoopOnSmallShapesInEveryOrientation) {
  const int64_t sizes[] = {1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 40};
  int count = 0;
  for (Isa isa : Isas()) {
    for (int64_t m : sizes) {
      for (int64_t n : sizes) {
        for (int64_t k : sizes) {
          ++count;  // walks through the flags, at a pace that is prime to the sizes
          ExpectAgreesWithDouble({{m, n, k, (count & 1) != 0, (count & 2) != 0},
                                  count % 3,
                                  count % 5 < 2,
                                  count % 7 < 2,
                                  count % 11 < 5},
                                 isa);
        }
      }
    }
  }
}

TEST(VectorGemm, AgreesWithADoubleLoopWhereBlocksAndCopiesBegin) {
  for (Isa isa : Isas()) {
    for (const GemmShape& shape : std::vector<GemmShape>{
             {64, 256, 784},               // several blocks of k
             {60, 530, 300},               // several blocks of columns, B copied on AVX2
             {50, 300, 257, false, true},  // a block of k with one row
             {49, 10, 520, false, true},
             {13, 1030, 260},  // weights that are fetched ahead
             {5, 530, 500, false, true},
             {1030, 258, 70, true, false},  // both copied on AVX2
             {1030, 530, 20, true, true},
             {1, 300, 784},  // wide tiles
             {3, 257, 300},
             {3, 500, 40, true, false},
             {2, 300, 257, false, true},  // dot products
             {100, 1, 300},
             {300, 1, 100, true, false},  // a column turned into a row
         }) {
      ExpectAgreesWithDouble({shape, 0, true, false, true}, isa);
      ExpectAgreesWithDouble({shape, 5, false, true, false}, isa);
      ExpectAgreesWithDouble({shape, 0, false, false, false}, isa);
    }
  }
}

TEST(VectorGemm, ARowHasTheSameBitsInAnyBatch) {
  for (Isa isa : Isas()) {
    for (const auto& [n, k] : {std::tuple(10, 30), std::tuple(1, 64), std::tuple(1, 10),
                               std::tuple(256, 784), std::tuple(530, 300)}) {
      const Case whole{{64, n, k}, 0, true, false, true};
      Operands x(whole);
      VectorGemm(whole.shape, x.Arguments(whole), isa);
      for (int64_t rows : {1, 2, 3, 4, 7, 13, 31}) {
        const Case part{{rows, n, k}, 3, true, false, true};
        Operands y(part);
        GemmArguments arguments = y.Arguments(part);
        arguments.a = &x.a.at(64 - rows, 0);
        arguments.lda = x.a.pitch;
        arguments.b = x.b.data.data();
        arguments.ldb = x.b.pitch;
        VectorGemm(part.shape, arguments, isa);
        for (int64_t i = 0; i < rows; ++i) {
          EXPECT_EQ(std::memcmp(&y.c.at(i, 0), &x.c.at(64 - rows + i, 0), n * sizeof(float)), 0)
              << Describe(part, isa) << ", row " << i;
        }
      }
    }
  }
}

TEST(VectorGemm, TheSameBitsWhateverThePitch) {
  for (Isa isa : Isas()) {
    for (const GemmShape& shape : std::vector<GemmShape>{
             {70, 520, 300}, {64, 1, 40}, {40, 1, 64, true, false}, {1040, 260, 48, true, false}}) {
      const Case tight{shape};
      Case padded{shape};
      padded.padding = 1024;
      Operands x(tight), y(padded);
      VectorGemm(shape, x.Arguments(tight), isa);
      VectorGemm(shape, y.Arguments(padded), isa);
      for (int64_t i = 0; i < shape.m; ++i) {
        ASSERT_EQ(std::memcmp(&x.c.at(i, 0), &y.c.at(i, 0), shape.n * sizeof(float)), 0)
            << Describe(padded, isa) << ", row " << i;
      }
    }
  }
}

TEST(VectorGemm, AnEmptyProductIsTheBiasOrNothing) {
  for (Isa isa : Isas()) {
    float c[4] = {1, 2, 3, 4};
    const float bias[2] = {5, -6};
    GemmArguments x;
    x.c = c;
    x.ldc = 2;
    VectorGemm({0, 2, 3}, x, isa);
    VectorGemm({2, 0, 3}, x, isa);
    EXPECT_EQ(c[0], 1);
    x.bias = bias;
    x.accumulate = true;
    x.relu = true;
    VectorGemm({2, 2, 0}, x, isa);
    EXPECT_EQ(c[0], 6);
    EXPECT_EQ(c[1], 0);
    EXPECT_EQ(c[2], 8);
    x = {};
    x.c = c;
    x.ldc = 2;
    VectorGemm({2, 2, 0, true, true}, x, isa);
    EXPECT_EQ(c[0], 0);
    EXPECT_EQ(c[3], 0);
  }
}

TEST(VectorGemm, NotANumberAndInfinityPassThroughRelu) {
  for (Isa isa : Isas()) {
    for (int64_t k : {int64_t{4}, int64_t{40}}) {
      Case each{{20, 1, k}, 0, false, false, true};
      for (int64_t n : {1, 20}) {
        each.shape.n = n;
        Operands x(each);
        x.a.at(3, 1) = kNaN;
        x.a.at(4, 0) = std::numeric_limits<float>::infinity();
        x.b.at(0, 0) = 1;
        VectorGemm(each.shape, x.Arguments(each), isa);
        EXPECT_TRUE(std::isnan(x.c.at(3, 0))) << Describe(each, isa);
        EXPECT_EQ(x.c.at(4, 0), std::numeric_limits<float>::infinity()) << Describe(each, isa);
        EXPECT_FALSE(std::isnan(x.c.at(5, 0))) << Describe(each, isa);
      }
    }
  }
}

TEST(VectorGemm, FinishSeesEveryElementOnceWhenItIsDone) {
  for (Isa isa : Isas()) {
    for (const GemmShape& shape :
         std::vector<GemmShape>{{70, 530, 300}, {5, 1, 64}, {1, 700, 33, false, true}, {9, 9, 0}}) {
      const Case each{shape, 2, true};
      Operands plain(each), finished(each);
      VectorGemm(shape, plain.Arguments(each), isa);
      GemmArguments arguments = finished.Arguments(each);
      arguments.finish_context = &finished;
      arguments.finish = [](void* context, int64_t row, int64_t rows, int64_t column,
                            int64_t columns) {
        Matrix& c = static_cast<Operands*>(context)->c;
        for (int64_t i = row; i < row + rows; ++i) {
          for (int64_t j = column; j < column + columns; ++j) c.at(i, j) = 2 * c.at(i, j) + 1;
        }
      };
      VectorGemm(shape, arguments, isa);
      int wrong = 0;
      for (int64_t i = 0; i < shape.m; ++i) {
        for (int64_t j = 0; j < shape.n; ++j) {
          if (finished.c.at(i, j) != 2 * plain.c.at(i, j) + 1) ++wrong;
        }
      }
      EXPECT_EQ(wrong, 0) << Describe(each, isa);
    }
  }
}

TEST(ColumnSums, AgreeWithADoubleLoop) {
  for (Isa isa : Isas()) {
    for (int64_t rows : {0, 1, 2, 3, 4, 7, 64, 257}) {
      for (int64_t columns : {1, 3, 10, 16, 31, 64, 70, 256}) {
        for (bool accumulate : {false, true}) {
          Matrix x(rows, columns, 3, kNaN, 5), sums(1, columns, 1, kUntouched, 6);
          Matrix before = sums;
          ColumnSums(x.data.data(), rows, columns, x.pitch, accumulate, sums.data.data(), isa);
          for (int64_t j = 0; j < columns; ++j) {
            double sum = accumulate ? before.at(0, j) : 0, magnitude = std::fabs(sum);
            for (int64_t i = 0; i < rows; ++i) {
              sum += x.at(i, j);
              magnitude += std::fabs(x.at(i, j));
            }
            ASSERT_LE(std::fabs(sums.at(0, j) - sum),
                      static_cast<double>(rows + 1) * std::ldexp(magnitude, -24))
                << rows << " x " << columns << ", column " << j;
          }
          EXPECT_EQ(sums.at(0, columns), kUntouched);
        }
      }
    }
  }
}

TEST(ChooseGemm, KeepsPredictionsIndependentOfTheBatch) {
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    for (int64_t n : {1, 10, 256, 1024, 4096}) {
      for (int64_t k : {1, 30, 784, 1024, 4096}) {
        for (int64_t m : {1, 2, 64, 4096}) {
          EXPECT_EQ(ChooseGemm({m, n, k}, isa), ChooseGemm({1, n, k}, isa));
        }
      }
    }
  }
}

TEST(ChooseGemm, LeavesEmptyShapesToTheVectorLoop) {
  const int64_t huge = int64_t{1} << 40;
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    EXPECT_EQ(ChooseGemm({0, huge, huge}, isa), GemmChoice::kVector);
    EXPECT_EQ(ChooseGemm({huge, 0, huge}, isa), GemmChoice::kVector);
    EXPECT_EQ(ChooseGemm({huge, huge, 0, false, true}, isa), GemmChoice::kVector);
  }
}

}  // namespace
}  // namespace gradus
