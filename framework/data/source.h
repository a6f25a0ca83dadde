// One source of examples, resolved against a model: which raw fields feed which input, and what is
// done to them. It is opened, what is to be learned is learned from some of its rows, and then any
// rows of it are prepared for the model.
//
//   Source source = OpenRawSource(config, path, Role::kTraining, {}, context);
//   if (source.raw == nullptr || !LearnFeeds(training_rows, &source, context)) return;
//   std::shared_ptr<const Dataset> train = Prepare(source, inputs, training_rows);

#ifndef GRADUS_DATA_SOURCE_H_
#define GRADUS_DATA_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data.pb.h"
#include "gradus/data/convert_columns.h"
#include "gradus/data/dataset.h"
#include "gradus/data/memory.h"
#include "gradus/data/preprocessing.h"
#include "gradus/data/rows.h"

namespace gradus {

// What sources are opened against.
struct SourceContext {
  absl::Span<const FieldSpec> inputs;  // Of the model.
  std::string directory;               // Of relative paths.
  const MemoryDatasets* memory = nullptr;
  Diagnostics* diagnostics = nullptr;
};

// What the training examples fixed.
enum class Role {
  kTraining,  // Nothing yet: the source's own fields say it.
  kTrained,   // Transforms and columns of every input are given.
  kUnknown,   // The training source was refused: look for what is wrong in this one by itself.
};

// Columns that a configuration treats alike.
struct ColumnGroup {
  CsvColumns columns;
  ConfigPath path;
};

// How one input of the model is fed.
struct Feed {
  // Of the raw dataset: one, or those that hold the columns of an input with treatments.
  std::vector<int> raw_fields;
  InputTransform transform;
  bool standardise = false;   // Mean and deviation of all elements are still to be learned.
  ConfigPath path;            // Of the field in the configuration.
  std::vector<int64_t> dims;  // Of one example, when the source is trained, or has learned.

  // Of an input whose columns are not all treated alike:
  std::vector<ColumnPart> parts;                             // One per raw field.
  std::vector<std::vector<std::vector<std::string>>> texts;  // By raw field, column and code.
  std::vector<ColumnCell> cells;                             // One per column.
  std::vector<ColumnGroup> groups;                           // What is to be learned, and
  std::vector<int> group_of;                                 // of which the column is, by column.
  // A cell as a message names it: "wine.csv:18:3". Null: as the raw dataset names its row.
  std::function<std::string(int64_t row, int column)> where;

  bool fed() const { return !raw_fields.empty(); }
  bool by_column() const { return !cells.empty(); }
};

struct Source {
  std::shared_ptr<const Dataset> raw;  // Null on an error.
  std::vector<Feed> feeds;             // One per input of the model.
};

// `trained` is read for Role::kTrained only. Findings go to the context's diagnostics.
Source OpenRawSource(const SourceConfig& config, const ConfigPath& path, Role role,
                     const Preprocessing& trained, const SourceContext& context);

// Learns what the configuration asks for (means, medians, categories, ...) from those rows of a
// source that was opened as kTraining. Afterwards the feeds' transforms are what is saved, their
// dims are known, and every row of the source is one that the model can take as far as its
// categories go. False after findings.
bool LearnFeeds(const Rows& training_rows, Source* source, const SourceContext& context);

// Those rows, as the model takes them; `inputs` with the dims of the feeds.
std::shared_ptr<const Dataset> Prepare(const Source& source, absl::Span<const FieldSpec> inputs,
                                       Rows rows);

// One whole number per row of the source, learned or not, that says the row's class: the value of an
// INT32 input, 0 or 1 of a FLOAT32 one, the text of a column of categories. False when the input
// is not one such value per row.
bool ReadClassKeys(const Source& source, int input, std::vector<int64_t>* keys);

}  // namespace gradus

#endif  // GRADUS_DATA_SOURCE_H_
