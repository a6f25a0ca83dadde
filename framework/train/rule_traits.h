// What a rule's struct may have beside what it must: Check, Memory and Begin, Evaluate. See
// train/elementwise.h.

#ifndef GRADUS_TRAIN_RULE_TRAITS_H_
#define GRADUS_TRAIN_RULE_TRAITS_H_

#include <type_traits>

namespace gradus {
namespace internal {

template <class Rule, class = void>
struct HasCheck : std::false_type {};
template <class Rule>
struct HasCheck<Rule, std::void_t<decltype(&Rule::Check)>> : std::true_type {};

template <class Rule, class = void>
struct HasMemory : std::false_type {};
template <class Rule>
struct HasMemory<Rule, std::void_t<decltype(&Rule::Memory)>> : std::true_type {};

template <class Rule, class = void>
struct HasBegin : std::false_type {};
template <class Rule>
struct HasBegin<Rule, std::void_t<decltype(&Rule::Begin)>> : std::true_type {};

template <class Rule, class = void>
struct HasEvaluate : std::false_type {};
template <class Rule>
struct HasEvaluate<Rule, std::void_t<decltype(&Rule::template Evaluate<double>)>> : std::true_type {
};

}  // namespace internal
}  // namespace gradus

#endif  // GRADUS_TRAIN_RULE_TRAITS_H_
