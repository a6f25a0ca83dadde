// What the tests of passes share: a program that is being built, and what a pass makes of it, as text.

#ifndef GRADUS_TESTS_RUNTIME_PASS_TESTING_H_
#define GRADUS_TESTS_RUNTIME_PASS_TESTING_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/graph/emitter.h"
#include "gradus/graph/print.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/passes.h"

namespace gradus {

class PassTesting : public testing::Test {
 protected:
  // The ops of the program after the pass, "Relu(Add(Matmul(x, w), b))" for each fetch; an output but the first as "name.1", what was fused
  // with its config.
  std::string After(absl::StatusOr<Program> (*pass)(const Program&), std::vector<Value> fetches) {
    EXPECT_TRUE(emit_.status().ok()) << emit_.status();
    program_.fetches = std::move(fetches);
    const std::string before = PrintText(program_.graph);
    absl::StatusOr<Program> after = pass(program_);
    EXPECT_EQ(PrintText(program_.graph), before) << "a pass is a pure function";
    if (!after.ok()) return after.status().ToString();
    result_ = *std::move(after);
    std::string text;
    for (Value fetch : result_.fetches) {
      absl::StrAppend(&text, text.empty() ? "" : " | ", Text(fetch));
    }
    return text;
  }
  std::string Text(Value value) const {
    const Node& node = result_.graph.node(value);
    if (node.leaf.has_value()) return node.name;
    const google::protobuf::Descriptor* op = node.config->GetDescriptor();
    std::string text = op->name();
    if (op == op::FusedDense::descriptor() || op == op::FusedConv2d::descriptor()) {
      absl::StrAppend(&text, "{", node.config->ShortDebugString(), "}");
    }
    if (value.output > 0) absl::StrAppend(&text, ".", value.output);
    std::string inputs;
    for (Value input : node.inputs) {
      absl::StrAppend(&inputs, inputs.empty() ? "" : ", ", Text(input));
    }
    return absl::StrCat(text, "(", inputs, ")");
  }

  Program program_, result_;
  Emitter emit_{&program_.graph, "", {}};
};

}  // namespace gradus

#endif  // GRADUS_TESTS_RUNTIME_PASS_TESTING_H_
