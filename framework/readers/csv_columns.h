// Which columns of a CSV file feed an input, and what is done to each.

#ifndef GRADUS_FRAMEWORK_READERS_CSV_COLUMNS_H_
#define GRADUS_FRAMEWORK_READERS_CSV_COLUMNS_H_

#include <string>
#include <vector>

#include "gradus/data/csv.h"
#include "gradus/data/reader.h"

namespace gradus {

struct CsvChoice {
  std::vector<int> columns;         // Of the file, in the order in which they fill the input.
  std::vector<ColumnGroup> groups;  // Those of the field,
  std::vector<int> group_of;        // by column; empty without groups.
};

// The columns that `field`, at `path`, names; those of training where it names none. Sets the names
// of the columns in the feed of input i. False after findings.
bool ChooseColumns(const CsvField& field, const ConfigPath& path, const CsvFile& file, int i,
                   Opening* opening, CsvChoice* choice);

// Whether what a group says of its columns can be done to columns of that input, and fits together.
// Fills in what is decided by the input's type.
void CheckGroup(const ConfigPath& path, const FieldSpec& input, CsvColumns* group,
                Opening* opening);

}  // namespace gradus

#endif  // GRADUS_FRAMEWORK_READERS_CSV_COLUMNS_H_
