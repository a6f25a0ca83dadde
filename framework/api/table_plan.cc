// Rules of thumb, each where it is used. What they get wrong is one line of a text that its reader changes.

#include "gradus/api/table_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/column_transform.h"

namespace gradus {
namespace {

constexpr int64_t kEnoughRows = 20;  // Below, that all values differ says nothing.
constexpr int64_t kMostOneHot = 16;  // Categories; more are embedded.
constexpr int64_t kMostEmbedded = 1000;
constexpr int64_t kMostClasses = 20;  // More whole numbers than these are amounts,
constexpr int64_t kRowsOfClass = 5;   // and so are numbers that stand in fewer rows on average.
constexpr double kLongTail = 2;       // Skewness; that of an exponential distribution.
constexpr double kLargeNumber = 100;  // Below, ln(1 + x) bends little.

using Values = std::vector<std::pair<std::string, int64_t>>;

std::string Count(int64_t n, absl::string_view one, absl::string_view many) {
  return absl::StrCat(n, " ", n == 1 ? one : many);
}

// "PassengerId", "customer_id", "index", "" (as pandas writes its index).
bool SoundsLikeAnIdentifier(const std::string& name) {
  static constexpr absl::string_view kWhole[] = {"",     "id",  "index", "idx",    "key",
                                                 "uuid", "row", "rowid", "number", "unnamed: 0"};
  const std::string lower = absl::AsciiStrToLower(name);
  if (std::find(std::begin(kWhole), std::end(kWhole), lower) != std::end(kWhole)) return true;
  return absl::EndsWith(lower, "_id") || absl::EndsWith(name, "Id") ||
         (absl::EndsWith(name, "ID") && name.size() > 2);
}

// How many categories are worth a place of their own: those of at least `least` rows, the most frequent ones first.
int64_t FrequentCategories(const Values& values, int64_t least) {
  return std::count_if(values.begin(), values.end(),
                       [least](const auto& value) { return value.second >= least; });
}

void PlanCategories(const ColumnFacts& facts, ColumnPlan* plan) {
  const int64_t distinct = facts.distinct();
  // A category of a few rows is learned by heart.
  const int64_t least = facts.rows >= 1000 ? 5 : facts.rows >= 100 ? 2 : 1;
  int64_t kept = distinct <= kMostOneHot ? distinct : FrequentCategories(facts.values, least);
  kept = std::min(std::max<int64_t>(kept, 1), kMostEmbedded);
  plan->categories = kept;
  plan->all_categories = kept == distinct;
  plan->use = kept <= kMostOneHot ? ColumnPlan::kOneHot : ColumnPlan::kEmbedding;
  plan->why = absl::StrCat(distinct, " different texts");
  if (kept < distinct) {
    absl::StrAppend(&plan->why, "; ", kept, " of them in ", least,
                    " rows or more, the others are one category");
  }
}

bool NearlyAll(int64_t cells, const ColumnFacts& facts) {
  return 20 * cells >= 19 * facts.present();
}

// What is in the way of numbers that are written for people, or "".
std::string WhyNotPlainNumbers(const ColumnFacts& facts) {
  if (facts.commas > 0 && NearlyAll(facts.numbers + facts.commas, facts)) {
    const std::string such = absl::StrCat(", such as ", Quoted(facts.comma_text), ", ");
    if (facts.thousands < facts.commas) {
      return absl::StrCat("decimal commas", such, "which have to become points first",
                          facts.thousands > 0 ? ", and what separates thousands has to go" : "");
    }
    return facts.decimal_commas == facts.commas
               ? absl::StrCat("commas", such,
                              "which have to go if they separate thousands, and to become points "
                              "if decimals follow them")
               : absl::StrCat("separators of thousands", such, "which have to go first");
  }
  if (facts.units > 0 && NearlyAll(facts.numbers + facts.commas + facts.units, facts)) {
    return absl::StrCat("units beside them, such as ", Quoted(facts.unit_text),
                        ", and only the number itself can be read");
  }
  return "";
}

// Why a column of texts is none of categories, or "".
std::string WhyNoCategories(const ColumnFacts& facts) {
  const int64_t present = facts.present();
  const std::string written = WhyNotPlainNumbers(facts);
  if (!written.empty()) return absl::StrCat("its numbers have ", written);
  if (NearlyAll(facts.dates, facts)) {
    return "dates; numbers made of them, such as month and day of the week, could be learned from";
  }
  if (facts.numbers > 0 && 5 * facts.numbers >= 4 * present) {
    return absl::StrCat("numbers, but for ", Count(present - facts.numbers, "cell", "cells"),
                        " such as ", Quoted(facts.no_numbers[0]), " in line ",
                        facts.no_number_line);
  }
  if (present >= kEnoughRows && facts.distinct() == present) {
    return "a text of its own in each row";
  }
  if (facts.distinct() > 50 && 2 * facts.distinct() > present) {
    return absl::StrCat(facts.distinct(), " different texts in ", present, " rows");
  }
  return "";
}

void PlanNumber(const ColumnFacts& facts, ColumnPlan* plan) {
  const int64_t distinct = facts.distinct();
  const bool identifier = SoundsLikeAnIdentifier(facts.name);
  if (facts.whole && distinct == facts.rows && facts.rows >= kEnoughRows) {
    const bool dense = facts.most - facts.least + 1 == static_cast<double>(facts.rows);
    if (dense || identifier) {
      plan->why = dense ? "it only counts the rows" : "a number of its own in each row";
      return;
    }
  }
  if (facts.whole && facts.leading_zeros > 0 && distinct > 1) {
    PlanCategories(facts, plan);
    plan->why =
        absl::StrCat("codes, as there are zeros before them: ", distinct, " different ones");
    return;
  }
  if (facts.whole && identifier && distinct > 2) {
    PlanCategories(facts, plan);
    plan->why = absl::StrCat("by its name an identifier: ", distinct, " different numbers");
    return;
  }
  plan->use = ColumnPlan::kNumber;
  plan->log1p = facts.least >= 0 && facts.most > kLargeNumber && distinct > 10 &&
                facts.skewness > kLongTail && std::abs(facts.log_skewness) < facts.skewness / 2;
  if (facts.whole && distinct > 2 && distinct <= 10 && facts.rows >= kEnoughRows) {
    plan->why = absl::StrCat("only ", distinct, " different whole numbers");
  }
}

ColumnPlan PlanColumn(const ColumnFacts& facts, const ColumnFacts* test) {
  ColumnPlan plan;
  plan.name = facts.name;
  plan.impute = facts.missing > 0 || (test != nullptr && test->missing > 0);
  if (facts.present() == 0) {
    plan.why = "all cells are missing";
  } else if (facts.distinct() == 1) {
    plan.why = absl::StrCat("always ", Quoted(facts.values[0].first),
                            facts.missing > 0 ? " or missing" : "");
  } else if (facts.all_numbers() && (test == nullptr || test->numbers == test->present())) {
    PlanNumber(facts, &plan);
  } else {
    plan.why = WhyNoCategories(facts);
    if (plan.why.empty()) PlanCategories(facts, &plan);
  }
  return plan;
}

// The values with their counts, in the order in which `categories` has them: whole numbers by their value when all are, texts by
// their bytes.
Values ClassesInOrder(const ColumnFacts& facts, const ColumnFacts* test) {
  Values classes = facts.values;
  if (test != nullptr) {
    for (const auto& value : test->values) {
      const auto same = [&value](const auto& other) { return other.first == value.first; };
      if (std::none_of(classes.begin(), classes.end(), same)) classes.emplace_back(value.first, 0);
    }
  }
  const bool whole = std::all_of(classes.begin(), classes.end(), [](const auto& value) {
    int64_t number;
    return absl::SimpleAtoi(value.first, &number);
  });
  std::sort(classes.begin(), classes.end(), [whole](const auto& a, const auto& b) {
    if (!whole) return a.first < b.first;
    int64_t x = 0, y = 0;
    (void)absl::SimpleAtoi(a.first, &x);
    (void)absl::SimpleAtoi(b.first, &y);
    return x != y ? x < y : a.first < b.first;
  });
  return classes;
}

// Whether the classes are the numbers 0, 1, ..., as they are written.
bool AreCounted(const Values& classes) {
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].first != absl::StrCat(i)) return false;
  }
  return true;
}

absl::Status TargetError(const TableFacts& table, const std::string& target,
                         absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(table.path, ": target ", Quoted(target), " ", what));
}

// A command for what `why` says, where there is a plain one.
std::string HowToChange(const TableFacts& table, absl::string_view why) {
  return table.dialect.separator != ',' && absl::StrContains(why, "decimal commas")
             ? "; sed 's/,/./g' does it, in texts, too"
             : "";
}

absl::Status CheckTarget(const TableFacts& table, const ColumnFacts& facts, Task task) {
  const auto error = [&](auto&&... what) {
    return TargetError(table, facts.name, absl::StrCat(what...));
  };
  if (facts.present() == 0) return error("is missing in every row");
  if (facts.missing > 0) {
    const bool whole_rows = std::all_of(
        table.columns.begin(), table.columns.end(), [&facts](const ColumnFacts& column) {
          return column.missing >= facts.missing &&
                 column.first_missing_line <= facts.first_missing_line;
        });
    return error("is missing in ", Count(facts.missing, "row", "rows"), ", the first in line ",
                 facts.first_missing_line, "; take out what nothing can be learned from",
                 whole_rows && table.columns.size() > 1
                     ? " (rows of nothing but separators, as spreadsheets write below a table)"
                     : "");
  }
  if (facts.distinct() == 1) {
    return error("is ", Quoted(facts.values[0].first), " in every row; there is nothing to learn");
  }
  if (task == Task::kRegression && !facts.all_numbers()) {
    return error("has the text ", Quoted(facts.no_numbers[0]), " in line ", facts.no_number_line,
                 ", and regression is of numbers");
  }
  const bool texts = !facts.all_numbers();
  if ((task == Task::kClassification || texts) && facts.present() >= kEnoughRows &&
      2 * facts.distinct() > facts.present()) {
    const std::string written = WhyNotPlainNumbers(facts);
    if (!written.empty()) {
      return error("has numbers with ", written, HowToChange(table, written), " (line ",
                   facts.no_number_line, ")");
    }
    return error("has ", facts.distinct(), " different ", texts ? "texts" : "numbers", " in ",
                 facts.present(), " rows; classes come again");
  }
  return absl::OkStatus();
}

absl::StatusOr<TargetPlan> PlanTarget(const TableFacts& table, const TableFacts* test,
                                      const ColumnFacts& facts, Task task) {
  GRADUS_RETURN_IF_ERROR(CheckTarget(table, facts, task));
  const ColumnFacts* in_test = test == nullptr ? nullptr : test->Find(facts.name);
  if (in_test != nullptr) {
    if (in_test->missing > 0) {
      return TargetError(
          *test, facts.name,
          absl::StrCat("is missing in ", Count(in_test->missing, "row", "rows"),
                       ", the first in line ", in_test->first_missing_line, "; a test needs it"));
    }
  }
  TargetPlan plan;
  plan.name = facts.name;
  plan.numbers = facts.all_numbers();
  const int64_t distinct = facts.distinct();
  bool classes = task == Task::kClassification;
  if (task == Task::kGuess) {
    const bool few = distinct <= kMostClasses && distinct * kRowsOfClass <= facts.rows;
    classes = !facts.all_numbers() || distinct == 2 || (facts.whole && few);
    if (!facts.all_numbers()) {
      plan.why = absl::StrCat(distinct, " different texts");
    } else if (classes) {
      plan.why = absl::StrCat("only ", distinct, " different numbers");
    } else {
      plan.why = facts.whole
                     ? absl::StrCat(distinct, " different whole numbers in ", facts.rows, " rows")
                     : "numbers that are not whole";
    }
  }
  if (!classes) {
    plan.kind = TargetPlan::kAmount;
    plan.log1p_may_help = facts.least >= 0 && facts.skewness > kLongTail;
    return plan;
  }
  plan.classes = ClassesInOrder(facts, in_test);
  plan.kind = !AreCounted(plan.classes)  ? TargetPlan::kClassTexts
              : plan.classes.size() == 2 ? TargetPlan::kYesNo
                                         : TargetPlan::kClassNumbers;
  return plan;
}

absl::Status NoSuchColumn(const TableFacts& table, const std::string& target) {
  std::vector<std::string> names;
  for (const ColumnFacts& column : table.columns) names.push_back(column.name);
  std::string message = absl::StrCat(table.path, ": there is no column ", Quoted(target));
  const std::string hint = SuggestName(target, names);
  if (!hint.empty()) {
    absl::StrAppend(&message, "; ", hint);
  } else if (!table.dialect.header) {
    absl::StrAppend(&message, "; ",
                    table.why_header.empty() ? "without a header" : table.why_header,
                    ", so columns are called 1 to ", names.size());
  } else if (names.size() == 1) {
    absl::StrAppend(&message, "; all there is is ", Quoted(names[0]),
                    ", and --separator says what stands between columns");
  } else {
    absl::StrAppend(&message, "; its columns are ", ListCategories(names));
  }
  return absl::NotFoundError(message);
}

}  // namespace

std::string Readable(absl::string_view escaped) {
  return absl::StrReplaceAll(escaped, {{"\\\\", "\\\\"}, {"\\'", "'"}});
}

absl::StatusOr<TablePlan> PlanTable(const TableFacts& table, const TableFacts* test,
                                    const std::string& target, Task task) {
  const ColumnFacts* target_facts = table.Find(target);
  if (target_facts == nullptr) return NoSuchColumn(table, target);
  constexpr int64_t kLeastRows = 10;
  if (table.rows < kLeastRows) {
    return absl::InvalidArgumentError(
        absl::StrCat(table.path, ": ", Count(table.rows, "row is", "rows are"),
                     " too few to train, validate and test with; ", kLeastRows, " are the least"));
  }
  if (test != nullptr) {
    for (const ColumnFacts& column : table.columns) {
      if (test->Find(column.name) == nullptr) return NoSuchColumn(*test, column.name);
    }
  }
  TablePlan plan;
  GRADUS_ASSIGN_OR_RETURN(plan.target, PlanTarget(table, test, *target_facts, task));
  bool any = false;
  for (const ColumnFacts& column : table.columns) {
    if (&column == target_facts) continue;
    plan.columns.push_back(PlanColumn(column, test == nullptr ? nullptr : test->Find(column.name)));
    std::string& why = plan.columns.back().why;
    why = Readable(absl::StrCat(why, HowToChange(table, why)));
    // What was not looked at may have gaps.
    plan.columns.back().impute |= !table.whole_file;
    any |= plan.columns.back().use != ColumnPlan::kLeftOut;
  }
  if (any) return plan;
  std::string message =
      absl::StrCat(table.path, ": no column is left to learn ", Quoted(target), " from");
  for (const ColumnPlan& column : plan.columns) {
    absl::StrAppend(&message, "\n  ", Quoted(column.name), ": ", column.why);
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace gradus
