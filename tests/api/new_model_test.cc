// The run file of a table says what was found in it, and what its reader may want to change.

#include "gradus/api/new_model.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/run_file.h"
#include "tests/api/table_testing.h"

namespace gradus {
namespace {

NewModelOptions Of(const std::string& csv, const std::string& target, Task task = Task::kGuess) {
  NewModelOptions options;
  options.csv = csv;
  options.target = target;
  options.task = task;
  options.out = testing::TempDir() + "/model.pbtxt";
  return options;
}

std::string TextFor(const NewModelOptions& options) {
  const auto model = MakeNewModel(options);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? model->text : "";
}

// What the language says of the text, data and all rules of fields.
RunConfig Parsed(const std::string& text) {
  auto file = RunFile::Parse(text, "written", {}, testing::TempDir());
  EXPECT_TRUE(file.ok()) << file.status() << text;
  if (!file.ok()) return RunConfig();
  EXPECT_TRUE(file->diagnostics().ok()) << file->diagnostics().ToStatus() << text;
  return file->config();
}

std::string ErrorOf(const NewModelOptions& options) {
  const auto model = MakeNewModel(options);
  EXPECT_FALSE(model.ok());
  return std::string(model.status().message());
}

TEST(NewModel, OfFlowersIsAClassifierWithNamedClasses) {
  const std::string csv = WriteTable("flowers.csv", FlowersTable());
  const std::string text = TextFor(Of(csv, "kind"));
  EXPECT_TRUE(absl::StartsWith(
      text,
      "# \"kind\" from the other columns of flowers.csv (90 rows): classification, 3 classes.\n"
      "# The target has 3 different texts.\n"))
      << text;
  EXPECT_TRUE(
      absl::StrContains(text, "# Rows of each class: setosa 30, versicolor 30, virginica 30."));
  const RunConfig config = Parsed(text);
  EXPECT_EQ(config.model().name(), "model");  // As the file that is written.
  const CsvSource& table = config.data().train().csv();
  EXPECT_EQ(table.path(), "flowers.csv");
  EXPECT_EQ(table.separator(), ";");
  EXPECT_TRUE(table.header());
  ASSERT_EQ(table.field_size(), 2);
  const Categories& classes = table.field(1).columns(0).categories();
  EXPECT_EQ(std::vector<std::string>(classes.value().begin(), classes.value().end()),
            (std::vector<std::string>{"setosa", "versicolor", "virginica"}));
  EXPECT_EQ(config.model().layer(config.model().layer_size() - 1).dense().units(), 3);
  EXPECT_TRUE(config.model().loss(0).sparse_categorical_crossentropy().from_logits());
  EXPECT_EQ(config.data().validation().fraction(), 0.2);
  EXPECT_EQ(config.data().test_fraction(), 0.2);
  EXPECT_EQ(config.run().checkpoint().best().metric(), "validation/loss");
  EXPECT_FALSE(config.run().has_early_stopping());
  EXPECT_TRUE(absl::StrContains(text, "# early_stopping { monitor: \"validation/loss\""));
}

TEST(NewModel, OfHousesTreatsEachColumnAsWhatItIs) {
  const std::string csv = WriteTable("houses.csv", HousesTable());
  const std::string text = TextFor(Of(csv, "price"));
  for (const char* line :
       {"#   \"id\": it only counts the rows\n", "#   \"currency\": always \"EUR\"\n",
        "#   \"listed\": dates; numbers made of them, such as month and day of the week, could be "
        "learned from\n",
        "#   \"remarks\": a text of its own in each row\n",
        "columns { name: [\"area\", \"built\"] standardise: true impute: MEDIAN }\n",
        "columns { name: \"rooms\" standardise: true }\n",
        "columns { name: \"income\" log1p: true standardise: true }\n",
        "columns { name: \"city\" categories { unseen: OTHER } impute: MOST_FREQUENT }\n",
        "missing: [\"NA\", \"N/A\", \"NaN\", \"nan\", \"NULL\", \"null\", \"?\"]\n",
        "Only a few different whole numbers: \"rooms\".",
        "input { name: \"street_index\" type: INT32 }\n",
        "columns { name: \"price\" standardise: true }\n"}) {
    EXPECT_TRUE(absl::StrContains(text, line)) << line << "\n" << text;
  }
  const RunConfig config = Parsed(text);
  EXPECT_TRUE(config.model().loss(0).has_mean_squared_error());
  const LayerConfig& vectors = config.model().layer(0);
  EXPECT_EQ(vectors.input(0), "street_index");
  EXPECT_EQ(vectors.embedding().input_dim(), 41);  // 40 streets and all others.
  EXPECT_EQ(config.model().layer(1).name(), "inputs");
}

TEST(NewModel, ZerosAndOnesAreYesAndNo) {
  std::string text = "x,y\n";
  for (int i = 0; i < 40; ++i) absl::StrAppend(&text, i, ".5,", i % 4 == 0, "\n");
  const std::string csv = WriteTable("yes_no.csv", text);
  const std::string written = TextFor(Of(csv, "y"));
  const RunConfig config = Parsed(written);
  EXPECT_TRUE(config.model().loss(0).binary_crossentropy().from_logits());
  EXPECT_EQ(config.model().metric(0).binary_accuracy().threshold(), 0);
  EXPECT_TRUE(config.model().metric(1).has_auc());
  // The only column is one number, which a layer needs an axis for.
  EXPECT_EQ(config.model().input(0).shape_size(), 1);
  EXPECT_TRUE(absl::StrContains(written, "# class_weight { balanced: true }"));
  EXPECT_TRUE(
      Parsed(TextFor(Of(csv, "y", Task::kRegression))).model().loss(0).has_mean_squared_error());
}

TEST(NewModel, WholeNumbersAreClassesWhenTheyAreFewAndComeAgain) {
  std::string text = "x,digit,count,code\n";
  for (int i = 0; i < 200; ++i) {
    absl::StrAppend(&text, Scatter(i, 1), ",", i % 10, ",", i % 67, ",", 10 + 5 * (i % 3), "\n");
  }
  const std::string csv = WriteTable("whole.csv", text);
  const RunConfig digit = Parsed(TextFor(Of(csv, "digit")));
  EXPECT_EQ(digit.model().input(1).type(), INT32);
  EXPECT_EQ(digit.data().train().csv().field(1).column(0), "digit");
  EXPECT_TRUE(Parsed(TextFor(Of(csv, "count"))).model().loss(0).has_mean_squared_error());
  const std::string count = TextFor(Of(csv, "count"));
  EXPECT_TRUE(
      absl::StrContains(count, "The target has 67 different whole numbers in 200 rows; `--task"))
      << count;
  // Classes that are not 0, 1, ... have names.
  const RunConfig code = Parsed(TextFor(Of(csv, "code")));
  const auto& names = code.data().train().csv().field(1).columns(0).categories().value();
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.end()),
            (std::vector<std::string>{"10", "15", "20"}));
}

TEST(NewModel, AColumnMayBeCalledAnything) {
  std::string text = "output,features,\"a \"\"b\"\"\nc\",hidden_1\n";
  for (int i = 0; i < 30; ++i) {
    absl::StrAppend(&text, Scatter(i, 1), ",", Scatter(i, 2), ",text ", i % 3, ",", Scatter(i, 3),
                    "\n");
  }
  const std::string csv = WriteTable("odd names.csv", text);
  for (const char* target : {"output", "features", "a \"b\"\nc", "hidden_1"}) {
    NewModelOptions options = Of(csv, target);
    options.out = testing::TempDir() + "/odd names.pbtxt";
    EXPECT_EQ(Parsed(TextFor(options)).model().name(), "odd_names");
  }
}

TEST(NewModel, ATestTableIsForeseen) {
  const std::string csv = WriteTable("train.csv", FlowersTable());
  const std::string test = WriteTable(
      "test.csv", absl::StrReplaceAll(FlowersTable(30), {{"setosa", "iris"}, {"1.5", ""}}));
  NewModelOptions options = Of(csv, "kind");
  options.test = test;
  const RunConfig config = Parsed(TextFor(options));
  EXPECT_EQ(config.data().test().csv().path(), "test.csv");
  EXPECT_EQ(config.data().test().csv().separator(), ";");
  EXPECT_FALSE(config.data().has_test_fraction());
  EXPECT_EQ(config.data().train().csv().field(1).columns(0).categories().value(0), "iris");
  const auto model = MakeNewModel(options);
  const std::string untrained = "class of the test table has no row to train on: \"iris\"";
  ASSERT_FALSE(model->notes.empty());
  EXPECT_EQ(model->notes.back(), "a " + untrained);
  EXPECT_TRUE(absl::StrContains(model->text, "# A " + untrained + ".\n")) << model->text;
  EXPECT_FALSE(absl::StrContains(model->text, "balanced")) << model->text;
  options.test = WriteTable("other.csv", "petal length;kind\n1;setosa\n");
  EXPECT_EQ(ErrorOf(options), options.test +
                                  ": there is no column \"petal width\"; its columns are "
                                  "\"petal length\", \"kind\"");
}

TEST(NewModel, PathsLeadFromTheFolderOfTheFile) {
  NewModelOptions options;
  options.csv = "examples/data/diabetes.csv";
  options.target = "progression";
  EXPECT_EQ(Parsed(TextFor(options)).data().train().csv().path(), "examples/data/diabetes.csv");
  options.out = "examples/diabetes_2.pbtxt";
  EXPECT_TRUE(absl::StrContains(TextFor(options), "path: \"data/diabetes.csv\"\n"));
  options.out = "runs/here/diabetes.pbtxt";
  EXPECT_TRUE(absl::StrContains(TextFor(options), "path: \"../../examples/data/diabetes.csv\"\n"));
}

TEST(NewModel, IsCalledLikeItsFileOrElseLikeTheTable) {
  NewModelOptions options;
  options.csv = "examples/data/diabetes.csv";
  options.target = "progression";
  EXPECT_TRUE(absl::StrContains(TextFor(options), "name: \"diabetes\"\n"));
  options.out = "examples/second try.pbtxt";
  EXPECT_TRUE(absl::StrContains(TextFor(options), "name: \"second_try\"\n"));
}

TEST(NewModel, PathsLeadOutOfWhatALinkLeadsTo) {
  const std::string folder = testing::TempDir() + "/linked";
  ASSERT_TRUE(RemoveTree(folder).ok());
  ASSERT_TRUE(MakeFolders(folder + "/far/away").ok());
  ASSERT_EQ(symlink("far/away", (folder + "/near").c_str()), 0);
  const std::string here = std::filesystem::current_path().string();
  ASSERT_TRUE(WriteFile(folder + "/flowers.csv", FlowersTable()).ok());
  ASSERT_EQ(chdir(folder.c_str()), 0);
  NewModelOptions options;
  options.csv = "flowers.csv";
  options.target = "kind";
  options.out = "near/model.pbtxt";
  const std::string text = TextFor(options);
  ASSERT_EQ(chdir(here.c_str()), 0);
  EXPECT_TRUE(absl::StrContains(text, "path: \"../../flowers.csv\"\n")) << text;
}

TEST(NewModel, LargerTablesGetLargerNetworksAndBatches) {
  ModelSize before = SizeFor(50);
  EXPECT_GT(before.dropout, 0);
  for (const int64_t n : {1000, 10000, 100000, 1000000}) {
    const ModelSize size = SizeFor(n);
    EXPECT_GE(size.units[0], before.units[0]) << n;
    EXPECT_GT(size.batch_size, before.batch_size) << n;
    EXPECT_LT(size.epochs, before.epochs) << n;
    EXPECT_LE(size.dropout, before.dropout) << n;
    EXPECT_LE(size.held_out, before.held_out) << n;
    before = size;
  }
}

TEST(NewModel, NothingIsOverwritten) {
  const std::string path = WriteTable("taken.pbtxt", "mine");
  NewModel model;
  model.text = "other";
  EXPECT_EQ(WriteNewModel(model, path).message(),
            path + " is there already, and nothing is overwritten");
}

TEST(NewModelRefuses, TargetsThatNothingCanBeLearnedOf) {
  const std::string flowers = WriteTable("flowers.csv", FlowersTable());
  EXPECT_EQ(ErrorOf(Of(flowers, "kin")),
            flowers + ": there is no column \"kin\"; did you mean \"kind\"?");
  EXPECT_EQ(
      ErrorOf(Of(flowers, "price")),
      flowers +
          ": there is no column \"price\"; its columns are \"petal length\", \"petal width\", "
          "\"kind\"");
  EXPECT_EQ(
      ErrorOf(Of(flowers, "kind", Task::kRegression)),
      flowers +
          ": target \"kind\" has the text \"setosa\" in line 2, and regression is of numbers");
  std::string text = "x,same,gone,gap,name\n";
  for (int i = 0; i < 30; ++i) {
    absl::StrAppend(&text, Scatter(i, 1), ",7,,1", i % 2, ",name ", i, "\n");
  }
  const std::string csv = WriteTable("targets.csv", text);
  EXPECT_EQ(ErrorOf(Of(csv, "same")),
            csv + ": target \"same\" is \"7\" in every row; there is nothing to learn");
  EXPECT_EQ(ErrorOf(Of(csv, "gone")), csv + ": target \"gone\" is missing in every row");
  EXPECT_EQ(ErrorOf(Of(csv, "name")),
            csv + ": target \"name\" has 30 different texts in 30 rows; classes come again");
  EXPECT_EQ(ErrorOf(Of(csv, "x", Task::kClassification)),
            csv + ": target \"x\" has 30 different numbers in 30 rows; classes come again");
  std::string commas = "x;price\n";
  for (int i = 0; i < 30; ++i) absl::StrAppend(&commas, i, ";", i, ",5\n");
  const std::string euros = WriteTable("commas.csv", commas);
  EXPECT_EQ(
      ErrorOf(Of(euros, "price")),
      euros +
          ": target \"price\" has numbers with decimal commas, such as \"0,5\", which have to "
          "become points first; sed 's/,/./g' does it, in texts, too (line 2)");
  const std::string gaps =
      WriteTable("gaps.csv", absl::StrReplaceAll(text, {{",7,,11,", ",7,,NA,"}}));
  EXPECT_EQ(
      ErrorOf(Of(gaps, "gap")),
      gaps +
          ": target \"gap\" is missing in 15 rows, the first in line 3; take out what nothing "
          "can be learned from");
}

TEST(NewModelRefuses, RowsThatSpreadsheetsWriteBelowATable) {
  std::string text = "a,b,y\n";
  for (int i = 0; i < 30; ++i) absl::StrAppend(&text, Scatter(i, 1), ",x,", i % 2, "\n");
  const std::string csv = WriteTable("below.csv", text + ",,\n,,\n");
  EXPECT_EQ(
      ErrorOf(Of(csv, "y")),
      csv +
          ": target \"y\" is missing in 2 rows, the first in line 32; take out what nothing "
          "can be learned from (rows of nothing but separators, as spreadsheets write below a "
          "table)");
}

TEST(NewModelRefuses, TextThatIsNotUtf8) {
  std::string text =
      "name;gr\xf6\xdf"
      "e;y\n";
  for (int i = 0; i < 30; ++i) absl::StrAppend(&text, "n;", Scatter(i, 1), ";", i % 2, "\n");
  const std::string csv = WriteTable("latin1.csv", text);
  EXPECT_EQ(ErrorOf(Of(csv, "y")),
            csv +
                ":1:1: the line is not UTF-8, as names and categories are saved; save the file as "
                "UTF-8 (iconv -f WINDOWS-1252 -t UTF-8 does it for what western European "
                "spreadsheets write)");
}

TEST(NewModel, SaysWhatNumbersAreWrittenLikeAndWhatIsRare) {
  std::string text = "\nzip, rent,people,share,sum,x,y\n\n";
  const char* const zips[] = {"01067", "10115", "80331"};
  for (int i = 0; i < 60; ++i) {
    const int people = 12345 + 1000 * i;
    absl::StrAppend(&text, zips[i % 3], ",\"", 100 + i, ",50\",\"", people / 1000, ",", 100 + i % 7,
                    "\",", i % 40, "%,\"$", people / 1000, ",500.25\", ", Scatter(i, 1), " , ",
                    i % 10 == 0 ? 1 : 0, "\n");
  }
  const auto model = MakeNewModel(Of(WriteTable("written.csv", text + "\n\n"), "y"));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->notes,
            (std::vector<std::string>{
                "left out: \" rent\", its numbers have decimal commas, such as \"100,50\", which "
                "have to become points first",
                "left out: \"people\", its numbers have commas, such as \"12,100\", which have to "
                "go if they separate thousands, and to become points if decimals follow them",
                "left out: \"share\", its numbers have units beside them, such as \"0%\", and only "
                "the number itself can be read",
                "left out: \"sum\", its numbers have units beside them, such as \"$12,500.25\", "
                "and only the number itself can be read",
                "always answering \"0\" has an accuracy of 0.900: classes are of unequal size"}));
  for (const char* part : {"# \"zip\": codes, as there are zeros before them: 3 different ones",
                           "columns { name: \"zip\" categories { unseen: OTHER } }",
                           "columns { name: \"x\" standardise: true }", "binary_crossentropy",
                           "class_weight { balanced: true }"}) {
    EXPECT_TRUE(absl::StrContains(model->text, part)) << part << "\n" << model->text;
  }
}

TEST(NewModel, UnitsInLettersAndApostrophesAreShownAsTheyStand) {
  std::string text = "mass,sum,x,y\n";
  for (int i = 0; i < 60; ++i) {
    absl::StrAppend(&text, i + 5, " kg,", 297 + i, "'955,", Scatter(i, 1), ",", i % 2 == 0 ? 1 : 2,
                    i % 4 < 2 ? "\n" : " \n");
  }
  const auto model = MakeNewModel(Of(WriteTable("letters.csv", text), "y"));
  ASSERT_TRUE(model.ok()) << model.status();
  const std::vector<std::string> notes = {
      "left out: \"mass\", its numbers have units beside them, such as \"5 kg\", and only the "
      "number "
      "itself can be read",
      "left out: \"sum\", its numbers have separators of thousands, such as \"297'955\", which "
      "have "
      "to go first"};
  EXPECT_EQ(model->notes, notes);
  for (const char* part : {"such as \"297'955\",", "such as \"5 kg\",", "2 classes",
                           "only 2 different numbers", "value: [\"1\", \"2\"]"}) {
    EXPECT_TRUE(absl::StrContains(model->text, part)) << part << "\n" << model->text;
  }
}

TEST(NewModelRefuses, TablesThatNothingCanBeLearnedFrom) {
  const std::string few = WriteTable("few.csv", "x,y\n1,2\n2,3\n3,4\n");
  EXPECT_EQ(ErrorOf(Of(few, "y")),
            few + ": 3 rows are too few to train, validate and test with; 10 are the least");
  std::string text = "a,b,y\n";
  for (int i = 0; i < 30; ++i) absl::StrAppend(&text, ",x,", i % 2, "\n");
  const std::string bare = WriteTable("bare.csv", text);
  EXPECT_EQ(ErrorOf(Of(bare, "y")), bare +
                                        ": no column is left to learn \"y\" from\n"
                                        "  \"a\": all cells are missing\n"
                                        "  \"b\": always \"x\"");
  const std::string one = WriteTable("one.csv", "a b y\n1 2 3\n4 5 6\n");
  EXPECT_EQ(ErrorOf(Of(one, "y")),
            one +
                ": there is no column \"y\"; all there is is \"a b y\", and --separator says what "
                "stands between columns");
  const std::string plain = WriteTable("plain.csv", "1,2\n3,4\n5,6\n");
  EXPECT_EQ(ErrorOf(Of(plain, "y")),
            plain +
                ": there is no column \"y\"; the first row has numbers where the rows below have "
                "numbers, so columns are called 1 to 2");
}

}  // namespace
}  // namespace gradus
