// What the numbers of a prediction mean, which only its loss knows: a logit and a probability look alike. Those who show predictions turn
// them into classes and probabilities, or into numbers in the label's own units, by this.
//
//   void Build(const loss::Mine& config, LayerScope* scope) const override {
//     ...
//     scope->SetMeaning(config, PredictionMeaning::kYesLogit);
//   }

#ifndef GRADUS_GRAPH_PREDICTION_MEANING_H_
#define GRADUS_GRAPH_PREDICTION_MEANING_H_

#include <string>

namespace gradus {

struct PredictionMeaning {
  enum Kind {
    kPlain,               // Nothing is known of it.
    kInUnits,             // It is what the label is: numbers of the label's units.
    kClassLogits,         // A number per class; softmax makes probabilities of them.
    kClassProbabilities,  // A probability per class.
    kClassScores,         // A number per class; the largest wins, and there are no probabilities.
    kYesLogits,           // Each number a question; the sigmoid makes the probability of yes of it.
    kYesProbabilities,    // Each number the probability of yes.
    kYesScores,           // Each number yes above 0; there are no probabilities.
  };
  Kind kind = kPlain;
  std::string prediction;  // The layer or input by name,
  std::string label;       // and what the loss compares it with.
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_PREDICTION_MEANING_H_
