// Event files as TensorBoard's own reader takes them.

#include "gradus/api/tensorboard_file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

TEST(Crc32c, IsThatOfRfc3720) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(""), 0u);
}

// The first record of every file that TensorFlow writes, but for its time, which is left out here.
TEST(EventRecord, IsThatOfTensorFlow) {
  tensorboard::Event event;
  event.set_file_version("brain.Event:2");
  const std::string bytes = event.SerializeAsString();
  EXPECT_EQ(bytes,
            "\x1a\x0d"
            "brain.Event:2");
  const std::string record = EventRecord(bytes);
  ASSERT_EQ(record.size(), bytes.size() + 16);
  EXPECT_EQ(record.substr(0, 8), std::string("\x0f\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, bytes.size()), bytes);
}

class TensorBoard : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }

  // An observer that has seen these epochs is closed.
  void Train(int64_t resumed_step, std::vector<int64_t> epochs) {
    absl::StatusOr<std::unique_ptr<TensorBoardFiles>> files =
        TensorBoardFiles::Open(folder_, resumed_step, "model {}\n");
    ASSERT_TRUE(files.ok()) << files.status();
    for (int64_t epoch : epochs) {
      ASSERT_TRUE((*files)->OnLine(LookingLine("train", epoch, 1.0 / epoch)).ok());
      ASSERT_TRUE((*files)->OnLine(LookingLine("validation", epoch, 2.0 / epoch)).ok());
    }
  }

  std::vector<std::string> Files(const std::string& split) const {
    std::vector<std::string> paths;
    const std::vector<std::string> names = *ListFolder(folder_ + "/" + split);
    for (const std::string& name : names) {
      paths.push_back(folder_ + "/" + split + "/" + name);
    }
    return paths;
  }

  // "tag step value" of every number.
  std::vector<std::string> Numbers(const std::string& split) const {
    std::vector<std::string> numbers;
    for (const std::string& path : Files(split)) {
      const std::vector<tensorboard::Event> events = *ReadEventFile(path);
      for (const tensorboard::Event& event : events) {
        for (const tensorboard::Summary::Value& value : event.summary().value()) {
          if (value.value_case() != tensorboard::Summary::Value::kSimpleValue) continue;
          numbers.push_back(
              absl::StrCat(value.tag(), " ", event.step(), " ", value.simple_value()));
        }
      }
    }
    return numbers;
  }

  const std::string folder_ = testing::TempDir() + "/tensorboard";
};

TEST_F(TensorBoard, HasAFileForEachSplit) {
  Train(0, {1, 2});
  EXPECT_EQ(Numbers("validation"), (std::vector<std::string>{"loss 10 2", "accuracy 10 0",
                                                             "loss 20 1", "accuracy 20 0.5"}));
  EXPECT_EQ(Numbers("train")[2], "learning_rate 10 0.1");
  const std::vector<tensorboard::Event> events = *ReadEventFile(Files("train")[0]);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_EQ(events[1].summary().value(0).tag(), "configuration");
  EXPECT_EQ(events[1].summary().value(0).tensor().string_val(0), "    model {}\n    ");
}

TEST_F(TensorBoard, AResumedRunHasNoStepTwice) {
  Train(0, {1, 2, 3});
  // The process was killed in the middle of a record.
  std::string bytes = *ReadFile(Files("validation")[0], 1 << 20);
  ASSERT_TRUE(WriteFile(Files("validation")[0], bytes.substr(0, bytes.size() - 5)).ok());
  Train(20, {3, 4});
  EXPECT_EQ(Numbers("validation"),
            (std::vector<std::string>{"loss 10 2", "accuracy 10 0", "loss 20 1", "accuracy 20 0.5",
                                      "loss 30 0.666667", "accuracy 30 0.666667", "loss 40 0.5",
                                      "accuracy 40 0.75"}));
  int configurations = 0;
  for (const std::string& path : Files("train")) {
    const std::vector<tensorboard::Event> events = *ReadEventFile(path);
    for (const tensorboard::Event& event : events) {
      configurations +=
          event.summary().value_size() > 0 && event.summary().value(0).tag() == "configuration";
    }
  }
  EXPECT_EQ(configurations, 1);
}

TEST_F(TensorBoard, ADamagedRecordEndsAFile) {
  Train(0, {1, 2});
  const std::string path = Files("validation")[0];
  const std::string bytes = *ReadFile(path, 1 << 20);
  const size_t whole = ReadEventFile(path)->size();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ASSERT_TRUE(WriteFile(path, damaged).ok());
    size_t read = 0;
    const absl::StatusOr<std::vector<tensorboard::Event>> events = ReadEventFile(path, &read);
    ASSERT_TRUE(events.ok());
    EXPECT_LT(events->size(), whole) << i;
    EXPECT_LE(read, i) << i;
  }
}

TEST_F(TensorBoard, ReadsThem) {
  if (std::system("python3 -c 'import tensorboard' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "TensorBoard is not installed";
  }
  Train(0, {1, 2});
  Train(10, {2, 3});
  const std::string script = absl::StrCat(
      "python3 -c \"from tensorboard.backend.event_processing.event_accumulator import "
      "EventAccumulator as E\na = E('",
      folder_,
      "/validation')\na.Reload()\nassert [(e.step, e.value) for e in a.Scalars('loss')] == [(10, "
      "2.0), (20, 1.0), (30, 0.6666666865348816)]\" >/dev/null 2>&1");
  EXPECT_EQ(std::system(script.c_str()), 0);
}

}  // namespace
}  // namespace gradus
