// Arrays of NumPy, made byte by byte: what they become, and what is refused.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

std::string Npy(const std::string& header, const std::string& body, int version = 1) {
  std::string bytes("\x93NUMPY");
  bytes.push_back(static_cast<char>(version));
  bytes.push_back('\0');
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    bytes.push_back(static_cast<char>(header.size() >> (8 * i)));
  }
  return bytes + header + body;
}

std::string Header(const std::string& descr, const std::string& shape) {
  return absl::StrCat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", shape,
                      "), }     \n");
}

template <class T>
std::string Bytes(const std::vector<T>& values, bool swapped = false) {
  std::string bytes;
  for (T value : values) {
    std::string element(reinterpret_cast<const char*>(&value), sizeof(value));
    if (swapped) std::reverse(element.begin(), element.end());
    bytes += element;
  }
  return bytes;
}

// What file `a.npy` with these bytes feeds an input with, or the finding.
std::vector<float> Read(const std::string& bytes, DType dtype, std::vector<std::string>* findings) {
  WriteTestFile("a.npy", bytes);
  FieldSpec x = {"x", dtype, {}};
  x.any_dims = true;
  Diagnostics diagnostics;
  const DataSplits splits =
      OpenData(ParseData("train { npy { field { input: 'x' path: 'a.npy' } } }"), {x}, TestFolder(),
               {}, &diagnostics);
  *findings = Findings(diagnostics);
  if (splits.train == nullptr) return {};
  const FieldSpec& spec = splits.train->fields()[0];
  std::vector<int64_t> rows(static_cast<size_t>(splits.train->size()));
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<float> floats(rows.size() * spec.elements());
  EXPECT_TRUE(splits.train->Read(rows, {floats.data()}).ok());
  if (dtype == DType::kFloat32) return floats;
  std::vector<int32_t> whole(floats.size());
  std::memcpy(whole.data(), floats.data(), floats.size() * sizeof(float));
  return {whole.begin(), whole.end()};
}

void ExpectReads(const std::string& bytes, DType dtype, const std::vector<float>& expected) {
  std::vector<std::string> findings;
  EXPECT_EQ(Read(bytes, dtype, &findings), expected);
  EXPECT_EQ(findings, std::vector<std::string>{});
}

TEST(NpyTest, EveryTypeOfNumbers) {
  const DType f = DType::kFloat32, i = DType::kInt32;
  ExpectReads(Npy(Header("<f4", "2, 2"), Bytes<float>({1, -2.5f, 3, 4})), f, {1, -2.5f, 3, 4});
  ExpectReads(Npy(Header("<f8", "2,"), Bytes<double>({0.1, -2})), f, {0.1f, -2});
  ExpectReads(Npy(Header(">f8", "2,"), Bytes<double>({0.1, -2}, true)), f, {0.1f, -2});
  // 1, the largest, the least normal and the least subnormal number, -2.
  ExpectReads(Npy(Header("<f2", "5,"), Bytes<uint16_t>({0x3c00, 0x7bff, 0x0400, 0x0001, 0xc000})),
              f, {1, 65504, std::ldexp(1.0f, -14), std::ldexp(1.0f, -24), -2});
  ExpectReads(Npy(Header("|u1", "2,"), Bytes<uint8_t>({0, 255})), f, {0, 255});
  ExpectReads(Npy(Header("|b1", "2,"), Bytes<uint8_t>({1, 0})), i, {1, 0});
  ExpectReads(Npy(Header("|i1", "2,"), Bytes<int8_t>({-3, 4})), i, {-3, 4});
  ExpectReads(Npy(Header("<i2", "2,"), Bytes<int16_t>({-300, 4})), i, {-300, 4});
  ExpectReads(Npy(Header(">u2", "2,"), Bytes<uint16_t>({65535, 4}, true)), i, {65535, 4});
  ExpectReads(Npy(Header("<i4", "2,"), Bytes<int32_t>({-70000, 4})), i, {-70000, 4});
  ExpectReads(Npy(Header("<i8", "3,"), Bytes<int64_t>({-7, 4, 9})), i, {-7, 4, 9});
  ExpectReads(Npy(Header("<u8", "1,"), Bytes<uint64_t>({12}), 2), i, {12});
  ExpectReads(Gzip(Npy(Header("<i8", "1,"), Bytes<int64_t>({5}), 3)), i, {5});
}

TEST(NpyTest, FortranOrderIsTheSameArray) {
  const auto fortran = [](const std::string& shape) {
    return absl::StrCat("{'descr': '<f4', 'fortran_order': True, 'shape': (", shape, "), }");
  };
  const DType f = DType::kFloat32;
  // As numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]) is saved.
  ExpectReads(Npy(fortran("2, 3"), Bytes<float>({1, 4, 2, 5, 3, 6})), f, {1, 2, 3, 4, 5, 6});
  // numpy.arange(12).reshape(2, 3, 2), whose element [i, j, k] is 6 i + 2 j + k.
  ExpectReads(Npy(fortran("2, 3, 2"), Bytes<float>({0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11})), f,
              {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  ExpectReads(Npy(fortran("3,"), Bytes<float>({1, 2, 3})), f, {1, 2, 3});
}

TEST(NpyTest, BrokenFilesAreRefused) {
  const auto finding = [](const std::string& bytes, DType dtype = DType::kFloat32) {
    std::vector<std::string> findings;
    Read(bytes, dtype, &findings);
    return findings.empty() ? "" : findings[0];
  };
  const std::string path = "data.train.npy.field[0].path: a.npy: ";
  EXPECT_EQ(finding("a,b\n1,2\n34567890"),
            path + "is not an .npy file: it does not begin with \\x93NUMPY");
  EXPECT_EQ(finding(Npy(Header("<f4", "1,"), "", 4)),
            path + "version 4 of the format is not one that is read (1 to 3)");
  EXPECT_EQ(finding(Npy(Header("<f4", "1,"), "").substr(0, 30)),
            path + "the file ends inside its header");
  EXPECT_EQ(finding(Npy(Header("<f4", "3,"), "12345678")),
            path + "the header promises 3 elements of 4 bytes, and 8 bytes follow");
  EXPECT_EQ(finding(Npy(Header("<c8", "1,"), "12345678")),
            path +
                "elements are of the type c8, not of float16, float32, float64, bool, or int8 to "
                "uint64");
  EXPECT_EQ(finding(Npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "x")),
            path +
                "holds no numbers: \"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\"; "
                "save an array of "
                "numbers");
  EXPECT_EQ(finding(Npy(Header("<f4", "0,"), "")), path + "there are no examples in it");
  EXPECT_EQ(finding(Npy("{'descr': '<f4'}", "1234")),
            path + "the header is broken: \"{'descr': '<f4'}\"");
  EXPECT_EQ(finding(Npy(Header("<i8", "2,"), Bytes<int64_t>({1, int64_t{1} << 40})), DType::kInt32),
            path + "element 1 does not fit INT32");
  EXPECT_EQ(finding(Npy(Header("<u4", "1,"), Bytes<uint32_t>({4000000000u})), DType::kInt32),
            path + "element 0 does not fit INT32");
  EXPECT_EQ(finding(Npy(Header("<f4", ""), "1234")),
            path.substr(0, path.size() - 7) + "a.npy is one number without an axis of examples");
  EXPECT_EQ(finding(Npy(Header("<f4", "1,"), "1234"), DType::kInt32),
            "data.train.npy.field[0]: input \"x\" is INT32; a.npy is FLOAT32");
}

}  // namespace
}  // namespace gradus
