// The names of a model: inputs and layers in one space. A name whose own definition is wrong stays in the table, so that whoever
// refers to it is not reported too.

#ifndef GRADUS_GRAPH_NAME_TABLE_H_
#define GRADUS_GRAPH_NAME_TABLE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gradus/graph/graph.h"

namespace gradus {

class NameTable {
 public:
  struct Entry {
    bool is_layer = false;
    int index = 0;  // Among the model's inputs or layers.
    Value value;    // Invalid until it is built, and when it could not be.
  };

  // False when the name is taken.
  bool Add(absl::string_view name, const Entry& entry) {
    if (!entries_.emplace(std::string(name), entry).second) return false;
    names_.emplace_back(name);
    return true;
  }
  // Null for an unknown name.
  const Entry* Find(absl::string_view name) const {
    auto found = entries_.find(std::string(name));
    return found == entries_.end() ? nullptr : &found->second;
  }
  void SetValue(absl::string_view name, Value value) {
    auto found = entries_.find(std::string(name));
    if (found != entries_.end()) found->second.value = value;
  }
  // In the order of the text, inputs first.
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, Entry> entries_;
  std::vector<std::string> names_;
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_NAME_TABLE_H_
