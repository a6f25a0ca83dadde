// Matching names.

#include "gradus/train/parameter_groups.h"

#include <re2/re2.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/graph/model_names.h"

namespace gradus {
namespace {

std::string NamesOfParameters(const Graph& graph) {
  constexpr size_t kMostShown = 12;
  std::vector<std::string> names;
  for (size_t k = 0; k < graph.parameters().size() && k <= kMostShown; ++k) {
    names.push_back(k == kMostShown ? "..." : graph.parameter(static_cast<int>(k)).name);
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace

int ParameterGroups::Find(absl::string_view name) const {
  for (int i = 0; i < count(); ++i) {
    if (names[i] == name) return i;
  }
  return -1;
}

ParameterGroups FindGroups(const OptimizerConfig& config, const Graph& graph,
                           const ConfigPath& path, Diagnostics* diagnostics) {
  ParameterGroups groups;
  std::vector<std::unique_ptr<RE2>> expressions;
  std::vector<bool> matched(
      config.group_size());  // Any parameter, also one that another group has.
  RE2::Options quiet;
  quiet.set_log_errors(false);
  for (int i = 0; i < config.group_size(); ++i) {
    const GroupConfig& group = config.group(i);
    const ConfigPath here = path.Child("group", i, group.name());
    expressions.push_back(std::make_unique<RE2>(group.match(), quiet));
    if (!expressions[i]->ok()) {
      diagnostics->Error(
          "expression", here.Child("match"),
          absl::StrCat("group ", Quoted(group.name()), ": match ", Quoted(group.match()),
                       " is not a regular expression: ", expressions[i]->error()));
    }
    // It stands in tables and addresses.
    CheckCharacters(absl::StrCat("group ", Quoted(group.name()), ": "), group.name(),
                    here.Child("name"), diagnostics);
    if (groups.Find(group.name()) >= 0) {
      diagnostics->Error("duplicate-name", here.Child("name"),
                         absl::StrCat("group ", Quoted(group.name()), " exists already"));
    }
    groups.names.push_back(group.name());
    groups.frozen.push_back(group.frozen());
  }
  groups.parameters.resize(groups.names.size());
  for (size_t k = 0; k < graph.parameters().size(); ++k) {
    const std::string& name = graph.parameter(static_cast<int>(k)).name;
    int found = 0;
    for (int i = 0; i < config.group_size(); ++i) {
      if (!expressions[i]->ok() || !RE2::FullMatch(name, *expressions[i])) continue;
      matched[i] = true;
      if (found == 0) found = i + 1;
    }
    groups.group_of.push_back(found);
    ++groups.parameters[found];
  }
  for (int i = 0; i < config.group_size(); ++i) {
    if (groups.parameters[i + 1] > 0 || !expressions[i]->ok() || !diagnostics->ok()) continue;
    const GroupConfig& group = config.group(i);
    diagnostics->Error(
        "no-effect", path.Child("group", i, group.name()).Child("match"),
        absl::StrCat("group ", Quoted(group.name()), ": ",
                     matched[i] ? "every parameter that match finds belongs to a group before it"
                                : absl::StrCat("no parameter is called ", Quoted(group.match()))),
        matched[i] ? "write it before that group"
                   : absl::StrCat("the parameters are ", NamesOfParameters(graph)));
  }
  return groups;
}

}  // namespace gradus
