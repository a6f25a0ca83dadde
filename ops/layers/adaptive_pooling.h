// What adaptive pools share: along an axis of length n, window i of `size` goes from floor(i n / size) to ceil((i + 1) n / size). A window of
// an image is a product of two such, so its mean (maximum) is that of the rows' means (maxima), axis by axis.

#ifndef GRADUS_OPS_LAYERS_ADAPTIVE_POOLING_H_
#define GRADUS_OPS_LAYERS_ADAPTIVE_POOLING_H_

#include "ops/layers/windows.h"

namespace gradus {

// Invalid after a finding. Reduce is op::ReduceMean or op::ReduceMax.
template <class Reduce>
Value PoolAdaptively(Value x, int axis, int64_t size, LayerScope* scope) {
  if (!x.valid()) return x;
  Emitter& emit = scope->emit();
  const Shape shape = emit.spec(x).shape;
  const int64_t n = shape.dim(axis).k;
  if (size > n) {
    scope->Error("out-of-range", "output_size",
                 absl::StrCat("output_size ", size, " is more than axis ", axis, " of ",
                              scope->spec(scope->input(0)).shape.ToString(), " has"));
    return Value();
  }
  Reduce reduce;
  if (n % size == 0) {  // Windows side by side.
    Shape apart;
    for (int i = 0; i < shape.rank(); ++i) {
      apart.Append(i == axis ? Dim{size, false} : shape.dim(i));
      if (i == axis) apart.Append({n / size, false});
    }
    reduce.add_axis(axis + 1);
    return emit(reduce, {emit.Reshape(x, apart)});
  }
  reduce.add_axis(axis);
  reduce.set_keep_dims(true);
  std::vector<Value> parts;
  for (int64_t i = 0; i < size; ++i) {
    op::Slice window;
    window.set_axis(axis);
    window.set_begin(i * n / size);
    window.set_end(((i + 1) * n + size - 1) / size);
    parts.push_back(emit(reduce, {emit(window, {x})}));
  }
  op::Concat together;
  together.set_axis(axis);
  return emit(together, parts);
}

template <class Reduce, class Config>
void BuildAdaptivePool1d(const Config& config, LayerScope* scope) {
  if (!ExpectLayout(scope, kSequence)) return;
  scope->SetOutput(PoolAdaptively<Reduce>(scope->input(0), 1, config.output_size(), scope));
}

template <class Reduce, class Config>
void BuildAdaptivePool2d(const Config& config, LayerScope* scope) {
  TwoNumbers size;
  if (!ExpectLayout(scope, kImages)) return;
  if (!ReadTwo(config.output_size(), {1, 1}, "output_size", scope, &size)) return;
  const Value rows = PoolAdaptively<Reduce>(scope->input(0), 1, size[0], scope);
  scope->SetOutput(PoolAdaptively<Reduce>(rows, 2, size[1], scope));
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_ADAPTIVE_POOLING_H_
