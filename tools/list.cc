// gradus list: the reference manual of everything that a text can name.

#include <cstdio>
#include <memory>

#include "gradus/api/catalogue.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct ListFlags {
  std::string name;
  bool all = false;
};

int List(const ListFlags& flags) {
  const std::vector<CatalogueSection> catalogue = Catalogue();
  if (flags.name.empty()) {
    std::fputs((flags.all ? RenderCatalogue(catalogue) : RenderSummary(catalogue)).c_str(), stdout);
    return kOk;
  }
  const std::vector<CatalogueSection> selected = SelectThings(catalogue, flags.name);
  if (selected.empty()) {
    return Fail(absl::NotFoundError("nothing is called \"" + flags.name +
                                    "\"; gradus list shows all names"));
  }
  std::fputs(RenderCatalogue(selected).c_str(), stdout);
  return kOk;
}

}  // namespace

void AddList(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = app->add_subcommand("list",
                                          "Lists every layer, loss, metric, optimizer, schedule "
                                          "and operation, with fields, ranges and defaults.");
  command->add_option("name", flags->name,
                      "Only the things with this name, e.g. adam or dense, in full.");
  command->add_flag("--all", flags->all, "Everything in full.");
  command->callback([flags, run] { *run = [flags] { return List(*flags); }; });
}

}  // namespace gradus
