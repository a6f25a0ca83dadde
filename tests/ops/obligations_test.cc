// What every operation owes: samples, a reference, kernels that agree with it, and a gradient rule
// that is the derivative. Runs over all that is registered; an operation that brings nothing fails.

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gradus/base/isa.h"
#include "gradus/graph/graph.h"
#include "tests/testing/gradient_checker.h"
#include "tests/testing/op_obligations.h"

namespace gradus {
namespace {

constexpr uint64_t kSeed = 20;

class Obligations : public testing::TestWithParam<std::string> {
 protected:
  const Op& op() const { return *Registry<Op>::Get().Find(GetParam()); }
  std::vector<OpSample> samples() const {
    const OpSamples* samples = Registry<OpSamples>::Get().Find(GetParam());
    return samples == nullptr ? std::vector<OpSample>() : (*samples)();
  }
};

// Ten shapes are owed to each check. A batch of three and an axis of three are the same to a kernel, and nothing is checked where there
// is nothing; so what counts is extents, of samples that were checked.
constexpr size_t kShapesOwed = 10;

// Of inputs and outputs.
std::string ExtentsOf(const OpSample& sample, absl::Span<const TensorSpec> outputs) {
  std::string text;
  const auto add = [&](const TensorSpec& spec) {
    absl::StrAppend(&text, "[", absl::StrJoin(spec.shape.At(sample.rows), ", "), "]");
  };
  for (const InputSample& input : sample.inputs) add(input.spec);
  absl::StrAppend(&text, "->");
  for (const TensorSpec& output : outputs) add(output);
  return text;
}

int64_t Elements(const Shape& shape, int64_t rows) {
  int64_t count = 1;
  for (int64_t d : shape.At(rows)) count *= d;
  return count;
}

TEST_P(Obligations, HasAReferenceAndSamplesOfEverySize) {
  ASSERT_NE(Registry<Reference>::Get().Find(GetParam()), nullptr)
      << GetParam() << " has no reference: see tests/testing/op_reference.h";
  const std::vector<OpSample> all = samples();
  ASSERT_FALSE(all.empty()) << GetParam() << " has no samples: see tests/testing/op_samples.h";
  std::set<int64_t> extents;
  bool empty = false;
  bool single = false;
  for (const OpSample& sample : all) {
    ASSERT_EQ(sample.config->GetDescriptor()->full_name(), GetParam());
    std::vector<TensorSpec> specs, outputs;
    for (const InputSample& input : sample.inputs) specs.push_back(input.spec);
    const absl::Status inferred = op().InferOutputs(*sample.config, specs, &outputs);
    ASSERT_TRUE(inferred.ok()) << Describe(sample) << ": " << inferred;
    specs.insert(specs.end(), outputs.begin(), outputs.end());
    for (const TensorSpec& spec : specs) {
      for (int64_t d : spec.shape.At(sample.rows)) extents.insert(d);
      empty |= Elements(spec.shape, sample.rows) == 0;
    }
    // What reads several numbers for each one that it gives has a result of size 1.
    single |= Elements(sample.inputs[0].spec.shape, sample.rows) == 1 ||
              Elements(outputs[0].shape, sample.rows) == 1;
  }
  EXPECT_TRUE(empty) << "no sample of size 0";
  EXPECT_TRUE(single) << "no sample of size 1";
  EXPECT_EQ(extents.count(512), 1u) << "no sample with an axis of 512";
  EXPECT_EQ(extents.count(1024), 1u) << "no sample with an axis of 1024";
}

TEST_P(Obligations, EveryKernelAgreesWithTheReference) {
  const std::vector<OpSample> all = samples();
  const std::string prefix = absl::StrCat(GetParam(), "/");
  std::set<std::string> used, shapes;
  std::vector<std::string> factories;
  for (const std::string& key : Registry<KernelFactory>::Get().Keys()) {
    if (absl::StartsWith(key, prefix)) factories.push_back(key);
  }
  for (const OpSample& sample : all) {
    SCOPED_TRACE(Describe(sample));
    const absl::StatusOr<PreparedSample> prepared = Prepare(op(), sample, kSeed);
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    if (op().IsView(*sample.config)) {
      EXPECT_EQ(prepared->expected[0].values, prepared->inputs[0].values);
      if (!prepared->inputs[0].values.empty()) {
        shapes.insert(ExtentsOf(sample, prepared->output_specs));
      }
      continue;
    }
    const Request request = RequestOf(*prepared, "node");
    if (std::all_of(request.outputs.begin(), request.outputs.end(),
                    [](const Operand& output) { return output.elements() == 0; })) {
      continue;  // Never reaches a kernel.
    }
    const bool empty_input =
        std::any_of(request.inputs.begin(), request.inputs.end(),
                    [](const Operand& input) { return input.elements() == 0; });
    int choices = 0;
    for (const std::string& key : factories) {
      const KernelFactory& factory = *Registry<KernelFactory>::Get().Find(key);
      if (empty_input && !factory.accepts_empty()) continue;
      for (Choice choice : factory.Candidates(request)) {
        choice.factory = key.substr(prefix.size());
        const absl::StatusOr<std::unique_ptr<Kernel>> kernel = factory.Create(request, choice);
        if (kernel.status().code() == absl::StatusCode::kUnimplemented) continue;  // Passed over.
        EXPECT_EQ(CheckKernel(op(), factory, request, choice, *prepared), "")
            << key << " " << choice.detail;
        used.insert(key);
        ++choices;
      }
    }
    EXPECT_GT(choices, 0) << "no kernel serves this";
    shapes.insert(ExtentsOf(sample, prepared->output_specs));
  }
  EXPECT_GE(shapes.size(), kShapesOwed) << absl::StrJoin(shapes, " ");
  for (const std::string& key : factories) {
    EXPECT_EQ(used.count(key), 1u) << key << " served no sample";
  }
}

TEST_P(Obligations, GradientIsTheDerivativeOfTheReference) {
  if (!op().differentiable()) GTEST_SUCCEED() << "declared as without gradient";
  std::set<std::string> shapes;
  bool declared = false;
  for (const OpSample& sample : samples()) {
    if (!op().differentiable()) break;
    SCOPED_TRACE(Describe(sample));
    Graph graph;
    ReferenceLeaves leaves;
    std::vector<Value> inputs, differentiable;
    const std::vector<RefTensor> numbers = DrawInputs(sample, kSeed);
    for (size_t i = 0; i < sample.inputs.size(); ++i) {
      const absl::StatusOr<Value> input =
          graph.AddInput(absl::StrCat("input ", i), sample.inputs[i].spec);
      ASSERT_TRUE(input.ok()) << input.status();
      leaves[*input] = numbers[i];
      inputs.push_back(*input);
      if (sample.inputs[i].spec.dtype == DType::kFloat32 && sample.inputs[i].differentiable) {
        differentiable.push_back(*input);
      }
    }
    if (differentiable.empty()) {
      declared = true;
      continue;
    }
    const absl::StatusOr<Value> node = graph.AddNode(*sample.config, inputs, "node");
    ASSERT_TRUE(node.ok()) << node.status();
    std::vector<Value> outputs;
    const auto& specs = graph.node(*node).outputs;
    for (int o = 0; o < static_cast<int>(specs.size()); ++o) {
      const auto& left_out = sample.outputs_without_gradient;
      if (specs[o].dtype != DType::kFloat32) continue;
      if (std::find(left_out.begin(), left_out.end(), o) != left_out.end()) continue;
      outputs.push_back({node->node, o});
    }
    GradientCheckOptions options;
    options.absolute = sample.gradient_absolute;
    options.relative = sample.gradient_relative;
    EXPECT_EQ(CheckGradients(graph, outputs, leaves, sample.rows, differentiable, options), "");
    const bool some = std::any_of(differentiable.begin(), differentiable.end(),
                                  [&](Value x) { return !leaves.at(x).values.empty(); });
    if (some) shapes.insert(ExtentsOf(sample, specs));
  }
  if (!op().differentiable() || (shapes.empty() && declared)) return;
  EXPECT_GE(shapes.size(), kShapesOwed) << absl::StrJoin(shapes, " ");
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  return absl::StrReplaceAll(info.param, {{"gradus.op.", ""}, {".", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Ops, Obligations, testing::ValuesIn(Registry<Op>::Get().Keys()), TestName);

// The instruction set is decided once per process, so each of the others is a process of its own.
TEST(ObligationsElsewhere, HoldOnEveryInstructionSetOfThisMachine) {
  if (std::getenv("GRADUS_MAX_ISA") != nullptr) GTEST_SKIP() << "one set was asked for";
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    if (isa >= CurrentIsa()) continue;
    std::vector<std::string> environment = {absl::StrCat("GRADUS_MAX_ISA=", Name(isa))};
    for (char** variable = environ; *variable != nullptr; ++variable) {
      // The results of this process stand in files that the other one must not write.
      if (!absl::StartsWith(*variable, "GTEST_") && !absl::StartsWith(*variable, "XML_OUTPUT") &&
          !absl::StartsWith(*variable, "TEST_")) {
        environment.push_back(*variable);
      }
    }
    std::vector<char*> pointers;
    for (std::string& variable : environment) pointers.push_back(&variable[0]);
    pointers.push_back(nullptr);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=*EveryKernelAgreesWithTheReference*";
    std::string brief = "--gtest_brief=1";
    char* arguments[] = {&program[0], &filter[0], &brief[0], nullptr};
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, pointers.data()),
              0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << "kernels fail on " << std::string(Name(isa)) << ": run with " << environment[0];
  }
}

}  // namespace
}  // namespace gradus
