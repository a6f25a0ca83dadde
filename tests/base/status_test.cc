// The short forms return early, and only then.

#include "gradus/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace gradus {
namespace {

absl::Status Check(bool good) {
  return good ? absl::OkStatus() : absl::NotFoundError("no such thing");
}

absl::Status Both(bool first, bool second, int* reached) {
  GRADUS_RETURN_IF_ERROR(Check(first));
  ++*reached;
  GRADUS_RETURN_IF_ERROR(Check(second));
  ++*reached;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<int>> Make(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b) {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<int> x,
                          Make(a));  // Moves: a unique_ptr cannot be copied.
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<int> y, Make(b));
  return *x + *y;
}

TEST(StatusTest, ReturnIfErrorGoesOnOrReturns) {
  int reached = 0;
  EXPECT_TRUE(Both(true, true, &reached).ok());
  EXPECT_EQ(reached, 2);
  EXPECT_EQ(Both(true, false, &reached).message(), "no such thing");
  EXPECT_EQ(reached, 3);
  EXPECT_EQ(Both(false, true, &reached).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(reached, 3);
}

TEST(StatusTest, AssignOrReturnTakesTheValueOrReturnsTheError) {
  EXPECT_EQ(*Sum(2, 3), 5);
  EXPECT_EQ(Sum(-1, 3).status().message(), "negative");
  EXPECT_EQ(Sum(1, -3).status().code(), absl::StatusCode::kInvalidArgument);
}

template <class Thrown>
absl::Status Throwing(const Thrown& thrown) try {
  throw thrown;
} catch (...) {
  return StatusOfException("reading the moon");
}

TEST(StatusTest, WhateverIsThrownBecomesAStatusThatSaysWhatWasBeingDone) {
  const absl::Status memory = Throwing(std::bad_alloc());
  EXPECT_TRUE(absl::IsResourceExhausted(memory));
  EXPECT_EQ(memory.message(), "reading the moon: out of memory");
  EXPECT_EQ(Throwing(std::length_error("vector")), memory);
  const absl::Status error = Throwing(std::runtime_error("too far"));
  EXPECT_TRUE(absl::IsInternal(error));
  EXPECT_EQ(error.message(), "reading the moon: too far");
  EXPECT_EQ(Throwing(42).message(),
            "reading the moon: something that is no std::exception was thrown");
}

TEST(StatusTest, ReturnIfErrorIsOneStatement) {
  const auto choose = [](bool inside) -> absl::Status {
    if (inside)
      GRADUS_RETURN_IF_ERROR(Check(false));
    else
      return absl::OkStatus();
    return absl::OkStatus();
  };
  EXPECT_FALSE(choose(true).ok());
  EXPECT_TRUE(choose(false).ok());
}

TEST(StatusDeathTest, CheckEndsTheProcessAndNamesTheCondition) {
  GRADUS_CHECK(1 + 1 == 2);
  EXPECT_DEATH(GRADUS_CHECK(1 + 1 == 3), "internal error: 1 \\+ 1 == 3 does not hold");
}

}  // namespace
}  // namespace gradus
