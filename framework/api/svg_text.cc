// Escaping and measuring.

#include "gradus/api/svg_text.h"

#include <algorithm>

namespace gradus {
namespace {

constexpr double kTextWidth = 0.56;  // Of a character, of the font's size.

// The length of the UTF-8 character at `i`, or 0 when it is malformed or not allowed in XML.
size_t XmlCharacter(const std::string& text, size_t i) {
  const auto byte = [&](size_t k) {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
  };
  const unsigned lead = byte(i);
  if (lead < 0x80) return lead >= 0x20 ? 1 : 0;
  const size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                                                      : 0;
  unsigned code = length == 4 ? lead & 7 : length == 3 ? lead & 15 : lead & 31;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i + k) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool forbidden = (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff;
  return overlong || forbidden || code > 0x10ffff ? 0 : length;
}

}  // namespace

std::string XmlText(const std::string& text, bool lines) {
  std::string escaped;
  for (size_t i = 0; i < text.size();) {
    const size_t length = XmlCharacter(text, i);
    if (length == 0) {
      escaped += lines && text[i] == '\n'             ? "\n"
                 : text[i] == '\t' || text[i] == '\n' ? " "
                                                      : "\xef\xbf\xbd";
      ++i;
      continue;
    }
    const std::string character = text.substr(i, length);
    escaped += character == "&"    ? "&amp;"
               : character == "<"  ? "&lt;"
               : character == ">"  ? "&gt;"
               : character == "\"" ? "&quot;"
                                   : character;
    i += length;
  }
  return escaped;
}

double TextWidth(const std::string& text, int size) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  return static_cast<double>(characters) * kTextWidth * size;
}

std::vector<std::string> WrapText(const std::string& text, int size, double width) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (lines.empty() || TextWidth(lines.back() + " " + word, size) > width) {
      lines.push_back(word);
    } else {
      lines.back() += " " + word;
    }
    begin = end + 1;
  }
  return lines;
}

}  // namespace gradus
