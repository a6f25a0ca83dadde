// One run of a race.

#include <chrono>
#include <cmath>
#include <utility>

#include "gradus/api/race.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/target.h"
#include "gradus/base/status.h"
#include "gradus/train/non_finite.h"

namespace gradus {
namespace {

// Looks at the clock where the loop calls: what lies before a line of validation is validating, all
// else is training.
class RunObserver final : public TrainObserver {
 public:
  RunObserver(const Target& target, bool validates, const std::function<bool()>& cancelled)
      : split_(validates ? "validation" : "train"), cancelled_(cancelled), watch_(target) {}

  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    run.steps = report.step;
    Pass(/*training=*/true);
    return absl::OkStatus();
  }
  absl::Status OnLine(const MetricLine& line) override {
    Pass(line.split == "train");
    if (line.split == split_ && line.scope != MetricLine::kStep) loss_ = line.loss;
    GRADUS_RETURN_IF_ERROR(watch_.OnLine(line));
    if (watch_.reached().has_value() && !run.target_step.has_value()) {
      run.target_step = watch_.reached()->step;
      run.target_seconds = run.seconds;
    }
    return absl::OkStatus();
  }
  bool StopRequested() override { return cancelled_ != nullptr && cancelled_(); }

  double loss() const { return loss_; }

  RaceRun run;

 private:
  using Clock = std::chrono::steady_clock;

  void Pass(bool training) {
    const Clock::time_point now = Clock::now();
    if (training) run.seconds += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

  const std::string split_;
  const std::function<bool()>& cancelled_;
  TargetWatch watch_;
  double loss_ = std::nan("");
  Clock::time_point last_ = Clock::now();
};

}  // namespace

absl::StatusOr<RaceRun> Race::Run(const RaceEntry& entry,
                                  const std::function<bool()>& cancelled) const try {
  const RaceProblem& problem = problems_[entry.problem];
  GRADUS_ASSIGN_OR_RETURN(const RunConfig config, ConfigOf(entry));
  ThreadPool pool(1);
  DataSplits data = problem.trainer->data();
  data.test = nullptr;
  const UnitsByInput units = UnitsOf(data.preprocessing, data.inputs);
  StepOptions options;
  options.build.units = &units;
  options.seed = static_cast<uint64_t>(config.run().seed());
  options.pool = &pool;
  options.block_rows = config.run().block_rows();
  options.batch_size = config.data().batch_size();
  options.timeline = std::make_shared<Timeline>(problem.trainer->timeline().plan());
  options.validates = data.validation != nullptr;
  Diagnostics diagnostics;
  GRADUS_ASSIGN_OR_RETURN(
      const std::unique_ptr<TrainStep> step,
      TrainStep::Create(config.model(), config.optimizer(), options, &diagnostics));
  GRADUS_ASSIGN_OR_RETURN(
      const std::unique_ptr<Evaluation> evaluation,
      Evaluation::Create(config.model(), options, &diagnostics, &step->layout()));
  GRADUS_ASSIGN_OR_RETURN(TrainState state, step->NewState());
  LoopOptions loop;
  loop.settings = config.run();
  loop.data = config.data();
  RunObserver observer(Resolved(config.run().target(), step->monitors()), options.validates, cancelled);
  TrainObserver* const observers[] = {&observer};
  const absl::StatusOr<LoopEnd> end =
      RunTrainLoop(loop, data, step.get(), evaluation.get(), &state, observers);
  if (!end.ok() && !IsNonFinite(end.status())) return end.status();
  if (end.ok() && *end == LoopEnd::kStopped) return absl::CancelledError("stopped");
  if (end.ok() && std::isfinite(observer.loss())) observer.run.loss = observer.loss();
  return observer.run;
} catch (...) {
  return StatusOfException("a run of a race");
}

}  // namespace gradus
