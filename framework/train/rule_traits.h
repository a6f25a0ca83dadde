// What a rule's struct may have beside what it must: Check, Memory and Begin, Evaluate. See
// train/elementwise.h.

#ifndef GRADUS_TRAIN_RULE_TRAITS_H_
#define GRADUS_TRAIN_RULE_TRAITS_H_

#include <type_traits>

namespace gradus {
namespace internal {

template <class Rule, class = void>
struct RuleHasCheck : std::false_type {};
template <class Rule>
struct RuleHasCheck<Rule, std::void_t<decltype(&Rule::Check)>> : std::true_type {};

template <class Rule, class = void>
struct RuleHasMemory : std::false_type {};
template <class Rule>
struct RuleHasMemory<Rule, std::void_t<decltype(&Rule::Memory)>> : std::true_type {};

template <class Rule, class = void>
struct RuleHasBegin : std::false_type {};
template <class Rule>
struct RuleHasBegin<Rule, std::void_t<decltype(&Rule::Begin)>> : std::true_type {};

template <class Rule, class = void>
struct RuleHasEvaluate : std::false_type {};
template <class Rule>
struct RuleHasEvaluate<Rule, std::void_t<decltype(&Rule::template Evaluate<double>)>> : std::true_type {
};

}  // namespace internal
}  // namespace gradus

#endif  // GRADUS_TRAIN_RULE_TRAITS_H_
