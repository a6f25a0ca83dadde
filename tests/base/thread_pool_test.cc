// The pool: every index once, on the promised thread, finished when Run() returns; and nothing of
// the host changed.

#include "gradus/base/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

namespace gradus {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, CallsEveryIndexExactlyOnce) {
  ThreadPool pool(GetParam());
  for (int count : {0, 1, 2, 3, 7, 64, 1000}) {
    std::vector<int> calls(static_cast<size_t>(count),
                           0);  // Not atomic: a race is what ThreadSanitizer looks for.
    auto task = [&calls](int i) { ++calls[static_cast<size_t>(i)]; };
    pool.Run(count, task);
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(calls[static_cast<size_t>(i)], 1) << i << " of " << count;
  }
}

TEST_P(ThreadPoolTest, RunsIndexIOnThreadIModuloThreads) {
  const int threads = GetParam();
  ThreadPool pool(threads);
  constexpr int kCount = 200;
  std::vector<pthread_t> first(kCount), second(kCount);
  auto record_first = [&first](int i) { first[static_cast<size_t>(i)] = pthread_self(); };
  auto record_second = [&second](int i) { second[static_cast<size_t>(i)] = pthread_self(); };
  pool.Run(kCount, record_first);
  pool.Run(kCount, record_second);
  std::set<pthread_t> seen(first.begin(), first.end());
  EXPECT_EQ(seen.size(), static_cast<size_t>(threads));
  EXPECT_EQ(first[0], pthread_self());
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(first[static_cast<size_t>(i)], first[static_cast<size_t>(i % threads)]) << i;
    EXPECT_EQ(second[static_cast<size_t>(i)], first[static_cast<size_t>(i)]) << i;
  }
}

TEST_P(ThreadPoolTest, AThreadTakesItsIndicesInOrder) {
  const int threads = GetParam();
  ThreadPool pool(threads);
  std::vector<std::vector<int>> taken(static_cast<size_t>(threads));
  auto task = [&taken, threads](int i) { taken[static_cast<size_t>(i % threads)].push_back(i); };
  pool.Run(101, task);
  for (int t = 0; t < threads; ++t) {
    for (size_t k = 0; k < taken[static_cast<size_t>(t)].size(); ++k) {
      EXPECT_EQ(taken[static_cast<size_t>(t)][k], t + static_cast<int>(k) * threads);
    }
  }
}

TEST_P(ThreadPoolTest, WhatTasksWroteIsSeenAfterRunAndByTheNextRun) {
  // Plain memory handed round ten thousand times: lost or early returns would break the sum.
  const int threads = GetParam();
  ThreadPool pool(threads);
  const int64_t rounds = threads > 4 ? 300 : 10000;
  std::vector<int64_t> cells(static_cast<size_t>(threads) * 2, 0);
  const size_t size = cells.size();
  std::vector<int64_t> next(size, 0);
  auto shift = [&](int i) {
    next[static_cast<size_t>(i)] = cells[(static_cast<size_t>(i) + 1) % size] + 1;
  };
  for (int64_t round = 0; round < rounds; ++round) {
    pool.Run(static_cast<int>(size), shift);
    cells.swap(next);
  }
  for (int64_t cell : cells) EXPECT_EQ(cell, rounds);
}

TEST_P(ThreadPoolTest, WakesThreadsThatHaveFallenAsleep) {
  ThreadPool pool(GetParam());
  std::atomic<int> calls{0};
  auto task = [&calls](int) { ++calls; };
  int expected = 0;
  for (int round = 0; round < 30; ++round) {
    pool.Run(GetParam() * 2, task);
    expected += GetParam() * 2;
    // Work of the caller alone, of growing length, from far below to far above what a worker spins.
    volatile double x = 1;
    for (int k = 0; k < 1000 << (round % 10); ++k) x = x * 1.0000001;
    EXPECT_EQ(calls.load(), expected);
  }
}

TEST_P(ThreadPoolTest, WaitsForASlowWorker) {
  const int threads = GetParam();
  ThreadPool pool(threads);
  std::vector<int> done(static_cast<size_t>(threads), 0);
  for (int slow = 0; slow < threads; ++slow) {
    auto task = [&done, slow](int i) {
      volatile double x = 1;
      for (int k = 0; i == slow && k < 2000000; ++k) x = x * 1.0000001;
      ++done[static_cast<size_t>(i)];
    };
    pool.Run(threads, task);
    for (int i = 0; i < threads; ++i) EXPECT_EQ(done[static_cast<size_t>(i)], slow + 1);
  }
}

// With more threads than cores nobody spins; with one or two, everybody does on most machines.
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 4, 16));

TEST(ThreadPoolTest, StartsAndEndsWithoutEverRunning) {
  for (int round = 0; round < 100; ++round) ThreadPool pool(1 + round % 4);
}

TEST(ThreadPoolTest, EndsRightAfterARun) {
  for (int round = 0; round < 200; ++round) {
    ThreadPool pool(3);
    std::atomic<int> calls{0};
    auto task = [&calls](int) { ++calls; };
    pool.Run(3, task);
    EXPECT_EQ(calls.load(), 3);
  }
}

TEST(ThreadPoolTest, TakesOneThreadForNonsense) {
  EXPECT_EQ(ThreadPool(0).threads(), 1);
  EXPECT_EQ(ThreadPool(-3).threads(), 1);
}

TEST(ThreadPoolTest, TwoPoolsWorkSideBySide) {
  std::vector<int64_t> sums(2, 0);
  auto use = [&sums](size_t which) {
    ThreadPool pool(2);
    std::vector<int64_t> partial(2, 0);
    auto task = [&partial](int i) { partial[static_cast<size_t>(i)] += i + 1; };
    for (int round = 0; round < 2000; ++round) pool.Run(2, task);
    sums[which] = partial[0] + partial[1];
  };
  std::thread other(use, 0);
  use(1);
  other.join();
  EXPECT_EQ(sums[0], 2000 * 3);
  EXPECT_EQ(sums[1], 2000 * 3);
}

TEST(ThreadPoolTest, ItsThreadsTakeNoSignalsAndTheCallersMaskStays) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  ThreadPool pool(2);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
  EXPECT_EQ(sigismember(&after, SIGINT), 0);
  int blocked = -1;
  auto task = [&blocked](int i) {
    if (i != 1) return;
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, nullptr, &mine);
    blocked = sigismember(&mine, SIGINT);
  };
  pool.Run(2, task);
  EXPECT_EQ(blocked, 1);
}

TEST(ThreadPoolTest, AvailableCoresAreAtLeastOneAndAtMostTheMachines) {
  EXPECT_GE(AvailableCores(), 1);
  EXPECT_LE(static_cast<unsigned>(AvailableCores()), std::thread::hardware_concurrency());
}

TEST_P(ThreadPoolTest, ServesAnyNumberOfCallersAtOnce) {
  const int threads = GetParam();
  ThreadPool pool(threads);
  const int rounds = threads > 4 ? 100 : 1000;
  std::vector<int64_t> wrong(4, 0);
  auto use = [&](size_t caller) {
    std::vector<int> calls(7, 0);  // Not atomic: a race is what ThreadSanitizer looks for.
    auto task = [&calls](int i) { ++calls[static_cast<size_t>(i)]; };
    for (int round = 1; round <= rounds; ++round) {
      pool.Run(7, task);
      for (int n : calls) wrong[caller] += n != round;
    }
  };
  std::vector<std::thread> callers;
  for (size_t caller = 1; caller < wrong.size(); ++caller) callers.emplace_back(use, caller);
  use(0);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, std::vector<int64_t>(4, 0));
}

TEST_P(ThreadPoolTest, ACallerThatFindsItTakenMakesAllCallsItselfInOrder) {
  ThreadPool pool(GetParam());
  std::vector<int> order;
  bool own_thread = true;
  auto outer = [&](int i) {
    if (i != 1) return;  // On a worker, if there is one: the pool is taken until it is done.
    const pthread_t self = pthread_self();
    auto inner = [&](int k) {
      order.push_back(k);
      own_thread = own_thread && pthread_equal(self, pthread_self());
    };
    pool.Run(5, inner);
  };
  pool.Run(2, outer);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(own_thread);
}

}  // namespace
}  // namespace gradus
