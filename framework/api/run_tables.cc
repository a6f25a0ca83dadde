// Checksums of tables.

#include "gradus/api/run_tables.h"

#include <climits>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/checksum.h"
#include "gradus/base/file.h"
#include "gradus/schedule_config.pb.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int64_t kMostBytes = 16 << 20;  // Of a table.

void Seal(const ConfigPath& path, ScheduleConfig::Table* table, std::vector<std::string>* sealed) {
  if (table->path().empty() || table->crc32() != 0) return;
  const absl::StatusOr<std::string> text = ReadFile(table->path(), kMostBytes);
  if (!text.ok()) return;
  char resolved[PATH_MAX];
  if (realpath(table->path().c_str(), resolved) != nullptr) table->set_path(resolved);
  table->set_crc32(Crc32(*text));
  sealed->push_back(absl::StrCat(path.Child("path").ToString(), "=", table->path()));
  sealed->push_back(absl::StrCat(path.Child("crc32").ToString(), "=", table->crc32()));
}

void SealBelow(const ConfigPath& path, Message* message, std::vector<std::string>* sealed) {
  if (message->GetDescriptor() == ScheduleConfig::Table::descriptor()) {
    Seal(path, static_cast<ScheduleConfig::Table*>(message), sealed);
    return;
  }
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string name =
        field->is_extension() ? absl::StrCat("(", field->full_name(), ")") : field->name();
    if (!field->is_repeated()) {
      SealBelow(path.Child(name), reflection.MutableMessage(message, field), sealed);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      SealBelow(path.Child(name, i, ""), reflection.MutableRepeatedMessage(message, field, i),
                sealed);
    }
  }
}

}  // namespace

std::vector<std::string> SealTables(Message* message, const ConfigPath& path) {
  std::vector<std::string> sealed;
  SealBelow(path, message, &sealed);
  return sealed;
}

std::vector<std::string> WithoutOldSeals(const std::vector<std::string>& settings) {
  constexpr absl::string_view kPath = ".table.path";
  std::vector<std::string> all;
  for (const std::string& setting : settings) {
    all.push_back(setting);
    const std::string address = setting.substr(0, setting.find('='));
    if (!absl::EndsWith(address, kPath)) continue;
    all.push_back(absl::StrCat(address.substr(0, address.size() - 4), "crc32=0"));
  }
  return all;
}

}  // namespace gradus
