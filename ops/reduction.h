// What reduce_sum, reduce_mean and reduce_max share: axes, shapes, and one loop over any combination of axes, written once per
// way of combining two numbers.
//
// The axes are merged into groups that lie together in memory. What is left is an outer walk over the kept and the reduced
// groups, and an innermost stretch of neighbouring numbers that is either reduced (some running results side by side, combined in
// a fixed order at the end) or kept (a stretch of results, combined row by row). The order does not depend on the
// instruction set, so neither do the bits.

#ifndef GRADUS_OPS_REDUCTION_H_
#define GRADUS_OPS_REDUCTION_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/onednn.h"

namespace gradus {

// ---- Axes and shapes.

// Which axes of a tensor of this rank the config names; all when it names none.
template <class Config>
absl::StatusOr<std::vector<bool>> ReducedAxes(const Config& config, int rank) {
  std::vector<bool> reduced(rank, config.axis_size() == 0);
  for (int axis : config.axis()) {
    GRADUS_ASSIGN_OR_RETURN(int at, NormalizeAxis(axis, rank));
    if (reduced[at]) return absl::InvalidArgumentError(absl::StrCat("axis ", at, " is named twice"));
    reduced[at] = true;
  }
  return reduced;
}

inline Shape ReducedShape(const Shape& shape, const std::vector<bool>& reduced, bool keep_dims) {
  Shape out;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!reduced[i]) {
      out.Append(shape.dim(i));
    } else if (keep_dims) {
      out.Append({1, false});
    }
  }
  return out;
}

template <class Config>
absl::Status InferReduction(const Config& config, absl::Span<const TensorSpec> inputs,
                            std::vector<TensorSpec>* outputs) {
  GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
  GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
  const Shape& shape = inputs[0].shape;
  GRADUS_ASSIGN_OR_RETURN(std::vector<bool> reduced, ReducedAxes(config, shape.rank()));
  outputs->push_back({DType::kFloat32, ReducedShape(shape, reduced, config.keep_dims())});
  return absl::OkStatus();
}

template <class Config>
bool ReducesBatch(const Config& config, const Shape& shape) {
  const int batch = shape.batch_axis();
  const auto reduced = ReducedAxes(config, shape.rank());
  return batch >= 0 && reduced.ok() && (*reduced)[batch];
}

// The adjoint of a sum: `value`, which has the reduced shape, repeated to the shape before.
inline Value Expand(Emitter& emit, Value value, const Shape& shape, const std::vector<bool>& reduced) {
  return emit.Broadcast(emit.Reshape(value, ReducedShape(shape, reduced, true)), shape);
}

// How many numbers become one: a scalar node, because the batch is known only at run time.
inline Value ReducedCount(Emitter& emit, const Shape& shape, const std::vector<bool>& reduced) {
  double fixed = 1;
  Value batch;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!reduced[i]) continue;
    fixed *= static_cast<double>(shape.dim(i).k);
    if (shape.dim(i).batch) {
      batch = emit(op::ReduceSum(), {emit.Broadcast(emit.Constant(1), Shape({Dim{1, true}}))});
    }
  }
  const Value constant = emit.Constant(static_cast<float>(fixed));
  return batch.valid() ? emit(op::Mul(), {batch, constant}) : constant;
}

// ---- The loop.

struct ReductionLoop {
  // Extents and distances, innermost first, of what is walked outside of the innermost stretch.
  struct Walk {
    std::vector<int64_t> extent, from, to;
    int64_t steps = 1;
  };
  Walk kept, reduced;
  int64_t inner = 1;
  bool inner_reduced = false;
  int64_t count = 1;    // Numbers that become one.
  int64_t elements = 1;
};

template <class Config>
ReductionLoop MakeReductionLoop(const Config& config, const Operand& in, const Operand& out) {
  struct Group {
    int64_t extent, from, to;
    bool reduced;
  };
  const int rank = static_cast<int>(in.dims.size());
  const std::vector<bool> reduced = *ReducedAxes(config, rank);
  ReductionLoop loop;
  std::vector<Group> groups;
  int64_t from = 1, to = 1;
  int out_axis = static_cast<int>(out.dims.size());
  for (int i = rank - 1; i >= 0; --i) {
    const int64_t extent = in.dims[i];
    Group group{extent, from, 0, reduced[i]};
    from *= i == rank - 1 && rank > 1 ? in.pitch : extent;
    if (!reduced[i] || config.keep_dims()) {
      --out_axis;
      group.to = reduced[i] ? 0 : to;
      const bool last = out_axis + 1 == static_cast<int>(out.dims.size());
      to *= last && out.dims.size() > 1 ? out.pitch : out.dims[out_axis];
    }
    loop.elements *= extent;
    if (reduced[i]) loop.count *= extent;
    if (extent == 1) continue;
    if (!groups.empty() && groups.back().reduced == group.reduced &&
        group.from == groups.back().from * groups.back().extent &&
        (group.reduced || group.to == groups.back().to * groups.back().extent)) {
      groups.back().extent *= extent;
    } else {
      groups.push_back(group);
    }
  }
  size_t first = 0;
  if (!groups.empty() && groups[0].from == 1 && (groups[0].reduced || groups[0].to == 1)) {
    loop.inner = groups[0].extent;
    loop.inner_reduced = groups[0].reduced;
    first = 1;
  }
  for (size_t i = first; i < groups.size(); ++i) {
    ReductionLoop::Walk& walk = groups[i].reduced ? loop.reduced : loop.kept;
    walk.extent.push_back(groups[i].extent);
    walk.from.push_back(groups[i].from);
    walk.to.push_back(groups[i].to);
    walk.steps *= groups[i].extent;
  }
  return loop;
}

// Where step `i` of a walk begins.
GRADUS_INLINE int64_t WalkOffset(int64_t i, const int64_t* extent, const int64_t* distance, size_t axes) {
  if (axes == 1) return i * distance[0];
  int64_t offset = 0;
  for (size_t axis = 0; axis < axes; ++axis) {
    offset += i % extent[axis] * distance[axis];
    i /= extent[axis];
  }
  return offset;
}

// How sums of numbers run: sixteen of them in a vector.
struct AddingLanes {
  static constexpr int kLanes = 16;
  typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
  GRADUS_INLINE static void IntoLanes(Lanes& sum, const Lanes& x) { sum += x; }
  static float Identity() { return 0; }
  GRADUS_INLINE static void Into(float& sum, float x) { sum += x; }
};

// Combine: { kLanes, Lanes, IntoLanes, Identity(), Into(float&, float), Finish(float, count) }
template <class Combine>
struct RunReduction {
  static constexpr int kLanes = Combine::kLanes;

  GRADUS_INLINE static float Row(const float* x, int64_t n, float result) {
    int64_t i = 0;
    if (n >= kLanes) {
      typename Combine::Lanes running;
      __builtin_memcpy(&running, x, sizeof(running));
      for (i = kLanes; i + kLanes <= n; i += kLanes) {
        typename Combine::Lanes next;
        __builtin_memcpy(&next, x + i, sizeof(next));
        Combine::IntoLanes(running, next);
      }
      float lane[kLanes];
      __builtin_memcpy(lane, &running, sizeof(running));
      for (int half = kLanes / 2; half > 0; half /= 2) {
        for (int l = 0; l < half; ++l) Combine::Into(lane[l], lane[l + half]);
      }
      Combine::Into(result, lane[0]);
    }
    for (; i < n; ++i) Combine::Into(result, x[i]);
    return result;
  }

  template <Isa>
  GRADUS_INLINE static void Run(const ReductionLoop* loop, const float* x, float* out) {
    const ReductionLoop::Walk& kept = loop->kept;
    const ReductionLoop::Walk& reduced = loop->reduced;
    const int64_t inner = loop->inner;
    for (int64_t i = 0; i < kept.steps; ++i) {
      const float* from = x + WalkOffset(i, kept.extent.data(), kept.from.data(), kept.extent.size());
      float* to = out + WalkOffset(i, kept.extent.data(), kept.to.data(), kept.extent.size());
      if (loop->inner_reduced) {
        float result = Combine::Identity();
        for (int64_t j = 0; j < reduced.steps; ++j) {
          result = Row(from + WalkOffset(j, reduced.extent.data(), reduced.from.data(),
                                         reduced.extent.size()),
                       inner, result);
        }
        *to = Combine::Finish(result, loop->count);
        continue;
      }
      for (int64_t k = 0; k < inner; ++k) to[k] = Combine::Identity();
      for (int64_t j = 0; j < reduced.steps; ++j) {
        const float* row = from + WalkOffset(j, reduced.extent.data(), reduced.from.data(),
                                             reduced.extent.size());
        for (int64_t k = 0; k < inner; ++k) Combine::Into(to[k], row[k]);
      }
      for (int64_t k = 0; k < inner; ++k) to[k] = Combine::Finish(to[k], loop->count);
    }
  }
};

// ---- Factories.

template <class Config, class Combine>
class ReduceWithLoop : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const auto& config = static_cast<const Config&>(*request.config);
    const ReductionLoop loop = MakeReductionLoop(config, request.inputs[0], request.outputs[0]);
    const double elements = static_cast<double>(request.inputs[0].elements());
    const double walks = static_cast<double>(loop.kept.steps * loop.reduced.steps);
    Choice choice;
    choice.cost = 20 + 3 * walks + elements * (CurrentIsa() == Isa::kBaseline ? 0.15 : 0.04);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const Config&>(*request.config);
    const ReductionLoop loop = MakeReductionLoop(config, request.inputs[0], request.outputs[0]);
    return MakeKernel([loop](const KernelArgs& args) {
      ForIsa<RunReduction<Combine>>(&loop, static_cast<const float*>(args.inputs[0]),
                                    static_cast<float*>(args.outputs[0]));
    });
  }
  bool accepts_pitch() const override { return true; }
  bool accepts_empty() const override { return true; }
};

// oneDNN's reduction wants the reduced axes to stay with length 1.
template <class Config>
class ReduceWithOneDnn : public KernelFactory {
 public:
  explicit ReduceWithOneDnn(dnnl::algorithm algorithm) : algorithm_(algorithm) {}

  std::vector<Choice> Candidates(const Request& request) const override {
    const Operand& in = request.inputs[0];
    if (in.elements() == 0 || in.dims.empty() || in.dims.size() > 6) return {};
    if (request.outputs[0].elements() == in.elements()) return {};  // Nothing to reduce: refused.
    const auto made = Describe(request);
    if (!made.ok()) return {};
    Choice choice;
    choice.scratch_bytes = static_cast<int64_t>(made->scratchpad_desc().get_size());
    // Only reductions of the last axes have fast code in 2.6.3; the others are its reference loops.
    const bool last = (*ReducedAxes(static_cast<const Config&>(*request.config),
                                    static_cast<int>(in.dims.size()))).back();
    choice.cost = 400 + 4 * static_cast<double>(request.outputs[0].elements()) +
                  static_cast<double>(in.elements()) * (last ? 0.04 : 7);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    GRADUS_ASSIGN_OR_RETURN(dnnl::reduction::primitive_desc made, Describe(request));
    return GuardOneDnn("reduction", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeOneDnnKernel(dnnl::reduction(made), made.scratchpad_desc(),
                              {{DNNL_ARG_SRC, made.src_desc(), OneDnnArg::kInput, 0},
                               {DNNL_ARG_DST, made.dst_desc(), OneDnnArg::kOutput, 0}});
    });
  }

 private:
  absl::StatusOr<dnnl::reduction::primitive_desc> Describe(const Request& request) const {
    return GuardOneDnn("reduction", [&]() -> absl::StatusOr<dnnl::reduction::primitive_desc> {
      const auto& config = static_cast<const Config&>(*request.config);
      Operand out = request.inputs[0];
      const std::vector<bool> reduced = *ReducedAxes(config, static_cast<int>(out.dims.size()));
      for (size_t i = 0; i < reduced.size(); ++i) {
        if (reduced[i]) out.dims[i] = 1;
      }
      out.pitch = out.dims.back();
      const dnnl::reduction::desc desc(algorithm_, PlainDesc(request.inputs[0]), PlainDesc(out), 0, 0);
      return dnnl::reduction::primitive_desc(desc, OneDnnAttributes(), OneDnnEngine());
    });
  }

  const dnnl::algorithm algorithm_;
};

}  // namespace gradus

#endif  // GRADUS_OPS_REDUCTION_H_
