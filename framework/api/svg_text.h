// Texts in SVG and HTML, as drawings of ours need them.

#ifndef GRADUS_API_SVG_TEXT_H_
#define GRADUS_API_SVG_TEXT_H_

#include <string>
#include <vector>

namespace gradus {

// With what XML reads as markup escaped, whatever the bytes are; also for attributes in quotes. A
// line's end becomes a blank unless `lines` keeps it.
std::string XmlText(const std::string& text, bool lines = false);

// How wide a text of this font size is: about, as fonts differ.
double TextWidth(const std::string& text, int size);

// Its words in lines that are at most so wide.
std::vector<std::string> WrapText(const std::string& text, int size, double width);

}  // namespace gradus

#endif  // GRADUS_API_SVG_TEXT_H_
