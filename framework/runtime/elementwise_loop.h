// Our own kernels for element-by-element operations: the rule is written once for one element and
// compiled for every instruction set; broadcasting, padded rows and short rests are handled here.
// Serves every shape.
//
//   struct SquareRule : FloatRule {
//     static constexpr double kCost = 0.04;                         // nanoseconds an element with
//     AVX-512, in cache explicit SquareRule(const op::Square&) {} GRADUS_INLINE float
//     operator()(float x) const { return x * x; }
//   };
//   using SquareLoop = ElementwiseLoop<op::Square, SquareRule, 1>;
//   GRADUS_REGISTER_KERNEL(op::Square, "loop", SquareLoop);

#ifndef GRADUS_RUNTIME_ELEMENTWISE_LOOP_H_
#define GRADUS_RUNTIME_ELEMENTWISE_LOOP_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/isa.h"
#include "gradus/runtime/elementwise_axes.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

// How many times longer an element takes than with AVX-512.
inline double ElementwiseSlowdown() {
  return CurrentIsa() == Isa::kAvx512 ? 1 : CurrentIsa() == Isa::kAvx2 ? 2 : 4;
}

// Estimated nanoseconds of a loop of which one element costs `per_element` with AVX-512. Rows of
// less than a vector are dear.
inline double ElementwiseLoopCost(double per_element, const Request& request) {
  const auto elements = static_cast<double>(request.outputs[0].elements());
  if (elements == 0) return 0;
  const int64_t length = CollapseAxes(request).extents.back();
  const double rows = elements / static_cast<double>(length);
  return 15 + rows * (length < 16 ? 11 : 3) + per_element * ElementwiseSlowdown() * elements;
}

namespace internal {

constexpr int kMaxElementwiseInputs = 2;

// Rows of one length, each operand with its step from row to row.
struct ElementwiseRows {
  const void* inputs[kMaxElementwiseInputs];
  void* output;
  int64_t rows;
  int64_t length;
  int64_t input_steps[kMaxElementwiseInputs];
  int64_t output_step;
};

// `Repeated` has bit i set when input i is one number per row.
template <class Rule, class In, class Out, int inputs, int repeated>
struct ElementwiseRowLoop {
  static constexpr int kChunk = 16;
  static constexpr int kStep0 = (repeated & 1) == 0;
  static constexpr int kStep1 = (repeated & 2) == 0;

  GRADUS_INLINE static Out At(const Rule& rule, const In* a, const In* b, int64_t i) {
    if constexpr (inputs == 1) {
      (void)b;
      return rule(a[i * kStep0]);
    } else {
      return rule(a[i * kStep0], b[i * kStep1]);
    }
  }

  GRADUS_INLINE static void Chunk(const Rule& rule, const In* a, const In* b, Out* y) {
    for (int64_t i = 0; i < kChunk; ++i) y[i] = At(rule, a, b, i);
  }

  // A rest shorter than a chunk is computed as a whole chunk in a buffer, so that it costs one
  // vector and not fifteen scalars.
  GRADUS_INLINE static void Short(const Rule& rule, const In* a, const In* b, Out* y, int64_t n) {
    In rest_a[kChunk] = {};
    In rest_b[kChunk] = {};
    Out rest_y[kChunk];
    const int64_t n_a = kStep0 ? n : 1;
    const int64_t n_b = kStep1 ? n : 1;
    for (int64_t i = 0; i < n_a; ++i) rest_a[i] = a[i];
    if constexpr (inputs == 2) {
      for (int64_t i = 0; i < n_b; ++i) rest_b[i] = b[i];
    }
    Chunk(rule, rest_a, rest_b, rest_y);
    for (int64_t i = 0; i < n; ++i) y[i] = rest_y[i];
  }

  template <Isa>
  GRADUS_INLINE static void Run(const Rule* rule_pointer, const ElementwiseRows* r) {
    const Rule rule = *rule_pointer;
    const int64_t n = r->length;
    const int64_t whole = (n - 1) / kChunk * kChunk;
    for (int64_t row = 0; row < r->rows; ++row) {
      const In* a = static_cast<const In*>(r->inputs[0]) + row * r->input_steps[0];
      const In* b =
          inputs == 1 ? nullptr : static_cast<const In*>(r->inputs[1]) + row * r->input_steps[1];
      Out* y = static_cast<Out*>(r->output) + row * r->output_step;
      if (n < kChunk) {
        Short(rule, a, b, y, n);
        continue;
      }
      // The last chunk may overlap the one before it. It is computed first, because y may be a or
      // b.
      Out last[kChunk];
      const int64_t from = n - kChunk;
      Chunk(rule, a + from * kStep0, inputs == 1 ? b : b + from * kStep1, last);
#pragma GCC ivdep  // y is another buffer or exactly a or b.
      for (int64_t i = 0; i < whole; ++i) y[i] = At(rule, a, b, i);
      for (int64_t i = 0; i < kChunk; ++i) y[from + i] = last[i];
    }
  }
};

template <class Rule, class In, class Out, int inputs>
class ElementwiseKernel final : public Kernel {
  using RunFunction = void (*)(const Rule*, const ElementwiseRows*);

 public:
  ElementwiseKernel(Rule rule, const Request& request)
      : rule_(std::move(rule)), axes_(CollapseAxes(request)) {
    const int repeated = (axes_.strides[0].back() == 0 ? 1 : 0) +
                         (inputs == 2 && axes_.strides[inputs - 1].back() == 0 ? 2 : 0);
    static constexpr RunFunction kRun[] = {&RunRows<0>, &RunRows<1>, &RunRows<2>, &RunRows<3>};
    run_ = kRun[repeated];
  }

  absl::Status Run(const KernelArgs& args, KernelState*) const override {
    ElementwiseRows rows = {};
    for (int i = 0; i < inputs; ++i) rows.inputs[i] = args.inputs[i];
    rows.output = args.outputs[0];
    RunAxis(0, rows);
    return absl::OkStatus();
  }

 private:
  template <int repeated>
  static void RunRows(const Rule* rule, const ElementwiseRows* rows) {
    constexpr int kRepeated = inputs == 1 ? repeated & 1 : repeated;
    ForIsa<ElementwiseRowLoop<Rule, In, Out, inputs, kRepeated>>(rule, rows);
  }

  // All axes but the last two by recursion.
  void RunAxis(size_t axis, ElementwiseRows rows) const {
    const size_t left = axes_.extents.size() - axis;
    if (left <= 2) {
      rows.rows = left == 2 ? axes_.extents[axis] : 1;
      rows.length = axes_.extents.back();
      for (int i = 0; i < inputs; ++i) rows.input_steps[i] = left == 2 ? axes_.strides[i][axis] : 0;
      rows.output_step = left == 2 ? axes_.strides[inputs][axis] : 0;
      run_(&rule_, &rows);
      return;
    }
    for (int64_t i = 0; i < axes_.extents[axis]; ++i) {
      RunAxis(axis + 1, rows);
      for (int k = 0; k < inputs; ++k) {
        rows.inputs[k] = static_cast<const In*>(rows.inputs[k]) + axes_.strides[k][axis];
      }
      rows.output = static_cast<Out*>(rows.output) + axes_.strides[inputs][axis];
    }
  }

  const Rule rule_;
  const ElementwiseAxes axes_;
  RunFunction run_;
};

}  // namespace internal

// `Rule` maps `inputs` elements (1 or 2) of type In to one of type Out.
template <class In, class Out, int inputs, class Rule>
std::unique_ptr<Kernel> MakeElementwiseKernel(const Request& request, Rule rule) {
  static_assert(inputs >= 1 && inputs <= internal::kMaxElementwiseInputs, "");
  return std::make_unique<internal::ElementwiseKernel<Rule, In, Out, inputs>>(std::move(rule),
                                                                              request);
}

// The factory for FLOAT32 throughout; Rule is made from the node's config.
template <class ConfigType, class Rule, int inputs>
class ElementwiseLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = ElementwiseLoopCost(Rule::kCost, request);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeElementwiseKernel<float, float, inputs>(
        request, Rule(static_cast<const ConfigType&>(*request.config)));
  }
  bool accepts_pitch() const override { return true; }
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_ELEMENTWISE_LOOP_H_
