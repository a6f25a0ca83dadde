// How a table is written and what stands in its columns is told from the table alone.

#include "gradus/api/table_facts.h"

#include "tests/api/table_testing.h"

namespace gradus {
namespace {

TableFacts Look(const std::string& text, LookOptions options = {}) {
  const auto facts = LookAtTable(WriteTable("looked_at.csv", text), options);
  EXPECT_TRUE(facts.ok()) << facts.status();
  return facts.ok() ? *facts : TableFacts();
}

std::vector<std::string> Names(const TableFacts& facts) {
  std::vector<std::string> names;
  for (const ColumnFacts& column : facts.columns) names.push_back(column.name);
  return names;
}

using Strings = std::vector<std::string>;

TEST(LookAtTable, FindsTheSeparatorThatMakesATableOfIt) {
  for (const char separator : {',', ';', '\t', '|'}) {
    const std::string s(1, separator);
    const TableFacts facts = Look("a" + s + "b\n1" + s + "x\n2" + s + "y\n");
    EXPECT_EQ(facts.dialect.separator, separator);
    EXPECT_EQ(Names(facts), (Strings{"a", "b"}));
    EXPECT_EQ(facts.rows, 2);
  }
  // Commas in quotes, or decimal commas beside semicolons, separate nothing.
  EXPECT_EQ(Look("a;b\n1,5;2\n2,5;3\n").dialect.separator, ';');
  EXPECT_EQ(Look("a,b\n\"x;y\",2\n\"z;y\",3\n").dialect.separator, ',');
  // What is given is taken.
  LookOptions bar;
  bar.separator = "|";
  EXPECT_EQ(Names(Look("a,b\n1,2\n", bar)), (Strings{"a,b"}));
}

TEST(LookAtTable, ARowThatIsWrongIsToldWithTheSeparatorThatWasMeant) {
  const std::string path = WriteTable("ragged.csv", "a;b;c\n1;2;3\n4;5\n");
  EXPECT_EQ(LookAtTable(path, {}).status().message(),
            path + ":3:1: the row has 2 cells, the header 3");
}

TEST(LookAtTable, AFirstRowOfNumbersAboveNumbersIsNoHeader) {
  EXPECT_TRUE(Look("x,y\n1,a\n2,b\n").dialect.header);
  EXPECT_TRUE(Look("x,y\nb,a\nd,b\n").dialect.header);
  const TableFacts facts = Look("5,a\n1,a\n2,b\n");
  EXPECT_FALSE(facts.dialect.header);
  EXPECT_EQ(facts.why_header, "the first row has numbers where the rows below have numbers");
  EXPECT_EQ(Names(facts), (Strings{"1", "2"}));
  EXPECT_EQ(facts.rows, 3);
  // Years are names when they are not above every column of numbers, or when one of them is asked for.
  EXPECT_TRUE(Look("name,2019,total\na,1,2\nb,2,3\n").dialect.header);
  LookOptions year;
  year.target = "2020";
  EXPECT_TRUE(Look("2019,2020\n1,2\n2,3\n", year).dialect.header);
  LookOptions none;
  none.header = LookOptions::kNo;
  EXPECT_FALSE(Look("x,y\n1,a\n2,b\n", none).dialect.header);
}

TEST(LookAtTable, CountsMissingCellsAndMarksThatStandForThem) {
  const TableFacts facts = Look("x,y,z\n1,a,b\n?,NA,none\n,c,b\n4,d,c\n");
  EXPECT_EQ(facts.missing_marks, Strings{"?"});
  EXPECT_EQ(facts.dialect.missing.back(), "?");
  EXPECT_EQ(facts.Find("x")->missing, 2);
  EXPECT_EQ(facts.Find("x")->first_missing_line, 3);
  EXPECT_TRUE(facts.Find("x")->all_numbers());
  EXPECT_EQ(facts.Find("y")->missing, 1);
  // A text among texts is a text.
  EXPECT_EQ(facts.Find("z")->missing, 0);
  EXPECT_EQ(facts.Find("z")->distinct(), 3);
}

// 1, 2, 2, 7: mean 3, deviation sqrt(22 / 4), third moment (-8 - 1 - 1 + 64) / 4.
TEST(LookAtColumn, MeasuresNumbers) {
  const TableFacts facts = Look("x,t\n1,a\n2,b\n7,c\n2.0,d\n");
  const ColumnFacts& x = *facts.Find("x");
  EXPECT_EQ(x.numbers, 4);
  EXPECT_TRUE(x.whole);
  EXPECT_EQ(x.least, 1);
  EXPECT_EQ(x.most, 7);
  EXPECT_DOUBLE_EQ(x.mean, 3);
  EXPECT_DOUBLE_EQ(x.deviation, std::sqrt(5.5));
  EXPECT_DOUBLE_EQ(x.skewness, 13.5 / (5.5 * std::sqrt(5.5)));
  EXPECT_LT(x.log_skewness, x.skewness);
  EXPECT_EQ(facts.Find("t")->numbers, 0);
  EXPECT_EQ(facts.Find("t")->no_number_texts, 4);
  EXPECT_EQ(facts.Find("t")->no_number_line, 2);
}

TEST(LookAtColumn, KnowsWhatIsNearlyANumberOrADate) {
  const TableFacts facts =
      Look("a;b;c\n 1;1,5;2024-03-01\n2 ;2,5;1.3.2024 12:00\n 3;-3,5;3/1/2024\n");
  EXPECT_TRUE(facts.Find("a")->all_numbers());
  EXPECT_EQ(facts.Find("b")->decimal_commas, 3);
  EXPECT_EQ(facts.Find("c")->dates, 3);
}

TEST(LookAtColumn, LettersAreAUnitWhereNumbersShareThem) {
  std::string text = "mass,house,code,few,same\n";
  for (int i = 1; i <= 40; ++i) {
    absl::StrAppend(&text, i, i % 2 == 0 ? " kg," : "kg,", i, i % 2 == 0 ? "A," : "B,", "A", i, ",",
                    i % 2, "s,", i % 10 == 0 ? " 1" : "1", "\n");
  }
  const TableFacts facts = Look(text);
  EXPECT_EQ(facts.Find("mass")->units, 40);
  EXPECT_EQ(facts.Find("mass")->unit_text, "1kg");
  EXPECT_EQ(facts.Find("house")->units, 0);
  EXPECT_EQ(facts.Find("code")->units, 0);
  EXPECT_EQ(facts.Find("few")->units, 0);  // Two texts are rather two classes.
  EXPECT_EQ(facts.Find("same")->distinct(), 1);
}

TEST(LookAtTable, OfALongFileLooksAtWholeRowsOfItsBeginning) {
  std::string text = "x,note\n";
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, 100 + i % 7, ",\"line\nbreak\"\n");
  LookOptions options;
  options.most_bytes = 5000;
  const TableFacts facts = Look(text, options);
  EXPECT_FALSE(facts.whole_file);
  EXPECT_GT(facts.rows, 250);
  EXPECT_LT(facts.rows, 300);
  // Every row is 18 bytes long.
  EXPECT_NEAR(static_cast<double>(facts.estimated_rows), 1000, 5);
  EXPECT_EQ(facts.Find("x")->distinct(), 7);
}

TEST(LookAtTable, SaysWhyThereIsNothingToLookAt) {
  const std::string empty = WriteTable("empty.csv", "");
  EXPECT_EQ(LookAtTable(empty, {}).status().message(), empty + ": the file is empty");
  const std::string header = WriteTable("header.csv", "a,b\n");
  EXPECT_EQ(LookAtTable(header, {}).status().message(),
            header + ": there is no row below the header");
  const std::string none = testing::TempDir() + "/not_there.csv";
  EXPECT_EQ(LookAtTable(none, {}).status().message(), none + ": No such file or directory");
  LookOptions wrong;
  wrong.separator = "ab";
  EXPECT_EQ(LookAtTable(header, wrong).status().message(), "separator \"ab\" is not one character");
}

}  // namespace
}  // namespace gradus
