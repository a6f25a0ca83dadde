// The registries, sorted into sections.

#include "gradus/api/catalogue.h"

#include <string>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "gradus/api/plugin.h"
#include "gradus/data/reader.h"
#include "gradus/graph/layer.h"
#include "gradus/graph/op.h"
#include "gradus/train/controller.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

// Layers, losses and metrics share a contract and a registry; the message that holds the field
// tells them apart.
std::vector<std::string> KeysOfOwner(const std::string& owner) {
  std::vector<std::string> keys;
  const google::protobuf::DescriptorPool& pool =
      *google::protobuf::DescriptorPool::generated_pool();
  for (const std::string& key : Registry<Layer>::Get().Keys()) {
    const google::protobuf::FieldDescriptor* field = pool.FindFieldByName(key);
    if (field == nullptr) field = pool.FindExtensionByName(key);
    if (field != nullptr && field->containing_type()->full_name() == owner) keys.push_back(key);
  }
  return keys;
}

}  // namespace

std::vector<CatalogueSection> Catalogue() {
  std::vector<CatalogueLibrary> libraries;
  for (LoadedPlugin& plugin : LoadedPlugins()) {
    libraries.push_back({plugin.path.substr(plugin.path.rfind('/') + 1), std::move(plugin.keys),
                         std::move(plugin.descriptor_set)});
  }
  return DescribeCatalogue({{"layers", KeysOfOwner("gradus.LayerConfig")},
                            {"losses", KeysOfOwner("gradus.LossConfig")},
                            {"metrics", KeysOfOwner("gradus.MetricConfig")},
                            {"optimizers", Registry<Optimizer>::Get().Keys()},
                            {"schedules", Registry<ScheduleFactory>::Get().Keys()},
                            {"controllers", Registry<ControllerFactory>::Get().Keys()},
                            {"readers", Registry<Reader>::Get().Keys()},
                            {"ops", Registry<Op>::Get().Keys()}},
                           EmbeddedDescriptorSet(), libraries);
}

}  // namespace gradus
