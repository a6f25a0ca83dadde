// Numbers that only some of all numbers can be: places in a table, labels that are classes. What is outside is found when its example is
// read, where the message can still name the row.

#ifndef GRADUS_DATA_CHECK_RANGES_H_
#define GRADUS_DATA_CHECK_RANGES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gradus/data/dataset.h"

namespace gradus {

// Of all numbers of a field, INT32 or FLOAT32.
struct ValueRange {
  int field = 0;
  int64_t least = 0;
  int64_t most = 0;
  std::string rule;                   // What sets it: `layer "words" has 100 rows`.
  std::vector<std::string> elements;  // What the elements of an example are called; may be empty.
};

// `dataset` itself without ranges, or when it is null. Messages: `t.csv:7: input "word": 12 is not in 0 to 9: RULE`.
std::shared_ptr<const Dataset> CheckRanges(std::shared_ptr<const Dataset> dataset,
                                           std::vector<ValueRange> ranges);

}  // namespace gradus

#endif  // GRADUS_DATA_CHECK_RANGES_H_
