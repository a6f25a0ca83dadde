// The tables (`table { path }`) that a run's schedules are read from, kept by their checksums: a file
// that has changed since is refused where the run goes on, is explained or replayed.

#ifndef GRADUS_API_RUN_TABLES_H_
#define GRADUS_API_RUN_TABLES_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"

namespace gradus {

// Gives each table below `message` that has no checksum its file's, and an absolute path. A file that
// cannot be read is left for the schedule to report. `path` is the message's address; the result is
// what was written, as PATH=VALUE.
std::vector<std::string> SealTables(google::protobuf::Message* message,
                                    const ConfigPath& path = ConfigPath());

// Settings with which a table's new path does not keep the checksum of the old one.
std::vector<std::string> WithoutOldSeals(const std::vector<std::string>& settings);

}  // namespace gradus

#endif  // GRADUS_API_RUN_TABLES_H_
