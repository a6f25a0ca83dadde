// From the `data` part of a configuration to what a run reads: training, validation and test
// examples, each giving the model's inputs, in the model's order, types and shapes, preprocessed.
//
// A fraction for validation is a sample of the training rows, drawn by its seed and by class
// (hold_out.h); everything that is learned is learned from the rows that are left. An input whose
// shape the text does not say gets that of the training examples.
//
// Every problem goes to the Diagnostics at the address of the field that it belongs to
// (`data.train.csv.field[0].column[2]`), all in one go. Examples that do not fit into memory are a
// problem like others (code "memory").

#ifndef GRADUS_DATA_OPEN_DATA_H_
#define GRADUS_DATA_OPEN_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data.pb.h"
#include "gradus/data/csv.h"
#include "gradus/data/dataset.h"
#include "gradus/data/hold_out.h"
#include "gradus/data/memory.h"
#include "gradus/data/preprocessing.h"

namespace gradus {

// What a configuration's data is.
struct DataSplits {
  std::shared_ptr<const Dataset> train;  // Null when the configuration has none, or on an error.
  std::shared_ptr<const Dataset> validation;  // Likewise.
  std::shared_ptr<const Dataset> test;        // Likewise.
  Preprocessing preprocessing;                // An entry for each input that is fed.
  // The model's inputs, with the dims that the training examples gave those that had none. What
  // could not be opened leaves them unknown.
  std::vector<FieldSpec> inputs;
  ClassesOfSplit classes;  // Of the training source, and the parts that are taken of it.
};

// `inputs`: the model's inputs, the dims those of one example. Relative paths are relative to
// `directory`. The address of `config` is `data`.
DataSplits OpenData(const DataConfig& config, absl::Span<const FieldSpec> inputs,
                    const std::string& directory, const MemoryDatasets& memory,
                    Diagnostics* diagnostics);

// The same for a trained model: the preprocessing is given and nothing is learned, so that the
// examples are what the model was trained for even when the files have changed. The fields that a
// source has must agree with it.
DataSplits OpenDataForModel(const DataConfig& config, absl::Span<const FieldSpec> inputs,
                            const std::string& directory, const MemoryDatasets& memory,
                            const Preprocessing& preprocessing, Diagnostics* diagnostics);

// One source for a trained model: the preprocessing is given, nothing is learned, and fields that
// the source leaves out are fed as in training. Null on an error. `path` is the address of
// `source`.
std::shared_ptr<const Dataset> OpenSource(const SourceConfig& source, const ConfigPath& path,
                                          absl::Span<const FieldSpec> inputs,
                                          const std::string& directory,
                                          const MemoryDatasets& memory,
                                          const Preprocessing& preprocessing,
                                          Diagnostics* diagnostics);

// Raw rows of a CSV file for a trained model: `inputs` (those that are needed: labels may be left
// out) are fed from the columns that were saved with it. The message names all columns that are
// missing.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenCsvForModel(
    const std::string& file, absl::Span<const FieldSpec> inputs, const Preprocessing& preprocessing,
    const CsvDialect& dialect = {});

}  // namespace gradus

#endif  // GRADUS_DATA_OPEN_DATA_H_
