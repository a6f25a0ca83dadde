// A Context: the memory of one concurrent call, and how a run goes over its blocks.

#include <algorithm>
#include <cstring>

#include "gradus/base/status.h"
#include "gradus/runtime/block_sum.h"
#include "gradus/runtime/executor_impl.h"
#include "gradus/runtime/onednn.h"

namespace gradus {
namespace {

// Fewer floats than this are summed by the calling thread alone: about what a barrier costs.
constexpr int64_t kLeastParallelSum = 16384;
constexpr int kMostStackBlocks = 64;

}  // namespace

std::shared_ptr<BoundPlan> Executor::Context::FindBound(const Cut& cut, int thread,
                                                        int64_t rows) const {
  for (const Block& block : cut.blocks) {
    if (block.thread == thread && block.plan != nullptr && block.plan->plan().rows() == rows) {
      return block.plan;
    }
  }
  return nullptr;
}

absl::StatusOr<Executor::Context::Cut> Executor::Context::MakeCut(int64_t rows) {
  Cut cut;
  cut.rows = rows;
  int64_t begin = 0;
  for (int64_t size : impl_->Cut(rows)) {
    Block block;
    block.begin = begin;
    block.rows = size;
    block.thread = static_cast<int>(cut.blocks.size() % arenas_.size());
    block.inputs.resize(impl_->input_bytes.size(), nullptr);
    block.fetches.resize(impl_->targets.size(), nullptr);
    begin += size;
    // Blocks of one thread and size run one after the other and share what they need.
    block.plan = FindBound(cut, block.thread, size);
    for (const Cut& other : cuts_) {
      if (block.plan == nullptr) block.plan = FindBound(other, block.thread, size);
    }
    if (block.plan == nullptr) {
      GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan, impl_->PlanFor(size));
      GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BoundPlan> bound, BoundPlan::Create(plan));
      block.plan = std::move(bound);
    }
    Arena& arena = arenas_[block.thread];
    const int64_t bytes = BoundPlan::ArenaBytes(block.plan->plan());
    if (arena.bytes < bytes) {
      // The old one stays until there is a new one: other cuts run on it if there is none.
      GRADUS_ASSIGN_OR_RETURN(AlignedBuffer memory, AllocateAligned(bytes));
      arena.memory = std::move(memory);
      arena.bytes = bytes;
    }
    cut.blocks.push_back(std::move(block));
  }
  while (buffers_.size() + 1 < cut.blocks.size()) {
    GRADUS_ASSIGN_OR_RETURN(AlignedBuffer buffer, AllocateAligned(impl_->block_bytes));
    buffers_.push_back(std::move(buffer));
  }
  return cut;
}

absl::StatusOr<Executor::Context::Cut*> Executor::Context::CutFor(int64_t rows) {
  for (auto cut = cuts_.begin(); cut != cuts_.end(); ++cut) {
    if (cut->rows != rows) continue;
    if (cut != cuts_.begin()) cuts_.splice(cuts_.begin(), cuts_, cut);
    return &cuts_.front();
  }
  GRADUS_ASSIGN_OR_RETURN(Cut cut, MakeCut(rows));
  cuts_.push_front(std::move(cut));
  if (cuts_.size() > kCachedRowCounts) cuts_.pop_back();
  return &cuts_.front();
}

void Executor::Context::RunBlock(Block* block, int index, const Bindings& bindings,
                                 const Results& results) {
  const OneOpenMpThread one_thread;
  for (size_t i = 0; i < block->inputs.size(); ++i) {
    const char* whole = static_cast<const char*>(bindings.inputs[i]);
    const Dim bytes = impl_->input_bytes[i];
    block->inputs[i] = whole == nullptr || !bytes.batch ? whole : whole + bytes.k * block->begin;
  }
  char* own = index == 0 || impl_->block_bytes == 0 ? nullptr
                                                    : static_cast<char*>(buffers_[index - 1].get());
  for (int i = 0; i < impl_->value_count; ++i) {
    char* whole = static_cast<char*>(results.values[i]);
    const Dim bytes = impl_->value_bytes[i];
    if (index == 0 || whole == nullptr) {
      block->fetches[i] = whole;
    } else if (impl_->value_offset[i] < 0) {
      block->fetches[i] = whole + bytes.k * block->begin;
    } else {
      block->fetches[i] = own + impl_->value_offset[i];
    }
  }
  PlanBases bases;
  bases.inputs = block->inputs.data();
  bases.parameters = bindings.parameters;
  bases.states = bindings.states;
  bases.fetches = block->fetches.data();
  bases.gradients = results.gradients;
  bases.next_states = results.next_states;
  if (own != nullptr) {
    bases.gradients = reinterpret_cast<float*>(own + impl_->gradients_offset);
    bases.next_states = reinterpret_cast<float*>(own + impl_->states_offset);
  }
  block->status = GuardOneDnn("running", [&] {
    return block->plan->Run(arenas_[block->thread].memory.get(), bases, bindings.scalars,
                            impl_->row_offset_scalar, block->begin);
  });
}

absl::Status Executor::Context::Run(Cut* cut, const Bindings& bindings, const Results& results) {
  if (impl_->fetches_gradients) {
    for (const auto& [offset, floats] : impl_->zero_gradients) {
      if (floats > 0) std::memset(results.gradients + offset, 0, floats * sizeof(float));
    }
  }
  const int count = static_cast<int>(cut->blocks.size());
  if (count == 1) {
    RunBlock(&cut->blocks[0], 0, bindings, results);
    return cut->blocks[0].status;
  }
  auto run = [&](int i) { RunBlock(&cut->blocks[i], i, bindings, results); };
  if (impl_->options.pool != nullptr) {
    impl_->options.pool->Run(count, run);
  } else {
    for (int i = 0; i < count; ++i) run(i);
  }
  for (const Block& block : cut->blocks) {
    if (!block.status.ok()) return block.status;
  }
  Sum(cut, results);
  return absl::OkStatus();
}

void Executor::Context::SumRange(const Cut& cut, const Results& results, int64_t begin,
                                 int64_t end) {
  const int count = static_cast<int>(cut.blocks.size());
  float* stack[kMostStackBlocks];
  int64_t at = 0;
  for (const Impl::Segment& segment : impl_->segments) {
    const int64_t from = std::max<int64_t>(begin - at, 0);
    const int64_t to = std::min(end - at, segment.floats);
    at += segment.floats;
    if (from >= to) continue;
    float* sum = segment.kind == FetchTarget::kGradient ? results.gradients
                 : segment.kind == FetchTarget::kState
                     ? results.next_states
                     : static_cast<float*>(results.values[segment.target]);
    sum += segment.to_offset;
    const auto block = [&](int b) {
      return static_cast<float*>(buffers_[b - 1].get()) + segment.offset;
    };
    // A tree over more blocks than fit: whole subtrees first, whose size is a power of two.
    int stride = 1;
    while (count > stride * kMostStackBlocks) stride *= kMostStackBlocks;
    for (int width = 1; width <= stride; width *= kMostStackBlocks) {
      for (int first = 0; first < count; first += width * kMostStackBlocks) {
        int n = 0;
        for (int b = first; b < count && n < kMostStackBlocks; b += width) {
          stack[n++] = b == 0 ? sum : block(b);
        }
        if (n > 1) SumBlocks(stack, n, from, to);
      }
    }
  }
}

void Executor::Context::Sum(Cut* cut, const Results& results) {
  const int64_t floats = impl_->summed_floats;
  if (floats == 0) return;
  if (impl_->threads() == 1 || floats < kLeastParallelSum) {
    SumRange(*cut, results, 0, floats);
    return;
  }
  const int parts = impl_->threads();
  const int64_t part = (floats + parts - 1) / parts;
  const int64_t aligned = (part + 15) / 16 * 16;
  auto sum = [&](int i) {
    SumRange(*cut, results, std::min(floats, i * aligned), std::min(floats, (i + 1) * aligned));
  };
  impl_->options.pool->Run(parts, sum);
}

}  // namespace gradus
