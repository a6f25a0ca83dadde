// A pool as one generation counter and one counter of workers that are not done.
//
// Run() writes the task and raises the generation; every worker takes its share i = w, w + n, ...
// and counts itself off; the last one wakes the caller. Waiting is on a futex after a bounded spin.
// How long to spin follows Karlin, Manasse, McGeoch & Owicki 1990 ("Competitive randomized
// algorithms for nonuniform problems"): at most about what a sleep costs, and only a token amount
// when the last wait turned out to be longer than that anyway. With more threads than cores nobody
// spins: the spinner would hold the core that it waits for.

#include "gradus/base/thread_pool.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace gradus {
namespace {

using Word = std::atomic<uint32_t>;
static_assert(sizeof(Word) == sizeof(uint32_t), "a futex is a plain 32-bit word");

constexpr int64_t kLongSpin =
    50000;  // Nanoseconds: about what falling asleep and being woken costs.
constexpr int64_t kShortSpin = 2000;

// Sleeps while *word is `expected`; may return early.
void FutexWait(Word* word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAIT_PRIVATE, expected, nullptr,
          nullptr, 0);
}

void FutexWake(Word* word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits until ready(): spinning for at most `nanoseconds`. Whether it became ready.
template <class Ready>
bool Spin(int64_t nanoseconds, Ready ready) {
  if (ready()) return true;
  if (nanoseconds == 0) return false;
  const int64_t end = Now() + nanoseconds;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
      Pause();
    }
  } while (Now() < end);
  return ready();
}

}  // namespace

struct ThreadPool::State {
  // Written by the caller before `generation` is raised, read by workers after they saw it.
  int count = 0;
  void (*task)(void*, int) = nullptr;
  void* argument = nullptr;
  int64_t published = 0;  // When; only kept while workers spin.
  bool stop = false;

  alignas(64) Word generation{0};
  Word sleepers{0};  // Workers that sleep on `generation`, or are about to.
  alignas(64) Word pending{0};
  Word caller_sleeps{0};  // Whether the caller sleeps on `pending`, or is about to.

  alignas(64) int threads = 1;
  bool may_spin = false;
  std::atomic<bool> taken{false};  // By a Run(); orders what one Run() wrote before the next.
  int64_t caller_spin = kLongSpin;
  std::vector<std::thread> workers;

  void Share(int worker) const {
    for (int64_t i = worker; i < count; i += threads) task(argument, static_cast<int>(i));
  }
  void Work(int worker);
  void WaitForWorkers();
};

void ThreadPool::State::Work(int worker) {
  uint32_t seen = 0;
  int64_t spin = may_spin ? kLongSpin : 0;
  while (true) {
    const int64_t began = may_spin ? Now() : 0;
    const auto raised = [this, seen] { return generation.load(std::memory_order_acquire) != seen; };
    if (!Spin(spin, raised)) {
      // Sequentially consistent with Run(): either it sees the sleeper or the futex sees the new
      // generation.
      sleepers.fetch_add(1);
      while (!raised()) FutexWait(&generation, seen);
      sleepers.fetch_sub(1);
    }
    ++seen;  // Run() waits for everybody, so no generation can be missed.
    if (stop) return;
    if (may_spin) spin = published - began <= kLongSpin ? kLongSpin : kShortSpin;
    Share(worker);
    if (pending.fetch_sub(1) == 1 && caller_sleeps.load() != 0) FutexWake(&pending);
  }
}

void ThreadPool::State::WaitForWorkers() {
  const auto done = [this] { return pending.load(std::memory_order_acquire) == 0; };
  const int64_t began = may_spin ? Now() : 0;
  if (Spin(may_spin ? caller_spin : 0, done)) {
    caller_spin = kLongSpin;
    return;
  }
  caller_sleeps.store(1);
  for (uint32_t left = pending.load(); left != 0; left = pending.load()) FutexWait(&pending, left);
  caller_sleeps.store(0);
  // Sleeping added its own cost to the wait, hence twice.
  if (may_spin) caller_spin = Now() - began <= 2 * kLongSpin ? kLongSpin : kShortSpin;
}

ThreadPool::ThreadPool(int threads) : threads_(std::max(1, threads)), state_(new State) {
  state_->threads = threads_;
  state_->may_spin = threads_ <= AvailableCores();
  // Signals are for the host's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->workers.reserve(threads_ - 1);
  for (int worker = 1; worker < threads_; ++worker) {
    try {
      state_->workers.emplace_back([state = state_.get(), worker] {
        char name[16];
        std::snprintf(name, sizeof(name), "gradus-%d", worker);
        pthread_setname_np(pthread_self(), name);
        state->Work(worker);
      });
    } catch (const std::system_error&) {
      break;  // The system gives no more threads: Run() does their shares itself, with the same
              // results.
    } catch (const std::bad_alloc&) {
      break;
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ThreadPool::~ThreadPool() {
  state_->stop = true;
  state_->generation.fetch_add(1);
  FutexWake(&state_->generation);
  for (std::thread& worker : state_->workers) worker.join();
}

void ThreadPool::Run(int count, void (*task)(void* argument, int i), void* argument) {
  if (count <= 0) return;
  State& state = *state_;
  if (count == 1 || state.workers.empty() ||
      state.taken.exchange(true, std::memory_order_acquire)) {
    for (int i = 0; i < count; ++i) task(argument, i);
    return;
  }
  state.count = count;
  state.task = task;
  state.argument = argument;
  state.published = state.may_spin ? Now() : 0;
  const int started = static_cast<int>(state.workers.size());
  state.pending.store(static_cast<uint32_t>(started), std::memory_order_relaxed);
  state.generation.fetch_add(1);
  if (state.sleepers.load() != 0) FutexWake(&state.generation);
  state.Share(0);
  for (int worker = started + 1; worker < threads_; ++worker) state.Share(worker);
  state.WaitForWorkers();
  state.taken.store(false, std::memory_order_release);
}

int AvailableCores() {
  // The mask of a machine with more cores than cpu_set_t has bits does not fit: ask with a larger
  // one.
  for (int cores = CPU_SETSIZE; cores <= 1 << 16; cores *= 2) {
    cpu_set_t* set = CPU_ALLOC(cores);
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(cores);
    const bool known = sched_getaffinity(0, bytes, set) == 0;
    const int error = errno;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
    if (error != EINVAL) break;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace gradus
