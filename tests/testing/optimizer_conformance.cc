// The checks of an update rule.

#include "tests/testing/optimizer_conformance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/random.h"

namespace gradus {
namespace {

constexpr int64_t kElements = 1003;  // Whole vectors of every instruction set, and a rest.
constexpr double kRate = 0.01;

// Numbers around 0 of sizes from 1e-6 to 1.
template <class F>
std::vector<F> Draw(uint64_t stream, int64_t count = kElements) {
  RandomSequence random(7, stream);
  std::vector<F> numbers(count);
  for (F& x : numbers) x = static_cast<F>(random.Normal() * std::pow(10, -6 * random.Uniform()));
  return numbers;
}

template <class F>
bool SameBits(const std::vector<F>& a, const std::vector<F>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(F)) == 0;
}
template <class F>
bool SameBits(const UnderUpdate<F>& a, const UnderUpdate<F>& b) {
  if (!SameBits(a.weights, b.weights) || a.slots.size() != b.slots.size()) return false;
  for (size_t i = 0; i < a.slots.size(); ++i) {
    if (!SameBits(a.slots[i], b.slots[i])) return false;
  }
  return true;
}

template <class F>
std::string CheckCuts(const ParsedOptimizer& parsed) {
  const std::vector<std::vector<int64_t>> all_cuts = {
      {1}, {16}, {1002}, {3, 3, 7, 500}, {100, 200, 300, 400, 500, 600, 700, 800, 900, 1000}};
  for (const std::vector<int64_t>& cuts : all_cuts) {
    UnderUpdate<F> whole(parsed, Draw<F>(0)), in_parts(parsed, Draw<F>(0));
    for (int64_t t = 1; t <= 5; ++t) {
      const std::vector<F> gradients = Draw<F>(t);
      whole.Update(kRate, t, gradients);
      in_parts.Update(kRate, t, gradients, cuts);
    }
    if (!SameBits(whole, in_parts)) {
      return absl::StrCat("cut at ", absl::StrJoin(cuts, ", "), ": other bits than in one range");
    }
  }
  return "";
}

template <class F>
std::string CheckWatch(const ParsedOptimizer& parsed) {
  const F infinity = std::numeric_limits<F>::infinity();
  UnderUpdate<F> fine(parsed, Draw<F>(0));
  const UpdateWatch quiet = fine.Update(kRate, 1, Draw<F>(1));
  if (!quiet.gradients_finite || !quiet.weights_finite) return "an alarm for finite numbers";
  for (const F bad : {infinity, -infinity, std::numeric_limits<F>::quiet_NaN()}) {
    for (const int64_t at : {int64_t{0}, int64_t{517}, kElements - 1}) {
      UnderUpdate<F> gradient(parsed, Draw<F>(0));
      std::vector<F> gradients = Draw<F>(1);
      gradients[at] = bad;
      if (gradient.Update(kRate, 1, gradients).gradients_finite) {
        return absl::StrCat("gradient ", bad, " at ", at, " was not seen");
      }
      std::vector<F> weights = Draw<F>(0);
      weights[at] = bad;
      UnderUpdate<F> weight(parsed, weights);
      const UpdateWatch watch = weight.Update(kRate, 1, Draw<F>(1));
      if (watch.weights_finite) return absl::StrCat("weight ", bad, " at ", at, " was not seen");
      if (!watch.gradients_finite) return "a weight that is not finite was taken for a gradient";
    }
  }
  return "";
}

void Mix(const void* bytes, size_t size, uint64_t* digest) {
  *digest =
      *digest * 0x100000001b3 ^ StreamOf(absl::string_view(static_cast<const char*>(bytes), size));
}

template <class F>
void MixUpdates(const ParsedOptimizer& parsed, uint64_t* digest) {
  UnderUpdate<F> state(parsed, Draw<F>(0));
  for (int64_t t = 1; t <= 20; ++t) state.Update(kRate / t, t, Draw<F>(t));
  Mix(state.weights.data(), state.weights.size() * sizeof(F), digest);
  for (const std::vector<F>& slot : state.slots) Mix(slot.data(), slot.size() * sizeof(F), digest);
}

}  // namespace

std::vector<double> GoldenUpdates(const ParsedOptimizer& parsed, absl::Span<const double> rates,
                                  const std::vector<int64_t>& dims) {
  std::vector<double> weights = {1, -2, 0.5};
  std::vector<std::vector<double>> gradients = {
      {0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
  if (dims == std::vector<int64_t>{2, 3}) {
    const std::vector<std::vector<double>> second = {
        {0.4, 0.05, -0.1}, {0.2, -0.3, 0.1}, {0.3, 0, 0.5}};
    weights.insert(weights.end(), {0.3, 0.7, -1.1});
    for (int t = 0; t < 3; ++t) {
      gradients[t].insert(gradients[t].end(), second[t].begin(), second[t].end());
    }
  }
  UnderUpdate<double> state(parsed, weights, {{"weights", dims}});
  for (int64_t t = 1; t <= 3; ++t) state.Update(rates[t - 1], t, gradients[t - 1]);
  return state.weights;
}

std::string CheckConverges(const ParsedOptimizer& parsed, double rate) {
  // sum of c (w - target)^2 / 2 with curvatures from 0.5 to 2.
  constexpr int kCount = 16, kUpdates = 2000;
  UnderUpdate<double> state(parsed, Draw<double>(1, kCount));
  const std::vector<double> targets = Draw<double>(2, kCount);
  std::vector<double> gradients(kCount);
  const auto compute = [&]() {
    double loss = 0;
    for (int i = 0; i < kCount; ++i) {
      const double curvature = 0.5 + 1.5 * i / (kCount - 1), far = state.weights[i] - targets[i];
      gradients[i] = curvature * far;
      loss += 0.5 * curvature * far * far;
    }
    return loss;
  };
  state.loss = [&](absl::Span<const double>, absl::Span<double> out) {
    const double loss = compute();
    std::copy(gradients.begin(), gradients.end(), out.begin());
    return loss;
  };
  const double before = compute();
  for (int t = 1; t <= kUpdates; ++t) {
    compute();
    state.Update(rate * (kUpdates - t) / kUpdates, t, gradients);
  }
  const double after = compute();
  if (after < 1e-3 * before) return "";
  return absl::StrCat("loss ", before, " has become ", after);
}

std::string CheckResumesExactly(const ParsedOptimizer& parsed) {
  UnderUpdate<float> through(parsed, Draw<float>(0));
  for (int64_t t = 1; t <= 20; ++t) through.Update(kRate, t, Draw<float>(t));
  for (int64_t stop = 0; stop <= 20; ++stop) {
    UnderUpdate<float> first(parsed, Draw<float>(0));
    for (int64_t t = 1; t <= stop; ++t) first.Update(kRate, t, Draw<float>(t));
    // What is not saved is lost here.
    UnderUpdate<float> resumed(parsed, std::vector<float>(kElements));
    const auto done = resumed.Load(first.Save(stop));
    if (!done.ok()) return std::string(done.status().message());
    for (int64_t t = *done + 1; t <= 20; ++t) resumed.Update(kRate, t, Draw<float>(t));
    if (!SameBits(through, resumed)) return absl::StrCat("other bits after a stop at ", stop);
  }
  return "";
}

std::string CheckAnyCutGivesTheSameBits(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckCuts<float>(parsed), CheckCuts<double>(parsed));
}

std::string CheckSeesWhatIsNotFinite(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckWatch<float>(parsed), CheckWatch<double>(parsed));
}

std::string CheckZeroRateAndEmptyRange(const ParsedOptimizer& parsed) {
  UnderUpdate<float> state(parsed, Draw<float>(0));
  for (int64_t t = 1; t <= 3; ++t) state.Update(0, t, Draw<float>(t));
  if (!SameBits(state.weights, Draw<float>(0))) return "rate 0 moved a weight";
  UnderUpdate<float> empty(parsed, {});
  const UpdateWatch watch = empty.Update(kRate, 1, {});
  if (!watch.gradients_finite || !watch.weights_finite) return "an alarm about an empty range";
  return "";
}

uint64_t Digest(const ParsedOptimizer& parsed) {
  uint64_t digest = 0;
  MixUpdates<float>(parsed, &digest);
  MixUpdates<double>(parsed, &digest);
  return digest;
}

}  // namespace gradus
