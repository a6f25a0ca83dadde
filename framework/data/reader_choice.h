// Which reader reads what a user points at.

#ifndef GRADUS_DATA_READER_CHOICE_H_
#define GRADUS_DATA_READER_CHOICE_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/data.pb.h"
#include "gradus/data/dataset.h"
#include "gradus/data/preprocessing.h"
#include "gradus/data/reader.h"

namespace gradus {

struct ReaderChoice {
  bool table =
      false;  // A CSV file, whose columns were saved with the model. The rest is then empty.
  const google::protobuf::FieldDescriptor* kind = nullptr;  // Of SourceConfig.
  const Reader* reader = nullptr;
  // What the training source said to this reader of those inputs; null when another one read them.
  const google::protobuf::Message* trained = nullptr;
};

// The training's reader of these inputs when it reads what lies there for sure, otherwise one that
// does, otherwise the training's when it may. Inputs with columns were trained from a table. An error
// says what the model takes. The choice points into `trained`.
absl::StatusOr<ReaderChoice> ChooseReader(const GivenPlace& given,
                                          absl::Span<const FieldSpec> inputs,
                                          const Preprocessing& preprocessing,
                                          const SourceConfig& trained);

}  // namespace gradus

#endif  // GRADUS_DATA_READER_CHOICE_H_
