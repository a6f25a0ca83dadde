// Scalar values of the language: what a field of each type accepts, strictly; and how what it
// accepts is put into words. Internal to the language.

#ifndef GRADUS_BASE_TEXT_SCALAR_H_
#define GRADUS_BASE_TEXT_SCALAR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace gradus {

// A value as it was written.
struct TextScalar {
  enum Kind { kNumber, kWord, kString };
  Kind kind = kWord;
  bool negative = false;  // Of a number or word that follows a minus.
  std::string text;       // Without the minus; of a string its content.
  int line = 0, column = 0;

  std::string Shown() const;
};

struct ScalarProblem {
  std::string code;
  std::string text;  // "units 1.5 must be a whole number"; empty when there is none.
  std::string hint;
};

// Sets the field, or adds to it when it is repeated. With `bare_words` a word will do for a string.
ScalarProblem SetScalar(google::protobuf::Message* message,
                        const google::protobuf::FieldDescriptor* field, const TextScalar& scalar,
                        bool bare_words);

// What a field takes: "a whole number", "true or false", "a message in { }".
std::string TypeInWords(const google::protobuf::FieldDescriptor* field);

// The hint where an extension is not known, or known without a rule.
constexpr const char* kLoadItsPlugin =
    "is its plugin loaded? (--plugin, or plugin: in the run file)";
// Hints for a name that a message type does not have: near names, or what there is.
std::string SuggestField(const google::protobuf::Descriptor* type, const std::string& name);
std::string SuggestExtension(const google::protobuf::Descriptor* type, const std::string& name);

}  // namespace gradus

#endif  // GRADUS_BASE_TEXT_SCALAR_H_
