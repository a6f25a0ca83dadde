// Search spaces: what their texts mean, what is refused and where, which points they have.

#include "gradus/api/sweep_space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "absl/strings/str_join.h"

namespace gradus {
namespace {

SearchSpace Space(const std::vector<std::string>& texts) {
  absl::StatusOr<SearchSpace> space = SearchSpace::Parse(texts);
  EXPECT_TRUE(space.ok()) << space.status();
  return space.ok() ? *std::move(space) : SearchSpace();
}

// The settings of each point of the grid, in one line.
std::vector<std::string> Grid(const std::vector<std::string>& texts) {
  const SearchSpace space = Space(texts);
  const absl::StatusOr<std::vector<SearchPoint>> points = space.Grid(1000);
  EXPECT_TRUE(points.ok()) << points.status();
  std::vector<std::string> lines;
  if (!points.ok()) return lines;
  for (const SearchPoint& point : *points) lines.push_back(absl::StrJoin(space.Settings(point), " ; "));
  return lines;
}

std::string Refusal(const std::vector<std::string>& texts) {
  const absl::StatusOr<SearchSpace> space = SearchSpace::Parse(texts);
  EXPECT_FALSE(space.ok());
  return std::string(space.status().message());
}

TEST(SearchSpace, PointsOfALogAreAFactorApartAndItsEndsAreExact) {
  EXPECT_EQ(Grid({"a.b=log(1e-5, 1, 6)"}),
            (std::vector<std::string>{"a.b=1e-05", "a.b=0.0001", "a.b=0.001", "a.b=0.01",
                                      "a.b=0.1", "a.b=1"}));
}

TEST(SearchSpace, PointsOfALineAreEquallyFarApart) {
  const std::vector<std::string> expected = {"a=-1", "a=-0.5", "a=0", "a=0.5", "a=1"};
  EXPECT_EQ(Grid({"a=linear(-1,1,5)"}), expected);
  EXPECT_EQ(Grid({" a = uniform( -1 , 1 , 5 ) "}), expected);
}

TEST(SearchSpace, WholeNumbersHaveAGridByThemselves) {
  EXPECT_EQ(Grid({"a=int(-1,2)"}), (std::vector<std::string>{"a=-1", "a=0", "a=1", "a=2"}));
  EXPECT_EQ(Grid({"a=int(0,8,3)"}), (std::vector<std::string>{"a=0", "a=4", "a=8"}));
}

TEST(SearchSpace, OptionsAreTakenAsTheyStandWhateverIsInside) {
  EXPECT_EQ(Grid({"a=choice(b { c: \"x, )\" }, [1, 2], it => d(e, f))"}),
            (std::vector<std::string>{"a=b { c: \"x, )\" }", "a=[1, 2]", "a=d(e, f)"}));
}

TEST(SearchSpace, TheLastEntryChangesFastest) {
  EXPECT_EQ(Grid({"a=choice(1,2)", "b=choice(x,y)"}),
            (std::vector<std::string>{"a=1 ; b=x", "a=1 ; b=y", "a=2 ; b=x", "a=2 ; b=y"}));
}

TEST(SearchSpace, AnEntryWithALabelIsSearchedOnlyWhereItsOptionIsChosen) {
  EXPECT_EQ(Grid({"adam: o.rate=log(0.001,0.1,2)", "o=choice(adam { beta1: 0.9 }, rmsprop {})",
                  "rmsprop: o.rate=log(0.1,10,3)"}),
            (std::vector<std::string>{"o=adam { beta1: 0.9 } ; o.rate=0.001",
                                      "o=adam { beta1: 0.9 } ; o.rate=0.1",
                                      "o=rmsprop {} ; o.rate=0.1", "o=rmsprop {} ; o.rate=1",
                                      "o=rmsprop {} ; o.rate=10"}));
}

TEST(SearchSpace, ChoicesMayDependOnChoices) {
  EXPECT_EQ(Grid({"deep: n=choice(many => 8, few => 2)", "k=choice(deep, flat)",
                  "many: m=choice(1,2)"}),
            (std::vector<std::string>{"n=8 ; k=deep ; m=1", "n=8 ; k=deep ; m=2", "n=2 ; k=deep",
                                      "k=flat"}));
}

TEST(SearchSpace, AMessageIsSetBeforeWhatIsInsideIt) {
  EXPECT_EQ(Grid({"o.rate.constant=choice(1,2)", "o.*=choice(adam {}, decay: 3)", "o=choice({}, x {})"})[0],
            "o={} ; o.adam={} ; o.rate.constant=1");
}

TEST(SearchSpace, OptionsOfAStarAreFieldsOfTheMessage) {
  EXPECT_EQ(Grid({"o.*=choice(adam { beta1: 0.9 }, rmsprop{}, decay: 3, many: [1, 2])"}),
            (std::vector<std::string>{"o.adam={ beta1: 0.9 }", "o.rmsprop={}", "o.decay=3",
                                      "o.many=[1, 2]"}));
}

TEST(SearchSpace, AnAddressMayHaveSelectors) {
  EXPECT_EQ(Grid({"model.layer[\"a=b:\"].dense.units=choice(1,2)"})[0],
            "model.layer[\"a=b:\"].dense.units=1");
}

TEST(SearchSpace, AGridNeedsPointsAndMustNotHaveTooMany) {
  const SearchSpace open = Space({"a=log(1,2)", "b=uniform(0,1)", "c=choice(1,2)"});
  EXPECT_EQ(open.Grid(10).status().message(),
            "--search a=log(1,2): a grid needs to know how many points: log(1, 2, 5)\n"
            "--search b=uniform(0,1): a grid needs to know how many points: linear(0, 1, 5)");
  const SearchSpace large = Space({"a=int(1,1000000000)", "b=int(1,1000000000)"});
  EXPECT_EQ(large.Grid(10).status().message(),
            "the grid has more than 10 points; take fewer, or --strategy random");
  EXPECT_EQ(Space({"a=int(1,10)"}).Grid(10)->size(), 10u);
}

TEST(SearchSpace, IsAGridWhenItsPointsAreSaid) {
  EXPECT_TRUE(Space({"a=choice(1,2)", "b=log(1,2,3)", "c=int(1,5,2)"}).IsGrid());
  EXPECT_FALSE(Space({"a=choice(1,2)", "b=log(1,2)"}).IsGrid());
  EXPECT_FALSE(Space({"c=int(1,5)"}).IsGrid());
}

// ---- Random points.

const std::vector<std::string> kMixed = {"a=log(1e-4,1e-1)",   "b=uniform(-2,3)",
                                         "c=int(3,6)",         "d=choice(x,y,z)",
                                         "x: e=log(1,100,3)",  "f=choice(p => 1, q => 2)"};

double NumberOf(const SearchPoint& point, size_t entry) {
  return std::atof(point.values[entry]->shown.c_str());
}

TEST(RandomSearch, IsAFunctionOfSeedAndTrial) {
  const SearchSpace space = Space(kMixed);
  std::set<std::string> seen;
  for (uint64_t seed : {1, 2}) {
    for (int64_t trial = 0; trial < 10; ++trial) {
      const std::string line = absl::StrJoin(space.Settings(space.Random(seed, trial)), " ");
      EXPECT_EQ(line, absl::StrJoin(Space(kMixed).Settings(space.Random(seed, trial)), " "));
      seen.insert(line);
    }
  }
  EXPECT_EQ(seen.size(), 20u);
}

TEST(RandomSearch, AnotherEntryDoesNotMoveTheOthers) {
  const SearchPoint few = Space({"b=uniform(-2,3)"}).Random(7, 4);
  const SearchPoint many = Space(kMixed).Random(7, 4);
  EXPECT_EQ(few.values[0]->setting, many.values[1]->setting);
}

TEST(RandomSearch, StaysInRangeAndFillsIt) {
  const SearchSpace space = Space(kMixed);
  constexpr int kTrials = 3000;
  std::map<std::string, int> c, d, e;
  double log_sum = 0, sum = 0;
  for (int64_t trial = 0; trial < kTrials; ++trial) {
    const SearchPoint point = space.Random(3, trial);
    const double a = NumberOf(point, 0), b = NumberOf(point, 1);
    ASSERT_TRUE(a >= 1e-4 && a <= 1e-1) << a;
    ASSERT_TRUE(b >= -2 && b <= 3) << b;
    log_sum += std::log10(a);
    sum += b;
    ++c[point.values[2]->shown];
    ++d[point.values[3]->shown];
    ASSERT_EQ(point.values[4].has_value(), point.values[3]->shown == "x");
    if (point.values[4].has_value()) ++e[point.values[4]->shown];
  }
  // Five deviations of a mean of uniform numbers: 5 * width / sqrt(12 * trials).
  EXPECT_NEAR(log_sum / kTrials, -2.5, 5 * 3 / std::sqrt(12.0 * kTrials));
  EXPECT_NEAR(sum / kTrials, 0.5, 5 * 5 / std::sqrt(12.0 * kTrials));
  EXPECT_EQ(c.size(), 4u);
  EXPECT_EQ(d.size(), 3u);
  EXPECT_EQ(e.size(), 3u);
  // Five deviations of a binomial count, p = 1/4 and 1/3.
  for (const auto& count : c) EXPECT_NEAR(count.second, kTrials / 4.0, 5 * 23.7) << count.first;
  for (const auto& count : d) EXPECT_NEAR(count.second, kTrials / 3.0, 5 * 25.8) << count.first;
}

TEST(RandomSearch, ShowsTheNumberThatIsSet) {
  const SearchSpace space = Space({"a=log(1e-4,1e-1)", "b=choice(p => 1, q => 2)"});
  const SearchPoint point = space.Random(0, 0);
  EXPECT_EQ("a=" + point.values[0]->shown, point.values[0]->setting);
  EXPECT_EQ(point.values[1]->setting, point.values[1]->shown == "p" ? "b=1" : "b=2");
}

// ---- Refusals.

struct BadEntry {
  std::string name;
  std::string text;
  std::string message;  // After "--search TEXT:".
};

class BadSearch : public testing::TestWithParam<BadEntry> {};

TEST_P(BadSearch, IsRefusedWithItsColumn) {
  EXPECT_EQ(Refusal({GetParam().text}),
            "--search " + GetParam().text + ":" + GetParam().message);
}

const char* const kSpaces =
    "log(low, high), uniform(low, high), int(low, high), linear(low, high, points) or "
    "choice(a, b, ...)";

INSTANTIATE_TEST_SUITE_P(
    Texts, BadSearch,
    testing::Values(
        BadEntry{"NoEquals", "a.b", "4: expected ADDRESS=SPACE"},
        BadEntry{"Empty", "", "1: expected ADDRESS=SPACE"},
        BadEntry{"NoAddress", "=log(1,2)", "1: expected a field's name at the end"},
        BadEntry{"BadAddress", "a..b=log(1,2)", "3: expected a field's name"},
        BadEntry{"NoSpace", "a=3", std::string("3: expected ") + kSpaces},
        BadEntry{"UnknownSpace", "a=lgo(1,2)",
                 std::string("3: there is no space \"lgo\"; there are ") + kSpaces},
        BadEntry{"NotClosed", "a=log(1,2", "6: this ( is never closed"},
        BadEntry{"OptionNotClosed", "a=choice(b {, c)", "12: this { is never closed"},
        BadEntry{"QuoteNotClosed", "a=choice(\"b, c)", "10: this \" is never closed"},
        BadEntry{"ClosedTooOften", "a=choice(b }, c)", "12: nothing is open that } closes"},
        BadEntry{"After", "a=log(1,2) 3", "12: expected nothing after the space, found \"3\""},
        BadEntry{"EmptyArgument", "a=log(1,,2)", "9: expected a value"},
        BadEntry{"OneNumber", "a=log(1)",
                 "3: log takes two or three numbers: log(low, high) or log(low, high, points)"},
        BadEntry{"FourNumbers", "a=int(1,2,3,4)",
                 "3: int takes two or three numbers: int(low, high) or int(low, high, points)"},
        BadEntry{"NoNumber", "a=log(1,x)", "9: \"x\" is not a finite number"},
        BadEntry{"Infinite", "a=uniform(0,inf)", "13: \"inf\" is not a finite number"},
        BadEntry{"NotANumber", "a=uniform(nan,1)", "11: \"nan\" is not a finite number"},
        BadEntry{"LogOfZero", "a=log(0,1)", "7: log: low 0 must be above 0"},
        BadEntry{"Backwards", "a=log(1, 0.1)", "7: log: low 1 must be below high 0.1"},
        BadEntry{"EmptyRange", "a=int(2,2)", "7: int: low 2 must be below high 2"},
        BadEntry{"NotWhole", "a=int(1,2.5)", "9: 2.5 is not a whole number"},
        BadEntry{"OnePoint", "a=log(1,2,1)",
                 "11: log: points 1 must be at least 2 and at most 10000"},
        BadEntry{"TooManyPoints", "a=int(1,3,4)",
                 "11: int: there are only 3 whole numbers from 1 to 3"},
        BadEntry{"OneOption", "a=choice(b)",
                 "3: a choice has at least two options; for one there is --set"},
        BadEntry{"SameLabel", "a=choice(x => 1, x => 2)", "18: two options have the label \"x\""},
        BadEntry{"EmptyLabel", "a=choice( => 1, 2)", "11: expected a label"},
        BadEntry{"BadLabel", "a b: c=log(1,2)",
                 "2: a label is made of letters, digits and _ . + -"},
        BadEntry{"NoValue", "a=choice(x =>, 2)", "14: expected a value after the =>"},
        BadEntry{"NoField", "a.*=choice(1, 2)",
                 "12: an option of a.* is one field: NAME { ... } or NAME: value"},
        BadEntry{"UnknownLabel", "x: a=log(1,2)",
                 "1: no option of a choice has the label \"x\""}),
    [](const auto& info) { return info.param.name; });

TEST(SearchSpace, AllThatIsWrongIsToldAtOnce) {
  EXPECT_EQ(Refusal({"a=log(0,1)", "b=int(1,2)", "c=choice(1)"}),
            "--search a=log(0,1):7: log: low 0 must be above 0\n"
            "--search c=choice(1):3: a choice has at least two options; for one there is --set");
}

// A message is one line of UTF-8, whatever was typed; quotes stay as they are.
TEST(SearchSpace, AMessageNamesTheTextAsATerminalCanShowIt) {
  EXPECT_EQ(Refusal({"a=\"\x1b[31m\"lgo"}), "--search a=\\\"\\033[31m\\\"lgo:3: expected " + std::string(kSpaces));
  EXPECT_EQ(Refusal({"a\xff=log(0,1)"}), "--search a\\377=log(0,1):2: expected a .");
}

TEST(SearchSpace, LabelsMustBeKnownAndBelongToOneOption) {
  EXPECT_EQ(Refusal({"o=choice(adam {}, sgd {})", "adm: r=log(1,2)"}),
            "--search adm: r=log(1,2):1: no option of a choice has the label \"adm\"; did you mean "
            "\"adam\"?");
  EXPECT_EQ(Refusal({"o=choice(adam {}, sgd {})", "p=choice(adam {}, sgd {})", "adam: r=log(1,2)"}),
            "--search adam: r=log(1,2):1: the label \"adam\" belongs to 2 options; give them labels "
            "of their own: choice(LABEL => VALUE, ...)");
  // A first word that two options of one choice share is the label of neither.
  EXPECT_EQ(Refusal({"o=choice(adam {}, adam { beta1: 0.5 })", "adam: r=log(1,2)"}),
            "--search adam: r=log(1,2):1: no option of a choice has the label \"adam\"");
}

TEST(SearchSpace, AnAddressIsSearchedOnce) {
  EXPECT_EQ(Refusal({"a=log(1,2)", "a=int(1,2)"}),
            "--search a=int(1,2):1: a is searched twice, also by \"a=log(1,2)\"");
  EXPECT_EQ(Refusal({"o=choice(x, y)", "x: a=log(1,2)", "a=int(1,2)"}),
            "--search a=int(1,2):1: a is searched twice, also by \"x: a=log(1,2)\"");
  Space({"o=choice(x, y)", "x: a=log(1,2)", "y: a=int(1,2)"});
}

TEST(SearchSpace, ChoicesMustNotDependOnEachOther) {
  EXPECT_EQ(Refusal({"x: a=choice(y, z)", "y: b=choice(x, w)"}),
            "--search x: a=choice(y, z):1: the choice that it depends on depends on it\n"
            "--search y: b=choice(x, w):1: the choice that it depends on depends on it");
}

}  // namespace
}  // namespace gradus
