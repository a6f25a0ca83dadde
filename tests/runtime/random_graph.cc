// Random graphs for comparing everything that the runtime does with the plain evaluator.

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/random.h"
#include "gradus/base/status.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed, 7) {}

  RandomGraph Make(int size) {
    Leaves();
    for (int i = 0; i < size; ++i) AddSomething();
    Finish();
    GRADUS_CHECK(emit_.status().ok());
    return std::move(result_);
  }

 private:
  int Below(int n) { return static_cast<int>(random_.Below(n)); }
  Value Row() { return rows_[Below(static_cast<int>(rows_.size()))]; }

  void Leaves() {
    Graph& g = result_.graph;
    rows_.push_back(*g.AddInput("x", {DType::kFloat32, Shape::Batched({4})}));
    rows_.push_back(*g.AddInput("y", {DType::kFloat32, Shape::Batched({4})}));
    for (const char* name : {"kernel_1", "kernel_2"}) {
      matrices_.push_back(*g.AddParameter({name, Shape::Fixed({4, 4}), {}}));
    }
    for (const char* name : {"bias_1", "bias_2"}) {
      vectors_.push_back(*g.AddParameter({name, Shape::Fixed({4}), {}}));
    }
    vectors_.push_back(*g.AddParameter({"scale", Shape(), {}}));
    vectors_.push_back(*g.AddParameter({"wide", Shape::Fixed({1, 4}), {}}));
    seed_ = *g.AddScalar("seed");
  }

  // Everything in rows_ is [batch, 4] and of the size of one.
  void AddSomething() {
    const Value x = Row();
    switch (Below(20)) {
      case 0:
        return Keep(emit_(op::Tanh(), {x}));
      case 1:
        return Keep(emit_(op::Sigmoid(), {x}));
      case 2:
        return Keep(emit_(op::Elu(), {x}));
      case 3:
        return Keep(emit_(op::Neg(), {x}));
      case 4:
        return Keep(emit_(op::Tanh(), {emit_(op::Exp(), {x})}));
      case 5:
        return Keep(emit_(op::Softmax(), {x}));
      case 6:
        return Keep(emit_(op::Gelu(), {x}));
      case 7:
        return Keep(emit_(op::Tanh(), {emit_(op::Add(), {x, Row()})}));
      case 8:
        return Keep(emit_(op::Tanh(), {emit_(op::Sub(), {x, Row()})}));
      case 9:
        return Keep(emit_(op::Tanh(), {emit_(op::Mul(), {x, Row()})}));
      case 10:
        return Keep(emit_(op::Add(), {Small(), emit_(op::Tanh(), {x})}));
      case 11:
        return Keep(emit_(op::Mul(), {x, Small()}));
      case 12:
        return Keep(emit_(op::Mul(), {x, emit_.Broadcast(Small(), Shape::Batched({4}))}));
      case 13:
        return Keep(emit_(op::Mul(), {x, emit_.Constant(1)}));
      case 14: {
        const Value flat = emit_.Reshape(x, Shape({Dim{4, true}}));
        return Keep(
            emit_.Reshape(emit_.Reshape(flat, Shape::Batched({2, 2})), Shape::Batched({4})));
      }
      case 15: {
        op::Concat concat;
        concat.set_axis(1);
        op::Slice slice;
        slice.set_axis(1);
        slice.set_begin(Below(5));
        slice.set_end(slice.begin() + 4);
        return Keep(emit_(slice, {emit_(concat, {x, Row()})}));
      }
      case 16: {
        op::ReduceMean mean;
        mean.add_axis(-1);
        mean.set_keep_dims(true);
        return Keep(emit_(op::Sub(), {x, emit_(mean, {x})}));
      }
      default:
        return Dense(x);
    }
  }

  void Dense(Value x) {
    Value y = emit_(op::Matmul(), {x, matrices_[Below(2)]});
    if (Below(4) > 0) y = emit_(op::Add(), {y, vectors_[Below(2)]});
    switch (Below(4)) {
      case 0:
        return Keep(emit_(op::Sigmoid(), {y}));
      case 1:
        return Keep(emit_(op::Elu(), {y}));
      default:
        return Keep(emit_(op::Tanh(), {y}));
    }
  }

  Value Small() { return vectors_[Below(static_cast<int>(vectors_.size()))]; }
  void Keep(Value value) { rows_.push_back(value); }

  void Finish() {
    Graph& g = result_.graph;
    op::ReduceSum sum;
    sum.add_axis(1);
    const Value last = rows_.back();
    const Value loss = emit_(sum, {emit_(op::Square(), {emit_(op::Add(), {last, Row()})})});
    GRADUS_CHECK(emit_.status().ok());
    const Value seed = emit_.Broadcast(seed_, Shape::Batched({}));
    const Gradients gradients = *AddGradients(&g, {loss}, {seed}, g.parameters());
    result_.fetches.gradients = gradients.of;
    // Rows, a value that is fetched twice, a leaf, and a sum over the batch.
    result_.fetches.values = {loss, last, last, rows_[0], emit_(op::ReduceSum(), {loss})};
    result_.all = result_.fetches.values;
    for (Value gradient : gradients.of) {
      if (gradient.valid()) result_.all.push_back(gradient);
    }
  }

  RandomSequence random_;
  RandomGraph result_;
  Emitter emit_{&result_.graph, "", {}};
  std::vector<Value> rows_, matrices_, vectors_;
  Value seed_;
};

}  // namespace

RandomGraph MakeRandomGraph(uint64_t seed, int size) { return Maker(seed).Make(size); }

ReferenceLeaves RandomLeaves(const Graph& graph, int64_t rows, uint64_t seed) {
  ReferenceLeaves leaves;
  RandomSequence random(seed, 11);
  const auto add = [&](const std::vector<Value>& values) {
    for (Value value : values) {
      RefTensor tensor;
      tensor.dims = graph.spec(value).shape.At(rows);
      tensor.values.resize(*ElementCount(tensor.dims));
      // Numbers that a float holds exactly, so that both sides start from the same.
      for (double& x : tensor.values) x = static_cast<float>(random.Uniform() * 2 - 1);
      leaves[value] = std::move(tensor);
    }
  };
  add(graph.inputs());
  add(graph.parameters());
  add(graph.states());
  add(graph.scalars());
  return leaves;
}

}  // namespace gradus
