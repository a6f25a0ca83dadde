// Raw examples as the model takes them: its inputs in its order, types and shapes, preprocessed as
// they are read. What is stored stays raw (a pixel is a byte until its batch is made).

#ifndef GRADUS_DATA_PREPARED_DATASET_H_
#define GRADUS_DATA_PREPARED_DATASET_H_

#include <memory>
#include <vector>

#include "gradus/data/convert_columns.h"
#include "gradus/data/dataset.h"
#include "gradus/data/preprocessing.h"
#include "gradus/data/rows.h"

namespace gradus {

// What feeds one input of a model.
struct PreparedInput {
  FieldSpec input;
  InputTransform transform;
  // Of the raw dataset; more than one only of an input with treatments, whose columns then are
  // where `cells` says.
  std::vector<int> raw_fields;
  std::vector<ColumnPart> parts;  // One per raw field, and
  std::vector<ColumnCell> cells;  // one per treatment; both empty without treatments.
};

// Those rows of `raw`; each of its fields feeds one input at most, types and sizes have been
// checked.
std::shared_ptr<const Dataset> MakePreparedDataset(std::shared_ptr<const Dataset> raw,
                                                   std::vector<PreparedInput> inputs, Rows rows);

}  // namespace gradus

#endif  // GRADUS_DATA_PREPARED_DATASET_H_
