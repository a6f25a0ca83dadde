// The thread that looks for commands.

#include "gradus/api/rate_control.h"

#include <sys/stat.h>

#include <utility>

#include "absl/time/time.h"
#include "gradus/base/file.h"

namespace gradus {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Milliseconds(100);

}  // namespace

RateControl::RateControl(const std::string& run, Trainer* trainer)
    : folder_(run),
      trainer_(trainer),
      began_(absl::InfinitePast()),
      update_(trainer->state().progress.update) {
  // The lock was taken before the data was read, and commands may have come since.
  struct stat lock;
  if (stat(JoinPath(run, "lock").c_str(), &lock) == 0) {
    began_ = absl::TimeFromTimespec(lock.st_mtim);
  }
}

std::unique_ptr<RateControl> RateControl::Start(const std::string& run, Trainer* trainer) {
  std::unique_ptr<RateControl> control(new RateControl(run, trainer));
  control->folder_.RemoveAnswers();  // Of a process that has ended: nobody waits for them.
  control->Look();
  control->thread_ = std::thread([raw = control.get()] { raw->Watch(); });
  return control;
}

RateControl::~RateControl() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    changed_.Signal();
  }
  thread_.join();
  WriteAnswers();
}

void RateControl::Watch() {
  for (;;) {
    WriteAnswers();
    Look();
    absl::MutexLock lock(&mutex_);
    if (!stop_ && due_.empty()) changed_.WaitWithTimeout(&mutex_, kBetweenLooks);
    if (stop_) return;
  }
}

void RateControl::Refuse(const std::string& name, const absl::Status& status) {
  seen_[name] = true;
  RateAnswer answer;
  answer.set_refused(std::string(status.message()));
  // A folder that cannot be written is no reason to end a run.
  folder_.Answer(name, answer).IgnoreError();
  folder_.Remove(name).IgnoreError();
}

void RateControl::Look() {
  for (const std::string& name : folder_.Waiting()) {
    if (seen_.count(name) > 0) continue;
    const absl::StatusOr<RateCommand> command = folder_.Read(name);
    // Whoever put it there may have taken it back.
    if (absl::IsNotFound(command.status()) && !Exists(JoinPath(folder_.path(), name))) continue;
    const absl::Status status = command.ok() ? trainer_->Command(*command) : command.status();
    if (!status.ok()) {
      Refuse(name, status);
      continue;
    }
    const bool later = command->at_step() > update_.load(std::memory_order_relaxed);
    const bool unheard = ControlFolder::IsAgain(name) || folder_.PutAt(name) < began_;
    seen_[name] = later || unheard;
    if (!later || unheard) continue;
    RateAnswer answer;
    answer.set_step(command->at_step());
    answer.set_later(true);
    folder_.Answer(name, answer).IgnoreError();
  }
}

absl::Status RateControl::OnStep(const StepReport&, const TrainState& state) {
  update_.store(state.progress.update, std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status RateControl::OnEvent(const RateEvent& event) {
  // A command's first event has it; the others of the same command follow.
  if (event.command.has_value()) {
    changes_.emplace_back();
    changes_.back().set_step(event.step);
  } else if (event.layer != "override" || changes_.empty()) {
    return absl::OkStatus();
  }
  RateAnswer::Change* change = changes_.back().add_change();
  change->set_group(event.group);
  change->set_field(event.field);
  change->set_old_value(event.old_value);
  change->set_new_value(event.new_value);
  return absl::OkStatus();
}

absl::Status RateControl::OnCommand(const RateCommand& command, const absl::Status& status) {
  Due due;
  due.name = command.id();
  if (!status.ok()) {
    due.answer.set_refused(std::string(status.message()));
  } else if (!changes_.empty()) {
    due.answer = std::move(changes_.front());
    changes_.pop_front();
  }
  if (!command.has_id()) return absl::OkStatus();  // The program's own.
  absl::MutexLock lock(&mutex_);
  due_.push_back(std::move(due));
  changed_.Signal();
  return absl::OkStatus();
}

void RateControl::WriteAnswers() {
  std::vector<Due> due;
  {
    absl::MutexLock lock(&mutex_);
    std::swap(due, due_);
  }
  for (const Due& one : due) {
    const auto seen = seen_.find(one.name);
    if (seen == seen_.end()) continue;
    if (!seen->second || one.answer.has_refused()) {
      folder_.Answer(one.name, one.answer).IgnoreError();
    }
    seen->second = true;
    folder_.Remove(one.name).IgnoreError();
  }
}

}  // namespace gradus
