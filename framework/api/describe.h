// The reference manual: everything that a text can name, with its fields, types, ranges, defaults
// and comments, read from the protos. What `gradus list` prints.
//
//   DescribeCatalogue({{"optimizers", Registry<Optimizer>::Get().Keys()}, {"ops",
//   Registry<Op>::Get().Keys()}})

#ifndef GRADUS_API_DESCRIBE_H_
#define GRADUS_API_DESCRIBE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/base/descriptor_set.h"

namespace gradus {

struct FieldDescription {
  std::string name;
  std::string type;           // "double", "repeated int64", "Activation", "InitializerConfig".
  std::string default_value;  // As the text would have it; empty when there is none.
  std::string range;          // "[0, 1)", ">= 1", or empty.
  bool required = false;
  bool schedulable = false;  // May follow a schedule during the run.
  std::string comment;       // One paragraph.
};

struct ThingDescription {
  std::string name;  // As the text has it: "adam", "[acme.lion]"; of an operation its name in a
                     // printed graph.
  std::string key;   // In its registry: "gradus.OptimizerConfig.adam", "gradus.op.Matmul".
  std::string type;  // "gradus.optimizer.Adam", or "double" for a scalar such as `constant: 0.1`.
  std::string summary;                   // One line.
  std::string comment;                   // In the lines of the proto, formulas as they stand there.
  std::string default_learning_rate;     // Of an optimizer's rule that has one.
  std::string default_weight_decay;      // Likewise.
  std::string library;                   // The plugin library that brought it; empty for what is built in.
  std::vector<FieldDescription> fields;  // Of an enumeration its values.
};

struct CatalogueSection {
  std::string title;
  std::vector<ThingDescription> things;
};

// The keys of one registry: full names of fields (`gradus.LayerConfig.dense`), extensions or
// messages (`gradus.op.Matmul`).
struct CatalogueKeys {
  std::string title;
  std::vector<std::string> keys;
};

// What a plugin library brought.
struct CatalogueLibrary {
  std::string name;               // "acme_lion.so"
  std::vector<std::string> keys;  // "acme.lion"
  std::string descriptor_set;     // Of its own files, with comments.
};

// One section for each registry, in the order given; then "messages" and "enumerations" with what
// their fields refer to. Comments come from the descriptor sets; what only linked descriptors know is
// described without comments, and a key that nobody knows by its name alone.
std::vector<CatalogueSection> DescribeCatalogue(
    absl::Span<const CatalogueKeys> registries,
    absl::string_view descriptor_set = EmbeddedDescriptorSet(),
    absl::Span<const CatalogueLibrary> libraries = {});

// The things with this name, key or type, in any section.
std::vector<CatalogueSection> SelectThings(absl::Span<const CatalogueSection> catalogue,
                                           absl::string_view name);

// One line for each thing: its name and its summary.
std::string RenderSummary(absl::Span<const CatalogueSection> catalogue, int width = 100);

// Everything, each thing with a table of its fields, in lines of at most `width` characters where
// words allow it.
std::string RenderCatalogue(absl::Span<const CatalogueSection> catalogue, int width = 100);

}  // namespace gradus

#endif  // GRADUS_API_DESCRIBE_H_
