// The parts of a configuration as rows of the training source: first `test_fraction` with `test_seed`, then, of what is left,
// `validation { fraction }` with `tail`, `seed` and `stratify`.

#ifndef GRADUS_DATA_HOLD_OUT_H_
#define GRADUS_DATA_HOLD_OUT_H_

#include <string>
#include <vector>

#include "gradus/data/source.h"
#include "gradus/data/split.h"

namespace gradus {

// The classes of the training source's examples, and how they are split.
struct ClassesOfSplit {
  std::string input;  // The one that names them; empty when the split knows none.
  // Of texts that are categories in the order of these, otherwise in ascending order of ReadClassKeys.
  std::vector<ClassSplit> classes;
  std::vector<std::string> names;  // Of `classes`, as a table is to show them.
};

struct HeldOut {
  Rows training;
  Rows held_out;  // None without a fraction.
  Rows test;      // Likewise.
  ClassesOfSplit classes;
};

// All but the names of the classes, which are in ascending order of their keys. False after a finding. `root` is the address of
// `config`, "data".
bool ChooseRows(const DataConfig& config, const ConfigPath& root, const Source& train,
                const SourceContext& context, HeldOut* chosen);

}  // namespace gradus

#endif  // GRADUS_DATA_HOLD_OUT_H_
