// Graphs as text and as dot.

#include "gradus/graph/print.h"

#include <map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/text_format.h"
#include "gradus/base/status.h"
#include "gradus/op.pb.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string PrintValue(Value value) {
  if (value.output == 0) return absl::StrCat("%", value.node);
  return absl::StrCat("%", value.node, ":", value.output);
}

std::string PrintElement(const Message& config, const FieldDescriptor* field, int index) {
  std::string text;
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.PrintFieldValueToString(config, field, index, &text);
  return text;
}

// A flag that is set to what it is anyway.
bool IsDefaultFlag(const Message& config, const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && !field->is_repeated() &&
         config.GetReflection()->GetBool(config, field) == field->default_value_bool();
}

// Like protobuf's text on one line, but a list of op.Dim reads as a shape, and flags stand only where they say something.
std::string PrintConfig(const Message& config) {
  std::vector<const FieldDescriptor*> fields;
  const google::protobuf::Reflection& reflection = *config.GetReflection();
  reflection.ListFields(config, &fields);
  std::vector<std::string> parts;
  for (const FieldDescriptor* field : fields) {
    if (IsDefaultFlag(config, field)) continue;
    std::string value;
    if (field->message_type() == op::Dim::descriptor()) {
      Shape shape;
      const int count = field->is_repeated() ? reflection.FieldSize(config, field) : 1;
      for (int i = 0; i < count; ++i) {
        const auto& dim = static_cast<const op::Dim&>(
            field->is_repeated() ? reflection.GetRepeatedMessage(config, field, i)
                                 : reflection.GetMessage(config, field));
        shape.Append({dim.k(), dim.batch()});
      }
      value = shape.ToString();
    } else if (field->is_repeated()) {
      std::vector<std::string> elements;
      for (int i = 0; i < reflection.FieldSize(config, field); ++i) {
        elements.push_back(PrintElement(config, field, i));
      }
      value = absl::StrCat("[", absl::StrJoin(elements, ", "), "]");
    } else {
      value = PrintElement(config, field, -1);
    }
    parts.push_back(absl::StrCat(field->name(), ": ", value));
  }
  return parts.empty() ? "" : absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

std::string PrintSpecs(const Node& node, absl::string_view separator) {
  return absl::StrJoin(node.outputs, separator, [](std::string* out, const TensorSpec& spec) {
    out->append(spec.ToString());
  });
}

// ---- Dot.

std::string Quoted(absl::string_view text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}), "\"");
}

// Quiet pastels; leaves stand out, gradients recede.
absl::string_view Colour(const Node& node) {
  if (!node.leaf.has_value()) {
    return absl::StartsWith(node.name, "gradient/") ? "#f4f4f6" : "#ffffff";
  }
  switch (*node.leaf) {
    case Leaf::kInput:
      return "#cfe8cf";
    case Leaf::kParameter:
      return "#cfdff5";
    case Leaf::kState:
      return "#e3d4f0";
    case Leaf::kScalar:
      return "#fdf0c4";
    case Leaf::kConstant:
      return "#e6e6e6";
  }
  return "#ffffff";
}

// The layer that a node is drawn in: "hidden" for "hidden/matmul", nothing for leaves of the whole model and for gradients.
std::string ClusterOf(const Node& node) {
  const size_t slash = node.name.find('/');
  if (slash == std::string::npos || absl::StartsWith(node.name, "gradient/")) return "";
  // Losses and metrics stand under two words: "loss/<name>/log".
  const size_t second = node.name.find('/', slash + 1);
  return node.name.substr(0, second == std::string::npos ? slash : second);
}

std::string DotNode(const Graph& graph, int index) {
  const Node& node = graph.node(index);
  const std::string cluster = ClusterOf(node);
  const std::string short_name =
      cluster.empty() ? node.name : node.name.substr(cluster.size() + 1);
  std::string label = short_name;
  if (node.op != nullptr) {
    const std::string config = PrintConfig(*node.config);
    // A name that only says what the operation is need not stand beside it.
    label = short_name == DefaultNodeName(*node.config) ? "" : absl::StrCat(label, "\n");
    absl::StrAppend(&label, node.config->GetDescriptor()->name(), config.empty() ? "" : " ",
                    config);
  }
  absl::StrAppend(&label, "\n", PrintSpecs(node, "\n"));
  return absl::StrCat("n", index, " [label=", Quoted(label), ", fillcolor=\"", Colour(node), "\"",
                      node.leaf.has_value() ? ", shape=ellipse" : "", "];\n");
}

void AppendEdges(const Graph& graph, int index, std::string* out) {
  for (Value input : graph.node(index).inputs) {
    absl::StrAppend(out, "  n", input.node, " -> n", index);
    if (input.output > 0) absl::StrAppend(out, " [taillabel=\"", input.output, "\"]");
    absl::StrAppend(out, ";\n");
  }
}

}  // namespace

std::string PrintText(const Graph& graph) {
  std::string out;
  for (int i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    absl::StrAppend(&out, "%", i, " ", node.name, " = ");
    if (node.leaf.has_value()) {
      absl::StrAppend(&out, Name(*node.leaf));
    } else {
      const std::string config = PrintConfig(*node.config);
      absl::StrAppend(&out, node.config->GetDescriptor()->name(), config.empty() ? "" : " ", config,
                      " (",
                      absl::StrJoin(node.inputs, ", ",
                                    [](std::string* text, Value input) {
                                      text->append(PrintValue(input));
                                    }),
                      ")");
    }
    absl::StrAppend(&out, " : ", PrintSpecs(node, ", "), "\n");
  }
  for (size_t i = 0; i < graph.states().size(); ++i) {
    const Value next = graph.next(static_cast<int>(i));
    if (!next.valid()) continue;
    absl::StrAppend(&out, "next ", PrintValue(graph.states()[i]), " = ", PrintValue(next), "\n");
  }
  return out;
}

std::string PrintDot(const Graph& graph) {
  std::string out =
      "digraph gradus {\n"
      "  rankdir=TB;\n"
      "  node [shape=box, style=\"rounded,filled\", color=\"#707070\", fontname=\"Helvetica\", "
      "fontsize=10];\n"
      "  edge [color=\"#707070\", fontname=\"Helvetica\", fontsize=8, arrowsize=0.6];\n";
  std::map<std::string, std::vector<int>> clusters;
  for (int i = 0; i < graph.size(); ++i) clusters[ClusterOf(graph.node(i))].push_back(i);
  int number = 0;
  for (const auto& cluster : clusters) {
    const bool boxed = !cluster.first.empty();
    if (boxed) {
      absl::StrAppend(&out, "  subgraph cluster_", number++, " {\n    label=",
                      Quoted(cluster.first),
                      ";\n    style=\"rounded\";\n    color=\"#b0b0b0\";\n"
                      "    fontname=\"Helvetica-Bold\";\n    fontsize=11;\n");
    }
    for (int i : cluster.second) absl::StrAppend(&out, boxed ? "    " : "  ", DotNode(graph, i));
    if (boxed) absl::StrAppend(&out, "  }\n");
  }
  for (int i = 0; i < graph.size(); ++i) AppendEdges(graph, i, &out);
  for (size_t i = 0; i < graph.states().size(); ++i) {
    const Value next = graph.next(static_cast<int>(i));
    if (!next.valid()) continue;
    absl::StrAppend(&out, "  n", next.node, " -> n", graph.states()[i].node,
                    " [style=dashed, constraint=false, label=\"next\"];\n");
  }
  return out + "}\n";
}

}  // namespace gradus
