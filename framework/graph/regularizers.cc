// Penalties of parameters as nodes of the graph.

#include "gradus/graph/regularizers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/status.h"
#include "gradus/graph/name_table.h"

namespace gradus {
namespace {

// "fc/kernel": what stands behind the last slash.
absl::string_view OwnName(absl::string_view parameter) {
  return parameter.substr(parameter.rfind('/') + 1);
}

}  // namespace

void Regularizers::Add(const LayerConfig& layer, const std::vector<Value>& parameters,
                       const Graph& graph, const ConfigPath& path, Diagnostics* diagnostics) {
  const std::string subject = absl::StrCat("layer ", Quoted(layer.name()), ": ");
  const size_t before = terms_.size();
  for (int i = 0; i < layer.regularizer_size(); ++i) {
    const Regularizer& regularizer = layer.regularizer(i);
    const ConfigPath where = path.Child("regularizer", i, "");
    Value parameter;
    std::vector<std::string> names;
    for (Value candidate : parameters) {
      names.emplace_back(OwnName(graph.node(candidate).name));
      if (names.back() == regularizer.parameter()) parameter = candidate;
    }
    if (!parameter.valid()) {
      diagnostics->Error(
          "unknown-name", regularizer.has_parameter() ? where.Child("parameter") : where,
          absl::StrCat(subject, "it has no parameter ", Quoted(regularizer.parameter()),
                       names.empty() ? "; it has none at all"
                                     : absl::StrCat("; it has ", absl::StrJoin(names, ", "))));
      continue;
    }
    if (regularizer.l1() == 0 && regularizer.l2() == 0) {
      diagnostics->Error("missing", where,
                         absl::StrCat(subject, "the regularizer of ",
                                      Quoted(regularizer.parameter()), " has neither l1 nor l2"));
      continue;
    }
    const auto same = std::find_if(terms_.begin(), terms_.end(),
                                   [&](const Term& term) { return term.parameter == parameter; });
    if (same == terms_.end()) {
      terms_.push_back({parameter, regularizer.l1(), regularizer.l2(), layer.name(), where});
      continue;
    }
    if (static_cast<size_t>(same - terms_.begin()) >= before) {
      diagnostics->Error("duplicate-name", where,
                         absl::StrCat(subject, Quoted(regularizer.parameter()),
                                      " has a regularizer above; l1 and l2 stand in one"));
    } else if (same->l1 != regularizer.l1() || same->l2 != regularizer.l2()) {
      diagnostics->Error(
          "conflict", where,
          absl::StrCat(subject, "it shares ", Quoted(regularizer.parameter()), " with layer ",
                       Quoted(same->layer), ", whose regularizer has other numbers"));
    }
  }
}

Value Regularizers::PerExample(Emitter& emit) const {
  Value sum;
  const auto add = [&](double factor, const google::protobuf::Message& function, Value w) {
    if (factor == 0) return;
    const Value norm = emit(op::ReduceSum(), {emit(function, {w})});
    const Value term = emit(op::Mul(), {norm, emit.Constant(static_cast<float>(factor))});
    sum = sum.valid() ? emit(op::Add(), {sum, term}) : term;
  };
  for (const Term& term : terms_) {
    add(term.l1, op::Abs(), term.parameter);
    add(term.l2, op::Square(), term.parameter);
  }
  return emit.Broadcast(sum, Shape::Batched({}));
}

}  // namespace gradus
