// IDX: every element type, and headers that lie.

#include "gradus/data/idx.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

TEST(IdxTest, ReadsBytesPlainAndGzip) {
  const std::string bytes = Idx(0x08, {2, 1, 3}, absl::string_view("\x00\x01\x02\xfd\xfe\xff", 6));
  for (const std::string& path :
       {WriteTestFile("plain.idx", bytes), WriteTestFile("packed.idx.gz", Gzip(bytes))}) {
    const auto tensor = ReadIdx(path);
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(tensor->dims(), (std::vector<int64_t>{2, 1, 3}));
    EXPECT_EQ(std::vector<uint8_t>(tensor->data<uint8_t>().begin(), tensor->data<uint8_t>().end()),
              (std::vector<uint8_t>{0, 1, 2, 253, 254, 255}));
  }
}

TEST(IdxTest, WholeNumbersOfAnySizeBecomeInt32) {
  const std::vector<std::string> files = {
      Idx(0x09, {3}, absl::string_view("\x01\xff\x80", 3)),
      Idx(0x0b, {3}, absl::string_view("\x00\x01\xff\xff\xff\x80", 6)),
      Idx(0x0c, {3}, BigEndian(1) + BigEndian(0xffffffff) + BigEndian(0xffffff80))};
  for (const std::string& bytes : files) {
    const auto tensor = ReadIdx(WriteTestFile("whole.idx", bytes));
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(std::vector<int32_t>(tensor->data<int32_t>().begin(), tensor->data<int32_t>().end()),
              (std::vector<int32_t>{1, -1, -128}));
  }
}

TEST(IdxTest, ReadsFloatsAndDoubles) {
  const auto floats = ReadIdx(
      WriteTestFile("floats.idx", Idx(0x0d, {2}, BigEndian(0x3f800000) + BigEndian(0xc0200000))));
  ASSERT_TRUE(floats.ok()) << floats.status();
  EXPECT_EQ(floats->data<float>()[0], 1.0f);
  EXPECT_EQ(floats->data<float>()[1], -2.5f);
  const auto doubles =
      ReadIdx(WriteTestFile("doubles.idx", Idx(0x0e, {1}, BigEndian(0x3ff80000) + BigEndian(1))));
  ASSERT_TRUE(doubles.ok()) << doubles.status();
  EXPECT_EQ(doubles->data<double>()[0], 1.5 + 0x1p-52);
}

TEST(IdxTest, NoExamplesIsAnEmptyTensor) {
  const auto tensor = ReadIdx(WriteTestFile("no_rows.idx", Idx(0x08, {0, 28, 28}, "")));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->dims(), (std::vector<int64_t>{0, 28, 28}));
}

struct Broken {
  std::string name;
  std::string bytes;
  std::string message;
};

TEST(IdxTest, BrokenFilesAreRefused) {
  const std::string good = Idx(0x08, {2, 3}, "abcdef");
  const std::string packed = Gzip(good);
  std::string damaged = packed;
  damaged[10] = '\x07';  // Block type 3, which there is not.
  const std::vector<Broken> cases = {
      {"empty.idx", "", "empty.idx: is not an IDX file: it has only 0 bytes"},
      {"three.idx", good.substr(0, 3), "three.idx: is not an IDX file: it has only 3 bytes"},
      {"png.idx", "\x89PNG\r\n", "png.idx: is not an IDX file: it begins with 89 50, not 00 00"},
      {"type.idx", Idx(0x0a, {1}, "a"),
       "type.idx: IDX type 0a is not one of 08, 09, 0b, 0c, 0d, 0e"},
      {"rank0.idx", Idx(0x08, {}, "a"), "rank0.idx: IDX rank 0 is not in 1 .. 8"},
      {"rank9.idx", Idx(0x08, {1, 1, 1, 1, 1, 1, 1, 1, 1}, "a"),
       "rank9.idx: IDX rank 9 is not in 1 .. 8"},
      {"header.idx", good.substr(0, 10),
       "header.idx: ends inside its header: rank 2 needs 12 bytes, 10 are there"},
      {"short.idx", good.substr(0, good.size() - 1),
       "short.idx: extents [2, 3] of 1-byte elements need 18 bytes, the file has 17"},
      {"long.idx", good + "x",
       "long.idx: extents [2, 3] of 1-byte elements need 18 bytes, the file has 19"},
      {"short.idx.gz", Gzip(good.substr(0, good.size() - 1)),
       "short.idx.gz: extents [2, 3] of 1-byte elements need 18 bytes, the unpacked file has 17"},
      {"long.idx.gz", Gzip(good + "xyz"),
       "long.idx.gz: extents [2, 3] of 1-byte elements need 18 bytes, the unpacked file has more"},
      {"large.idx", Idx(0x08, {0xffffffff, 0xffffffff, 0xffffffff}, ""),
       "large.idx: extents [4294967295, 4294967295, 4294967295] are too large"},
      {"promise.idx", Idx(0x0d, {0x10000000}, ""),
       "promise.idx: extents [268435456] of 4-byte elements need 1073741832 bytes, the file has 8"},
      {"bomb.idx.gz", Gzip(Idx(0x08, {0x7fffffff}, std::string(1000, 'x'))),
       "bomb.idx.gz: extents [2147483647] promise 2147483655 bytes, more than the 1073741824 that "
       "a compressed file of this size may unpack to"},
      {"cut.idx.gz", packed.substr(0, packed.size() - 9),
       "cut.idx.gz: the gzip data end too early"},
      {"damaged.idx.gz", damaged, "damaged.idx.gz: the gzip data are damaged (invalid block type)"},
  };
  for (const Broken& broken : cases) {
    EXPECT_EQ(WithoutFolder(ReadIdx(WriteTestFile(broken.name, broken.bytes)).status().message()),
              broken.message);
  }
  EXPECT_EQ(WithoutFolder(ReadIdx(TestFile("absent.idx")).status().message()),
            "absent.idx: No such file or directory");
}

}  // namespace
}  // namespace gradus
