// Files for the tests of the data room, made byte by byte in the test's own folder, and what datasets give.

#ifndef GRADUS_TESTS_TESTING_DATA_TESTING_H_
#define GRADUS_TESTS_TESTING_DATA_TESTING_H_

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/text_format.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data.pb.h"
#include "gradus/data/dataset.h"
#include "gtest/gtest.h"

namespace gradus {

// Without a slash at its end.
inline std::string TestFolder() { return std::string(absl::StripSuffix(testing::TempDir(), "/")); }

inline std::string TestFile(const std::string& name) { return TestFolder() + "/" + name; }

inline std::string WriteTestFile(const std::string& name, absl::string_view bytes) {
  const std::string path = TestFile(name);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  EXPECT_NE(file, nullptr) << path;
  if (file == nullptr) return path;
  EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fclose(file);
  return path;
}

inline std::string Gzip(absl::string_view bytes) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(&packed[0]);
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string BigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string Idx(int type, const std::vector<uint32_t>& extents, absl::string_view body) {
  std::string bytes = {0, 0, static_cast<char>(type), static_cast<char>(extents.size())};
  for (uint32_t extent : extents) bytes += BigEndian(extent);
  return bytes.append(body.data(), body.size());
}

// A message with the test's folder taken out, so that it can be compared.
inline std::string WithoutFolder(absl::string_view message) {
  return absl::StrReplaceAll(message, {{TestFolder() + "/", ""}});
}

inline DataConfig ParseData(const std::string& text) {
  DataConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
  return config;
}

// "path: message; hint" for each finding.
inline std::vector<std::string> Findings(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Finding& finding : diagnostics.findings()) {
    lines.push_back(WithoutFolder(finding.path.ToString() + ": " + finding.message +
                                  (finding.hint.empty() ? "" : "; " + finding.hint)));
  }
  return lines;
}

// All rows of a field.
template <class T>
std::vector<T> ValuesOf(const Dataset& dataset, int field = 0) {
  std::vector<Tensor> tensors;
  std::vector<void*> destinations;
  for (const FieldSpec& spec : dataset.fields()) {
    tensors.push_back(*Tensor::Create(spec.dtype, {dataset.size(), spec.elements()}));
    destinations.push_back(tensors.back().mutable_raw());
  }
  std::vector<int64_t> rows(static_cast<size_t>(dataset.size()));
  std::iota(rows.begin(), rows.end(), 0);
  const absl::Status status = dataset.Read(rows, destinations);
  EXPECT_TRUE(status.ok()) << status;
  if (tensors[field].dtype() == DType::kInt32) {
    return {tensors[field].data<int32_t>().begin(), tensors[field].data<int32_t>().end()};
  }
  return {tensors[field].data<float>().begin(), tensors[field].data<float>().end()};
}

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_DATA_TESTING_H_
