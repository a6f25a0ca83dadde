// Graphs, parameters and inputs for the tests of this room.

#include "tests/runtime/runtime_testing.h"

#include <cmath>
#include <cstring>

#include "gradus/base/status.h"

namespace gradus {
namespace {

void Fill(const RefTensor& from, Tensor* to) {
  for (size_t i = 0; i < from.values.size(); ++i) {
    const double x = from.values[i];
    switch (to->dtype()) {
      case DType::kFloat32:
        to->mutable_data<float>()[i] = static_cast<float>(x);
        break;
      case DType::kInt32:
        to->mutable_data<int32_t>()[i] = static_cast<int32_t>(x);
        break;
      default:
        GRADUS_CHECK(to->dtype() == DType::kInt64);
        to->mutable_data<int64_t>()[i] = static_cast<int64_t>(x);
    }
  }
}

RefTensor FromBlock(const ParameterLayout& layout, int i, const std::vector<float>& block) {
  RefTensor out;
  out.dims = layout.place(i).dims;
  std::vector<float> plain(layout.place(i).rows * layout.place(i).columns);
  layout.Read(i, block.data(), absl::MakeSpan(plain));
  out.values.assign(plain.begin(), plain.end());
  return out;
}

void ToBlock(const ParameterLayout& layout, int i, const RefTensor& from,
             std::vector<float>* block) {
  layout.Write(i, std::vector<float>(from.values.begin(), from.values.end()), block->data());
}

}  // namespace

absl::StatusOr<std::unique_ptr<TestRun>> TestRun::Create(const Graph& graph, const Fetches& fetches,
                                                         const ExecutorOptions& options, Isa isa) {
  std::unique_ptr<TestRun> run(new TestRun);
  run->graph_ = graph;
  run->fetches_ = fetches;
  GRADUS_ASSIGN_OR_RETURN(run->parameters_, ParameterLayout::OfParameters(graph, isa));
  GRADUS_ASSIGN_OR_RETURN(run->states_, ParameterLayout::OfStates(graph));
  GRADUS_ASSIGN_OR_RETURN(
      run->executor_, Executor::Create(graph, fetches, run->parameters_, run->states_, options));
  GRADUS_ASSIGN_OR_RETURN(run->context_, run->executor_->NewContext());
  return run;
}

void TestRun::Bind(const ReferenceLeaves& leaves, int64_t rows) {
  const auto given = [&](Value leaf) {
    auto found = leaves.find(leaf);
    return found == leaves.end() ? RefTensor() : found->second;
  };
  parameter_block_.assign(parameters_.floats() + 1, 0.0f);
  state_block_.assign(states_.floats() + 1, 0.0f);
  gradient_block_.assign(parameters_.floats() + 1, NAN);
  next_block_.assign(states_.floats() + 1, NAN);
  inputs_.clear();
  values_.clear();
  input_pointers_.clear();
  scalars_.clear();
  for (int i = 0; i < parameters_.count(); ++i) {
    const RefTensor from = given(graph_.parameters()[i]);
    if (!from.values.empty()) ToBlock(parameters_, i, from, &parameter_block_);
  }
  for (int i = 0; i < states_.count(); ++i) {
    const RefTensor from = given(graph_.states()[i]);
    if (!from.values.empty()) ToBlock(states_, i, from, &state_block_);
  }
  for (Value input : graph_.inputs()) {
    const TensorSpec& spec = graph_.spec(input);
    inputs_.push_back(*Tensor::Create(spec.dtype, spec.shape.At(rows)));
    Fill(given(input), &inputs_.back());
  }
  for (Tensor& input : inputs_) input_pointers_.push_back(input.raw());
  for (Value scalar : graph_.scalars()) {
    const RefTensor from = given(scalar);
    scalars_.push_back(from.values.empty() ? 0 : from.values[0]);
  }
  results_ = Results();
  for (Value value : fetches_.values) {
    const TensorSpec& spec = graph_.spec(value);
    values_.push_back(*Tensor::Create(spec.dtype, spec.shape.At(rows)));
    if (values_.back().elements() > 0) {
      std::memset(values_.back().mutable_raw(), 0xff, values_.back().bytes());
    }
  }
  for (Tensor& value : values_) results_.values.push_back(value.mutable_raw());
  results_.gradients = gradient_block_.data();
  results_.next_states = next_block_.data();
  bindings_.parameters = parameter_block_.data();
  bindings_.states = state_block_.data();
  bindings_.inputs = input_pointers_;
  bindings_.rows = rows;
  bindings_.scalars = scalars_;
}

absl::Status TestRun::Run(const ReferenceLeaves& leaves, int64_t rows) {
  Bind(leaves, rows);
  return executor_->Run(context_.get(), bindings_, results_);
}

RefTensor TestRun::value(int i) const {
  const Tensor& from = values_[i];
  RefTensor out;
  out.dims = from.dims();
  for (int64_t k = 0; k < from.elements(); ++k) {
    switch (from.dtype()) {
      case DType::kFloat32:
        out.values.push_back(from.data<float>()[k]);
        break;
      case DType::kInt32:
        out.values.push_back(from.data<int32_t>()[k]);
        break;
      default:
        out.values.push_back(static_cast<double>(from.data<int64_t>()[k]));
    }
  }
  return out;
}

RefTensor TestRun::gradient(int i) const { return FromBlock(parameters_, i, gradient_block_); }
RefTensor TestRun::next_state(int i) const { return FromBlock(states_, i, next_block_); }

std::string TestRun::bits() const {
  std::string bits;
  for (const Tensor& value : values_) {
    bits.append(static_cast<const char*>(value.raw()), value.bytes());
  }
  const auto append = [&](const ParameterLayout& layout, const std::vector<float>& block) {
    for (int i = 0; i < layout.count(); ++i) {
      std::vector<float> plain(layout.place(i).rows * layout.place(i).columns);
      layout.Read(i, block.data(), absl::MakeSpan(plain));
      bits.append(reinterpret_cast<const char*>(plain.data()), plain.size() * sizeof(float));
    }
  };
  append(parameters_, gradient_block_);
  append(states_, next_block_);
  return bits;
}

std::string Differences(const RefTensor& actual, const RefTensor& expected, double absolute,
                        double relative) {
  if (actual.dims != expected.dims) return "the extents differ";
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double a = actual.values[i], e = expected.values[i];
    if (std::abs(a - e) <= absolute + relative * std::abs(e)) continue;
    return absl::StrCat("number ", i, " is ", a, " instead of ", e);
  }
  return "";
}

}  // namespace gradus
