// Common subexpression elimination: value numbering in topological order. Every op is a pure
// function of its inputs and config (a dropout mask too), so equal text means equal values.

#include <map>
#include <string>
#include <utility>

#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

// Larger constants are not compared.
constexpr int64_t kMostConstantBytes = 4096;

void AppendNumber(int64_t n, std::string* key) {
  key->append(reinterpret_cast<const char*>(&n), sizeof(n));
}

// What the node computes, given the new values of its inputs. Empty when it is not to be merged.
std::string Key(const Rewriter& rewriter, int index) {
  const Node& node = rewriter.source().node(index);
  std::string key;
  if (node.leaf.has_value()) {
    if (*node.leaf != Leaf::kConstant) return "";
    const Tensor& tensor = rewriter.source().constant(Value{index, 0});
    if (tensor.bytes() > kMostConstantBytes) return "";
    key = absl::StrCat("constant ", Name(tensor.dtype()), " ");
    for (int64_t d : tensor.dims()) AppendNumber(d, &key);
    key.append(static_cast<const char*>(tensor.raw()), tensor.bytes());
    return key;
  }
  key = absl::StrCat(node.config->GetDescriptor()->full_name(), " ");
  for (Value input : rewriter.MapInputs(index)) {
    AppendNumber(input.node, &key);
    AppendNumber(input.output, &key);
  }
  // Within one process and message type, equal messages without maps serialize equally.
  key.append(node.config->SerializeAsString());
  return key;
}

}  // namespace

absl::StatusOr<Program> FoldEqual(const Program& program) {
  Rewriter rewriter(program);
  std::map<std::string, int> first;  // Key to the old node that has been copied.
  for (int i = 0; i < program.graph.size(); ++i) {
    std::string key = Key(rewriter, i);
    if (!key.empty()) {
      auto [entry, added] = first.emplace(std::move(key), i);
      if (!added) {
        for (int32_t o = 0; o < static_cast<int32_t>(program.graph.node(i).outputs.size()); ++o) {
          rewriter.Replace({i, o}, rewriter.Map({entry->second, o}));
        }
        continue;
      }
    }
    GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
  }
  return rewriter.Finish();
}

}  // namespace gradus
