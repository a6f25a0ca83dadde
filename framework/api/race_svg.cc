// The picture of a race on one problem.

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/race_table.h"
#include "gradus/api/svg_plot.h"

namespace gradus {
namespace {

// The picture goes up to so many times the least loss. When a rule's best one is nearly that much, the
// axis is logarithmic and goes up to some times that.
constexpr double kMostTimes = 6, kLogFrom = 5, kMostTimesOfLog = 4;

// What is drawn of a problem's losses.
struct Window {
  double most = -std::numeric_limits<double>::infinity();
  bool cut = false;  // Whether there is more above.
  bool log = false;
};

Window WindowOf(const std::vector<RaceScore>& scores, size_t problem) {
  Window window;
  double least = std::numeric_limits<double>::infinity(), worst = -least;
  for (const RaceScore& score : scores) {
    if (score.problem != problem || !score.best.has_value()) continue;
    least = std::min(least, score.loss());
    worst = std::max(worst, score.loss());
    for (const RaceRate& rate : score.rates) {
      if (std::isfinite(rate.mean)) window.most = std::max(window.most, rate.mean);
    }
  }
  if (!(least > 0) || !std::isfinite(least)) return window;  // There are no multiples of it.
  window.log = worst > kLogFrom * least;
  const double most = window.log ? kMostTimesOfLog * worst : kMostTimes * least;
  window.cut = window.most > most;
  if (window.cut) window.most = most;
  return window;
}

// Where the line between two points, straight in the picture, crosses the upper edge.
double Crossing(const RaceRate& a, const RaceRate& b, const Window& window) {
  const auto height = [&](double loss) { return window.log ? std::log(loss) : loss; };
  const double part = (height(window.most) - height(a.mean)) / (height(b.mean) - height(a.mean));
  return std::exp(std::log(a.rate) + part * (std::log(b.rate) - std::log(a.rate)));
}

PlotSeries CurveOf(const std::string& name, const RaceScore& score, const Window& window) {
  PlotSeries curve;
  curve.name = name;
  const auto add = [&](double rate, double loss) {
    curve.x.push_back(rate);
    curve.y.push_back(loss);
  };
  const auto inside = [&](const RaceRate& rate) { return rate.mean <= window.most; };
  for (size_t i = 0; i < score.rates.size(); ++i) {
    const RaceRate& rate = score.rates[i];
    if (i > 0 && inside(rate) != inside(score.rates[i - 1]) && std::isfinite(rate.mean) &&
        std::isfinite(score.rates[i - 1].mean)) {
      add(Crossing(score.rates[i - 1], rate, window), window.most);
    }
    add(rate.rate, inside(rate) ? rate.mean : std::nan(""));
  }
  return curve;
}

}  // namespace

std::string RaceSvg(const Race& race, const std::vector<RaceScore>& scores, size_t problem) {
  const Window window = WindowOf(scores, problem);
  std::vector<PlotSeries> curves(race.rules().size());
  for (const RaceScore& score : scores) {
    if (score.problem != problem) continue;
    curves[score.rule] = CurveOf(race.rules()[score.rule].label, score, window);
  }
  const RaceProblem& of = race.problems()[problem];
  PlotOptions options;
  options.title = absl::StrCat("Race on ", of.name);
  options.x_label = "learning rate";
  options.y_label = of.measure();
  options.log_x = true;
  options.log_y = window.log;
  options.caption = absl::StrCat("Mean of ", race.seeds(), race.seeds() == 1 ? " seed" : " seeds",
                                 " after ", of.trainer->planned_steps(), " updates.");
  if (window.cut) {
    absl::StrAppend(&options.caption, " Losses above ", absl::StrFormat("%.3g", window.most),
                    " are not shown.");
  }
  const bool gaps = std::any_of(scores.begin(), scores.end(), [&](const RaceScore& score) {
    return score.problem == problem && score.diverged > 0;
  });
  if (gaps) absl::StrAppend(&options.caption, " A curve has a gap where a run diverged.");
  return RenderSvg(curves, options);
}

}  // namespace gradus
