// Where everything stood: a tree beside a message that has, for each field that the text or a
// `--set` gave, the place of its value. Internal to the language; others ask ConfigSource.

#ifndef GRADUS_BASE_TEXT_POSITIONS_H_
#define GRADUS_BASE_TEXT_POSITIONS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "gradus/base/config_path.h"

namespace gradus {

struct PositionNode {
  struct Field;

  int source = 0;            // 0 is the text, k the k-th `--set`, from 1.
  int line = 1, column = 1;  // From 1; of a scalar where its value begins, of a message where its
                             // field's name does.
  std::string name;          // Of a message: the value of its field `name`.
  std::vector<Field> fields;

  Field* Find(const google::protobuf::FieldDescriptor* field);
  // Adds the field when it is not there yet.
  Field& Get(const google::protobuf::FieldDescriptor* field);
  void Erase(const google::protobuf::FieldDescriptor* field);
};

struct PositionNode::Field {
  const google::protobuf::FieldDescriptor* field = nullptr;
  std::vector<PositionNode> elements;  // One for a singular field.
};

// The field as a segment of a ConfigPath: its name, an extension's full name in parentheses.
std::string SegmentName(const google::protobuf::FieldDescriptor* field);

// The node of the path or, where that is not in the tree, of the nearest thing that encloses it.
const PositionNode& FindPosition(const PositionNode& root, const ConfigPath& path);

// The path with elements selected by name wherever they have one.
ConfigPath WithNames(const PositionNode& root, ConfigPath path);

}  // namespace gradus

#endif  // GRADUS_BASE_TEXT_POSITIONS_H_
