// Whole files: limits, atomic replacement, errors that name path and reason.

#include "gradus/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "gradus/base/status.h"

namespace gradus {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = absl::StrCat(testing::TempDir(), "/file_test_", getpid(), "_", test->name());
    ASSERT_TRUE(MakeFolders(folder_).ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  std::string path(absl::string_view name) const { return JoinPath(folder_, name); }

  std::string folder_;
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(WriteFile(path("f"), bytes).ok());
  EXPECT_EQ(*ReadFile(path("f"), 100), bytes);
  ASSERT_TRUE(WriteFile(path("f"), {absl::string_view("x"), absl::string_view("yz")}).ok());
  EXPECT_EQ(*ReadFile(path("f"), 100), "xyz");
  ASSERT_TRUE(WriteFile(path("f"), "").ok());
  EXPECT_EQ(*ReadFile(path("f"), 100), "");
}

TEST_F(FileTest, AFileAtTheLimitIsReadAndOneAboveItIsRefused) {
  ASSERT_TRUE(WriteFile(path("f"), "12345").ok());
  EXPECT_EQ(*ReadFile(path("f"), 5), "12345");
  EXPECT_EQ(ReadFile(path("f"), 4).status().message(), path("f") + " is larger than 4 bytes");
}

TEST_F(FileTest, WhatIsNotARegularFileIsRefusedAtOnce) {
  EXPECT_EQ(ReadFile("/dev/zero", int64_t{1} << 40).status().message(),
            "/dev/zero is not a regular file");
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(path("pipe"), 100).status().message(),
            path("pipe") + " is not a regular file");
  EXPECT_EQ(ReadFileOrPipe("/dev/zero", 100).status().message(),
            "/dev/zero is not a regular file or a pipe");
}

TEST_F(FileTest, APipeIsReadToItsEndWhereOneIsAllowed) {
  const std::string bytes(300000, 'x');  // More than a pipe holds: the writer has to wait.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    EXPECT_EQ(write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    close(ends[1]);
  });
  const std::string path_of_pipe = absl::StrCat("/dev/fd/", ends[0]);
  const auto read = ReadFileOrPipe(path_of_pipe, 1 << 20);
  writer.join();
  EXPECT_EQ(*read, bytes);
  EXPECT_EQ(*ReadFileOrPipe(path_of_pipe, 100), "");  // Its writer is gone.
  close(ends[0]);

  ASSERT_TRUE(WriteFile(path("f"), "xyz").ok());
  EXPECT_EQ(*ReadFileOrPipe(path("f"), 3), "xyz");
  EXPECT_FALSE(ReadFileOrPipe(path("f"), 2).ok());
}

TEST_F(FileTest, ANamedPipeWithoutAWriterIsRefused) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReadFileOrPipe(pipe, 100).status().message(),
            "cannot read " + pipe + ": nothing writes to it");
  const int writer = open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  ASSERT_EQ(write(writer, "12345", 5), 5);
  EXPECT_EQ(ReadFileOrPipe(pipe, 4).status().message(), pipe + " is larger than 4 bytes");
  close(writer);
}

TEST_F(FileTest, ErrorsNameThePathAndTheReason) {
  const absl::Status missing = ReadFile(path("none"), 1).status();
  EXPECT_EQ(missing.message(), "cannot open " + path("none") + ": No such file or directory");
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_EQ(ReadFile(folder_, 1).status().message(), "cannot read " + folder_ + ": Is a directory");
  ASSERT_TRUE(WriteFile(path("f"), "x").ok());
  EXPECT_EQ(MakeFolders(path("f/g")).message(),
            "cannot make folder " + path("f/g") + ": Not a directory");
  EXPECT_EQ(ListFolder(path("none")).status().message(),
            "cannot list " + path("none") + ": No such file or directory");
}

TEST_F(FileTest, AnErrorLeavesTheOldFileAndNothingBeside) {
  EXPECT_FALSE(WriteFile(path("none/f"), "x").ok());
  ASSERT_TRUE(MakeFolders(path("occupied/by")).ok());
  // A file cannot take the place of a folder: the rename fails after the bytes are written.
  EXPECT_EQ(WriteFile(path("occupied"), "x").message(),
            "cannot rename to " + path("occupied") + ": Is a directory");
  EXPECT_EQ(*ListFolder(folder_), std::vector<std::string>{"occupied"});
}

TEST_F(FileTest, ABrokenWriteLeavesTheOldFile) {
  ASSERT_TRUE(WriteFile(path("f"), "old").ok());
  // A limit on the size of files makes write() fail in the middle, as a full disk does.
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit = {1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = WriteFile(path("f"), std::string(5000, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(*ReadFile(path("f"), 100), "old");
  EXPECT_EQ(*ListFolder(folder_), std::vector<std::string>{"f"});
}

TEST_F(FileTest, ADeviceAndAPipeStayWhatTheyAre) {
  struct stat info;
  // A link to a device, so that a wrong rename would hurt nobody but the link.
  ASSERT_EQ(symlink("/dev/full", path("full").c_str()), 0);
  EXPECT_EQ(WriteFile(path("full"), "x").code(), absl::StatusCode::kResourceExhausted);
  ASSERT_EQ(lstat(path("full").c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));

  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(WriteFile(path("pipe"), "nobody reads").ok());
  // More than a pipe holds, so that the writer has to wait for the reader.
  const std::string bytes(1 << 20, 'b');
  const int fd = open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(fd, 0);
  std::thread writer([&] { EXPECT_TRUE(WriteFile(path("pipe"), bytes).ok()); });
  std::string read_bytes;
  while (read_bytes.size() < bytes.size()) {
    char buffer[4096];
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count > 0) read_bytes.append(buffer, static_cast<size_t>(count));
  }
  writer.join();
  close(fd);
  EXPECT_EQ(read_bytes, bytes);
  ASSERT_EQ(lstat(path("pipe").c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
}

TEST_F(FileTest, ALinkStaysAndItsFileIsReplaced) {
  ASSERT_TRUE(WriteFile(path("f"), "old").ok());
  ASSERT_EQ(symlink("f", path("link").c_str()), 0);
  ASSERT_TRUE(WriteFile(path("link"), "new").ok());
  EXPECT_EQ(*ReadFile(path("f"), 100), "new");
  struct stat info;
  ASSERT_EQ(lstat(path("link").c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
}

TEST_F(FileTest, FoldersAreMadeListedAndRemovedWithWhatIsInThem) {
  ASSERT_TRUE(MakeFolders(path("a/b/c")).ok());
  ASSERT_TRUE(MakeFolders(path("a/b/c")).ok());
  ASSERT_TRUE(WriteFile(path("a/z"), "1").ok());
  EXPECT_EQ(*ListFolder(path("a")), (std::vector<std::string>{"b", "z"}));
  EXPECT_TRUE(FsyncFolder(path("a")).ok());
  EXPECT_TRUE(Exists(path("a/z")));
  ASSERT_TRUE(RemoveTree(path("a")).ok());
  EXPECT_FALSE(Exists(path("a")));
  EXPECT_TRUE(RemoveTree(path("a")).ok());
}

TEST_F(FileTest, RenameReplacesAFile) {
  ASSERT_TRUE(WriteFile(path("a"), "1").ok());
  ASSERT_TRUE(WriteFile(path("b"), "2").ok());
  ASSERT_TRUE(Rename(path("a"), path("b")).ok());
  EXPECT_EQ(*ReadFile(path("b"), 10), "1");
  EXPECT_FALSE(Exists(path("a")));
}

TEST(PathTest, JoinsAndSplits) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(FolderOf("a/b"), "a");
  EXPECT_EQ(FolderOf("b"), ".");
  EXPECT_EQ(FolderOf("/b"), "/");
}

}  // namespace
}  // namespace gradus
