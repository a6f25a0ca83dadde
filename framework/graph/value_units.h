// What the numbers of an input were made of, so that what is measured against it can be told in the units of its source: a price that was
// standardised is wrong by so much money, not by so many deviations.
//
//   number -> divide_by * f^-1(number * scale + shift),  f the identity, ln, or ln(1 + x)

#ifndef GRADUS_GRAPH_VALUE_UNITS_H_
#define GRADUS_GRAPH_VALUE_UNITS_H_

#include <map>
#include <string>
#include <vector>

#include "gradus/graph/emitter.h"

namespace gradus {

struct ValueUnits {
  enum class Logarithm { kNone, kLog, kLog1p };
  struct Element {
    double divide_by = 1;
    Logarithm log = Logarithm::kNone;
    double shift = 0;
    double scale = 1;
    bool identity() const {
      return divide_by == 1 && log == Logarithm::kNone && shift == 0 && scale == 1;
    }
    friend bool operator==(const Element& a, const Element& b) {
      return a.divide_by == b.divide_by && a.log == b.log && a.shift == b.shift &&
             a.scale == b.scale;
    }
  };
  std::vector<Element> elements;  // One for each number of an example.
};

// By the input's name; inputs whose numbers are as they were are not there.
using UnitsByInput = std::map<std::string, ValueUnits>;

// `value`, whose rows have as many numbers as there are elements, turned back. `input` has the units; constants are named by it.
Value InOwnUnits(Value value, const std::string& input, const ValueUnits& units, Emitter& emit);

}  // namespace gradus

#endif  // GRADUS_GRAPH_VALUE_UNITS_H_
