// Half cosines one after another, each from the top again. Cosine i takes T(i) = first_decay_steps
// t_mul^i; j is the time since it began, F = alpha initial_learning_rate or end_learning_rate and
// M = m_mul^i:
//
//   rate(k) = F + amplitude (1 + cos(pi (j / T(i))^k_decay)) / 2
//
//   m_mul_scales: ABOVE_FLOOR   amplitude = M (initial_learning_rate - F)     Keras
//                 PEAK          amplitude = M initial_learning_rate - F       timm
//                 WHOLE_CURVE   as ABOVE_FLOOR, with M F for F
//
// Loshchilov & Hutter 2017, arXiv:1608.03983; Keras' CosineDecayRestarts. PyTorch's
// CosineAnnealingWarmRestarts is t_mul: T_mult and end_learning_rate: eta_min. After cycle_limit
// cosines F holds, as in timm; F itself is never reached before.
//
// Libraries find i by a logarithm. Here the beginnings are added up once, so that whole lengths
// give exact beginnings however many cycles have gone by.
//
//   learning_rate {
//     cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 1000 m_mul: 0.9 }
//   }

#include <algorithm>
#include <limits>
#include <vector>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEnoughTime = 0x1p54;  // No clock gets so far in whole numbers.
constexpr double kLeastGrowth = 1.001;  // Tens of thousands of cycles until then.

class CosineDecayRestarts final : public Schedule {
 public:
  using Config = schedule::CosineDecayRestarts;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.t_mul() > 1 && config.t_mul() < kLeastGrowth) {
      diagnostics->Error(
          "out-of-range", path.Child("t_mul"),
          absl::StrCat("cosine_decay_restarts: t_mul ", ShortestNumber(config.t_mul()),
                       " must be 1 or at least ", ShortestNumber(kLeastGrowth)));
    }
    CheckEndValue(config, "cosine_decay_restarts", path, diagnostics);
  }

  explicit CosineDecayRestarts(const Config& config)
      : initial_(config.initial_learning_rate()),
        floor_(EndValue(config, initial_)),
        first_(config.first_decay_steps()),
        m_mul_(config.m_mul()),
        k_decay_(config.k_decay()),
        scales_(config.m_mul_scales()),
        grows_(config.t_mul() > 1) {
    const double limit =
        config.has_cycle_limit() ? static_cast<double>(config.cycle_limit()) : kInfinity;
    if (grows_) {
      Cycle cycle = {0, first_, 1};
      while (static_cast<double>(cycles_.size()) < limit && cycle.begin < kEnoughTime) {
        cycles_.push_back(cycle);
        cycle = {cycle.begin + cycle.length, cycle.length * config.t_mul(), cycle.scale * m_mul_};
      }
      length_ = static_cast<double>(cycles_.size()) < limit ? kInfinity : cycle.begin;
    } else {
      length_ = first_ * limit;
    }
    end_ = scales_ == Config::WHOLE_CURVE ? floor_ * Power(m_mul_, limit - 1) : floor_;
  }

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    if (Reached(elapsed, length_)) return end_;
    const Cycle cycle = CycleAt(elapsed);
    const double fraction = std::min(std::max((elapsed - cycle.begin) / cycle.length, 0.0), 1.0);
    const double shape = HalfCosine(Power(fraction, k_decay_));
    switch (scales_) {
      case Config::ABOVE_FLOOR:
        break;
      case Config::PEAK:
        return floor_ + (cycle.scale * initial_ - floor_) * shape;
      case Config::WHOLE_CURVE:
        return cycle.scale * (floor_ + (initial_ - floor_) * shape);
    }
    return floor_ + cycle.scale * (initial_ - floor_) * shape;
  }

  double length() const override { return length_; }

 private:
  struct Cycle {
    double begin, length, scale;
  };

  Cycle CycleAt(double elapsed) const {
    if (!grows_) {
      const double index = WholePeriods(elapsed, first_);
      return {index * first_, first_, m_mul_ == 1 ? 1 : std::pow(m_mul_, index)};
    }
    const auto next = std::partition_point(
        cycles_.begin(), cycles_.end(),
        [elapsed](const Cycle& cycle) { return Reached(elapsed, cycle.begin); });
    return *(next - 1);  // The first begins at 0.
  }

  const double initial_, floor_, first_, m_mul_, k_decay_;
  const Config::Scaled scales_;
  const bool grows_;
  std::vector<Cycle> cycles_;  // When they grow; otherwise they are counted.
  double length_, end_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.cosine_decay_restarts", CosineDecayRestarts,
                         schedule::CosineDecayRestarts);

}  // namespace
}  // namespace gradus
