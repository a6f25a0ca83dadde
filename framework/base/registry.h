// Where plugins and the framework meet. A registry maps a key (the full name of a config field or message, such as
// "gradus.OptimizerConfig.adam") to one stateless rule. Filled before main() or when a plugin library is accepted, read only after that.
//
// Registration never aborts: a second rule under one key is kept out and reported by RegistrationStatus().

#ifndef GRADUS_BASE_REGISTRY_H_
#define GRADUS_BASE_REGISTRY_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gradus/base/status.h"

namespace gradus {

template <class Rule>
class Registry {
 public:
  static Registry& Get() {
    static Registry* const registry = new Registry;  // Never destroyed: plugins may outlive statics.
    return *registry;
  }

  void Add(absl::string_view key, std::unique_ptr<Rule> rule) {
    const bool added = rules_.emplace(std::string(key), std::move(rule)).second;
    if (!added && status_.ok()) {
      status_ = absl::AlreadyExistsError(absl::StrCat("\"", key, "\" is registered twice"));
    }
  }

  // The rule, or null.
  const Rule* Find(absl::string_view key) const {
    auto found = rules_.find(std::string(key));
    return found == rules_.end() ? nullptr : found->second.get();
  }

  // All keys, sorted.
  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& entry : rules_) keys.push_back(entry.first);
    return keys;
  }

  // The first refused registration, or OK.
  absl::Status RegistrationStatus() const { return status_; }

 private:
  std::map<std::string, std::unique_ptr<Rule>> rules_;
  absl::Status status_;
};

// One line at the end of a plugin's file, inside its unnamed namespace:
//   GRADUS_REGISTER(Layer, "gradus.LayerConfig.dense", Dense);
#define GRADUS_REGISTER(Base, key, Class)                                          \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                        \
      (::gradus::Registry<Base>::Get().Add(key, std::make_unique<Class>()), true)

}  // namespace gradus

#endif  // GRADUS_BASE_REGISTRY_H_
