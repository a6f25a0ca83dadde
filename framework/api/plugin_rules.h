// Whether what a library registers belongs to its messages: a rule under another's key, or one that is written for another message,
// would be handed a message that it takes for what it is not. Internal to loading plugins.

#ifndef GRADUS_API_PLUGIN_RULES_H_
#define GRADUS_API_PLUGIN_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gradus/api/plugin_protos.h"
#include "gradus/base/registry.h"

namespace gradus {

// The library is loaded and its registrations wait. An error says what is wrong, as the end of a sentence that begins with the
// library's name.
absl::Status CheckPluginRules(const PendingRules& pending, const PluginProtos& protos);

// What all registries have, in the words of RegistrationsInWords, sorted.
std::vector<std::string> AllRegistrationsInWords();
// That the registries themselves have only what they had `before`: a library's own threads do not wait in PendingRules, so what they
// register would neither be looked at nor taken back. For the trial process.
absl::Status CheckNoOthersRegistered(const std::vector<std::string>& before);

// "an optimizer acme.lion" for every registration, sorted; the same for the same library.
std::vector<std::string> RegistrationsInWords(const PendingRules& pending);

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_RULES_H_
