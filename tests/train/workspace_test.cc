// What is taken stays apart, comes back, and is the same memory the next time.

#include "gradus/train/workspace.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace gradus {
namespace {

TEST(WorkspaceTest, WhatIsTakenIsAlignedAndApart) {
  Workspace work;
  const Workspace::Scope scope(&work);
  std::vector<double*> taken;
  for (int64_t i = 0; i < 50; ++i) {
    taken.push_back(work.Take<double>(i));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(taken.back()) % 64, 0u);
    for (int64_t k = 0; k < i; ++k) taken.back()[k] = static_cast<double>(i);
  }
  for (int64_t i = 0; i < 50; ++i) {
    for (int64_t k = 0; k < i; ++k) EXPECT_EQ(taken[i][k], i);
  }
}

TEST(WorkspaceTest, AScopeGivesBackWhatWasTakenInItAndNothingElse) {
  Workspace work;
  const Workspace::Scope outer(&work);
  float* const kept = work.Take<float>(3);
  kept[2] = 7;
  float* inside = nullptr;
  {
    const Workspace::Scope scope(&work);
    inside = work.Take<float>(5);
  }
  EXPECT_EQ(work.Take<float>(5), inside);
  EXPECT_EQ(kept[2], 7);
}

TEST(WorkspaceTest, FromTheSecondTimeOnItIsOneBlock) {
  Workspace work;
  const auto take = [&] {
    const Workspace::Scope scope(&work);
    std::vector<double*> taken;
    for (int64_t i = 1; i < 8; ++i) taken.push_back(work.Take<double>(1000 * i));
    return taken;
  };
  take();
  const std::vector<double*> second = take();
  for (size_t i = 1; i < second.size(); ++i) {
    EXPECT_EQ(second[i] - second[i - 1], 1000 * static_cast<int64_t>(i)) << i;
  }
  EXPECT_EQ(take(), second);
}

TEST(WorkspaceTest, WhatWasReservedIsThereLater) {
  Workspace work;
  double* reserved = nullptr;
  {
    const Workspace::Scope scope(&work);
    work.Reserve<double>(10000);
    reserved = work.Take<double>(10);
  }
  const Workspace::Scope scope(&work);
  EXPECT_EQ(work.Take<double>(10000), reserved);
}

}  // namespace
}  // namespace gradus
