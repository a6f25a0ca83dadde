// Offsets, pitches, and plain rows in and out.

#include "gradus/runtime/parameter_layout.h"

#include <gtest/gtest.h>

#include <numeric>

namespace gradus {
namespace {

Graph Model() {
  Graph graph;
  EXPECT_TRUE(graph.AddParameter({"a/kernel", Shape::Fixed({3, 512}), {}}).ok());
  EXPECT_TRUE(graph.AddParameter({"a/bias", Shape::Fixed({512}), {}}).ok());
  EXPECT_TRUE(graph.AddParameter({"b/kernel", Shape::Fixed({512, 10}), {}}).ok());
  EXPECT_TRUE(graph.AddParameter({"scale", Shape(), {}}).ok());
  EXPECT_TRUE(graph.AddParameter({"c/kernel", Shape::Fixed({2, 3, 1024}), {}}).ok());
  EXPECT_TRUE(graph.AddParameter({"nothing", Shape::Fixed({4, 0}), {}}).ok());
  EXPECT_TRUE(graph.AddState({"mean", Shape::Fixed({2, 512}), 0}).ok());
  return graph;
}

TEST(ParameterLayout, PadsRowsOf512OnAvx2Only) {
  const Graph graph = Model();
  const ParameterLayout avx2 = *ParameterLayout::OfParameters(graph, Isa::kAvx2);
  EXPECT_EQ(avx2.place(0).pitch, 528);
  EXPECT_EQ(avx2.place(1).pitch, 512) << "one row has no next one";
  EXPECT_EQ(avx2.place(2).pitch, 10);
  EXPECT_EQ(avx2.place(4).pitch, 1040);
  EXPECT_EQ(avx2.place(4).rows, 6);
  for (Isa isa : {Isa::kBaseline, Isa::kAvx512}) {
    const ParameterLayout layout = *ParameterLayout::OfParameters(graph, isa);
    for (int i = 0; i < layout.count(); ++i) {
      EXPECT_EQ(layout.place(i).pitch, layout.place(i).columns) << layout.place(i).name;
    }
  }
  const ParameterLayout states = *ParameterLayout::OfStates(graph);
  EXPECT_EQ(states.place(0).pitch, 512);
}

TEST(ParameterLayout, KeepsGroupsContiguousAndPlacesAlignedAndApart) {
  const Graph graph = Model();
  const std::vector<int> group_of = {1, 0, 1, 0, 2, 0};
  const ParameterLayout layout = *ParameterLayout::OfParameters(graph, Isa::kAvx2, group_of);
  ASSERT_EQ(layout.groups(), 3);
  int64_t end = 0;
  for (int group = 0; group < 3; ++group) {
    EXPECT_EQ(layout.GroupRange(group).first, end);
    end = layout.GroupRange(group).second;
  }
  EXPECT_EQ(end, layout.floats());
  for (int i = 0; i < layout.count(); ++i) {
    const ParameterPlace& a = layout.place(i);
    EXPECT_EQ(a.offset % 16, 0);
    EXPECT_GE(a.offset, layout.GroupRange(group_of[i]).first);
    EXPECT_LE(a.offset + a.floats(), layout.GroupRange(group_of[i]).second);
    for (int j = 0; j < i; ++j) {
      const ParameterPlace& b = layout.place(j);
      EXPECT_TRUE(a.offset >= b.offset + b.floats() || b.offset >= a.offset + a.floats());
    }
  }
  EXPECT_EQ(layout.Find("scale"), 3);
  EXPECT_EQ(layout.Find("Scale"), -1);
}

TEST(ParameterLayout, ReadsWhatItWroteAndLeavesPaddingAlone) {
  const Graph graph = Model();
  const ParameterLayout layout = *ParameterLayout::OfParameters(graph, Isa::kAvx2);
  std::vector<float> block(layout.floats(), -1);
  for (int i = 0; i < layout.count(); ++i) {
    std::vector<float> plain(layout.place(i).rows * layout.place(i).columns);
    std::iota(plain.begin(), plain.end(), 1.0f);
    layout.Write(i, plain, block.data());
    std::vector<float> read(plain.size());
    layout.Read(i, block.data(), absl::MakeSpan(read));
    EXPECT_EQ(read, plain);
  }
  EXPECT_EQ(block[512], -1);
  EXPECT_EQ(block[528], 513);
}

TEST(ParameterLayout, RefusesGroupsThatDoNotFit) {
  const Graph graph = Model();
  EXPECT_EQ(ParameterLayout::OfParameters(graph, Isa::kAvx2, {0, 1}).status().message(),
            "groups are given for 2 parameters of 6");
  EXPECT_EQ(
      ParameterLayout::OfParameters(graph, Isa::kAvx2, {0, 0, 0, 0, 0, -1}).status().message(),
      "group -1 is negative");
}

TEST(ParameterLayout, FindsAndClearsWhatIsNoElementOfAGroup) {
  const Graph graph = Model();
  const std::vector<int> group_of = {1, 0, 1, 0, 2, 0};
  const ParameterLayout layout = *ParameterLayout::OfParameters(graph, Isa::kAvx2, group_of);
  std::vector<float> elements(layout.floats()), all(layout.floats(), 3);
  std::vector<float> plain(6 * 1024, 3);
  for (int i = 0; i < layout.count(); ++i) {
    const ParameterPlace& place = layout.place(i);
    layout.Write(i, absl::MakeConstSpan(plain).first(place.rows * place.columns), elements.data());
  }
  EXPECT_TRUE(layout.PaddingIsZero(elements.data()));
  EXPECT_FALSE(layout.PaddingIsZero(all.data()));
  for (int group = 0; group < layout.groups(); ++group) {
    std::vector<float> block = all;
    layout.ClearPadding(group, block.data());
    for (int64_t i = 0; i < layout.floats(); ++i) {
      const bool inside =
          i >= layout.GroupRange(group).first && i < layout.GroupRange(group).second;
      ASSERT_EQ(block[i], inside ? elements[i] : 3) << group << " " << i;
    }
  }
}

}  // namespace
}  // namespace gradus
