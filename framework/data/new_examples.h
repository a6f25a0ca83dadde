// New examples for a trained model, from wherever they are: a table, arrays, a folder of images, or a
// place for each input. The preprocessing is the model's, labels are not needed, and what lies at a
// place is told by what it is and not by its name, so a model of IDX files takes a folder of images
// of the same size.
//
//   GRADUS_ASSIGN_OR_RETURN(NewExamples rows, OpenNewExamples({{"", "new_images"}}, inputs,
//                                                             preprocessing));

#ifndef GRADUS_DATA_NEW_EXAMPLES_H_
#define GRADUS_DATA_NEW_EXAMPLES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/data.pb.h"
#include "gradus/data/csv.h"
#include "gradus/data/dataset.h"
#include "gradus/data/preprocessing.h"

namespace gradus {

// Where examples lie.
struct NewPlace {
  std::string input;  // The input that it feeds; empty: all that no other place names.
  std::string path;   // A file or a folder, as the caller sees it.
};

struct NewExamplesOptions {
  // Where the training examples came from, when it is known: of what cannot be told by looking, its
  // readers are asked, and what they were told then (the name of a tensor) holds.
  SourceConfig trained;
  CsvDialect dialect;  // Of tables.
};

struct NewExamples {
  // As the model takes them, fields in the order of the inputs.
  std::shared_ptr<const Dataset> dataset;
  // What examples are called, and the name of that column: "file" of images, "row" of arrays. A table
  // has no names of its own: empty.
  std::string name_column;
  std::function<std::string(int64_t row)> name;
  // Where an input is fed from and what is done to it, a line each: "image  x.npy: UINT8 [28, 28],
  // divided by 255". None of tables, whose columns say it.
  std::vector<std::string> lines;
  // The first table among the places; its other columns may be of use.
  std::unique_ptr<CsvFile> table;
};

// `inputs`: those that are needed, with their dims. There may be no examples.
absl::StatusOr<NewExamples> OpenNewExamples(absl::Span<const NewPlace> places,
                                            absl::Span<const FieldSpec> inputs,
                                            const Preprocessing& preprocessing,
                                            const NewExamplesOptions& options = {});

}  // namespace gradus

#endif  // GRADUS_DATA_NEW_EXAMPLES_H_
