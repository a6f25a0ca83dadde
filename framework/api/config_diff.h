// In what two configurations differ, by address:
//
//   optimizer.adam.beta1          0.9 (default) -> 0.95
//   model.layer[hidden_1].dense.units    10 -> 32
//   model.layer[noise]            + dropout { rate: 0.2 }
//
// Elements of a list that have names are compared by them, others by their positions. What is not
// set counts as its default. Where one of several may be chosen (a rule, a kind of layer), another
// choice is one difference.

#ifndef GRADUS_API_CONFIG_DIFF_H_
#define GRADUS_API_CONFIG_DIFF_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "google/protobuf/message.h"

namespace gradus {

struct ConfigDifference {
  std::string address;
  // On one line, as the text has it; none where it is not there, or has no default.
  absl::optional<std::string> before, after;
  bool before_is_default = false, after_is_default = false;
};

// Both of one type. In the order of the fields in their proto.
std::vector<ConfigDifference> DiffConfigs(const google::protobuf::Message& before,
                                          const google::protobuf::Message& after);

// A line for each, lined up. "" of none.
std::string ToText(const std::vector<ConfigDifference>& differences);

// What each of several messages has at the addresses at which they differ: by row an address with as
// many texts as there are messages, "" where there is nothing.
struct ConfigColumn {
  std::string address;
  std::string name;  // The end of the address that tells it from the others: "units".
  std::vector<std::string> values;
};
std::vector<ConfigColumn> DifferingFields(
    const std::vector<const google::protobuf::Message*>& messages);

}  // namespace gradus

#endif  // GRADUS_API_CONFIG_DIFF_H_
