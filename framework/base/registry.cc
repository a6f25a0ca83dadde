// One lock and one set of tables for the process.

#include "gradus/base/registry.h"

#include <mutex>
#include <set>
#include <shared_mutex>

#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

struct Tables {
  mutable std::shared_mutex mutex;
  std::map<std::string, RuleTable*> by_contract;
};

Tables& TheTables() {
  static Tables* const tables = new Tables;  // Never destroyed: plugins may outlive statics.
  return *tables;
}

thread_local PendingRules* pending = nullptr;

absl::Status RegisteredTwice(absl::string_view key) {
  return absl::AlreadyExistsError(absl::StrCat("\"", key, "\" is registered twice"));
}

}  // namespace

RuleTable& RuleTable::Of(const std::string& contract) {
  Tables& tables = TheTables();
  const std::unique_lock<std::shared_mutex> lock(tables.mutex);
  RuleTable*& table = tables.by_contract[contract];
  if (table == nullptr) table = new RuleTable(contract);
  return *table;
}

void RuleTable::Add(absl::string_view key, std::shared_ptr<const void> rule) {
  if (pending != nullptr) {
    pending->entries_.push_back({contract_, std::string(key), std::move(rule)});
    return;
  }
  const std::unique_lock<std::shared_mutex> lock(TheTables().mutex);
  const bool added = rules_.emplace(std::string(key), std::move(rule)).second;
  if (!added && status_.ok()) status_ = RegisteredTwice(key);
}

const void* RuleTable::Find(absl::string_view key) const {
  const std::shared_lock<std::shared_mutex> lock(TheTables().mutex);
  const auto found = rules_.find(std::string(key));
  return found == rules_.end() ? nullptr : found->second.get();
}

std::vector<std::string> RuleTable::Keys() const {
  const std::shared_lock<std::shared_mutex> lock(TheTables().mutex);
  std::vector<std::string> keys;
  for (const auto& entry : rules_) keys.push_back(entry.first);
  return keys;
}

absl::Status RuleTable::RegistrationStatus() const {
  const std::shared_lock<std::shared_mutex> lock(TheTables().mutex);
  return status_;
}

bool IsRegistered(absl::string_view key) {
  Tables& tables = TheTables();
  const std::shared_lock<std::shared_mutex> lock(tables.mutex);
  for (const auto& entry : tables.by_contract) {
    if (entry.second->rules_.count(std::string(key)) > 0) return true;
  }
  return false;
}

PendingRules::PendingRules() {
  GRADUS_CHECK(pending == nullptr);
  pending = this;
}

PendingRules::~PendingRules() { pending = nullptr; }

absl::Status PendingRules::Accept() {
  Tables& tables = TheTables();
  const std::unique_lock<std::shared_mutex> lock(tables.mutex);
  std::set<std::pair<std::string, std::string>> keys;
  for (const Entry& entry : entries_) {
    const RuleTable* table = tables.by_contract[entry.contract];
    if (!keys.emplace(entry.contract, entry.key).second || table->rules_.count(entry.key) > 0) {
      return RegisteredTwice(entry.key);
    }
  }
  for (Entry& entry : entries_) {
    tables.by_contract[entry.contract]->rules_.emplace(entry.key, std::move(entry.rule));
  }
  entries_.clear();
  return absl::OkStatus();
}

}  // namespace gradus
