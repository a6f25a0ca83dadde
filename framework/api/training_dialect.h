// How the tables of a run are written, for other tables that are given to its model.

#ifndef GRADUS_API_TRAINING_DIALECT_H_
#define GRADUS_API_TRAINING_DIALECT_H_

#include <string>

#include "absl/status/statusor.h"
#include "gradus/data.pb.h"
#include "gradus/data/csv.h"

namespace gradus {

// What is known of a table that a user gives: empty and unset is as in training.
struct GivenDialect {
  std::string separator;
  enum Header { kAsInTraining, kYes, kNo } header = kAsInTraining;
};

// Of the first table in the run's training source (training_source.h), with what is given instead; the usual one where its training data is
// no table.
absl::StatusOr<CsvDialect> DialectFor(const SourceConfig& training, const GivenDialect& given);

}  // namespace gradus

#endif  // GRADUS_API_TRAINING_DIALECT_H_
