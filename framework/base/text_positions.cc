// Looking up places.

#include "gradus/base/text_positions.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

// The element of the field that the segment selects, or null.
const PositionNode* Select(const PositionNode::Field& field, const ConfigPath::Segment& segment) {
  const std::vector<PositionNode>& elements = field.elements;
  if (segment.index >= 0) {
    const size_t index = static_cast<size_t>(segment.index);
    return index < elements.size() ? &elements[index] : nullptr;
  }
  if (segment.selector.empty()) return elements.empty() ? nullptr : &elements.front();
  for (const PositionNode& element : elements) {
    if (element.name == segment.selector) return &element;
  }
  return nullptr;
}

const PositionNode* Step(const PositionNode& node, const ConfigPath::Segment& segment) {
  for (const PositionNode::Field& field : node.fields) {
    if (SegmentName(field.field) == segment.field) return Select(field, segment);
  }
  return nullptr;
}

}  // namespace

PositionNode::Field* PositionNode::Find(const google::protobuf::FieldDescriptor* field) {
  for (Field& candidate : fields) {
    if (candidate.field == field) return &candidate;
  }
  return nullptr;
}

PositionNode::Field& PositionNode::Get(const google::protobuf::FieldDescriptor* field) {
  if (Field* found = Find(field)) return *found;
  fields.emplace_back();
  fields.back().field = field;
  return fields.back();
}

void PositionNode::Erase(const google::protobuf::FieldDescriptor* field) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].field != field) continue;
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

std::string SegmentName(const google::protobuf::FieldDescriptor* field) {
  return field->is_extension() ? absl::StrCat("(", field->full_name(), ")") : field->name();
}

const PositionNode& FindPosition(const PositionNode& root, const ConfigPath& path) {
  const PositionNode* node = &root;
  for (const ConfigPath::Segment& segment : path.segments()) {
    const PositionNode* next = Step(*node, segment);
    if (next == nullptr) break;
    node = next;
  }
  return *node;
}

ConfigPath WithNames(const PositionNode& root, ConfigPath path) {
  const PositionNode* node = &root;
  for (ConfigPath::Segment& segment : path.mutable_segments()) {
    node = Step(*node, segment);
    if (node == nullptr) break;
    if (segment.index >= 0 && !segment.named() && !node->name.empty())
      segment.selector = node->name;
  }
  return path;
}

}  // namespace gradus
