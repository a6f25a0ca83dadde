// gradus list: the reference manual of everything that a text can name.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/catalogue.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct ListFlags {
  std::string name;
  bool all = false;
};

// The names of what has a field, or of an enumeration a value, that is called so.
std::vector<std::string> WhatHasField(const std::vector<CatalogueSection>& catalogue,
                                      const std::string& name) {
  std::vector<std::string> owners;
  for (const CatalogueSection& section : catalogue) {
    for (const ThingDescription& thing : section.things) {
      const auto& fields = thing.fields;
      const bool has =
          std::any_of(fields.begin(), fields.end(),
                      [&](const FieldDescription& field) { return field.name == name; });
      if (has) owners.push_back(thing.name);
    }
  }
  return owners;
}

int List(const ListFlags& flags) {
  const std::vector<CatalogueSection> catalogue = Catalogue();
  if (flags.name.empty()) {
    std::fputs((flags.all ? RenderCatalogue(catalogue) : RenderSummary(catalogue)).c_str(), stdout);
    return kOk;
  }
  const std::vector<CatalogueSection> selected = SelectThings(catalogue, flags.name);
  if (selected.empty()) {
    const std::vector<std::string> owners = WhatHasField(catalogue, flags.name);
    std::string message = "nothing is called \"" + flags.name + "\"; ";
    if (owners.empty()) {
      message += "gradus list shows all names";
    } else {
      constexpr size_t kMost = 5;
      const size_t shown = std::min(owners.size(), kMost);
      absl::StrAppend(&message, "it belongs to ",
                      absl::StrJoin(owners.begin(), owners.begin() + shown, ", "));
      if (owners.size() > shown) absl::StrAppend(&message, ", ", owners.size() - shown, " more");
      absl::StrAppend(&message, ": gradus list ", owners[0]);
    }
    return Fail(absl::NotFoundError(message));
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
                      "Only the things with this name, e.g. adam, dense or CsvColumns, in full.");
  command->add_flag("--all", flags->all, "Everything in full.");
  command->callback([flags, run] { *run = [flags] { return List(*flags); }; });
}

}  // namespace gradus
