// Names, order and cycles of a model, before anything is built.

#include "gradus/graph/model_names.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

std::string Subject(absl::string_view noun, absl::string_view name) {
  return absl::StrCat(noun, " ", Quoted(name), ": ");
}

constexpr size_t kMostOrderFindings = 100;  // Each searches the whole model.
constexpr size_t kMostCycleSteps = 10;

// "a <- b <- a", of a long way both ends.
std::string PrintCycle(const std::vector<std::string>& steps) {
  if (steps.size() <= kMostCycleSteps) return absl::StrJoin(steps, " <- ");
  const auto half = kMostCycleSteps / 2;
  return absl::StrCat(absl::StrJoin(steps.begin(), steps.begin() + half, " <- "), " <- ... <- ",
                      absl::StrJoin(steps.end() - half, steps.end(), " <- "));
}

class Resolver {
 public:
  Resolver(const ModelConfig& model, const ConfigPath& path, Diagnostics* diagnostics)
      : model_(model), path_(path), diagnostics_(*diagnostics) {}

  ModelNames Resolve() {
    for (int i = 0; i < model_.input_size(); ++i) {
      names_.input_is_sound.push_back(Define(false, i, model_.input(i).name(),
                                             InputPath(model_, i, path_), model_.input(i)));
    }
    for (int i = 0; i < model_.layer_size(); ++i) {
      names_.layer_is_sound.push_back(Define(true, i, model_.layer(i).name(),
                                             LayerPath(model_, i, path_), model_.layer(i)));
    }
    for (int i = 0; i < model_.layer_size(); ++i) ResolveInputs(i);
    CheckOrder();
    ResolveOutputs();
    return std::move(names_);
  }

 private:
  bool Define(bool is_layer, int index, const std::string& name, const ConfigPath& path,
              const google::protobuf::Message& config) {
    // Broken rules are reported by CheckRules on the whole model; here they only keep the element out.
    Diagnostics own;
    CheckRules(config, path, &own);
    if (name.empty()) return false;
    const std::string subject = Subject(is_layer ? "layer" : "input", name);
    CheckCharacters(subject, name, path.Child("name"), &diagnostics_);
    if (!names_.table.Add(name, {is_layer, index, Value()})) {
      const NameTable::Entry& first = *names_.table.Find(name);
      diagnostics_.Error("duplicate-name", path.Child("name"),
                         absl::StrCat(subject, "the name is taken by ",
                                      first.is_layer ? "a layer" : "an input", " above"));
      return false;
    }
    return own.ok();
  }

  void ResolveInputs(int i) {
    const LayerConfig& layer = model_.layer(i);
    const ConfigPath path = LayerPath(model_, i, path_);
    std::vector<Source> sources;
    if (layer.input_size() == 0) {
      Source source{i > 0, i > 0 ? i - 1 : 0, path};
      if (i == 0 && model_.input_size() == 0) source.index = -1;
      sources.push_back(source);
    }
    for (int k = 0; k < layer.input_size(); ++k) {
      const std::string& name = layer.input(k);
      Source source{false, -1, path.Child("input", k, "")};
      const NameTable::Entry* entry = names_.table.Find(name);
      if (entry != nullptr) {
        source.is_layer = entry->is_layer;
        source.index = entry->index;
      } else {
        diagnostics_.Error("unknown-name", source.path,
                           absl::StrCat(Subject("layer", layer.name()),
                                        "no layer or input is called ", Quoted(name)),
                           SuggestName(name, names_.table.names()));
      }
      sources.push_back(source);
    }
    names_.layer_inputs.push_back(std::move(sources));
  }

  // The layers from `from` to `to` along what each reads; empty when `from` does not depend on `to`.
  std::vector<int> FindChain(int from, int to) const {
    // Depth first with a stack of our own: the text may hold very many layers.
    std::vector<bool> visited(model_.layer_size(), false);
    std::vector<std::pair<int, size_t>> stack = {{from, 0}};
    visited[from] = true;
    while (!stack.empty()) {
      const int layer = stack.back().first;
      if (layer == to) {
        std::vector<int> chain;
        for (const auto& step : stack) chain.push_back(step.first);
        return chain;
      }
      const std::vector<Source>& sources = names_.layer_inputs[layer];
      if (stack.back().second == sources.size()) {
        stack.pop_back();
        continue;
      }
      const Source& source = sources[stack.back().second++];
      if (!source.is_layer || source.index < 0 || visited[source.index]) continue;
      visited[source.index] = true;
      stack.push_back({source.index, 0});
    }
    return {};
  }

  // A layer may read only what stands above it. What points down is reported, then cut.
  void CheckOrder() {
    std::vector<Source*> forward;
    for (int i = 0; i < model_.layer_size(); ++i) {
      for (Source& source : names_.layer_inputs[i]) {
        if (!source.is_layer || source.index < i) continue;
        if (forward.size() < kMostOrderFindings) ReportOrder(i, source);
        forward.push_back(&source);
      }
    }
    for (Source* source : forward) source->index = -1;
  }

  void ReportOrder(int i, const Source& source) {
    const std::string& name = model_.layer(i).name();
    const std::string& read = model_.layer(source.index).name();
    const std::vector<int> chain = FindChain(source.index, i);
    if (chain.empty()) {
      diagnostics_.Error("used-before-definition", source.path,
                         absl::StrCat(Subject("layer", name), "reads layer ", Quoted(read),
                                      " before it is defined"),
                         absl::StrCat("move ", Quoted(read), " above ", Quoted(name)));
      return;
    }
    std::vector<std::string> steps = {name};
    for (int layer : chain) steps.push_back(model_.layer(layer).name());
    diagnostics_.Error("cycle", source.path,
                       absl::StrCat(Subject("layer", name),
                                    "it depends on itself: ", PrintCycle(steps)));
  }

  void ResolveOutputs() {
    if (model_.output_size() == 0) {
      names_.outputs.push_back(model_.layer_size() - 1);
      if (model_.layer_size() == 0) {
        diagnostics_.Error("missing", path_, "the model has no layer");
      }
    }
    std::set<std::string> seen;
    for (int k = 0; k < model_.output_size(); ++k) {
      const std::string& name = model_.output(k);
      const ConfigPath path = path_.Child("output", k, "");
      const NameTable::Entry* entry = names_.table.Find(name);
      names_.outputs.push_back(-1);
      if (entry == nullptr) {
        diagnostics_.Error("unknown-name", path,
                           absl::StrCat("output ", Quoted(name), ": no layer is called so"),
                           SuggestName(name, names_.table.names()));
      } else if (!entry->is_layer) {
        diagnostics_.Error("type", path,
                           absl::StrCat("output ", Quoted(name), ": it is an input, not a layer"));
      } else if (!seen.insert(name).second) {
        diagnostics_.Error("duplicate-name", path,
                           absl::StrCat("output ", Quoted(name), ": it is named twice"));
      } else {
        names_.outputs.back() = entry->index;
      }
    }
  }

  const ModelConfig& model_;
  const ConfigPath& path_;
  Diagnostics& diagnostics_;
  ModelNames names_;
};

}  // namespace

ConfigPath InputPath(const ModelConfig& model, int index, const ConfigPath& path) {
  return path.Child("input", index, model.input(index).name());
}

ConfigPath LayerPath(const ModelConfig& model, int index, const ConfigPath& path) {
  return path.Child("layer", index, model.layer(index).name());
}

bool CheckCharacters(absl::string_view subject, absl::string_view name, const ConfigPath& path,
                     Diagnostics* diagnostics) {
  for (char c : name) {
    if (absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.') continue;
    diagnostics->Error("name", path,
                       absl::StrCat(subject, "a name has only letters, digits, _, - and ."));
    return false;
  }
  return true;
}

ModelNames ResolveNames(const ModelConfig& model, const ConfigPath& path,
                        Diagnostics* diagnostics) {
  // Run folders bear the model's name, so it must be a name and not a path.
  if (model.name().empty() || model.name()[0] == '.') {
    diagnostics->Error("name", path.Child("name"),
                       absl::StrCat("model: the name \"", model.name(),
                                    "\" must begin with a letter, a digit, _ or -"));
  } else {
    CheckCharacters("model: ", model.name(), path.Child("name"), diagnostics);
  }
  return Resolver(model, path, diagnostics).Resolve();
}

std::vector<bool> LayersBehind(const ModelNames& names, const std::vector<int>& layers) {
  std::vector<bool> behind(names.layer_inputs.size(), false);
  for (int layer : layers) {
    if (layer >= 0) behind[layer] = true;
  }
  for (int i = static_cast<int>(behind.size()) - 1; i >= 0; --i) {
    if (!behind[i]) continue;
    for (const Source& source : names.layer_inputs[i]) {
      if (source.is_layer && source.index >= 0) behind[source.index] = true;
    }
  }
  return behind;
}

}  // namespace gradus
