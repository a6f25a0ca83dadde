// A text of the language and the whole message that refuses it.

#ifndef GRADUS_TESTS_TESTING_REFUSED_TEXT_H_
#define GRADUS_TESTS_TESTING_REFUSED_TEXT_H_

#include <string>

namespace gradus {

struct RefusedText {
  std::string text;
  std::string message;  // The file is called "text".
};

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_REFUSED_TEXT_H_
