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
// Each round ends in a barrier, so it has several blocks for each thread.
constexpr int kRoundBlocksPerThread = 4;

int CountOnes(int n) { return __builtin_popcount(static_cast<unsigned>(n)); }

}  // namespace

int Executor::Impl::BlocksPerRound(int blocks) const {
  if (block_bytes == 0 || InPhases(blocks)) return blocks;
  int size = 1;
  while (size < kRoundBlocksPerThread * threads() && size < blocks) size *= 2;
  return size;
}

int Executor::Impl::BlockBuffers(int blocks) const {
  if (block_bytes == 0) return 0;
  const int size = BlocksPerRound(blocks);
  int buffers = std::min(size, blocks) - 1;
  for (int last_round = (blocks - 1) / size; last_round > 0; last_round /= 2) ++buffers;
  return buffers;
}

// Before round r as many rounds' sums wait as r has bits that are set.
int Executor::Impl::BufferOf(int block, int blocks) const {
  if (block_bytes == 0) return -1;
  const int size = BlocksPerRound(blocks);
  if (block % size > 0) return block % size - 1;
  const int waiting = CountOnes(block / size);
  return waiting == 0 ? -1 : size - 2 + waiting;
}

int Executor::Impl::ArenaOf(int block, int blocks) const {
  return InPhases(blocks) ? block : block % BlocksPerRound(blocks) % threads();
}

std::shared_ptr<BoundPlan> Executor::Context::FindBound(const Cut& cut, int arena, int64_t rows,
                                                        bool in_phases) const {
  if (cut.terms.empty() == in_phases) return nullptr;
  for (const Block& block : cut.blocks) {
    if (block.arena == arena && block.plan != nullptr && block.plan->plan().rows() == rows) {
      return block.plan;
    }
  }
  return nullptr;
}

absl::StatusOr<Executor::Context::Cut> Executor::Context::MakeCut(int64_t rows) {
  Cut cut;
  cut.rows = rows;
  int64_t begin = 0;
  const std::vector<int64_t> sizes = impl_->Cut(rows);
  const int count = static_cast<int>(sizes.size());
  const bool in_phases = impl_->InPhases(count);
  if (in_phases) {
    while (static_cast<int>(terms_.size()) < count) {
      GRADUS_ASSIGN_OR_RETURN(AlignedBuffer terms, AllocateAligned(impl_->TermBytes()));
      terms_.push_back(std::move(terms));
    }
    for (int i = 0; i < count; ++i) cut.terms.push_back(static_cast<float*>(terms_[i].get()));
    if (static_cast<int>(arenas_.size()) < count) arenas_.resize(count);
  }
  for (int64_t size : sizes) {
    Block block;
    block.begin = begin;
    block.rows = size;
    block.arena = impl_->ArenaOf(static_cast<int>(cut.blocks.size()), count);
    block.inputs.resize(impl_->input_bytes.size(), nullptr);
    block.fetches.resize(impl_->targets.size(), nullptr);
    begin += size;
    // Blocks of one arena and size run one after the other and share what they need.
    block.plan = FindBound(cut, block.arena, size, in_phases);
    for (const Cut& other : cuts_) {
      if (block.plan == nullptr) block.plan = FindBound(other, block.arena, size, in_phases);
    }
    if (block.plan == nullptr) {
      GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan, impl_->PlanFor({size, in_phases}));
      GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BoundPlan> bound, BoundPlan::Create(plan));
      block.plan = std::move(bound);
    }
    Arena& arena = arenas_[block.arena];
    const int64_t bytes = BoundPlan::ArenaBytes(block.plan->plan());
    if (arena.bytes < bytes) {
      // The old one stays until there is a new one: other cuts run on it if there is none.
      GRADUS_ASSIGN_OR_RETURN(AlignedBuffer memory, AllocateAligned(bytes));
      arena.memory = std::move(memory);
      arena.bytes = bytes;
    }
    cut.blocks.push_back(std::move(block));
  }
  while (static_cast<int>(buffers_.size()) < impl_->BlockBuffers(count)) {
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

PlanBases Executor::Context::BasesOf(Cut* cut, int index, const Bindings& bindings,
                                     const Results& results) {
  Block* block = &cut->blocks[index];
  for (size_t i = 0; i < block->inputs.size(); ++i) {
    const char* whole = static_cast<const char*>(bindings.inputs[i]);
    const Dim bytes = impl_->input_bytes[i];
    block->inputs[i] = whole == nullptr || !bytes.batch ? whole : whole + bytes.k * block->begin;
  }
  const int buffer = impl_->BufferOf(index, static_cast<int>(cut->blocks.size()));
  char* own = buffer < 0 ? nullptr : static_cast<char*>(buffers_[buffer].get());
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
  if (!cut->terms.empty()) {
    bases.terms = cut->terms[index];
    bases.totals = cut->terms[0];
  }
  return bases;
}

void Executor::Context::RunBlock(Cut* cut, int index, const Bindings& bindings,
                                 const Results& results) {
  const OneOpenMpThread one_thread;
  Block* block = &cut->blocks[index];
  const PlanBases bases = BasesOf(cut, index, bindings, results);
  block->status = GuardOneDnn("running", [&] {
    return block->plan->Run(arenas_[block->arena].memory.get(), bases, bindings.scalars,
                            impl_->row_offset_scalar, block->begin);
  });
}

void Executor::Context::RunBlockPhase(Cut* cut, int index, int phase, const Bindings& bindings,
                                      const Results& results) {
  const OneOpenMpThread one_thread;
  Block* block = &cut->blocks[index];
  block->status = GuardOneDnn("running", [&] {
    if (phase == 0) {
      block->plan->Prepare(arenas_[block->arena].memory.get(),
                           BasesOf(cut, index, bindings, results), bindings.scalars,
                           impl_->row_offset_scalar, block->begin);
    }
    return block->plan->RunPhase(phase);
  });
}

template <class F>
void Executor::Context::ForEach(int count, F& f) {
  if (impl_->options.pool != nullptr) {
    impl_->options.pool->Run(count, f);
  } else {
    for (int i = 0; i < count; ++i) f(i);
  }
}

// A block that fails ends the run after its phase, when no block runs any more.
absl::Status Executor::Context::RunPhases(Cut* cut, const Bindings& bindings,
                                          const Results& results) {
  const int count = static_cast<int>(cut->blocks.size());
  const RowSplit& split = impl_->split;
  for (int phase = 0; phase < split.phases; ++phase) {
    auto run = [&](int i) { RunBlockPhase(cut, i, phase, bindings, results); };
    ForEach(count, run);
    for (const Block& block : cut->blocks) {
      if (!block.status.ok()) return block.status;
    }
    const int64_t first = split.sums_begin(phase);
    SumInParts(split.sum_floats[phase] - first, [&](int64_t begin, int64_t end) {
      SumBlocks(cut->terms.data(), count, first + begin, first + end);
    });
  }
  Sum(*cut, 0, count, results);
  return absl::OkStatus();
}

absl::Status Executor::Context::Run(Cut* cut, const Bindings& bindings, const Results& results) {
  if (impl_->fetches_gradients) {
    for (const auto& [offset, floats] : impl_->zero_gradients) {
      if (floats > 0) std::memset(results.gradients + offset, 0, floats * sizeof(float));
    }
  }
  const int count = static_cast<int>(cut->blocks.size());
  if (count == 1) {
    RunBlock(cut, 0, bindings, results);
    return cut->blocks[0].status;
  }
  if (!cut->terms.empty()) return RunPhases(cut, bindings, results);
  const int per_round = impl_->BlocksPerRound(count);
  for (int first = 0; first < count; first += per_round) {
    const int blocks = std::min(per_round, count - first);
    auto run = [&](int i) { RunBlock(cut, first + i, bindings, results); };
    ForEach(blocks, run);
    for (int i = 0; i < blocks; ++i) {
      if (!cut->blocks[first + i].status.ok()) return cut->blocks[first + i].status;
    }
    Sum(*cut, first, blocks, results);
  }
  return absl::OkStatus();
}

void Executor::Context::SumRange(const Cut& cut, int first_block, int count, const Results& results,
                                 int64_t begin, int64_t end) {
  const int all = static_cast<int>(cut.blocks.size());
  const int per_round = impl_->BlocksPerRound(all);
  const int round = first_block / per_round;
  const int waiting = CountOnes(round);
  // A counter's carry; at the end everything that waits.
  const int merges = first_block + count == all ? waiting : waiting + 1 - CountOnes(round + 1);
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
    const auto in_buffer = [&](int buffer) {
      return buffer < 0 ? sum : static_cast<float*>(buffers_[buffer].get()) + segment.offset;
    };
    // A tree over more blocks than fit: whole subtrees first, whose size is a power of two.
    int stride = 1;
    while (count > stride * kMostStackBlocks) stride *= kMostStackBlocks;
    for (int width = 1; width <= stride; width *= kMostStackBlocks) {
      for (int first = 0; first < count; first += width * kMostStackBlocks) {
        int n = 0;
        for (int b = first; b < count && n < kMostStackBlocks; b += width) {
          stack[n++] = in_buffer(impl_->BufferOf(first_block + b, all));
        }
        if (n > 1) SumBlocks(stack, n, from, to);
      }
    }
    for (int m = 0; m < merges; ++m) {
      const int right = per_round - 2 + waiting - m;
      float* pair[2] = {in_buffer(waiting - m == 1 ? -1 : right - 1), in_buffer(right)};
      SumBlocks(pair, 2, from, to);
    }
  }
}

void Executor::Context::Sum(const Cut& cut, int first, int count, const Results& results) {
  SumInParts(impl_->summed_floats,
             [&](int64_t begin, int64_t end) { SumRange(cut, first, count, results, begin, end); });
}

template <class F>
void Executor::Context::SumInParts(int64_t floats, F sum) {
  if (floats == 0) return;
  if (impl_->threads() == 1 || floats < kLeastParallelSum) return sum(0, floats);
  const int parts = impl_->threads();
  const int64_t part = (floats + parts - 1) / parts;
  const int64_t aligned = (part + 15) / 16 * 16;
  auto sum_part = [&](int i) {
    sum(std::min(floats, i * aligned), std::min(floats, (i + 1) * aligned));
  };
  impl_->options.pool->Run(parts, sum_part);
}

}  // namespace gradus
