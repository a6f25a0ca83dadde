// Where commands about a run's numbers wait for the next step boundary. The one part of a run that
// other threads may touch while it goes on.

#ifndef GRADUS_TRAIN_RATE_INBOX_H_
#define GRADUS_TRAIN_RATE_INBOX_H_

#include <atomic>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gradus/rate_command.pb.h"

namespace gradus {

// Thread safety: Put may be called from any thread; Take by the one that trains.
class RateInbox {
 public:
  void Put(RateCommand command) {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(std::move(command));
    any_.store(true, std::memory_order_release);
  }

  // The first that is due when `update` updates are done, in the order in which they came; false
  // when there is none. Costs one read of memory when nothing waits.
  bool Take(int64_t update, RateCommand* command) {
    if (!any_.load(std::memory_order_acquire)) return false;
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].has_at_step() && waiting_[i].at_step() > update) continue;
      *command = std::move(waiting_[i]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      any_.store(!waiting_.empty(), std::memory_order_release);
      return true;
    }
    return false;
  }

 private:
  absl::Mutex mutex_;
  std::vector<RateCommand> waiting_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> any_{false};
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_RATE_INBOX_H_
