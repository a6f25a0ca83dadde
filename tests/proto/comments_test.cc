// The protos are the reference manual: what has no comment there has no documentation at all.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/descriptor_set.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::SourceLocation;

class ProtoTest : public testing::Test {
 protected:
  void SetUp() override {
    google::protobuf::FileDescriptorSet set;
    const absl::string_view bytes = EmbeddedDescriptorSet();
    ASSERT_TRUE(set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    for (const auto& proto : set.file()) {
      const FileDescriptor* file = pool_.BuildFile(proto);
      ASSERT_NE(file, nullptr) << proto.name();
      if (absl::StartsWith(file->name(), "gradus/")) files_.push_back(file);
    }
    ASSERT_GE(files_.size(), 10u);
  }

  // Calls visit(message) for every message of the language.
  template <class Visit>
  void ForEachMessage(const Visit& visit) {
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->message_type_count(); ++i) Descend(file->message_type(i), visit);
    }
  }

  google::protobuf::DescriptorPool pool_;
  std::vector<const FileDescriptor*> files_;

 private:
  template <class Visit>
  static void Descend(const Descriptor* message, const Visit& visit) {
    visit(message);
    for (int i = 0; i < message->nested_type_count(); ++i) Descend(message->nested_type(i), visit);
  }
};

// The comment above or beside a declaration.
template <class T>
std::string CommentOf(const T* declaration) {
  SourceLocation location;
  if (!declaration->GetSourceLocation(&location)) return "";
  return std::string(absl::StripAsciiWhitespace(
      absl::StrCat(location.leading_comments, location.trailing_comments)));
}

TEST_F(ProtoTest, EveryFieldHasAComment) {
  ForEachMessage([](const Descriptor* message) {
    for (int i = 0; i < message->field_count(); ++i) {
      EXPECT_NE(CommentOf(message->field(i)), "") << message->field(i)->full_name();
    }
    for (int i = 0; i < message->extension_count(); ++i) {
      EXPECT_NE(CommentOf(message->extension(i)), "") << message->extension(i)->full_name();
    }
  });
  for (const FileDescriptor* file : files_) {
    for (int i = 0; i < file->extension_count(); ++i) {
      EXPECT_NE(CommentOf(file->extension(i)), "") << file->extension(i)->full_name();
    }
  }
}

TEST_F(ProtoTest, EveryMessageHasAComment) {
  ForEachMessage(
      [](const Descriptor* message) { EXPECT_NE(CommentOf(message), "") << message->full_name(); });
}

TEST_F(ProtoTest, EveryEnumeratorHasAComment) {
  const auto check = [](const EnumDescriptor* type) {
    for (int i = 0; i < type->value_count(); ++i) {
      EXPECT_NE(CommentOf(type->value(i)), "") << type->value(i)->full_name();
    }
  };
  for (const FileDescriptor* file : files_) {
    for (int i = 0; i < file->enum_type_count(); ++i) check(file->enum_type(i));
  }
  ForEachMessage([&check](const Descriptor* message) {
    for (int i = 0; i < message->enum_type_count(); ++i) check(message->enum_type(i));
  });
}

TEST_F(ProtoTest, EveryDefaultLiesInItsOwnRange) {
  ForEachMessage([](const Descriptor* message) {
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      if (!field->has_default_value()) continue;
      const Rule& rule = field->options().GetExtension(gradus::rule);
      double value = 0;
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_DOUBLE:
          value = field->default_value_double();
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          value = field->default_value_int32();
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          value = static_cast<double>(field->default_value_int64());
          break;
        default:
          continue;
      }
      EXPECT_TRUE(!rule.has_min() || value >= rule.min()) << field->full_name();
      EXPECT_TRUE(!rule.has_above() || value > rule.above()) << field->full_name();
      EXPECT_TRUE(!rule.has_max() || value <= rule.max()) << field->full_name();
      EXPECT_TRUE(!rule.has_below() || value < rule.below()) << field->full_name();
    }
  });
}

TEST_F(ProtoTest, EveryExactlyOneOptionNamesAOneof) {
  int choices = 0;
  ForEachMessage([&choices](const Descriptor* message) {
    if (!message->options().HasExtension(exactly_one)) return;
    ++choices;
    const std::string name = message->options().GetExtension(exactly_one);
    EXPECT_NE(message->FindOneofByName(name), nullptr) << message->full_name() << " " << name;
  });
  EXPECT_GE(choices, 5);
}

TEST_F(ProtoTest, RealNumbersAreDoubles) {
  // A float prints 0.9 as 0.89999997615814209. TensorBoard's messages are no text of ours.
  ForEachMessage([](const Descriptor* message) {
    if (absl::StartsWith(message->full_name(), "gradus.tensorboard.")) return;
    for (int i = 0; i < message->field_count(); ++i) {
      EXPECT_NE(message->field(i)->cpp_type(), FieldDescriptor::CPPTYPE_FLOAT)
          << message->field(i)->full_name();
    }
  });
}

}  // namespace
}  // namespace gradus
