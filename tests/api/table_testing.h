// Tables that tests write, with what a modeller meets in them.

#ifndef GRADUS_TESTS_API_TABLE_TESTING_H_
#define GRADUS_TESTS_API_TABLE_TESTING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/base/file.h"

namespace gradus {

inline std::string WriteTable(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  EXPECT_TRUE(WriteFile(path, text).ok());
  return path;
}

// Reproducible numbers in [0, 1) without a pattern that a model could see.
inline double Scatter(int i, int stream) {
  const double x = std::sin(12.9898 * i + 78.233 * stream) * 43758.5453;
  return x - std::floor(x);
}

// Three kinds of flowers that their petals tell apart; CRLF, semicolons and quotes.
inline std::string FlowersTable(int rows = 90) {
  std::string text = "petal length;petal width;\"kind\"\r\n";
  const char* const kinds[] = {"setosa", "versicolor", "virginica"};
  for (int i = 0; i < rows; ++i) {
    const int kind = i % 3;
    absl::StrAppendFormat(&text, "%.2f;%.2f;\"%s\"\r\n", 1.5 + 2.0 * kind + 0.6 * Scatter(i, 1),
                          0.2 + 0.9 * kind + 0.3 * Scatter(i, 2), kinds[kind]);
  }
  return text;
}

// Houses: an identifier, gaps, categories few and many, a long tail, a constant, a date, and a price that is made of some of them.
inline std::string HousesTable(int rows = 400) {
  std::string text = "id,area,rooms,city,street,built,listed,currency,income,remarks,price\n";
  const char* const cities[] = {"Oslo", "Bergen", "Rome"};
  for (int i = 0; i < rows; ++i) {
    const double area = 30 + 150 * Scatter(i, 1);
    const int city = static_cast<int>(3 * Scatter(i, 2)),
              street = static_cast<int>(40 * Scatter(i, 3));
    const std::string given_area = i % 17 == 3 ? "" : absl::StrFormat("%.1f", area);
    const std::string given_city = i % 29 == 5 ? "NA" : cities[city];
    const double income = std::exp(7 + 3 * Scatter(i, 4) + 2 * Scatter(i, 5) * Scatter(i, 6));
    absl::StrAppendFormat(
        &text, "%d,%s,%d,%s,street %d,%s,2020-0%d-1%d,EUR,%.0f,\"no. %d, as seen\",%.1f\n", i + 1,
        given_area, 1 + static_cast<int>(5 * Scatter(i, 7)), given_city, street,
        i % 11 == 2 ? "?" : absl::StrCat(1900 + (i * 7) % 120), 1 + i % 9, i % 10, income, i,
        50 + 2 * area + 40 * city + 3 * street);
  }
  return text;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_API_TABLE_TESTING_H_
