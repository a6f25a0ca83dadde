// A table as text: columns two blanks apart.

#ifndef GRADUS_API_LINE_UP_H_
#define GRADUS_API_LINE_UP_H_

#include <string>
#include <vector>

namespace gradus {

// `right`: of each column, whether it holds numbers, which end where the column ends. Rows are as
// long as it. A character of several bytes counts as one.
std::string LinedUp(const std::vector<std::vector<std::string>>& rows,
                    const std::vector<bool>& right);

}  // namespace gradus

#endif  // GRADUS_API_LINE_UP_H_
