// What every update rule owes, whoever wrote it. A rule brings examples; the conformance test runs
// over all rules that are registered and fails for one that brings none.
//
//   GRADUS_OPTIMIZER_EXAMPLES("gradus.OptimizerConfig.lion",
//                             ({{{"lion {}", 0.01, {0.9, -2.1, 0.4}}},
//                               {{"lion { beta1: 1 }", "text:1:15: lion: beta1 1 must be below 1
//                               [lion.beta1]"}}}));

#ifndef GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_H_
#define GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/train/optimizer.h"
#include "tests/testing/refused_text.h"
#include "tests/testing/under_update.h"

namespace gradus {

struct OptimizerExample {
  std::string text;  // Of an OptimizerConfig.
  double rate;       // With this rate, falling to 0, it converges on a quadratic in 2000 updates.
  // The weights after the three updates of GoldenUpdates, to 10 digits, by an independent
  // implementation or by hand.
  std::vector<double> golden;
  // The shape of the golden updates' parameter, and their rate.
  std::vector<int64_t> golden_dims = {3};
  double golden_rate = 0.1;
};

struct OptimizerExamples {
  std::vector<OptimizerExample> good;
  std::vector<RefusedText> refused;
};

#define GRADUS_OPTIMIZER_EXAMPLES(key, examples)                           \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                \
      (::gradus::Registry<::gradus::OptimizerExamples>::Get().Add(         \
           key, std::make_unique<::gradus::OptimizerExamples>(             \
                    ::gradus::OptimizerExamples GRADUS_UNWRAP_ examples)), \
       true)
#define GRADUS_UNWRAP_(...) __VA_ARGS__

// The weights after three updates of (1, -2, 0.5) with the gradients (0.1, -0.2, 0.3),
// (-0.05, 0.4, 0), (0.2, 0.1, -0.6). Other `dims` than {3} make them a matrix of three elements, or
// the first row of one of 2 x 3, {2, 3}: then the second row is (0.3, 0.7, -1.1) with
// (0.4, 0.05, -0.1), (0.2, -0.3, 0.1), (0.3, 0, 0.5).
std::vector<double> GoldenUpdates(const ParsedOptimizer& parsed, absl::Span<const double> rates,
                                  const std::vector<int64_t>& dims = {3});

// Each is "" or says what is wrong.
std::string CheckConverges(const ParsedOptimizer& parsed, double rate);
std::string CheckResumesExactly(const ParsedOptimizer& parsed);
std::string CheckAnyCutGivesTheSameBits(const ParsedOptimizer& parsed);
std::string CheckSeesWhatIsNotFinite(const ParsedOptimizer& parsed);
std::string CheckZeroRateAndEmptyRange(const ParsedOptimizer& parsed);

// A number for all bits of weights and slots, float and double, after 20 updates.
uint64_t Digest(const ParsedOptimizer& parsed);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_H_
