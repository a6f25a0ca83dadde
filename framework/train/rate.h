// The rate of an update, as an ordered chain of named layers. Each layer turns the number before it
// into the next one and can say what it did, so that the chain explains itself:
//
//   rate(update) = ... controllers( schedule(progress) )
//
// The first layer is the schedule. The same chain serves any number that may change during a run.

#ifndef GRADUS_TRAIN_RATE_H_
#define GRADUS_TRAIN_RATE_H_

#include <memory>
#include <string>
#include <vector>

#include "gradus/train/schedule.h"

namespace gradus {

class RateLayer {
 public:
  virtual ~RateLayer() = default;
  virtual std::string name() const = 0;  // "schedule"
  virtual double Apply(double in, const Progress& progress) const = 0;
};

class RateChain {
 public:
  // What one layer made of the number.
  struct Why {
    std::string layer;
    double out = 0;
  };

  RateChain() = default;
  explicit RateChain(std::vector<std::unique_ptr<RateLayer>> layers) : layers_(std::move(layers)) {}

  double At(const Progress& progress) const;
  std::vector<Why> Explain(const Progress& progress) const;

 private:
  std::vector<std::unique_ptr<RateLayer>> layers_;
};

// The chain of an optimizer's learning rate: the schedule that the text gives, or the rule's
// default as a constant. Findings go to diagnostics.
RateChain MakeLearningRate(const OptimizerConfig& config, const ConfigPath& path,
                           Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_TRAIN_RATE_H_
