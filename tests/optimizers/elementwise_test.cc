// The loop that makes an optimizer of a rule for one element, on every instruction set that this
// CPU has.

#include "gradus/train/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "gradus/optimizer_rule.pb.h"

namespace gradus {
namespace {

// A rule with all that may be done: a product and a sum (which must not be fused), a quotient, a
// root, a maximum.
struct Everything {
  using Config = optimizer::Sgd;
  template <class F>
  struct Numbers {
    F rate, momentum;
  };
  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"m"}, {"h"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return {F(step.rate / step.t), F(c.momentum())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& h) {
    m = n.momentum * m + (1 - n.momentum) * g;
    h = g * g > h ? g * g : h;
    w -= n.rate * m / (std::sqrt(h) + F(1e-7));
  }
};

template <class F>
struct Data {
  explicit Data(int64_t n) : g(n), w(n), m(n), h(n) {
    for (int64_t i = 0; i < n; ++i) {
      g[i] = static_cast<F>(std::sin(i * 1.7) * std::exp(std::cos(i * 0.3)));
      w[i] = static_cast<F>(std::cos(i * 2.1));
    }
  }
  std::vector<F> g, w, m, h;
};

enum class How { kByHand, kBaseline, kAvx2, kAvx512 };

template <class F>
UpdateWatch RunLoop(How how, Data<F>* data) {
  using Loop = internal::ElementwiseLoop<Everything, F, internal::Stages::kNone, 0, 1>;
  const Everything::Numbers<F> numbers = {F(0.01), F(0.9)};
  F* const slots[] = {data->m.data(), data->h.data()};
  const F* const gradients = data->g.data();
  F* const weights = data->w.data();
  F* const* const slot_pointers = slots;
  const auto* const n = &numbers;
  const internal::StageNumbers<F> stages((UpdateStep()));
  const auto* const around = &stages;
  F* const averages = nullptr;
  const int64_t count = static_cast<int64_t>(data->g.size());
  UpdateWatch watch;
  for (int step = 0; step < 20; ++step) {
    switch (how) {
      case How::kByHand:
        for (int64_t i = 0; i < count; ++i) {
          Everything::Step<F>(numbers, data->g[i], data->w[i], data->m[i], data->h[i]);
        }
        break;
      case How::kBaseline:
        internal::RunBaseline<Loop>(n, around, gradients, weights, slot_pointers, averages, count,
                                    &watch);
        break;
      case How::kAvx2:
        internal::RunAvx2<Loop>(n, around, gradients, weights, slot_pointers, averages, count,
                                    &watch);
        break;
      case How::kAvx512:
        internal::RunAvx512<Loop>(n, around, gradients, weights, slot_pointers, averages, count,
                                    &watch);
        break;
    }
  }
  return watch;
}

std::vector<How> HowsOfThisCpu() {
  std::vector<How> hows = {How::kBaseline};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) hows.push_back(How::kAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    hows.push_back(How::kAvx512);
  }
  return hows;
}

template <class T>
class ElementwiseLoopTest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(ElementwiseLoopTest, Types);

TYPED_TEST(ElementwiseLoopTest, AllInstructionSetsGiveTheBitsOfOneElementAtATime) {
  for (const int64_t count : {0, 1, 7, 16, 1003}) {
    Data<TypeParam> by_hand(count);
    RunLoop(How::kByHand, &by_hand);
    for (const How how : HowsOfThisCpu()) {
      Data<TypeParam> data(count);
      const UpdateWatch watch = RunLoop(how, &data);
      EXPECT_TRUE(watch.gradients_finite && watch.weights_finite);
      // Equal numbers are equal bits here: there is no NaN, and no zero of either sign but at the
      // start.
      EXPECT_EQ(data.w, by_hand.w) << static_cast<int>(how) << " " << count;
      EXPECT_EQ(data.m, by_hand.m);
      EXPECT_EQ(data.h, by_hand.h);
    }
  }
}

TYPED_TEST(ElementwiseLoopTest, EveryNumberThatIsNotFiniteIsSeenAndNoOther) {
  using Limits = std::numeric_limits<TypeParam>;
  const TypeParam finite[] = {
      0, -0.0, Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min()};
  const TypeParam not_finite[] = {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(),
                                  -Limits::quiet_NaN(), Limits::signaling_NaN()};
  for (const TypeParam x : finite) EXPECT_EQ(internal::NotFinite(x), 0u) << x;
  for (const TypeParam x : not_finite) EXPECT_EQ(internal::NotFinite(x), 1u) << x;
  for (const How how : HowsOfThisCpu()) {
    for (int64_t at = 0; at < 67; ++at) {
      Data<TypeParam> data(67);
      data.g[at] = Limits::quiet_NaN();
      EXPECT_FALSE(RunLoop(how, &data).gradients_finite) << at;
      Data<TypeParam> weights(67);
      weights.w[at] = Limits::infinity();
      const UpdateWatch watch = RunLoop(how, &weights);
      EXPECT_TRUE(watch.gradients_finite && !watch.weights_finite) << at;
    }
  }
}

TEST(ElementwiseOptimizerTest, TheFirstVariantThatServesIsUsed) {
  const internal::ElementwiseOptimizer<Everything> optimizer;
  optimizer::Sgd config;
  config.set_momentum(0.5);
  EXPECT_EQ(optimizer.Slots(config).size(), 2u);
  float w = 1, m = 0, h = 0;
  const float g = 2;
  float* const slots[] = {&m, &h};
  UpdateStep step;
  step.config = &config;
  step.rate = 0.5;
  step.t = 2;
  UpdateRange<float> range;
  range.weights = &w;
  range.gradients = &g;
  range.slots = slots;
  range.count = 1;
  optimizer.Update(step, range);
  EXPECT_EQ(m, 1);
  EXPECT_EQ(h, 4);
  EXPECT_FLOAT_EQ(w, 1 - 0.25f / 2);  // rate / t, m / sqrt(h)
}

// A rule whose Slots are not what its Step takes.
struct Forgetful : Everything {
  static std::vector<SlotSpec> Slots(const Config&) { return {{"m"}}; }
};
// A rule that serves a part of its configurations.
struct Nesterov : Everything {
  static bool Serves(const Config& c) { return c.nesterov(); }
};

TEST(ElementwiseTest, SaysWhatARuleCannotBeUsedFor) {
  optimizer::Sgd plain, nesterov;
  nesterov.set_nesterov(true);
  const internal::ElementwiseOptimizer<Everything> good;
  EXPECT_EQ(good.WhyNot(plain), "");
  const internal::ElementwiseOptimizer<Forgetful> forgetful;
  EXPECT_EQ(forgetful.WhyNot(plain), "its Step takes 2 slots, and its Slots are 1");
  const internal::ElementwiseOptimizer<Nesterov> particular;
  EXPECT_EQ(particular.WhyNot(nesterov), "");
  EXPECT_EQ(particular.WhyNot(plain), "none of its variants serves this configuration");
  const internal::ElementwiseOptimizer<Nesterov, Forgetful> both;
  EXPECT_EQ(both.WhyNot(nesterov), "");
  EXPECT_EQ(both.WhyNot(plain), "its Step takes 2 slots, and its Slots are 1");
}

}  // namespace
}  // namespace gradus
