// The parts of batch normalisation and of its gradient. The runtime makes them of the whole operations after differentiation, so they
// have no gradient (runtime/pass_batch_norm_parts.cc, with the formulas).
//
//   batch_norm_sum          x -> (sum x, n)                                  sums over rows
//   batch_norm_squares      (x, mean) -> sum (x - mean)^2                     sums over rows
//   batch_norm_apply        (x, gamma, beta, mean, r) -> y                    row by row
//   batch_norm_grad_sums    (dy, x, mean, r) -> (dgamma, dbeta, n)            sums over rows
//   batch_norm_grad_apply   (dy, x, gamma, mean, r, dgamma, dbeta, n) -> dx   row by row

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "ops/batch_norm_loops.h"

namespace gradus {
namespace {

const TensorSpec& Number() {
  static const TensorSpec* const spec = new TensorSpec{DType::kFloat32, Shape()};
  return *spec;
}

// An operation over x, which is input kX; behind it all inputs are [c].
template <class ConfigType, int kX, int kInputs, int kFlops>
class Part : public TypedOp<ConfigType> {
 public:
  double Flops(const Op::Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    const auto elements = inputs[kX].shape.Elements();
    return elements.ok() ? kFlops * static_cast<double>(elements->At(rows)) : 0;
  }

 protected:
  absl::Status Infer(const ConfigType&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, kInputs));
    const Shape& x = inputs[kX].shape;
    // The number is the last input of the gradient's second half and no channels.
    const absl::Span<const TensorSpec> vectors = inputs.subspan(0, std::min(kInputs, 7));
    GRADUS_RETURN_IF_ERROR(CheckBatchNorm(0, x, vectors, kX + 1));
    if (kX > 0 && inputs[0].shape != x) {
      return absl::InvalidArgumentError(
          absl::StrCat("shapes ", inputs[0].shape.ToString(), " and ", x.ToString(), " differ"));
    }
    if (kInputs > 7 && inputs.back() != Number()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", kInputs - 1, " ", inputs.back().ToString(), " is not one number"));
    }
    const TensorSpec channels{DType::kFloat32, Shape({x.dim(x.rank() - 1)})};
    *outputs = Outputs(inputs[kX], channels);
    return absl::OkStatus();
  }
  virtual std::vector<TensorSpec> Outputs(const TensorSpec& x,
                                          const TensorSpec& channels) const = 0;
};

template <class ConfigType, int kX, int kInputs, int kFlops>
class Sums : public Part<ConfigType, kX, kInputs, kFlops> {
 public:
  BatchUse batch_use(const Op::Config&, absl::Span<const TensorSpec> inputs) const override {
    return inputs[kX].shape.batch_axis() >= 0 ? BatchUse::kReduces : BatchUse::kRows;
  }
};

class BatchNormSum final : public Sums<op::BatchNormSum, 0, 1, 1> {
  std::vector<TensorSpec> Outputs(const TensorSpec&, const TensorSpec& channels) const override {
    return {channels, Number()};
  }
};
GRADUS_REGISTER_OP(BatchNormSum, op::BatchNormSum);

class BatchNormSquares final : public Sums<op::BatchNormSquares, 0, 2, 3> {
  std::vector<TensorSpec> Outputs(const TensorSpec&, const TensorSpec& channels) const override {
    return {channels};
  }
};
GRADUS_REGISTER_OP(BatchNormSquares, op::BatchNormSquares);

class BatchNormApply final : public Part<op::BatchNormApply, 0, 5, 3> {
 public:
  bool MayOverwrite(const Config&, int, int in) const override { return in == 0; }

 private:
  std::vector<TensorSpec> Outputs(const TensorSpec& x, const TensorSpec&) const override {
    return {x};
  }
};
GRADUS_REGISTER_OP(BatchNormApply, op::BatchNormApply);

class BatchNormGradSums final : public Sums<op::BatchNormGradSums, 1, 4, 4> {
  std::vector<TensorSpec> Outputs(const TensorSpec&, const TensorSpec& channels) const override {
    return {channels, channels, Number()};
  }
};
GRADUS_REGISTER_OP(BatchNormGradSums, op::BatchNormGradSums);

class BatchNormGradApply final : public Part<op::BatchNormGradApply, 1, 8, 5> {
 public:
  bool MayOverwrite(const Config&, int, int in) const override { return in == 0; }

 private:
  std::vector<TensorSpec> Outputs(const TensorSpec& x, const TensorSpec&) const override {
    return {x};
  }
};
GRADUS_REGISTER_OP(BatchNormGradApply, op::BatchNormGradApply);

// The kernels. Scratch is some vectors of `width` doubles, then some of floats.

// Also where there are no numbers, but channels.
RowsByChannels SizeOf(const Operand& x) {
  RowsByChannels size{1, x.dims.back()};
  for (size_t i = 0; i + 1 < x.dims.size(); ++i) size.rows *= x.dims[i];
  return size;
}

const float* In(const KernelArgs& args, int i) { return static_cast<const float*>(args.inputs[i]); }
float* Out(const KernelArgs& args, int i) { return static_cast<float*>(args.outputs[i]); }

// The second gives kX, kDoubles, kFloats and a Run that knows the node and its size.
template <class Loop>
class WithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const RowsByChannels size = SizeOf(request.inputs[Loop::kX]);
    Choice choice;
    choice.scratch_bytes =
        WideRows(size).width * (Loop::kDoubles * static_cast<int64_t>(sizeof(double)) +
                                Loop::kFloats * static_cast<int64_t>(sizeof(float)));
    choice.cost = 30 + static_cast<double>(size.rows * size.channels) *
                           (CurrentIsa() == Isa::kBaseline ? 0.3 : 0.1);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const RowsByChannels size = SizeOf(request.inputs[Loop::kX]);
    return MakeKernel([size, wide = WideRows(size),
                       node = request.node](const KernelArgs& args) -> absl::Status {
      if (Loop::kNeedsRows && size.rows == 0) {
        return absl::InvalidArgumentError(absl::StrCat("\"", node, "\": no rows, no statistics"));
      }
      auto* doubles = static_cast<double*>(args.scratch);
      Loop::Run(size, wide, args, doubles,
                reinterpret_cast<float*>(doubles + Loop::kDoubles * wide.width));
      return absl::OkStatus();
    });
  }
  bool accepts_empty() const override { return true; }
};

struct Sum {
  static constexpr int kX = 0, kDoubles = 1, kFloats = 0;
  static constexpr bool kNeedsRows = true;
  static void Run(const RowsByChannels& size, const WideRows& wide, const KernelArgs& args,
                  double* sums, float*) {
    ForIsa<batch_norm::SumRows<batch_norm::Plain>>(&wide, In(args, 0),
                                                   static_cast<const float*>(nullptr),
                                                   static_cast<const float*>(nullptr), sums);
    for (int64_t j = 0; j < wide.channels; ++j) Out(args, 0)[j] = static_cast<float>(sums[j]);
    *Out(args, 1) = static_cast<float>(size.rows);
  }
};
GRADUS_REGISTER_KERNEL(op::BatchNormSum, "loop", WithLoop<Sum>);

struct SumOfSquares {
  static constexpr int kX = 0, kDoubles = 1, kFloats = 1;
  static constexpr bool kNeedsRows = false;
  static void Run(const RowsByChannels&, const WideRows& wide, const KernelArgs& args, double* sums,
                  float* mean) {
    std::copy_n(In(args, 1), wide.channels, mean);
    batch_norm::Repeat(wide, mean);
    ForIsa<batch_norm::SumRows<batch_norm::Squares>>(&wide, In(args, 0),
                                                     static_cast<const float*>(nullptr),
                                                     static_cast<const float*>(mean), sums);
    for (int64_t j = 0; j < wide.channels; ++j) Out(args, 0)[j] = static_cast<float>(sums[j]);
  }
};
GRADUS_REGISTER_KERNEL(op::BatchNormSquares, "loop", WithLoop<SumOfSquares>);

struct ApplyToRows {
  static constexpr int kX = 0, kDoubles = 0, kFloats = 3;
  static constexpr bool kNeedsRows = false;
  static void Run(const RowsByChannels&, const WideRows& wide, const KernelArgs& args, double*,
                  float* mean) {
    float *scale = mean + wide.width, *shift = scale + wide.width;
    for (int64_t j = 0; j < wide.channels; ++j) {
      mean[j] = In(args, 3)[j];
      scale[j] = In(args, 1)[j] * In(args, 4)[j];
      shift[j] = In(args, 2)[j];
    }
    for (float* vector : {mean, scale, shift}) batch_norm::Repeat(wide, vector);
    ForIsa<batch_norm::Apply>(&wide, In(args, 0), static_cast<const float*>(mean),
                              static_cast<const float*>(scale), static_cast<const float*>(shift),
                              Out(args, 0));
  }
};
GRADUS_REGISTER_KERNEL(op::BatchNormApply, "loop", WithLoop<ApplyToRows>);

struct SumsOfGradient {
  static constexpr int kX = 1, kDoubles = 2, kFloats = 1;
  static constexpr bool kNeedsRows = false;
  static void Run(const RowsByChannels& size, const WideRows& wide, const KernelArgs& args,
                  double* sums, float* mean) {
    std::copy_n(In(args, 2), wide.channels, mean);
    batch_norm::Repeat(wide, mean);
    ForIsa<batch_norm::SumRows<batch_norm::Gradients>>(&wide, In(args, 1), In(args, 0),
                                                       static_cast<const float*>(mean), sums);
    const float* r = In(args, 3);
    for (int64_t j = 0; j < wide.channels; ++j) {
      Out(args, 0)[j] = static_cast<float>(sums[wide.width + j] * r[j]);
      Out(args, 1)[j] = static_cast<float>(sums[j]);
    }
    *Out(args, 2) = static_cast<float>(size.rows);
  }
};
GRADUS_REGISTER_KERNEL(op::BatchNormGradSums, "loop", WithLoop<SumsOfGradient>);

struct ApplyGradientToRows {
  static constexpr int kX = 1, kDoubles = 0, kFloats = 4;
  static constexpr bool kNeedsRows = false;
  static void Run(const RowsByChannels&, const WideRows& wide, const KernelArgs& args, double*,
                  float* mean) {
    float *scale = mean + wide.width, *shift = scale + wide.width, *slope = shift + wide.width;
    const double n = *In(args, 7);
    for (int64_t j = 0; j < wide.channels; ++j) {
      const double r = In(args, 4)[j];
      mean[j] = In(args, 3)[j];
      scale[j] = static_cast<float>(In(args, 2)[j] * r);
      shift[j] = static_cast<float>(In(args, 6)[j] / n);
      slope[j] = static_cast<float>(In(args, 5)[j] * r / n);
    }
    for (float* vector : {mean, scale, shift, slope}) batch_norm::Repeat(wide, vector);
    ForIsa<batch_norm::ApplyGradient>(
        &wide, In(args, 0), In(args, 1), static_cast<const float*>(mean),
        static_cast<const float*>(scale), static_cast<const float*>(shift),
        static_cast<const float*>(slope), Out(args, 0));
  }
};
GRADUS_REGISTER_KERNEL(op::BatchNormGradApply, "loop", WithLoop<ApplyGradientToRows>);

}  // namespace
}  // namespace gradus
