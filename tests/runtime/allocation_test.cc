// Counts heap allocations in a run, by who asks for them: oneDNN 2.6.3 and the OpenMP library
// allocate in every primitive; what is left is ours and must be nothing after the first run with a
// number of rows.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/thread_pool.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"

#if !defined(__SANITIZE_ADDRESS__)

namespace {

std::atomic<bool> counting{false};
std::atomic<int> by_others{0};
std::atomic<int> by_us{0};

struct Range {
  uintptr_t begin, end;
};
Range others[8];
int other_count = 0;

int AddRange(dl_phdr_info* info, size_t, void*) {
  if (std::strstr(info->dlpi_name, "libdnnl") == nullptr &&
      std::strstr(info->dlpi_name, "libgomp") == nullptr) {
    return 0;
  }
  for (int i = 0; i < info->dlpi_phnum && other_count < 8; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    others[other_count++] = {begin, begin + header.p_memsz};
  }
  return 0;
}

void Count(void* caller) {
  if (!counting.load(std::memory_order_relaxed)) return;
  const uintptr_t address = reinterpret_cast<uintptr_t>(caller);
  for (int i = 0; i < other_count; ++i) {
    if (address >= others[i].begin && address < others[i].end) {
      ++by_others;
      return;
    }
  }
  ++by_us;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  Count(__builtin_return_address(0));
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_calloc(count, size);
}
void* realloc(void* p, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_realloc(p, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** p, size_t alignment, size_t size) {
  Count(__builtin_return_address(0));
  *p = __libc_memalign(alignment, size);
  return *p == nullptr ? 12 : 0;
}
}

[[gnu::noinline]] void* operator new(size_t size) {
  Count(__builtin_return_address(0));
  return __libc_malloc(size);
}
[[gnu::noinline]] void* operator new[](size_t size) {
  Count(__builtin_return_address(0));
  return __libc_malloc(size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, size_t) noexcept { std::free(p); }

namespace gradus {
namespace {

// A training step of a classifier: dense, relu, dense, cross-entropy, gradients.
void MakeStep(Graph* graph, Fetches* fetches) {
  Emitter emit(graph, "", {});
  const Value x = *graph->AddInput("x", {DType::kFloat32, Shape::Batched({30})});
  const Value label = *graph->AddInput("label", {DType::kInt32, Shape::Batched({})});
  const Value w1 = *graph->AddParameter({"w1", Shape::Fixed({30, 64}), {}});
  const Value b1 = *graph->AddParameter({"b1", Shape::Fixed({64}), {}});
  const Value w2 = *graph->AddParameter({"w2", Shape::Fixed({64, 10}), {}});
  const Value b2 = *graph->AddParameter({"b2", Shape::Fixed({10}), {}});
  const Value hidden = emit(op::Relu(), {emit(op::Add(), {emit(op::Matmul(), {x, w1}), b1})});
  const Value logits = emit(op::Add(), {emit(op::Matmul(), {hidden, w2}), b2});
  op::Gather pick;
  pick.set_batch_dims(1);
  const Value loss = emit(op::Neg(), {emit(pick, {emit(op::LogSoftmax(), {logits}), label})});
  ASSERT_TRUE(emit.status().ok()) << emit.status();
  const Value seed = emit.Broadcast(*graph->AddScalar("seed"), Shape::Batched({}));
  fetches->values = {loss};
  fetches->gradients = AddGradients(graph, {loss}, {seed}, graph->parameters())->of;
}

class Allocations : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, Allocations, testing::Values(1, 2));

TEST_P(Allocations, NoneOfOursAfterTheFirstRun) {
  if (other_count == 0) dl_iterate_phdr(AddRange, nullptr);
  ASSERT_GT(other_count, 0) << "libdnnl is not a shared library here";
  Graph graph;
  Fetches fetches;
  MakeStep(&graph, &fetches);
  ThreadPool pool(GetParam());
  ExecutorOptions options;
  options.pool = &pool;
  options.block_rows = 16;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  ReferenceLeaves leaves = RandomLeaves(graph, 64, 1);
  for (double& label : leaves[graph.inputs()[1]].values) label = 3;
  ASSERT_TRUE(run->Run(leaves, 64).ok());
  // A short last batch in between, then both again: row counts that were seen before.
  Bindings short_batch = run->bindings();
  short_batch.rows = 37;
  ASSERT_TRUE(run->executor().Run(run->context(), short_batch, run->results()).ok());
  by_us = by_others = 0;
  counting = true;
  bool ok = true;
  for (int i = 0; i < 5; ++i) {
    ok &= run->executor().Run(run->context(), run->bindings(), run->results()).ok();
    ok &= run->executor().Run(run->context(), short_batch, run->results()).ok();
  }
  counting = false;
  EXPECT_TRUE(ok);
  EXPECT_EQ(by_us.load(), 0);
  RecordProperty("allocations_by_onednn_in_10_runs", by_others.load());
  // The counter counts.
  counting = true;
  std::free(std::malloc(1));
  std::string* text = new std::string(100, 'x');
  counting = false;
  delete text;
  EXPECT_GE(by_us.load(), 2);
}

}  // namespace
}  // namespace gradus

#endif
