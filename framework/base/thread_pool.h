// A small pool that runs one function on several threads and waits for all of them: the barrier of
// a step. Workers spin for a short while, then sleep, so an idle process costs nothing. Nothing of
// the host is changed.
//
// Thread safety: thread-safe. The workers serve one Run() at a time; who finds them taken, by
// another thread or by the very task that it is part of, makes all calls itself.

#ifndef GRADUS_BASE_THREAD_POOL_H_
#define GRADUS_BASE_THREAD_POOL_H_

#include <memory>

namespace gradus {

class ThreadPool {
 public:
  // `threads` includes the calling one; 1 starts no thread.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Calls task(argument, i) for i = 0 .. count - 1, call i on thread i % threads() or, when the
  // pool is taken, each on the calling one, and returns when all are done. Calls with the same i %
  // threads() never run at the same time. Allocates nothing.
  void Run(int count, void (*task)(void* argument, int i), void* argument);

  template <class F>
  void Run(int count, F& task) {
    Run(
        count, [](void* argument, int i) { (*static_cast<F*>(argument))(i); }, &task);
  }

 private:
  struct State;
  const int threads_;
  std::unique_ptr<State> state_;
};

// Cores that this process may run on (its affinity mask).
int AvailableCores();

}  // namespace gradus

#endif  // GRADUS_BASE_THREAD_POOL_H_
