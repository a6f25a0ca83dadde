// The sum of products of two inputs along an axis of each, example by example: keras.layers.Dot.
//
//   layer { name: "similarity" input: ["user", "film"] dot { axes: 1 normalize: true } }
//
// With axes [a, b] of x and y the result has the other axes of x, then those of y: [batch, n, k] and [batch, m, k] with axes: 2 give
// [batch, n, m]; two vectors give [batch, 1].

#include <array>

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Dot final : public TypedLayer<layer::Dot> {
  void Build(const layer::Dot& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(2, 2)) return;
    if (config.axes_size() > 2) {
      scope->Error("count", "axes",
                   absl::StrCat("axes has ", config.axes_size(), " numbers, not 1 or 2"));
      return;
    }
    std::array<Side, 2> sides;
    for (int i = 0; i < 2; ++i) {
      if (!scope->ExpectFloat(scope->input(i), absl::StrCat("input ", i))) return;
      if (!Read(config.axes(i % config.axes_size()), i, config.normalize(), scope, &sides[i])) {
        return;
      }
    }
    if (sides[0].length != sides[1].length) {
      scope->InputError("shape", 1,
                        absl::StrCat("input 0 has ", sides[0].length.k, " places along its axis, ",
                                     "input 1 ", sides[1].length.k));
      return;
    }
    Emitter& emit = scope->emit();
    op::Matmul product;
    product.set_transpose_b(true);
    const Value y = emit(product, {sides[0].rows, sides[1].rows});
    Shape shape = sides[0].left;
    for (int i = 1; i < sides[1].left.rank(); ++i) shape.Append(sides[1].left.dim(i));
    if (shape.rank() == 1) shape.Append({1, false});
    scope->SetOutput(emit.Reshape(y, shape));
  }

  struct Side {
    Value rows;  // [batch, all other axes, the axis]
    Dim length;
    Shape left;  // The batch and the other axes.
  };

  static bool Read(int given, int input, bool normalize, LayerScope* scope, Side* side) {
    Emitter& emit = scope->emit();
    Value x = scope->input(input);
    const Shape shape = emit.spec(x).shape;
    const int axis = given < 0 ? given + shape.rank() : given;
    if (axis < 1 || axis >= shape.rank()) {
      scope->Error("out-of-range", "axes",
                   absl::StrCat("axis ", given, " of ", shape.ToString(),
                                axis == 0 ? " is the batch" : " is not there"));
      return false;
    }
    op::Transpose last;
    int64_t others = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      if (i == axis) continue;
      last.add_permutation(i);
      side->left.Append(shape.dim(i));
      if (i > 0) others *= shape.dim(i).k;
    }
    last.add_permutation(axis);
    side->length = shape.dim(axis);
    if (axis != shape.rank() - 1) x = emit(last, {x});
    if (normalize) {
      // As unit_normalization; keras.layers.Dot bounds the square by 1e-12.
      op::ReduceSum sum;
      sum.add_axis(-1);
      sum.set_keep_dims(true);
      op::Clip at_least;
      at_least.set_min(1e-12);
      const Value square = emit(at_least, {emit(sum, {emit(op::Square(), {x})})});
      x = emit(op::Div(), {x, emit(op::Sqrt(), {square})});
    }
    side->rows = emit.Reshape(x, {shape.dim(0), {others, false}, side->length});
    return true;
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.dot", Dot);

}  // namespace
}  // namespace gradus
