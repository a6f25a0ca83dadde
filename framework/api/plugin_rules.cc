// Keys, fields and messages of the contracts that a plugin can bring.

#include "gradus/api/plugin_rules.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "gradus/base/status.h"
#include "gradus/data/reader.h"
#include "gradus/graph/layer.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/kernel.h"
#include "gradus/train/controller.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// A contract whose rules stand behind fields.
struct Contract {
  const char* type;  // typeid's name.
  const char* noun;
  std::vector<std::string> owners;
};

const std::vector<Contract>& Contracts() {
  static const auto* const contracts = new std::vector<Contract>{
      {typeid(Optimizer).name(), "an optimizer", {"gradus.OptimizerConfig"}},
      {typeid(ScheduleFactory).name(), "a schedule", {"gradus.ScheduleConfig"}},
      {typeid(ControllerFactory).name(), "a controller", {"gradus.ControllerConfig"}},
      {typeid(Layer).name(),
       "a layer, loss or metric",
       {"gradus.LayerConfig", "gradus.LossConfig", "gradus.MetricConfig"}},
      {typeid(Reader).name(), "a reader", {"gradus.SourceConfig"}},
  };
  return *contracts;
}

template <class... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat(parts...));
}

std::string NounOf(const std::string& type) {
  for (const Contract& contract : Contracts()) {
    if (contract.type == type) return contract.noun;
  }
  if (type == typeid(Op).name()) return "an operation";
  if (type == typeid(KernelFactory).name()) return "kernels";
  return "something unknown";
}

template <class Rule>
void AddRegistrations(std::vector<std::string>* lines) {
  for (const std::string& key : Registry<Rule>::Get().Keys()) {
    lines->push_back(absl::StrCat(NounOf(typeid(Rule).name()), " ", key));
  }
}

class RuleCheck {
 public:
  RuleCheck(const PendingRules& pending, const PluginProtos& protos)
      : pending_(pending), protos_(protos) {}

  absl::Status Run() {
    for (const PendingRules::Entry& entry : pending_.entries()) {
      if (!keys_.emplace(entry.contract, entry.key).second) {
        return Wrong("registers ", entry.key, " twice; one GRADUS_ line registers a rule");
      }
    }
    for (const PendingRules::Entry& entry : pending_.entries()) {
      if (entry.rule == nullptr) {
        return Wrong("registers ", NounOf(entry.contract), " under ", entry.key,
                     " that is a null pointer");
      }
      if (IsRegistered(entry.key)) {
        return Wrong("registers ", entry.key,
                     ", which is there already; a key is the full name of the plugin's own field");
      }
      GRADUS_RETURN_IF_ERROR(CheckKey(entry));
    }
    GRADUS_RETURN_IF_ERROR(CheckTypes<Optimizer>());
    GRADUS_RETURN_IF_ERROR(CheckTypes<ScheduleFactory>());
    GRADUS_RETURN_IF_ERROR(CheckTypes<ControllerFactory>());
    GRADUS_RETURN_IF_ERROR(CheckTypes<Layer>());
    GRADUS_RETURN_IF_ERROR(CheckTypes<Reader>());
    for (const FieldDescriptor* extension : protos_.extensions) {
      if (!Registers(extension->full_name())) {
        return Wrong("has the field ", extension->full_name(), " of ",
                     extension->containing_type()->full_name(),
                     " and registers nothing for it; the line GRADUS_..(\"", extension->full_name(),
                     "\", ...) belongs into a source that is linked");
      }
    }
    return absl::OkStatus();
  }

 private:
  bool Registers(const std::string& key) const {
    return absl::c_any_of(keys_, [&key](const auto& known) { return known.second == key; });
  }

  const FieldDescriptor* Extension(const std::string& key) const {
    for (const FieldDescriptor* extension : protos_.extensions) {
      if (extension->full_name() == key) return extension;
    }
    return nullptr;
  }

  absl::Status CheckKey(const PendingRules::Entry& entry) const {
    if (entry.contract == typeid(Op).name() || entry.contract == typeid(KernelFactory).name()) {
      // A message, for kernels with a name of theirs: "acme.op.Wavelet/loop".
      const std::string message = entry.key.substr(0, entry.key.find('/'));
      const Descriptor* type = protos_.pool->FindMessageTypeByName(message);
      if (type != nullptr && absl::c_linear_search(protos_.files, type->file())) {
        return absl::OkStatus();
      }
      return Wrong("registers ", NounOf(entry.contract), " under ", entry.key,
                   ", which is no message of its protos");
    }
    const auto contract = absl::c_find_if(
        Contracts(), [&entry](const Contract& c) { return c.type == entry.contract; });
    if (contract == Contracts().end()) {
      return Wrong("registers ", entry.key,
                   " for a contract that plugins cannot bring anything for");
    }
    const FieldDescriptor* field = Extension(entry.key);
    if (field == nullptr) {
      return Wrong("registers ", contract->noun, " under ", entry.key,
                   ", which is no field that its protos extend Gradus by (",
                   absl::StrJoin(protos_.extensions, ", ",
                                 [](std::string* out, const FieldDescriptor* extension) {
                                   absl::StrAppend(out, extension->full_name());
                                 }),
                   ")");
    }
    const std::string& owner = field->containing_type()->full_name();
    if (absl::c_linear_search(contract->owners, owner)) return absl::OkStatus();
    return Wrong("registers ", contract->noun, " under ", entry.key, ", which is a field of ",
                 owner);
  }

  // The rules' messages, by name: the private pool's descriptors are not the linked ones.
  template <class Rule>
  absl::Status CheckTypes() const {
    for (const auto& entry : pending_.Of<Rule>()) {
      const FieldDescriptor* field = Extension(entry.first);
      GRADUS_CHECK(field != nullptr);  // CheckKey has seen it.
      const Descriptor* written = entry.second->config_type();
      if (written == nullptr && std::is_same<Rule, Layer>::value) continue;  // Takes any.
      const std::string expected =
          field->message_type() == nullptr ? "double" : field->message_type()->full_name();
      const std::string got = written == nullptr ? "double" : written->full_name();
      if (got == expected) continue;
      return Wrong("registers ", NounOf(typeid(Rule).name()), " that takes ", got, " under ",
                   entry.first, ", whose field holds ", expected);
    }
    return absl::OkStatus();
  }

  const PendingRules& pending_;
  const PluginProtos& protos_;
  std::set<std::pair<std::string, std::string>> keys_;
};

}  // namespace

absl::Status CheckPluginRules(const PendingRules& pending, const PluginProtos& protos) {
  return RuleCheck(pending, protos).Run();
}

std::vector<std::string> AllRegistrationsInWords() {
  std::vector<std::string> lines;
  AddRegistrations<Optimizer>(&lines);
  AddRegistrations<ScheduleFactory>(&lines);
  AddRegistrations<ControllerFactory>(&lines);
  AddRegistrations<Layer>(&lines);
  AddRegistrations<Reader>(&lines);
  AddRegistrations<Op>(&lines);
  AddRegistrations<KernelFactory>(&lines);
  absl::c_sort(lines);
  return lines;
}

absl::Status CheckNoOthersRegistered(const std::vector<std::string>& before) {
  constexpr absl::string_view kThread =
      " from a thread of its own; the thread that loads a library must register all of it";
  std::vector<std::string> others;
  absl::c_set_difference(AllRegistrationsInWords(), before, std::back_inserter(others));
  if (!others.empty()) return Wrong("registers ", absl::StrJoin(others, ", "), kThread);
  for (const absl::Status& status :
       {Registry<Optimizer>::Get().RegistrationStatus(),
        Registry<ScheduleFactory>::Get().RegistrationStatus(),
        Registry<ControllerFactory>::Get().RegistrationStatus(),
        Registry<Layer>::Get().RegistrationStatus(), Registry<Reader>::Get().RegistrationStatus(),
        Registry<Op>::Get().RegistrationStatus(),
        Registry<KernelFactory>::Get().RegistrationStatus()}) {
    if (!status.ok()) return Wrong("registers what is there already, ", status.message(), kThread);
  }
  return absl::OkStatus();
}

std::vector<std::string> RegistrationsInWords(const PendingRules& pending) {
  std::vector<std::string> lines;
  for (const PendingRules::Entry& entry : pending.entries()) {
    lines.push_back(absl::StrCat(NounOf(entry.contract), " ", entry.key));
  }
  absl::c_sort(lines);
  return lines;
}

}  // namespace gradus
