// What each value is when a graph is cut by rows.

#include "gradus/runtime/row_split.h"

#include <algorithm>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

class Analysis {
 public:
  explicit Analysis(const Program& program) : graph_(program.graph) {
    result_.classes.resize(graph_.size());
    result_.phase_of.resize(graph_.size(), 0);
    result_.reads_totals.resize(graph_.size(), false);
    const std::vector<bool> needed = NeededNodes(program);
    for (int i = 0; i < graph_.size() && result_.why_not.empty(); ++i) {
      const Node& node = graph_.node(i);
      result_.classes[i].resize(node.outputs.size(), RowClass::kWhole);
      if (!needed[i]) continue;
      if (node.leaf.has_value()) {
        Leaf(i);
      } else {
        Operation(i);
      }
    }
    if (result_.why_not.empty()) Fetches(program.fetches);
    if (result_.why_not.empty()) PlaceSums();
    if (result_.why_not.empty() && !has_rows_) result_.why_not = "nothing has a batch axis";
    result_.splits = result_.why_not.empty();
  }

  RowSplit result() && { return std::move(result_); }

 private:
  void Refuse(int node, absl::string_view reason) {
    result_.why_not = absl::StrCat("node \"", graph_.node(node).name, "\" ", reason);
  }
  static bool Batched(const TensorSpec& spec) { return spec.shape.batch_axis() >= 0; }
  int Count(const Node& node, RowClass c) const {
    int n = 0;
    for (Value input : node.inputs) n += result_.of(input) == c;
    return n;
  }

  void Leaf(int index) {
    const Node& node = graph_.node(index);
    const TensorSpec& spec = node.outputs[0];
    RowClass& c = result_.classes[index][0];
    if (*node.leaf == Leaf::kScalar && node.name == "row_offset") c = RowClass::kRowOffset;
    if (!Batched(spec)) return;
    // A block of rows must be one piece of memory.
    if (spec.shape.batch_axis() != 0) {
      return Refuse(index, "has its batch axis behind another one");
    }
    c = RowClass::kRows;
    has_rows_ = true;
  }

  void Operation(int index) {
    const Node& node = graph_.node(index);
    std::vector<TensorSpec> specs;
    for (Value input : node.inputs) specs.push_back(graph_.spec(input));
    const int rows = Count(node, RowClass::kRows);
    const int partial = Count(node, RowClass::kPartial);
    const int offset = Count(node, RowClass::kRowOffset);
    int& phase = result_.phase_of[index];
    for (Value input : node.inputs) phase = std::max(phase, result_.phase_of[input.node]);
    if (partial > 0) {
      if (PassesThrough(index, partial, rows + offset)) return Partial(index);
      for (Value input : node.inputs) {
        if (result_.of(input) == RowClass::kPartial && !Total(index, input)) return;
      }
      result_.reads_totals[index] = true;
    }
    BatchUse use = node.op->batch_use(*node.config, specs);
    if (rows == 0) use = BatchUse::kRows;
    if (use == BatchUse::kMixes) return Refuse(index, "needs all rows at once");
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const bool batched = Batched(node.outputs[o]);
      RowClass& c = result_.classes[index][o];
      if (batched) {
        if (use == BatchUse::kReduces)
          return Refuse(index, "sums over rows and keeps a batch axis");
        c = RowClass::kRows;
        has_rows_ = true;
      } else if (rows > 0) {
        if (use == BatchUse::kRows) return Refuse(index, "loses the batch axis row by row");
        if (offset > 0) return Refuse(index, "sums over rows and reads the row offset");
        c = RowClass::kPartial;
      } else if (offset > 0) {
        c = RowClass::kRowOffset;
      }
    }
  }

  // A sum over blocks may pass where f(a + b) = f(a) + f(b): alone in a linear input, or in all
  // inputs of what is linear in them together.
  bool PassesThrough(int index, int partial, int of_block) const {
    const Node& node = graph_.node(index);
    bool linear = of_block == 0;
    for (const TensorSpec& output : node.outputs) linear = linear && !Batched(output);
    if (partial != static_cast<int>(node.inputs.size()) || !node.op->jointly_linear(*node.config)) {
      linear = linear && partial == 1;
      for (size_t i = 0; i < node.inputs.size() && linear; ++i) {
        if (result_.of(node.inputs[i]) != RowClass::kPartial) continue;
        linear = node.op->linear_in(*node.config, static_cast<int>(i));
      }
    }
    return linear;
  }

  void Partial(int index) {
    for (RowClass& c : result_.classes[index]) c = RowClass::kPartial;
  }

  // The node reads the total of this input, in a later phase than that of its terms.
  bool Total(int index, Value input) {
    const TensorSpec& spec = graph_.spec(input);
    if (spec.dtype != DType::kFloat32) {
      Refuse(index, "needs a sum over all rows that is not FLOAT32");
      return false;
    }
    const int phase = result_.phase_of[input.node];
    result_.phase_of[index] = std::max(result_.phase_of[index], phase + 1);
    result_.phases = std::max(result_.phases, result_.phase_of[index] + 1);
    const bool known = std::any_of(result_.sums.begin(), result_.sums.end(),
                                   [&](const RowSplit::Sum& sum) { return sum.value == input; });
    if (known) return true;
    const absl::StatusOr<Dim> elements = spec.shape.Elements();
    if (!elements.ok()) {
      Refuse(index, "needs a sum over all rows that is too large");
      return false;
    }
    result_.sums.push_back({input, phase, 0, elements->k});
    return true;
  }

  void PlaceSums() {
    constexpr int64_t kAlign = 16;
    std::stable_sort(
        result_.sums.begin(), result_.sums.end(),
        [](const RowSplit::Sum& a, const RowSplit::Sum& b) { return a.phase < b.phase; });
    result_.sum_floats.resize(result_.phases, 0);
    int64_t at = 0;
    for (RowSplit::Sum& sum : result_.sums) {
      sum.offset = at;
      at += (sum.floats + kAlign - 1) / kAlign * kAlign;
      result_.sum_floats[sum.phase] = at;
    }
    for (int p = 1; p < result_.phases; ++p) {
      result_.sum_floats[p] = std::max(result_.sum_floats[p], result_.sum_floats[p - 1]);
    }
  }

  void Fetches(const std::vector<Value>& fetches) {
    for (Value fetch : fetches) {
      const TensorSpec& spec = graph_.spec(fetch);
      const RowClass c = result_.of(fetch);
      if (c == RowClass::kRows && spec.shape.batch_axis() != 0) {
        return Refuse(fetch.node, "is fetched with its batch axis behind another one");
      }
      if (c == RowClass::kPartial && spec.dtype != DType::kFloat32) {
        return Refuse(fetch.node, "is a sum over rows that is not FLOAT32");
      }
      if (c == RowClass::kRowOffset) return Refuse(fetch.node, "depends on the row offset");
    }
  }

  const Graph& graph_;
  RowSplit result_;
  bool has_rows_ = false;
};

}  // namespace

RowSplit AnalyseRows(const Program& program) { return Analysis(program).result(); }

double ProgramFlops(const Program& program, int64_t rows) {
  const std::vector<bool> needed = NeededNodes(program);
  double flops = 0;
  for (int i = 0; i < program.graph.size(); ++i) {
    const Node& node = program.graph.node(i);
    if (!needed[i] || node.leaf.has_value()) continue;
    std::vector<TensorSpec> inputs;
    for (Value input : node.inputs) inputs.push_back(program.graph.spec(input));
    flops += node.op->Flops(*node.config, inputs, node.outputs, rows);
  }
  return flops;
}

int64_t BytesPerRow(const Program& program) {
  const std::vector<bool> needed = NeededNodes(program);
  double bytes = 0;
  for (int i = 0; i < program.graph.size(); ++i) {
    const Node& node = program.graph.node(i);
    if (!needed[i] || node.leaf.has_value() || node.op->IsView(*node.config)) continue;
    for (const TensorSpec& output : node.outputs) {
      if (output.shape.batch_axis() < 0) continue;
      const absl::StatusOr<Dim> elements = output.shape.Elements();
      if (elements.ok()) bytes += static_cast<double>(elements->k * ByteSize(output.dtype));
    }
  }
  return static_cast<int64_t>(std::min(bytes, 1e18));
}

int64_t RowsInCache(int64_t bytes_per_row, int64_t sum_bytes) {
  constexpr int64_t kWeightOfSums = 8;
  const int64_t most = std::numeric_limits<int64_t>::max() / kWeightOfSums;
  const int64_t room = std::max(kBlockBytes, kWeightOfSums * std::min(sum_bytes, most));
  return std::max(kLeastCacheRows, room / std::max<int64_t>(bytes_per_row, 1));
}

std::vector<int64_t> CutRows(int64_t rows, int64_t block_rows, int threads, double flops,
                             int64_t most_rows) {
  std::vector<int64_t> blocks;
  if (block_rows > 0) {
    for (int64_t begin = 0; begin < rows; begin += block_rows) {
      blocks.push_back(std::min(block_rows, rows - begin));
    }
    if (blocks.empty()) blocks.push_back(0);
    return blocks;
  }
  int64_t count = std::min<int64_t>(threads, rows);
  if (rows > 0 && (rows - 1) / most_rows >= count) {
    // As many for each thread.
    const int64_t each = ((rows - 1) / most_rows + threads) / threads;
    count = std::min(std::min(each, kMostBlocksPerThread) * threads, rows);
  }
  if (flops < kLeastBlockFlops * static_cast<double>(count)) {
    count = static_cast<int64_t>(flops / kLeastBlockFlops);
  }
  count = std::max<int64_t>(count, 1);
  for (int64_t i = 0; i < count; ++i) {
    blocks.push_back(rows / count + (i < rows % count ? 1 : 0));
  }
  return blocks;
}

}  // namespace gradus
