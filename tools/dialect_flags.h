// Flags that say how a CSV file is written, where it is not as the run's training data is.

#ifndef GRADUS_TOOLS_DIALECT_FLAGS_H_
#define GRADUS_TOOLS_DIALECT_FLAGS_H_

#include <string>

#include "gradus/api/training_dialect.h"
#include "tools/command.h"

namespace gradus {

// As a user writes a separator: "\t" is a tabulator.
inline std::string GivenSeparator(const std::string& given) {
  return given == "\\t" ? "\t" : given;
}

inline void AddDialectFlags(CLI::App* command, GivenDialect* dialect) {
  command->add_option_function<std::string>(
      "--separator",
      [dialect](const std::string& given) { dialect->separator = GivenSeparator(given); },
      "What stands between cells, \\t for a tabulator; as in the run's training data when not "
      "given.");
  command->add_flag_function(
      "--header,!--no_header",
      [dialect](std::int64_t count) {
        dialect->header = count > 0 ? GivenDialect::kYes : GivenDialect::kNo;
      },
      "Whether the first row has names; as in the run's training data when not given.");
}

}  // namespace gradus

#endif  // GRADUS_TOOLS_DIALECT_FLAGS_H_
