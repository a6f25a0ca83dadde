// A small model that an update rule trains, with a stop in between or without one.

#ifndef GRADUS_TESTS_TESTING_CHECKPOINTED_RUN_H_
#define GRADUS_TESTS_TESTING_CHECKPOINTED_RUN_H_

#include <string>

#include "tests/testing/under_update.h"

namespace gradus {

// "" or what differs: K updates, a checkpoint, a new Trainer from it and K updates more leave a
// checkpoint with the same bytes as 2 K updates, for several K.
std::string CheckCheckpoints(const ParsedOptimizer& parsed);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_CHECKPOINTED_RUN_H_
