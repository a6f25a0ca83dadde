// The flag that gives an input of the model a place of its own: `--input image=x.npy`.

#ifndef GRADUS_TOOLS_PLACE_FLAGS_H_
#define GRADUS_TOOLS_PLACE_FLAGS_H_

#include <string>
#include <vector>

#include "gradus/data/new_examples.h"
#include "tools/command.h"

namespace gradus {

inline void AddPlaceFlags(CLI::App* command, std::vector<NewPlace>* places) {
  command
      ->add_option_function<std::vector<std::string>>(
          "--input",
          [places](const std::vector<std::string>& given) {
            for (const std::string& each : given) {
              const size_t equals = each.find('=');
              if (equals == 0 || equals == std::string::npos || equals + 1 == each.size()) {
                throw CLI::ValidationError("--input", each + " is not NAME=PATH");
              }
              places->push_back({each.substr(0, equals), each.substr(equals + 1)});
            }
          },
          "NAME=PATH: where one input of the model comes from, once for each of them.")
      ->type_name("NAME=PATH")
      ->expected(1)
      ->allow_extra_args(false)  // What follows is the place of the other inputs.
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse(false);
}

}  // namespace gradus

#endif  // GRADUS_TOOLS_PLACE_FLAGS_H_
