// Obligations of every reader: it is registered for a kind of source, and takes that kind's message.

#include "google/protobuf/descriptor.h"
#include "gradus/data/reader.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

TEST(ReadersTest, EveryReaderTakesTheMessageOfItsField) {
  const auto& registry = Registry<Reader>::Get();
  ASSERT_TRUE(registry.RegistrationStatus().ok()) << registry.RegistrationStatus();
  for (const std::string& key : registry.Keys()) {
    const FieldDescriptor* field = SourceConfig::descriptor()->file()->pool()->FindFieldByName(key);
    ASSERT_NE(field, nullptr) << key;
    EXPECT_EQ(field->containing_type(), SourceConfig::descriptor()) << key;
    EXPECT_EQ(field->message_type(), registry.Find(key)->config_type()) << key;
  }
}

TEST(ReadersTest, EveryKindOfSourceHasAReader) {
  const Descriptor* type = SourceConfig::descriptor();
  for (int k = 0; k < type->field_count(); ++k) {
    EXPECT_NE(Registry<Reader>::Get().Find(type->field(k)->full_name()), nullptr)
        << type->field(k)->full_name();
  }
}

}  // namespace
}  // namespace gradus
