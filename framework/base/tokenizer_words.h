// What protobuf's tokenizer complains of, in the words of the language.

#ifndef GRADUS_BASE_TOKENIZER_WORDS_H_
#define GRADUS_BASE_TOKENIZER_WORDS_H_

#include <string>

namespace gradus {

// The complaint itself where there are no other words for it.
std::string InOurWords(const std::string& complaint);

}  // namespace gradus

#endif  // GRADUS_BASE_TOKENIZER_WORDS_H_
