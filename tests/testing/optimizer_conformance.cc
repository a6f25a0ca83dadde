// The checks of an update rule.

#include "tests/testing/optimizer_conformance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "gradus/base/random.h"
#include "gradus/base/thread_pool.h"

namespace gradus {
namespace {

constexpr int64_t kElements = 1003;  // Whole vectors of every instruction set, and a rest.
// Below so many per thread an update takes one; an odd number, and more than a megabyte of doubles.
constexpr int64_t kManyElements = (int64_t{4} << 15) + 1003;
constexpr double kRate = 0.01;

template <class F>
bool SameBits(const std::vector<F>& a, const std::vector<F>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(F)) == 0);
}
template <class F>
bool SameBits(const UnderUpdate<F>& a, const UnderUpdate<F>& b) {
  const std::vector<std::vector<F>> a_slots = a.slots(), b_slots = b.slots();
  if (!SameBits(a.weights, b.weights) || a_slots.size() != b_slots.size()) return false;
  for (size_t i = 0; i < a_slots.size(); ++i) {
    if (!SameBits(a_slots[i], b_slots[i])) return false;
  }
  return SameBits(a.numbers(), b.numbers());
}

bool ByElements(const ParsedOptimizer& parsed) { return parsed.rule->reach() == Reach::kElements; }

// What the rule is tried on: one long vector where that is all it sees.
std::vector<ShapedParameter> ParametersFor(const ParsedOptimizer& parsed) {
  if (!ByElements(parsed)) return SomeParameters();
  return {{"weights", {kElements}}};
}

template <class F>
std::unique_ptr<UnderUpdate<F>> Start(const ParsedOptimizer& parsed,
                                      const std::vector<ShapedParameter>& parameters,
                                      const typename UnderUpdate<F>::Setting& setting = {}) {
  return std::make_unique<UnderUpdate<F>>(parsed, DrawNumbers<F>(0, CountElements(parameters)),
                                          parameters, setting);
}

template <class F>
void Go(UnderUpdate<F>* state, int64_t first, int64_t last) {
  for (int64_t t = first; t <= last; ++t) {
    state->Update(kRate / t, t, DrawNumbers<F>(t, state->weights.size()));
  }
}

// The same numbers with the last parameter first.
template <class F>
std::vector<F> Backwards(const std::vector<F>& numbers,
                         const std::vector<ShapedParameter>& parameters) {
  std::vector<F> turned;
  size_t end = numbers.size();
  for (auto p = parameters.rbegin(); p != parameters.rend(); ++p) {
    const size_t begin = end - static_cast<size_t>(p->elements());
    turned.insert(turned.end(), numbers.begin() + begin, numbers.begin() + end);
    end = begin;
  }
  return turned;
}

template <class F>
std::string CheckThreads(const ParsedOptimizer& parsed) {
  std::vector<ShapedParameter> parameters = ParametersFor(parsed);
  constexpr int64_t kUpdates = 3;
  if (ByElements(parsed)) parameters = {{"small", {7}}, {"large", {3, kManyElements / 3}}};
  const int64_t count = CountElements(parameters);
  static auto* const drawn = new std::map<int64_t, std::vector<std::vector<F>>>;
  std::vector<std::vector<F>>& numbers = (*drawn)[count];
  for (int64_t t = static_cast<int64_t>(numbers.size()); t <= kUpdates; ++t) {
    numbers.push_back(DrawNumbers<F>(t, count));
  }
  const auto run = [&](UnderUpdate<F>* state) {
    for (int64_t t = 1; t <= kUpdates; ++t) state->Update(kRate / t, t, numbers[t]);
  };
  UnderUpdate<F> alone(parsed, numbers[0], parameters);
  run(&alone);
  if (!alone.status.ok()) return std::string(alone.status.message());
  for (const int threads : {2, 3}) {
    ThreadPool pool(threads);
    UnderUpdate<F> shared(parsed, numbers[0], parameters, {&pool, Isa::kBaseline});
    run(&shared);
    if (!SameBits(alone, shared))
      return absl::StrCat(threads, " threads: other bits than with one");
  }
  return "";
}

// Of rows of this width the machines that have AVX2 alone have padding between them.
template <class F>
std::string CheckGeometries(const ParsedOptimizer& parsed) {
  const std::vector<ShapedParameter> parameters = {
      {"bias", {5}}, {"wide", {2, 512}}, {"scale", {}}};
  const auto usual = Start<F>(parsed, parameters);
  const auto padded = Start<F>(parsed, parameters, {nullptr, Isa::kAvx2});
  Go(usual.get(), 1, 2);
  Go(padded.get(), 1, 2);
  for (const UnderUpdate<F>* state : {usual.get(), padded.get()}) {
    if (!state->status.ok()) return std::string(state->status.message());
  }
  return SameBits(*usual, *padded) ? "" : "other bits with padding between rows";
}

template <class F>
std::string CheckOrder(const ParsedOptimizer& parsed) {
  const std::vector<ShapedParameter> parameters = SomeParameters();
  const std::vector<ShapedParameter> turned(parameters.rbegin(), parameters.rend());
  const auto usual = Start<F>(parsed, parameters);
  UnderUpdate<F> other(parsed, Backwards(usual->weights, parameters), turned);
  for (int64_t t = 1; t <= 5; ++t) {
    const std::vector<F> gradients = DrawNumbers<F>(t, usual->weights.size());
    usual->Update(kRate / t, t, gradients);
    other.Update(kRate / t, t, Backwards(gradients, parameters));
  }
  if (!usual->status.ok()) return std::string(usual->status.message());
  const std::vector<F> back = Backwards(other.weights, turned);
  if (parsed.rule->reach() <= Reach::kParameter) {
    return SameBits(usual->weights, back) ? "" : "other bits with the parameters in another order";
  }
  // Sums of some ten numbers in another order, five times over; what a rule makes of them may be a
  // small difference of large ones.
  const double tolerance = 1e5 * std::numeric_limits<F>::epsilon();
  for (size_t i = 0; std::is_same<F, double>::value && i < back.size(); ++i) {
    const double w = usual->weights[i], off = back[i] - w;
    if (std::abs(off) <= tolerance * std::max(1.0, std::abs(w))) continue;
    return absl::StrCat("parameters in another order change a weight of ", w, " by ", off);
  }
  return "";
}

template <class F>
std::string CheckWatch(const ParsedOptimizer& parsed) {
  const F infinity = std::numeric_limits<F>::infinity();
  UnderUpdate<F> fine(parsed, DrawNumbers<F>(0, kElements));
  const UpdateWatch quiet = fine.Update(kRate, 1, DrawNumbers<F>(1, kElements));
  if (!quiet.gradients_finite || !quiet.weights_finite) return "an alarm for finite numbers";
  for (const F bad : {infinity, -infinity, std::numeric_limits<F>::quiet_NaN()}) {
    for (const int64_t at : {int64_t{0}, int64_t{517}, kElements - 1}) {
      UnderUpdate<F> gradient(parsed, DrawNumbers<F>(0, kElements));
      std::vector<F> gradients = DrawNumbers<F>(1, kElements);
      gradients[at] = bad;
      if (gradient.Update(kRate, 1, gradients).gradients_finite && gradient.status.ok()) {
        return absl::StrCat("gradient ", bad, " at ", at, " was not seen");
      }
      std::vector<F> weights = DrawNumbers<F>(0, kElements);
      weights[at] = bad;
      UnderUpdate<F> weight(parsed, weights);
      const UpdateWatch watch = weight.Update(kRate, 1, DrawNumbers<F>(1, kElements));
      if (watch.weights_finite && weight.status.ok()) {
        return absl::StrCat("weight ", bad, " at ", at, " was not seen");
      }
      if (!watch.gradients_finite) return "a weight that is not finite was taken for a gradient";
    }
  }
  return "";
}

// A state that is copied into another one, which then goes on.
template <class F>
std::string CheckCopies(const ParsedOptimizer& parsed) {
  const std::vector<ShapedParameter> parameters = ParametersFor(parsed);
  constexpr int64_t kUpdates = 12;
  const auto through = Start<F>(parsed, parameters);
  Go(through.get(), 1, kUpdates);
  if (!through->status.ok()) return std::string(through->status.message());
  for (int64_t stop = 0; stop <= kUpdates; ++stop) {
    const auto first = Start<F>(parsed, parameters);
    Go(first.get(), 1, stop);
    // What a rule keeps to itself is that of another run.
    Go(Start<F>(parsed, parameters).get(), 1, kUpdates + 1);
    UnderUpdate<F> resumed(parsed, std::vector<F>(first->weights.size()), parameters);
    const absl::Status copied = first->CopyTo(&resumed);
    if (!copied.ok()) return std::string(copied.message());
    Go(&resumed, stop + 1, kUpdates);
    if (!SameBits(*through, resumed)) return absl::StrCat("other bits after a copy at ", stop);
  }
  return "";
}

template <class F>
std::string CheckDegenerate(const ParsedOptimizer& parsed) {
  // All parameters have another rule, so that this one has none.
  if (parsed.rule->reach() != Reach::kLoss) {
    ParsedOptimizer idle = parsed;
    GroupConfig* group = idle.config.add_group();
    group->set_name("all");
    group->set_match(".*");
    group->mutable_rule()->mutable_sgd();
    const auto nothing = Start<F>(idle, {{"weights", {3}}});
    Go(nothing.get(), 1, 3);
    if (!nothing->status.ok()) return absl::StrCat("no parameters: ", nothing->status.message());
  }
  const auto no_elements = Start<F>(parsed, {{"empty", {0}}});
  const UpdateWatch watch = no_elements->Update(kRate, 1, {});
  if (!watch.gradients_finite || !watch.weights_finite) return "an alarm about no elements";

  const std::vector<ShapedParameter> full = {{"scalar", {}},     {"one", {1}},
                                             {"single", {1, 1}}, {"row", {1, 5}},
                                             {"column", {5, 1}}, {"block", {2, 1, 3}}};
  std::vector<ShapedParameter> mixed = {{"empty", {0}}};
  for (const ShapedParameter& parameter : full) mixed.push_back(parameter);
  mixed.push_back({"no_rows", {0, 3}});
  mixed.push_back({"no_columns", {3, 0}});
  const auto without = Start<F>(parsed, full), with = Start<F>(parsed, mixed);
  Go(without.get(), 1, 3);
  Go(with.get(), 1, 3);
  if (!with->status.ok()) return absl::StrCat("small parameters: ", with->status.message());
  if (!SameBits(with->weights, without->weights)) {
    return "parameters without elements change what becomes of the others";
  }
  for (const F w : with->weights) {
    if (!std::isfinite(w)) return "small parameters: a weight is not finite";
  }

  // Directions are quotients, and here all of them are 0 / 0.
  const auto flat = Start<F>(parsed, SomeParameters());
  flat->loss = [](absl::Span<const F>, absl::Span<F> gradients) {
    std::fill(gradients.begin(), gradients.end(), F(0));
    return 1;
  };
  const std::vector<F> zeros(flat->weights.size());
  for (int64_t t = 1; t <= 3; ++t) {
    if (!flat->Update(kRate, t, zeros).weights_finite)
      return "gradients of 0 give what is no number";
  }
  if (!flat->status.ok()) return absl::StrCat("gradients of 0: ", flat->status.message());
  return "";
}

void Mix(const void* bytes, size_t size, uint64_t* digest) {
  *digest =
      *digest * 0x100000001b3 ^ StreamOf(absl::string_view(static_cast<const char*>(bytes), size));
}

template <class F>
void MixUpdates(const ParsedOptimizer& parsed, uint64_t* digest) {
  const auto state = Start<F>(parsed, ParametersFor(parsed));
  Go(state.get(), 1, 20);
  Mix(state->weights.data(), state->weights.size() * sizeof(F), digest);
  for (const std::vector<F>& slot : state->slots()) {
    Mix(slot.data(), slot.size() * sizeof(F), digest);
  }
}

}  // namespace

template <class F>
std::vector<F> DrawNumbers(uint64_t stream, int64_t count) {
  RandomSequence random(7, stream);
  std::vector<F> numbers(count);
  for (F& x : numbers) x = static_cast<F>(random.Normal() * std::pow(10, -6 * random.Uniform()));
  return numbers;
}
template std::vector<float> DrawNumbers<float>(uint64_t, int64_t);
template std::vector<double> DrawNumbers<double>(uint64_t, int64_t);

std::vector<ShapedParameter> SomeParameters() {
  return {{"wide", {3, 7}}, {"bias", {5}}, {"scale", {}}, {"tall", {6, 2}}, {"block", {4, 2, 3}}};
}

int64_t CountElements(absl::Span<const ShapedParameter> parameters) {
  int64_t count = 0;
  for (const ShapedParameter& parameter : parameters) count += parameter.elements();
  return count;
}

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

std::string CheckNames(const ParsedOptimizer& parsed) {
  std::set<std::string> slots, numbers;
  for (const SlotSpec& slot : parsed.rule->Slots(*parsed.message)) {
    if (slot.name.empty() || !slots.insert(slot.name).second) {
      return absl::StrCat("slot \"", slot.name, "\" is not apart");
    }
  }
  for (const NumberSpec& number : parsed.rule->Numbers(*parsed.message)) {
    if (number.name.empty() || !numbers.insert(number.name).second) {
      return absl::StrCat("number \"", number.name, "\" is not apart");
    }
  }
  return "";
}

std::string CheckGolden(const ParsedOptimizer& parsed, const OptimizerExample& example) {
  const double rate = example.golden_rate;
  const std::vector<double> weights =
      GoldenUpdates(parsed, {rate, rate, rate}, example.golden_dims);
  for (size_t i = 0; i < example.golden.size(); ++i) {
    // Ten digits of numbers below 2.1.
    if (std::abs(weights[i] - example.golden[i]) <= 1e-9) continue;
    return absl::StrCat("element ", i, " becomes ", weights[i], " and should be ",
                        example.golden[i]);
  }
  return "";
}

std::string CheckRefuses(const RefusedText& refused) {
  const std::string message(ParseOptimizer(refused.text).status().message());
  if (message == refused.message) return "";
  return absl::StrCat(refused.text, ": ", message.empty() ? "is taken" : message);
}

std::string CheckResumesExactly(const ParsedOptimizer& parsed) {
  const std::string wrong = absl::StrCat(CheckCopies<float>(parsed), CheckCopies<double>(parsed));
  return wrong.empty() ? CheckCheckpoints(parsed) : wrong;
}

std::string CheckOrderDoesNotMatter(const ParsedOptimizer& parsed) {
  for (const auto& check : {CheckThreads<float>, CheckThreads<double>, CheckOrder<float>,
                            CheckOrder<double>, CheckGeometries<float>, CheckGeometries<double>}) {
    const std::string wrong = check(parsed);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string CheckSeesWhatIsNotFinite(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckWatch<float>(parsed), CheckWatch<double>(parsed));
}

std::string CheckRateZero(const ParsedOptimizer& parsed, const OptimizerExample& example) {
  const auto state = Start<float>(parsed, ParametersFor(parsed));
  const std::vector<float> before = state->weights;
  for (int64_t t = 1; t <= 3; ++t) {
    state->Update(0, t, DrawNumbers<float>(t, static_cast<int64_t>(before.size())));
  }
  const bool moved = !SameBits(state->weights, before);
  if (moved && example.moves_at_rate_zero.empty()) return "rate 0 moved a weight";
  if (!moved && !example.moves_at_rate_zero.empty()) {
    return absl::StrCat("rate 0 moves nothing, where it should: ", example.moves_at_rate_zero);
  }
  return "";
}

std::string CheckDegenerateParameters(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckDegenerate<float>(parsed), CheckDegenerate<double>(parsed));
}

uint64_t Digest(const ParsedOptimizer& parsed) {
  uint64_t digest = 0;
  MixUpdates<float>(parsed, &digest);
  MixUpdates<double>(parsed, &digest);
  return digest;
}

}  // namespace gradus
