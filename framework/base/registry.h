// Where plugins and the framework meet. A registry maps a key (the full name of a config field or message, such as
// "gradus.OptimizerConfig.adam") to one stateless rule. Filled before main() and when a plugin library is accepted; what is
// in it stays for the life of the process.
//
// Registration never aborts: a second rule under one key is kept out and reported by RegistrationStatus().
//
// Thread safety: everything may be called from any thread at any time.

#ifndef GRADUS_BASE_REGISTRY_H_
#define GRADUS_BASE_REGISTRY_H_

#include <map>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gradus/base/status.h"

namespace gradus {

// Whether any contract has a rule under this key.
bool IsRegistered(absl::string_view key);

// The rules of one contract, whose type only Registry knows. Not inline, so that a process has one table of a kind whatever
// libraries it consists of and however they were linked and loaded.
class RuleTable {
 public:
  // The table of a contract by its typeid's name; made when it is first asked for.
  static RuleTable& Of(const std::string& contract);

  void Add(absl::string_view key, std::shared_ptr<const void> rule);
  // The rule, or null.
  const void* Find(absl::string_view key) const;
  // All keys, sorted.
  std::vector<std::string> Keys() const;
  // The first refused registration, or OK.
  absl::Status RegistrationStatus() const;

 private:
  friend class PendingRules;
  friend bool IsRegistered(absl::string_view key);
  explicit RuleTable(std::string contract) : contract_(std::move(contract)) {}

  const std::string contract_;
  std::map<std::string, std::shared_ptr<const void>> rules_;
  absl::Status status_;
};

template <class Rule>
class Registry {
 public:
  static Registry& Get() {
    static Registry registry;
    return registry;
  }

  void Add(absl::string_view key, std::unique_ptr<Rule> rule) {
    table_.Add(key, std::shared_ptr<const Rule>(std::move(rule)));
  }
  // The rule, or null.
  const Rule* Find(absl::string_view key) const {
    return static_cast<const Rule*>(table_.Find(key));
  }
  // All keys, sorted.
  std::vector<std::string> Keys() const { return table_.Keys(); }
  // The first refused registration, or OK.
  absl::Status RegistrationStatus() const { return table_.RegistrationStatus(); }

 private:
  Registry() : table_(RuleTable::Of(typeid(Rule).name())) {}
  RuleTable& table_;
};

// While one exists, what its thread registers waits in it, for all of it to be accepted together or not at all: a library
// whose constructors run between is a transaction. At most one on a thread.
class PendingRules {
 public:
  struct Entry {
    std::string contract;  // typeid's name.
    std::string key;
    std::shared_ptr<const void> rule;
  };

  PendingRules();
  ~PendingRules();  // What was not accepted is gone.
  PendingRules(const PendingRules&) = delete;
  PendingRules& operator=(const PendingRules&) = delete;

  const std::vector<Entry>& entries() const { return entries_; }
  // Those of one contract by key.
  template <class Rule>
  std::vector<std::pair<std::string, const Rule*>> Of() const {
    std::vector<std::pair<std::string, const Rule*>> found;
    for (const Entry& entry : entries_) {
      if (entry.contract != typeid(Rule).name()) continue;
      found.emplace_back(entry.key, static_cast<const Rule*>(entry.rule.get()));
    }
    return found;
  }
  // AlreadyExists names a key that is taken, or that waits twice; then nothing is accepted.
  absl::Status Accept();

 private:
  friend class RuleTable;
  std::vector<Entry> entries_;
};

// One line at the end of a plugin's file, inside its unnamed namespace:
//   GRADUS_REGISTER(Layer, "gradus.LayerConfig.dense", Dense);
#define GRADUS_REGISTER(Base, key, Class)                                          \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                        \
      (::gradus::Registry<Base>::Get().Add(key, std::make_unique<Class>()), true)

}  // namespace gradus

#endif  // GRADUS_BASE_REGISTRY_H_
