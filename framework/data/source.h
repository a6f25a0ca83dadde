// One source of examples, resolved against a model: which field feeds which input, and what is done
// to it.

#ifndef GRADUS_DATA_SOURCE_H_
#define GRADUS_DATA_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data.pb.h"
#include "gradus/data/csv.h"
#include "gradus/data/dataset.h"
#include "gradus/data/memory.h"
#include "gradus/data/preprocessing.h"

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

// How one input of the model is fed.
struct Feed {
  int raw_field = -1;  // Of the raw dataset.
  InputTransform transform;
  bool standardise = false;  // Mean and deviation are still to be learned.
  ConfigPath path;           // Of the field in the configuration.
};

struct Source {
  std::shared_ptr<const Dataset> raw;  // Null on an error.
  std::vector<Feed> feeds;             // One per input of the model.
};

// `trained` is read for Role::kTrained only. Findings go to the context's diagnostics.
Source OpenRawSource(const SourceConfig& config, const ConfigPath& path, Role role,
                     const Preprocessing& trained, const SourceContext& context);

// Rows first .. first + count - 1, as the model takes them.
std::shared_ptr<const Dataset> Prepare(const Source& source, absl::Span<const FieldSpec> inputs,
                                       int64_t first, int64_t count);

// The rows of a table that was read from a CSV file.
std::shared_ptr<const Dataset> MakeCsvDataset(const std::string& file,
                                              std::vector<FieldSpec> fields,
                                              std::vector<Tensor> tensors,
                                              CsvLines lines);

// What CSV columns of an input of this type are read as.
DType CsvType(DType input);

}  // namespace gradus

#endif  // GRADUS_DATA_SOURCE_H_
