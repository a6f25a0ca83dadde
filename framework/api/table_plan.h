// What becomes of the columns of a table that is to be learned from: which are numbers, which are categories, which are left out and why,
// and what the target asks for. Every decision has a reason in words, for whoever reads the text that is made of it.

#ifndef GRADUS_API_TABLE_PLAN_H_
#define GRADUS_API_TABLE_PLAN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/table_facts.h"

namespace gradus {

enum class Task { kGuess, kClassification, kRegression };

struct ColumnPlan {
  enum Use { kNumber, kOneHot, kEmbedding, kLeftOut };
  std::string name;
  Use use = kLeftOut;
  bool log1p = false;          // A number that is better looked at by its logarithm.
  bool impute = false;         // It has missing cells.
  int64_t categories = 0;      // So many, the most frequent ones; the others are OTHER.
  bool all_categories = true;  // Whether those are all.
  std::string why;             // Why it is left out, or what should be known of it; may be empty.
};

struct TargetPlan {
  enum Kind {
    kAmount,        // A number, standardised.
    kYesNo,         // 0 or 1.
    kClassNumbers,  // 0 to n - 1.
    kClassTexts,    // Any texts or numbers, which become class names.
  };
  std::string name;
  Kind kind = kAmount;
  bool numbers = true;  // Whether all of its cells are.
  bool log1p_may_help = false;
  std::vector<std::pair<std::string, int64_t>>
      classes;  // With their counts, in the order of the numbers that they become.
  std::string why;

  bool classification() const { return kind != kAmount; }
};

struct TablePlan {
  TargetPlan target;
  std::vector<ColumnPlan> columns;  // In file order, without the target.
};

// Escaped text for a comment or the terminal, where an apostrophe ends nothing: `297\'955` as `297'955`.
std::string Readable(absl::string_view escaped);

// `test` is null, or the file that is to be tested with: what is missing or appears there alone is foreseen.
absl::StatusOr<TablePlan> PlanTable(const TableFacts& table, const TableFacts* test,
                                    const std::string& target, Task task);

}  // namespace gradus

#endif  // GRADUS_API_TABLE_PLAN_H_
