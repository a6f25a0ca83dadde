// Weight files: every broken one by its message, round trips to the bit.

#include "gradus/train/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

std::string File(absl::string_view header, absl::string_view data = "") {
  const uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(&bytes[0], &length, 8);
  return absl::StrCat(bytes, header, data);
}

std::string Entry(absl::string_view name, absl::string_view type, absl::string_view shape,
                  absl::string_view offsets) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"", type, "\",\"shape\":[", shape,
                      "],\"data_offsets\":[", offsets, "]}");
}

std::string MessageOf(absl::string_view bytes) {
  const absl::StatusOr<SafetensorsFile> file = ParseSafetensors(bytes, "w.safetensors");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(file.status().message());
}

TEST(SafetensorsTest, EveryBrokenFileHasItsMessage) {
  const std::string four(4, '\0'), eight(8, '\0');
  const struct {
    std::string bytes, message;
  } cases[] = {
      {"", "shorter than the 8 bytes of its header's length"},
      {"1234567", "shorter than the 8 bytes of its header's length"},
      {std::string(8, '\xff'),
       "header of 18446744073709551615 bytes is over the limit of 100000000"},
      {std::string("\x05\0\0\0\0\0\0\0{}", 10), "header of 5 bytes passes the file's end"},
      {File(""), "header, byte 0: \"{\" expected, its end found"},
      {File("[]"), "header, byte 0: \"{\" expected, \"[\" found"},
      {File("{"), "header, byte 1: a string expected, its end found"},
      {File("{'a':1}"), "header, byte 1: a string expected, \"\\'\" found"},
      {File("{} x"), "header, byte 3: text behind the object"},
      {File("{\"a"), "header, byte 3: a string has no end"},
      {File("{\"a\n\":1}"), "header, byte 4: a control character in a string"},
      {File("{\"\xff\":1}"), "header, byte 4: a string is not UTF-8"},
      {File("{\"\\x\":1}"), "header, byte 4: an unknown escape in a string"},
      {File("{\"\\u12g4\":1}"), "header, byte 6: \\u needs four hexadecimal digits"},
      {File("{\"\\ud800x\":1}"), "header, byte 8: half of a surrogate pair in a string"},
      {File("{\"\\udc00\":1}"), "header, byte 8: half of a surrogate pair in a string"},
      {File("{\"a\" 1}"), "header, byte 5: \":\" expected, \"1\" found"},
      {File("{\"a\":1}"), "header, byte 5: \"{\" expected, \"1\" found"},
      {File("{" + Entry("a", "F32", "1", "0,4") + ",}", four),
       "header, byte 54: a string expected, \"}\" found"},
      {File("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"),
       "header, byte 27: \"dtype\" stands twice"},
      {File("{" + Entry("a", "F32", "1", "0,4") + "," + Entry("a", "F32", "1", "4,8") + "}", eight),
       "header, byte 57: \"a\" stands twice"},
      {File("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"), "header, byte 28: \"k\" stands twice"},
      {File("{\"__metadata__\":{\"k\":1}}"), "header, byte 21: a string expected, \"1\" found"},
      {File("{\"a\":{\"type\":\"F32\"}}"),
       "header, byte 13: \"type\" is not one of dtype, shape, data_offsets"},
      {File("{\"a\":{}}"), "header, byte 7: tensor \"a\" has no dtype"},
      {File("{\"a\":{\"dtype\":\"F32\"}}"), "header, byte 20: tensor \"a\" has no shape"},
      {File("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}"),
       "header, byte 31: tensor \"a\" has no data_offsets"},
      {File("{" + Entry("a", "F32", "-1", "0,4") + "}", four),
       "header, byte 29: a whole number expected, \"-\" found"},
      {File("{" + Entry("a", "F32", "1.0", "0,4") + "}", four),
       "header, byte 30: a number is not whole"},
      {File("{" + Entry("a", "F32", "1e0", "0,4") + "}", four),
       "header, byte 30: a number is not whole"},
      {File("{" + Entry("a", "F32", "01", "0,4") + "}", four),
       "header, byte 31: a number begins with 0"},
      {File("{" + Entry("a", "F32", "9223372036854775808", "0,4") + "}", four),
       "header, byte 47: a number is too large"},
      {File("{" + Entry("a", "F32", "[1]", "0,4") + "}", four),
       "header, byte 29: a whole number expected, \"[\" found"},
      {File("{" + Entry("a", "F32", "1", "4") + "}", four),
       "header, byte 50: data_offsets is not [begin, end] with begin <= end"},
      {File("{" + Entry("a", "F32", "1", "4,0") + "}", four),
       "header, byte 52: data_offsets is not [begin, end] with begin <= end"},
      {File("{" + Entry("a", "F32", "1", "0,4") + "}"),
       "tensor \"a\" ends at byte 4 of 0 bytes of data"},
      {File("{" + Entry("a", "F32", "1", "0,4") + "}", eight),
       "4 bytes at the end belong to no tensor"},
      {File("{}", four), "4 bytes at the end belong to no tensor"},
      {File("{" + Entry("a", "F32", "1", "4,8") + "}", eight),
       "tensor \"a\" begins at byte 4 of the data, the one before it ends at 0"},
      {File("{" + Entry("a", "F32", "1", "0,4") + "," + Entry("b", "F32", "1", "2,6") + "}", eight),
       "tensor \"b\" begins at byte 2 of the data, the one before it ends at 4"},
      {File("{" + Entry("a", "F32", "1", "0,4") + "," + Entry("b", "F32", "1", "0,4") + "}", four),
       "tensor \"b\" begins at byte 0 of the data, the one before it ends at 4"},
      {File("{" + Entry("a", "F32", "3", "0,8") + "}", eight),
       "tensor \"a\": shape [3] of F32 takes 12 bytes, data_offsets give 8"},
      {File("{" + Entry("a", "F32", "0,5", "0,4") + "}", four),
       "tensor \"a\": shape [0, 5] of F32 takes 0 bytes, data_offsets give 4"},
      {File("{" + Entry("a", "F32", "4294967296,4294967296", "0,0") + "}"),
       "tensor \"a\": a tensor of shape [4294967296, 4294967296] has more than 2^48 elements"},
      {File("{" + Entry("a", "F8_E5M2", "4", "0,4") + "}", four),
       "tensor \"a\": type F8_E5M2 is not one of F32, F64, F16, BF16, I32, I64, U8"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(MessageOf(c.bytes), "w.safetensors: " + c.message) << c.bytes.substr(8);
  }
}

TEST(SafetensorsTest, NestingCannotExhaustTheStack) {
  EXPECT_EQ(MessageOf(File("{\"a\":" + std::string(1 << 20, '{'))),
            "w.safetensors: header, byte 6: a string expected, \"{\" found");
  EXPECT_EQ(MessageOf(File("{\"a\":{\"shape\":" + std::string(1 << 20, '['))),
            "w.safetensors: header, byte 15: a whole number expected, \"[\" found");
}

TEST(SafetensorsTest, EveryTruncationOfAFileIsRefused) {
  SafetensorsFile file;
  file.tensors.push_back({"a", Tensor::Of<float>({3}, {1, 2, 3})});
  const std::string whole = *SerializeSafetensors(file);
  ASSERT_TRUE(ParseSafetensors(whole, "w").ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseSafetensors(whole.substr(0, size), "w").ok()) << size;
  }
}

TEST(SafetensorsTest, WhiteSpaceEscapesAndPairsAreRead) {
  const absl::StatusOr<SafetensorsFile> file = ParseSafetensors(
      File(" { \"\\u00e4\\ud83d\\ude00\\n\\/\" : { \"shape\" : [ ] , \"data_offsets\":\t[ 0 , 1 ]"
           ",\r\n\"dtype\":\"U8\"} }  ",
           "\x07"),
      "w");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->tensors.size(), 1u);
  EXPECT_EQ(file->tensors[0].name, "\xc3\xa4\xf0\x9f\x98\x80\n/");
  EXPECT_EQ(file->tensors[0].tensor.data<uint8_t>()[0], 7);
}

TEST(SafetensorsTest, RoundTripKeepsNamesTypesShapesBitsAndMetadata) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  SafetensorsFile file;
  file.metadata = {{"format", "gradus"}, {"quote\"\\\n", "\x01"}};
  file.tensors.push_back({"z/kernel", Tensor::Of<float>({2, 2}, {1, -0.0f, nan, 1e-45f})});
  file.tensors.push_back({"a\"b", Tensor::Of<double>({1}, {0.1})});
  file.tensors.push_back({"i", Tensor::Of<int32_t>({2}, {-1, 5})});
  file.tensors.push_back({"l", Tensor::Of<int64_t>({}, {int64_t{1} << 62})});
  file.tensors.push_back({"empty", Tensor::Of<float>({0, 4}, {})});
  file.tensors.push_back({"u", Tensor::Of<uint8_t>({3}, {0, 127, 255})});
  const absl::StatusOr<std::string> bytes = SerializeSafetensors(file);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const absl::StatusOr<SafetensorsFile> again = ParseSafetensors(*bytes, "w");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->metadata, file.metadata);
  ASSERT_EQ(again->tensors.size(), file.tensors.size());
  for (const NamedTensor& named : file.tensors) {
    const Tensor* read = again->Find(named.name);
    ASSERT_NE(read, nullptr) << named.name;
    EXPECT_EQ(read->dtype(), named.tensor.dtype());
    EXPECT_EQ(read->dims(), named.tensor.dims());
    if (read->bytes() > 0) {
      EXPECT_EQ(std::memcmp(read->raw(), named.tensor.raw(), read->bytes()), 0) << named.name;
    }
  }
  EXPECT_EQ(again->Find("b"), nullptr);
}

TEST(SafetensorsTest, TheSameTensorsGiveTheSameBytesInAnyOrderWithAlignedData) {
  const NamedTensor a = {"a", Tensor::Of<float>({1}, {1})};
  const NamedTensor b = {"b", Tensor::Of<float>({2}, {2, 3})};
  SafetensorsFile one, other;
  one.tensors = {a, b};
  other.tensors = {b, a};
  const std::string bytes = *SerializeSafetensors(one);
  EXPECT_EQ(bytes, *SerializeSafetensors(other));
  uint64_t header;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
  EXPECT_EQ(bytes.size(), 8 + header + 12);
}

TEST(SafetensorsTest, ANameGivenTwiceIsNotWritten) {
  SafetensorsFile file;
  file.tensors = {{"a", Tensor::Of<float>({1}, {1})}, {"a", Tensor::Of<float>({1}, {2})}};
  EXPECT_EQ(SerializeSafetensors(file).status().message(), "tensor \"a\" is given twice");
}

// The value of an IEEE number with so many exponent and fraction bits, by its definition.
double Defined(uint32_t bits, int exponent_bits, int fraction_bits) {
  const uint32_t fraction = bits & ((1u << fraction_bits) - 1);
  const int top = (1 << exponent_bits) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & top;
  const double sign = bits >> (exponent_bits + fraction_bits) ? -1 : 1;
  const int bias = top / 2;
  if (exponent == top) {
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  }
  const double significand = std::ldexp(fraction, -fraction_bits) + (exponent > 0 ? 1 : 0);
  return sign * std::ldexp(significand, std::max(exponent, 1) - bias);
}

TEST(SafetensorsTest, HalfAndBrainNumbersAreWidenedExactlyAllOfThem) {
  std::string data;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    data.push_back(static_cast<char>(bits & 255));
    data.push_back(static_cast<char>(bits >> 8));
  }
  const absl::StatusOr<SafetensorsFile> file =
      ParseSafetensors(File("{" + Entry("bf", "BF16", "65536", "0,131072") + "," +
                                Entry("h", "F16", "65536", "131072,262144") + "}",
                            data + data),
                       "w");
  ASSERT_TRUE(file.ok()) << file.status();
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const double half = Defined(bits, 5, 10), brain = Defined(bits, 8, 7);
    const float read_half = file->Find("h")->data<float>()[bits];
    const float read_brain = file->Find("bf")->data<float>()[bits];
    ASSERT_TRUE(std::isnan(half) ? std::isnan(read_half) : half == read_half) << bits;
    ASSERT_TRUE(std::isnan(brain) ? std::isnan(read_brain) : brain == read_brain) << bits;
    ASSERT_EQ(std::signbit(read_half), bits >> 15 == 1) << bits;
  }
}

TEST(SafetensorsTest, FilesAreWrittenAndReadAndAMissingOneIsNamed) {
  const std::string path = testing::TempDir() + "/safetensors_test.safetensors";
  SafetensorsFile file;
  file.tensors = {{"a", Tensor::Of<float>({2}, {1, 2})}};
  ASSERT_TRUE(WriteSafetensors(path, file).ok());
  const absl::StatusOr<SafetensorsFile> read = ReadSafetensors(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->Find("a")->data<float>()[1], 2);
  const absl::Status missing = ReadSafetensors("none.safetensors").status();
  EXPECT_EQ(missing.message(), "cannot open none.safetensors: No such file or directory");
  EXPECT_TRUE(absl::IsNotFound(missing));
}

}  // namespace
}  // namespace gradus
