// The embedded descriptor set stands by itself and carries the comments of the protos.
#include "gradus/base/descriptor_set.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <string>

#include "gradus/optimizer_rule.pb.h"

namespace gradus {
namespace {

TEST(EmbeddedDescriptorSetTest, BuildsInAPoolOfItsOwnAndHasComments) {
  google::protobuf::FileDescriptorSet files;
  const absl::string_view bytes = EmbeddedDescriptorSet();
  ASSERT_TRUE(files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));

  google::protobuf::DescriptorPool pool;
  for (const auto& file : files.file()) {
    ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  }
  const auto* adam = pool.FindMessageTypeByName("gradus.optimizer.Adam");
  ASSERT_NE(adam, nullptr);
  EXPECT_EQ(adam->file()->name(), "gradus/optimizer_rule.proto");

  google::protobuf::SourceLocation location;
  ASSERT_TRUE(adam->GetSourceLocation(&location));
  EXPECT_FALSE(location.leading_comments.empty());
  // The contrast that makes the embedding necessary: the linked descriptor has none.
  EXPECT_FALSE(optimizer::Adam::descriptor()->GetSourceLocation(&location));
}

}  // namespace
}  // namespace gradus
