// Products of matrices beside a plain loop over their terms, and powers beside what defines them.

#include "gradus/train/matrix.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/isa.h"
#include "gradus/base/random.h"
#include "gradus/train/symmetric.h"

namespace gradus {
namespace {

// A matrix with a gap behind its rows, which holds a number that nothing may touch or use.
template <class F>
struct Owned {
  Owned(int64_t rows, int64_t columns, uint64_t stream)
      : pitch(columns + 3),
        numbers(rows * pitch, F(1e30)),
        m{numbers.data(), rows, columns, pitch} {
    RandomSequence random(11, stream);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) m(r, c) = static_cast<F>(random.Normal());
    }
  }
  bool GapIsWhole() const {
    for (int64_t r = 0; r < m.rows; ++r) {
      for (int64_t c = m.columns; c < m.pitch; ++c) {
        if (m(r, c) != F(1e30)) return false;
      }
    }
    return true;
  }
  int64_t pitch;
  std::vector<F> numbers;
  Matrix<F> m;
};

Workspace work;

// The terms in order, as matrix.h promises, so the bits must be these.
template <class F>
bool IsProduct(const Matrix<F>& a, const Matrix<F>& b, const Matrix<F>& c) {
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < b.columns; ++j) {
      F sum = 0;
      for (int64_t k = 0; k < a.columns; ++k) sum += a(i, k) * b(k, j);
      if (c(i, j) != sum) return false;
    }
  }
  return true;
}

template <class F>
void ExpectProducts() {
  for (const int64_t rows : {1, 2, 4, 5, 11}) {
    for (const int64_t depth : {0, 1, 3, 64, 129}) {
      for (const int64_t columns : {1, 3, 7, 8, 16, 31, 32, 33, 70}) {
        const Owned<F> a(rows, depth, 1), b(depth, columns, 2), c(rows, columns, 3);
        Multiply(a.m, b.m, c.m, &work);
        EXPECT_TRUE(IsProduct(a.m, b.m, c.m)) << rows << " " << depth << " " << columns;
        EXPECT_TRUE(c.GapIsWhole());
        const Owned<F> turned(columns, depth, 4), d(rows, columns, 5);
        Transpose(b.m, turned.m);
        EXPECT_TRUE(turned.GapIsWhole());
        MultiplyTransposed(a.m, turned.m, d.m, &work);
        EXPECT_TRUE(IsProduct(a.m, b.m, d.m)) << rows << " " << depth << " " << columns;
      }
    }
  }
}

TEST(MatrixTest, ProductsAreThoseOfAPlainLoopToTheBit) {
  ExpectProducts<float>();
  ExpectProducts<double>();
}

TEST(MatrixTest, AProductSeesWhatIsNotFinite) {
  const Owned<float> a(5, 6, 1), b(6, 7, 2), c(5, 7, 3);
  a.m(4, 5) = std::numeric_limits<float>::quiet_NaN();
  Multiply(a.m, b.m, c.m, &work);
  for (int64_t j = 0; j < 7; ++j) EXPECT_TRUE(std::isnan(c.m(4, j)));
  for (int64_t j = 0; j < 7; ++j) EXPECT_FALSE(std::isnan(c.m(3, j)));
}

uint64_t Digest() {
  const Owned<float> a(37, 41, 1), b(41, 53, 2), c(37, 53, 3);
  Multiply(a.m, b.m, c.m, &work);
  return StreamOf(absl::string_view(reinterpret_cast<const char*>(c.numbers.data()),
                                    c.numbers.size() * sizeof(float)));
}

TEST(MatrixDigest, IsPrinted) { std::printf("digest %s\n", absl::StrCat(Digest()).c_str()); }

// The instruction set is decided once per process, so each of the others is a process of its own.
TEST(MatrixElsewhere, AProductHasTheSameBitsOnEveryInstructionSetOfThisMachine) {
  if (std::getenv("GRADUS_MAX_ISA") != nullptr) GTEST_SKIP() << "one set was asked for";
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  ASSERT_GT(length, 0);
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    if (isa >= CurrentIsa()) continue;
    std::FILE* child = popen(
        absl::StrCat("env -u XML_OUTPUT_FILE -u GTEST_OUTPUT -u TEST_TOTAL_SHARDS GRADUS_MAX_ISA=",
                     Name(isa), " '", absl::string_view(self, length),
                     "' --gtest_filter=MatrixDigest.* --gtest_brief=1")
            .c_str(),
        "r");
    ASSERT_NE(child, nullptr);
    std::string output;
    char buffer[1024];
    while (std::fgets(buffer, sizeof buffer, child) != nullptr) output += buffer;
    EXPECT_EQ(pclose(child), 0) << output;
    EXPECT_NE(output.find(absl::StrCat("digest ", Digest(), "\n")), std::string::npos)
        << std::string(Name(isa)) << ": " << output;
  }
}

// g g^T, of `rank` independent columns at most.
Owned<double> Squares(int64_t n, int64_t rank) {
  const Owned<double> g(n, rank, 7);
  Owned<double> a(n, n, 8);
  MultiplyTransposed(g.m, g.m, a.m, &work);
  return a;
}

double Far(const Matrix<double>& a, const Matrix<double>& b) {
  double most = 0;
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t c = 0; c < a.columns; ++c) most = std::max(most, std::fabs(a(r, c) - b(r, c)));
  }
  return most;
}

TEST(SymmetricTest, EigenvaluesAndVectorsMakeUpTheMatrix) {
  for (const int64_t n : {1, 2, 3, 8, 33, 70}) {
    for (const int64_t rank : {int64_t{1}, (n + 1) / 2, n + 5}) {
      const Owned<double> a = Squares(n, rank);
      const Owned<double> v(n, n, 9), scaled(n, n, 9), made(n, n, 9), square(n, n, 9);
      std::vector<double> values(n);
      ASSERT_TRUE(SymmetricEigen(a.m, values.data(), v.m, &work));
      for (int64_t r = 0; r < n; ++r) {
        for (int64_t c = 0; c < n; ++c) {
          scaled.m(r, c) = v.m(r, c) * values[c];
          square.m(r, c) = r == c;
        }
      }
      MultiplyTransposed(scaled.m, v.m, made.m, &work);
      // Backward stable: some n units of the largest eigenvalue.
      EXPECT_LT(Far(made.m, a.m), 1e-15 * 10 * n * values.back()) << n << " " << rank;
      MultiplyTransposed(v.m, v.m, made.m, &work);
      EXPECT_LT(Far(made.m, square.m), 1e-15 * 10 * n) << n << " " << rank;
      for (int64_t i = 1; i < n; ++i) EXPECT_LE(values[i - 1], values[i]);
    }
  }
}

TEST(SymmetricTest, FindsTheEigenvaluesOfAChain) {
  // 2 on the diagonal, -1 beside it: 2 - 2 cos(k pi / (n + 1)).
  constexpr int64_t kSide = 20;
  const Owned<double> a(kSide, kSide, 1), v(kSide, kSide, 2);
  for (int64_t r = 0; r < kSide; ++r) {
    for (int64_t c = 0; c < kSide; ++c) a.m(r, c) = r == c ? 2 : std::abs(r - c) == 1 ? -1 : 0;
  }
  std::vector<double> values(kSide);
  ASSERT_TRUE(SymmetricEigen(a.m, values.data(), v.m, &work));
  for (int64_t k = 1; k <= kSide; ++k) {
    EXPECT_NEAR(values[k - 1], 2 - 2 * std::cos(k * M_PI / (kSide + 1)), 1e-14);
  }
}

TEST(SymmetricTest, FourInverseFourthRootsAndTheMatrixMakeTheIdentity) {
  const int64_t n = 19;
  const Owned<double> a = Squares(n, 2 * n);
  const Owned<double> root(n, n, 1), squared(n, n, 2), inverse(n, n, 3), unit(n, n, 4),
      one(n, n, 5);
  ASSERT_TRUE(SymmetricPower(a.m, 0.5, -0.25, root.m, &work));
  Multiply(root.m, root.m, squared.m, &work);
  Multiply(squared.m, squared.m, inverse.m, &work);
  const Owned<double> shifted = Squares(n, 2 * n);
  for (int64_t i = 0; i < n; ++i) shifted.m(i, i) += 0.5;
  Multiply(inverse.m, shifted.m, unit.m, &work);
  for (int64_t r = 0; r < n; ++r) {
    for (int64_t c = 0; c < n; ++c) one.m(r, c) = r == c;
  }
  EXPECT_LT(Far(unit.m, one.m), 1e-11);  // The condition is about 200.
  EXPECT_TRUE(root.GapIsWhole());
}

TEST(SymmetricTest, WritesNothingWhenANumberIsNotFinite) {
  const Owned<double> a = Squares(4, 4), power(4, 4, 1), before(4, 4, 1);
  a.m(2, 1) = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(SymmetricPower(a.m, 0.5, -0.25, power.m, &work));
  EXPECT_EQ(power.numbers, before.numbers);
  EXPECT_TRUE(SymmetricEigen(Matrix<double>{}, nullptr, Matrix<double>{}, &work));
}

}  // namespace
}  // namespace gradus
