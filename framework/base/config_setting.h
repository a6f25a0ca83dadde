// `--set PATH=VALUE`: one value put into a message by its address. Internal to the language; others
// call ParseTextConfig().

#ifndef GRADUS_BASE_CONFIG_SETTING_H_
#define GRADUS_BASE_CONFIG_SETTING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "gradus/base/text_parser.h"
#include "gradus/base/text_positions.h"

namespace gradus {

// Applies the setting, which is number `source` (from 1), to the message and to the tree of its
// positions. When anything is wrong with it, it adds findings and changes nothing.
void ApplySetting(absl::string_view setting, int source, google::protobuf::Message* message,
                  PositionNode* positions, std::vector<TextFinding>* findings);

}  // namespace gradus

#endif  // GRADUS_BASE_CONFIG_SETTING_H_
