// CSV: what RFC 4180 allows is read, what it does not allow is refused with its place.

#include "gradus/data/csv.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

std::vector<double> Doubles(const Tensor& tensor) {
  return {tensor.data<double>().begin(), tensor.data<double>().end()};
}

std::vector<int64_t> Lines(const CsvLines& lines) {
  std::vector<int64_t> all;
  for (int64_t row = 0; row < lines.size(); ++row) all.push_back(lines[row]);
  return all;
}

absl::StatusOr<CsvTable> ReadColumns(const std::string& text,
                                     std::vector<CsvSelection> selections) {
  absl::StatusOr<CsvFile> file = CsvFile::Parse("t.csv", text);
  if (!file.ok()) return file.status();
  return file->Read(selections);
}

TEST(CsvTest, ReadsSelectedColumnsInTheAskedOrder) {
  const auto table = ReadColumns("a,b,name,k\n1,2.5,x,7\n-3e2,+.5,y,8\n",
                                 {{{1, 0}, DType::kFloat64}, {{3}, DType::kInt32}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->fields[0].dims(), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{2.5, 1, .5, -300}));
  EXPECT_EQ(table->fields[1].data<int32_t>()[1], 8);
  EXPECT_EQ(Lines(table->lines), (std::vector<int64_t>{2, 3}));
}

TEST(CsvTest, ReadsQuotesCarriageReturnsAndByteOrderMark) {
  const std::string text =
      "\xef\xbb\xbf\"a\"\"x, y\",b\r\n\"1\",\"two\nlines, \"\"quoted\"\"\"\r\n3,z\r\n";
  const auto file = CsvFile::Parse("t.csv", text);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->columns(), (std::vector<std::string>{"a\"x, y", "b"}));
  const auto table = file->Read({{{0}, DType::kFloat64}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{1, 3}));
  EXPECT_EQ(Lines(table->lines), (std::vector<int64_t>{2, 4}));  // The first row takes two lines.
}

TEST(CsvTest, LastLineNeedsNoLineFeed) {
  const auto table = ReadColumns("a\n1\n2", {{{0}, DType::kFloat64}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{1, 2}));
}

TEST(CsvTest, WholeNumbersMayBeWrittenAsReals) {
  const auto table = ReadColumns("a\n3.0\n-2147483648\n2147483647\n1e3\n", {{{0}, DType::kInt32}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->fields[0].data<int32_t>()[1], -2147483647 - 1);
  EXPECT_EQ(table->fields[0].data<int32_t>()[2], 2147483647);
  EXPECT_EQ(table->fields[0].data<int32_t>()[3], 1000);
}

TEST(CsvTest, RowsThatAreNotThereTakeNoRoom) {
  // Room for as many rows as there are line feeds would be 640 GB.
  const int columns = 20003;
  std::string text = "c0";
  CsvSelection all;
  for (int i = 0; i < columns; ++i) {
    if (i > 0) text += absl::StrCat(",c", i);
    all.columns.push_back(i);
  }
  text += std::string(4 << 20, '\n');
  const auto table = ReadColumns(text, {all});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->lines.size(), 0);
}

TEST(CsvTest, FindsEachOfManyColumns) {
  const int columns = 100000;
  std::string text;
  for (int i = 0; i < columns; ++i) text += absl::StrCat(i > 0 ? "," : "", "c", i);
  const auto file = CsvFile::Parse("t.csv", text);
  ASSERT_TRUE(file.ok()) << file.status();
  for (int i = 0; i < columns; ++i) ASSERT_EQ(file->Find(absl::StrCat("c", i)), i);
  EXPECT_EQ(file->Find("c100000"), -1);
  EXPECT_EQ(CsvFile::Parse("t.csv", text + ",c7").status().message(),
            "t.csv:1:688891: column \"c7\" is there twice");
}

TEST(CsvTest, HeaderAloneIsATableWithoutRows) {
  const auto table = ReadColumns("a,b\n", {{{0, 1}, DType::kFloat64}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->fields[0].dims(), (std::vector<int64_t>{0, 2}));
}

TEST(CsvTest, ReadsGzipWithSeveralMembers) {
  const std::string path = WriteTestFile("members.csv.gz", Gzip("a\n1\n") + Gzip("2\n"));
  const auto file = CsvFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto table = file->Read({{{0}, DType::kFloat64}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{1, 2}));
}

TEST(CsvTest, ReadsTheBreastCancerTable) {
  const auto file = CsvFile::Open("examples/data/breast_cancer.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->columns().size(), 31u);
  const auto table =
      file->Read({{{file->Find("mean_area")}, DType::kFloat64}, {{30}, DType::kInt32}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->lines.size(), 569);
  EXPECT_EQ(Doubles(table->fields[0])[0], 1001);
  int benign = 0;
  for (int32_t label : table->fields[1].data<int32_t>()) benign += label;
  EXPECT_EQ(benign, 357);
}

TEST(CsvTest, BlanksAroundNumbersAndQuotesDoNotCountAndThoseOfTextsDo) {
  CsvSelection names;
  names.columns = {2};
  names.text = true;
  const std::string text =
      " a,b,name\n 1 ,\t2.5\t, x y \n\" 3 \" , \"4\", \"p, \"\"q\"\" \" \r\n-5e1 , 1000,z\n";
  const auto file = CsvFile::Parse("t.csv", text);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->columns(), (std::vector<std::string>{" a", "b", "name"}));
  for (DType dtype : {DType::kFloat64, DType::kInt32}) {
    const auto table = file->Read({{{0}, dtype}, {{1}}, names});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(Doubles(table->fields[1]), (std::vector<double>{2.5, 4, 1000}));
    EXPECT_EQ(table->texts[2][0], (std::vector<std::string>{" x y ", "p, \"q\" ", "z"}));
    if (dtype == DType::kInt32) {
      EXPECT_EQ(table->fields[0].data<int32_t>()[2], -50);
    } else {
      EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{1, 3, -50}));
    }
  }
  // What separates is no blank.
  CsvDialect tabs;
  tabs.separator = '\t';
  const auto tabbed = CsvFile::Parse("t.tsv", "a\tb\n1 \t 2\n\t3\n", tabs);
  CsvSelection may_miss;
  may_miss.columns = {0, 1};
  may_miss.may_miss = true;
  const auto table = tabbed->Read({may_miss});
  ASSERT_TRUE(table.ok()) << table.status();
  const std::vector<double> numbers = Doubles(table->fields[0]);
  EXPECT_EQ(numbers[1], 2);
  EXPECT_TRUE(std::isnan(numbers[2]));
}

TEST(CsvTest, BlankLinesAreNoRowsForAnyNumberOfThreads) {
  std::string text = "\n  \na,b\r\n\r\n";
  std::vector<double> expected;
  std::vector<int64_t> lines;
  int64_t line = 5;
  for (int i = 0; i < 500; ++i) {
    text += absl::StrCat(i, ",\"", 2 * i, "\"\n");
    expected.insert(expected.end(), {1.0 * i, 2.0 * i});
    lines.push_back(line++);
    for (int k = 0; k < i % 4; ++k, ++line) text += k == 1 ? " \t\r\n" : "\n";
  }
  const auto file = CsvFile::Parse("t.csv", text + "\n \n\n");
  ASSERT_TRUE(file.ok()) << file.status();
  for (int threads : {1, 2, 5}) {
    for (int64_t block : {1, 7, 64, 1 << 20}) {
      CsvReading reading;
      reading.threads = threads;
      reading.block_bytes = block;
      const auto table = file->Read({{{0, 1}}}, reading);
      ASSERT_TRUE(table.ok()) << table.status();
      EXPECT_EQ(Doubles(table->fields[0]), expected) << threads << " " << block;
      EXPECT_EQ(Lines(table->lines), lines) << threads << " " << block;
    }
  }
}

TEST(CsvTest, WhereThereIsOneColumnABlankLineIsAnEmptyCell) {
  CsvSelection numbers;
  numbers.columns = {0};
  numbers.may_miss = true;
  const auto file = CsvFile::Parse("t.csv", "a\n1\n\n3\n");
  const auto table = file->Read({numbers});
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->lines.size(), 3);
  EXPECT_TRUE(std::isnan(Doubles(table->fields[0])[1]));
  EXPECT_EQ(file->Read({{{0}}}).status().message(), "t.csv:3:1: column \"a\": the cell is empty");
}

struct Broken {
  std::string text;
  std::string message;
  DType dtype = DType::kFloat64;
};

TEST(CsvTest, BrokenTextsAreRefusedWithTheirPlace) {
  const std::vector<Broken> cases = {
      {"", "t.csv: the file is empty"},
      {"\xef\xbb\xbf", "t.csv: the file is empty"},
      {"\n \n\r\n", "t.csv: the file is empty: there are only blank lines"},
      {"\xff\xfe"
       "a",
       "t.csv:1:1: the file is UTF-16; save it as UTF-8"},
      {"a,b,a\n", "t.csv:1:5: column \"a\" is there twice"},
      {"a,b\n1,2\n3\n", "t.csv:3:1: the row has 1 cell, the header 2"},
      {"a,b\n1,2,3\n", "t.csv:2:1: the row has 3 cells, the header 2"},
      {"a,b\n1,2\n\"\"\n", "t.csv:3:1: the row has 1 cell, the header 2"},
      {"a,b\n\n \n1,2\n\n3,x\n", "t.csv:6:3: column \"b\": \"x\" is not a number"},
      {"a,b\n1,2\n3,x1\n", "t.csv:3:3: column \"b\": \"x1\" is not a number"},
      {"a,b\n1,2 3 \n", "t.csv:2:3: column \"b\": \"2 3\" is not a number"},
      {"a,b\n1, \t\n", "t.csv:2:3: column \"b\": the cell is empty"},
      {"a,b\n1, NA \n", "t.csv:2:3: column \"b\": the cell is missing (\"NA\")"},
      {"a,b\n1,\xc2\xa0"
       "2\n",
       "t.csv:2:3: column \"b\": \"\xc2\xa0"
       "2\" is not a number"},
      {"a,b\n1, \"2\" x\n", "t.csv:2:8: text after the closing quote"},
      {"a,b\n1, \"x\"\n", "t.csv:2:4: column \"b\": \"x\" is not a number"},
      {"a,b\n1,+-2\n", "t.csv:2:3: column \"b\": \"+-2\" is not a number"},
      {"a,b\n1,0x10\n", "t.csv:2:3: column \"b\": \"0x10\" is not a number"},
      {"a,b\n1,\n", "t.csv:2:3: column \"b\": the cell is empty"},
      {"a,b\n1,\"\"\n", "t.csv:2:3: column \"b\": the cell is empty"},
      {"a,b\n1,nan\n", "t.csv:2:3: column \"b\": the cell is missing (\"nan\")"},
      {"a,b\n1,-inf\n", "t.csv:2:3: column \"b\": -inf is not finite"},
      {"a,b\n1,1e999\n", "t.csv:2:3: column \"b\": 1e999 is out of the range of a double"},
      {"a,b\n1,\"2\n", "t.csv:2:3: the quote is never closed"},
      {"a,b\n1,\"2\"3\n", "t.csv:2:6: text after the closing quote"},
      {"a,b\n1,2\"\n", "t.csv:2:4: a quote inside a cell that does not begin with one"},
      {"a,b\r1,2\n", "t.csv:1:4: a carriage return that no line feed follows"},
      {"a,b\n\"x\ny\",zz\n", "t.csv:3:4: column \"b\": \"zz\" is not a number"},
      {std::string("a,b\n1,\0\n", 8), "t.csv:2:3: column \"b\": \"\\000\" is not a number"},
      {"a,b\n1,NA\n", "t.csv:2:3: column \"b\": the cell is missing (\"NA\")"},
      {"a,\xc3\xa4\n1,\xe4x\n", "t.csv:2:3: column \"\xc3\xa4\": \"\\344x\" is not a number"},
      {"a,b\n1,\"N/A\"\n", "t.csv:2:3: column \"b\": the cell is missing (\"N/A\")"},
      {"a,b\n1,NA\n", "t.csv:2:3: column \"b\": the cell is missing (\"NA\")", DType::kInt32},
      {"a,b\n1,2\r", "t.csv:2:4: a carriage return that no line feed follows"},
      {"a,b\n1,2\r3", "t.csv:2:4: a carriage return that no line feed follows"},
      {std::string("a\0,\0", 4), "t.csv:1:1: the file is UTF-16; save it as UTF-8"},
      {std::string("\0a\0,", 4), "t.csv:1:1: the file is UTF-16; save it as UTF-8"},
      {"a,b\n1,2.5\n", "t.csv:2:3: column \"b\": 2.5 is not a whole number", DType::kInt32},
      {"a,b\n1,2147483648\n", "t.csv:2:3: column \"b\": 2147483648 does not fit INT32",
       DType::kInt32},
      {"a,b\n1," + std::string(50, 'w') + "\n",
       "t.csv:2:3: column \"b\": \"" + std::string(40, 'w') + "...\" is not a number"},
  };
  for (const Broken& broken : cases) {
    EXPECT_EQ(ReadColumns(broken.text, {{{1}, broken.dtype}}).status().message(), broken.message)
        << broken.text;
  }
}

TEST(CsvTest, ReadsEachSeparatorAndTablesWithoutAHeader) {
  for (char separator : {',', ';', '\t', '|', ' ', ':'}) {
    CsvDialect dialect;
    dialect.separator = separator;
    dialect.header = false;
    const std::string text =
        absl::StrCat("1", std::string(1, separator), "x\r\n2.5", std::string(1, separator), "\"y",
                     std::string(1, separator), "\"\n");
    const auto file = CsvFile::Parse("t.csv", text, dialect);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->columns(), (std::vector<std::string>{"1", "2"}));
    CsvSelection name;
    name.columns = {file->Find("2")};
    name.text = true;
    const auto table = file->Read({{{0}}, name});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{1, 2.5}));
    EXPECT_EQ(table->texts[1][0],
              (std::vector<std::string>{"x", absl::StrCat("y", std::string(1, separator))}));
    EXPECT_EQ(table->lines[0], 1);
  }
}

TEST(CsvTest, WithoutAHeaderTheFirstRowSaysHowManyCellsThereAre) {
  CsvDialect dialect;
  dialect.header = false;
  const auto file = CsvFile::Parse("t.csv", "1,2\n3\n", dialect);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->Read({{{0}}}).status().message(),
            "t.csv:2:1: the row has 1 cell, the first row 2");
}

TEST(CsvTest, ASeparatorIsOneCharacterThatNoCellIsMadeOf) {
  EXPECT_EQ(*ParseCsvSeparator("\t"), '\t');
  EXPECT_EQ(ParseCsvSeparator("").status().message(), "separator \"\" is not one character");
  EXPECT_EQ(ParseCsvSeparator(";;").status().message(), "separator \";;\" is not one character");
  for (const char* text : {"1", "e", "-", ".", "\"", "\n", "\r", "\xe4"}) {
    EXPECT_FALSE(ParseCsvSeparator(text).ok()) << text;
    CsvDialect dialect;
    dialect.separator = text[0];
    EXPECT_FALSE(CsvFile::Parse("t.csv", "a\n", dialect).ok()) << text;
  }
}

TEST(CsvTest, MissingCellsAreThoseThatTheDialectNames) {
  CsvDialect dialect;
  dialect.missing = {"-999", "?"};
  const auto file = CsvFile::Parse("t.csv", "x,y\n-999,?\n\"\",NA\n-99,\n7,\"?\"\n", dialect);
  ASSERT_TRUE(file.ok()) << file.status();
  CsvSelection x, y;
  x.columns = {0};
  y.columns = {1};
  y.text = x.may_miss = y.may_miss = true;
  const auto table = file->Read({x, y});
  ASSERT_TRUE(table.ok()) << table.status();
  const std::vector<double> numbers = Doubles(table->fields[0]);
  EXPECT_TRUE(std::isnan(numbers[0]) && std::isnan(numbers[1]));
  EXPECT_EQ(numbers[2], -99);
  EXPECT_EQ(numbers[3], 7);
  const absl::Span<const int32_t> codes = table->fields[1].data<int32_t>();
  EXPECT_EQ(std::vector<int32_t>(codes.begin(), codes.end()),
            (std::vector<int32_t>{-1, 0, -1, -1}));
  EXPECT_EQ(table->texts[1][0], (std::vector<std::string>{"NA"}));
  y.may_miss = false;
  EXPECT_EQ(file->Read({y}).status().message(),
            "t.csv:2:6: column \"y\": the cell is missing (\"?\")");
}

TEST(CsvTest, BlanksAroundAWordForMissingCellsDoNotCountWhereItIsANumber) {
  CsvDialect dialect;
  dialect.missing = {"-999", "0"};
  const std::vector<std::string> cells = {"-999",       " -999", "-999\t", "\t  -999 \t ",
                                          "\" -999 \"", " 0",    "0 ",     "\" 0\""};
  std::string text = "x,y\n7,-9990\n";
  for (const std::string& cell : cells) absl::StrAppend(&text, cell, ",", cell, "\n");
  const auto file = CsvFile::Parse("t.csv", text + " 8 , 10 \n", dialect);
  ASSERT_TRUE(file.ok()) << file.status();
  CsvSelection x, y, whole;
  x.columns = whole.columns = {0};
  y.columns = {1};
  y.text = x.may_miss = y.may_miss = true;
  const auto table = file->Read({x, y});
  ASSERT_TRUE(table.ok()) << table.status();
  const std::vector<double> numbers = Doubles(table->fields[0]);
  const absl::Span<const int32_t> codes = table->fields[1].data<int32_t>();
  ASSERT_EQ(numbers.size(), cells.size() + 2);
  for (size_t i = 1; i <= cells.size(); ++i) {
    EXPECT_TRUE(std::isnan(numbers[i])) << cells[i - 1] << ": " << numbers[i];
    EXPECT_EQ(codes[i], -1) << cells[i - 1];
  }
  EXPECT_EQ(numbers.front(), 7);
  EXPECT_EQ(numbers.back(), 8);
  EXPECT_EQ(table->texts[1][0], (std::vector<std::string>{"-9990", "10"}));
  // Whole numbers cannot miss.
  whole.dtype = DType::kInt32;
  for (const std::string& cell : cells) {
    const auto one = CsvFile::Parse("t.csv", absl::StrCat("x,y\n", cell, ",1\n"), dialect);
    EXPECT_TRUE(absl::StrContains(one->Read({whole}).status().message(), "the cell is missing"))
        << cell;
  }
}

TEST(CsvTest, NumbersAreTheSameTextWithBlanksAroundThemAndTextsAreNot) {
  CsvSelection texts;
  texts.columns = {0};
  texts.text = true;
  const auto file =
      CsvFile::Parse("t.csv", "x,y\n1,\n 1,\n\"1 \",\n\t1\t,\n01,\n1.0,\nx,\n x,\n nan ,\n1 2,\n");
  auto table = file->Read({texts});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->texts[0][0],
            (std::vector<std::string>{"1", "01", "1.0", "x", " x", " nan ", "1 2"}));
  texts.as_written = true;
  table = file->Read({texts});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->texts[0][0], (std::vector<std::string>{"1", " 1", "1 ", "\t1\t", "01", "1.0",
                                                          "x", " x", " nan ", "1 2"}));
}

TEST(CsvTest, AColumnMayBeReadTwice) {
  CsvSelection text;
  text.columns = {1, 1};
  text.text = true;
  const auto file = CsvFile::Parse("t.csv", "a,b\n1,2\n3,4\n");
  ASSERT_TRUE(file.ok()) << file.status();
  for (int time = 0; time < 2; ++time) {
    const auto table = file->Read({{{1, 0, 1}}, text, {{1}, DType::kInt32}});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(Doubles(table->fields[0]), (std::vector<double>{2, 1, 2, 4, 3, 4}));
    EXPECT_EQ(table->fields[2].data<int32_t>()[1], 4);
    EXPECT_EQ(table->texts[1][1], (std::vector<std::string>{"2", "4"}));
  }
}

TEST(CsvTest, RowsOnDiskAreTheSameAndLeaveNoFile) {
  CsvDialect dialect;
  dialect.on_disk = true;
  const std::string folder = TestFile("on_disk");
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  ASSERT_EQ(setenv("TMPDIR", folder.c_str(), 1), 0);
  const auto file = CsvFile::Open("examples/data/breast_cancer.csv", dialect);
  ASSERT_TRUE(file.ok()) << file.status();
  const std::vector<CsvSelection> selections = {{{3, 1}}, {{30}, DType::kInt32}};
  const auto table = file->Read(selections);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(rmdir(folder.c_str()), 0);  // There is nothing in it.
  const auto in_memory = CsvFile::Open("examples/data/breast_cancer.csv")->Read(selections);
  EXPECT_EQ(Doubles(table->fields[0]), Doubles(in_memory->fields[0]));
  EXPECT_EQ(table->fields[1].data<int32_t>(), in_memory->fields[1].data<int32_t>());
  EXPECT_EQ(file->Read(selections).status().message(),
            absl::StrCat("examples/data/breast_cancer.csv: a temporary file in ", folder,
                         " (TMPDIR): No such file or directory"));
  unsetenv("TMPDIR");
}

TEST(CsvTest, ADiskThatIsFullIsAnError) {
  CsvDialect dialect;
  dialect.on_disk = true;
  std::string text = "a\n";
  for (int i = 0; i < 100000; ++i) text += "1\n";
  const auto file = CsvFile::Parse("t.csv", text, dialect);
  ASSERT_TRUE(file.ok()) << file.status();
  // A limit of the process is as good as a disk without room.
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setenv("TMPDIR", TestFolder().c_str(), 1), 0);
  const struct rlimit small = {100000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = file->Read({{{0}}}).status();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(status.message(),
            absl::StrCat("t.csv: a temporary file in ", TestFolder(), " (TMPDIR): File too large"));
  EXPECT_TRUE(file->Read({{{0}}}).ok());
  unsetenv("TMPDIR");
}

TEST(CsvTest, BrokenFilesAreRefused) {
  const auto message = [](const std::string& path) {
    return WithoutFolder(CsvFile::Open(path).status().message());
  };
  EXPECT_EQ(message(TestFile("never_written.csv")), "never_written.csv: No such file or directory");
  EXPECT_EQ(message(TestFolder()), TestFolder() + ": Is a directory");
  EXPECT_EQ(message("/dev/null"), "/dev/null: is not a regular file");
  const std::string packed = Gzip("a,b\n1,2\n");
  EXPECT_EQ(message(WriteTestFile("short.csv.gz", packed.substr(0, packed.size() - 5))),
            "short.csv.gz: the gzip data end too early");
  EXPECT_EQ(message(WriteTestFile("header.csv.gz", packed.substr(0, 2))),
            "header.csv.gz: the gzip data end too early");
  std::string flipped = packed;
  flipped[flipped.size() - 6] ^= 1;  // In the checksum.
  EXPECT_EQ(message(WriteTestFile("flipped.csv.gz", flipped)),
            "flipped.csv.gz: the gzip data are damaged (incorrect data check)");
  EXPECT_EQ(message(WriteTestFile("tail.csv.gz", packed + "tail")),
            "tail.csv.gz: the gzip data are damaged (incorrect header check)");
}

}  // namespace
}  // namespace gradus
