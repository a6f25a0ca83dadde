// The table and the bar.

#include "tools/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gradus {
namespace {

constexpr std::chrono::milliseconds kBetweenFrames(100);

// 83 as "1:23", 4000 as "1:06:40".
std::string Duration(double seconds) {
  const int64_t whole = static_cast<int64_t>(std::llround(seconds));
  if (whole >= 3600) {
    return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

std::string Number(double value) { return absl::StrFormat("%.4f", value); }
std::string Rate(double value) { return absl::StrFormat("%.4g", value); }

// Pads to a column on the right edge; columns grow with their titles.
std::string Cell(absl::string_view text, size_t width) {
  const size_t space = width > text.size() ? width - text.size() : 0;
  return absl::StrCat(std::string(space, ' '), text);
}

constexpr size_t kGap = 2;
constexpr size_t kLeastWidth = 9;

size_t WidthOf(absl::string_view title) { return std::max(kLeastWidth, title.size()) + kGap; }

std::vector<std::string> NamesOf(const Trainer& trainer) {
  std::vector<std::string> names = {"loss"};
  for (const NamedValue& metric : trainer.step().model().metrics) names.push_back(metric.name);
  return names;
}

double ValueAt(const MetricLine& line, size_t i) {
  return i == 0 ? line.loss : line.metrics[i - 1].second;
}

}  // namespace

TrainProgress::TrainProgress(const Trainer& trainer, std::FILE* out, bool terminal, int columns)
    : out_(out), terminal_(terminal), columns_(columns), epochs_(trainer.config().run().epochs()),
      planned_steps_(trainer.planned_steps()), first_step_(trainer.state().progress.update),
      epoch_rows_(trainer.data().train == nullptr ? 0 : trainer.data().train->size()),
      validated_(trainer.data().validation != nullptr), metric_names_(NamesOf(trainer)) {}

absl::Status TrainProgress::OnStep(const StepReport& report, const TrainState& state) {
  if (!terminal_) return absl::OkStatus();
  const Clock::time_point now = Clock::now();
  if (now - drawn_ < kBetweenFrames) return absl::OkStatus();
  drawn_ = now;
  DrawBar(report, state);
  return absl::OkStatus();
}

absl::Status TrainProgress::OnLine(const MetricLine& line) {
  if (line.scope == MetricLine::kStep) return absl::OkStatus();
  if (!terminal_) {
    std::string text = absl::StrFormat("epoch %d/%d  step %d  %s", line.epoch, epochs_, line.step,
                                       line.split);
    for (size_t i = 0; i < metric_names_.size(); ++i) {
      absl::StrAppend(&text, "  ", metric_names_[i], " ", Number(ValueAt(line, i)));
    }
    std::fprintf(out_, "%s  learning_rate %s\n", text.c_str(), Rate(line.learning_rate).c_str());
    std::fflush(out_);
    return absl::OkStatus();
  }
  if (line.split == "test") {
    Finish();
    std::string text = "\ntest";
    for (size_t i = 0; i < metric_names_.size(); ++i) {
      absl::StrAppend(&text, "  ", metric_names_[i], " ", Number(ValueAt(line, i)));
    }
    std::fprintf(out_, "%s\n", text.c_str());
    return absl::OkStatus();
  }
  if (line.split == "train") train_ = line;
  if (line.split == "validation" || !validated_) {
    Finish();
    if (!has_header_) {
      std::string header = Cell("epoch", 8) + Cell("step", 10);
      for (const std::string& name : metric_names_) header += Cell(name, WidthOf(name));
      if (validated_) {
        for (const std::string& name : metric_names_) {
          const std::string title = absl::StrCat("val ", name);
          header += Cell(title, WidthOf(title));
        }
      }
      header += Cell("rate", 12) + Cell("seconds", 9);
      std::fprintf(out_, "\x1b[1m%s\x1b[0m\n", header.c_str());
      has_header_ = true;
    }
    const Clock::time_point now = Clock::now();
    std::string row =
        Cell(absl::StrCat(train_.epoch, "/", epochs_), 8) + Cell(absl::StrCat(train_.step), 10);
    for (size_t i = 0; i < metric_names_.size(); ++i) {
      row += Cell(Number(ValueAt(train_, i)), WidthOf(metric_names_[i]));
    }
    if (validated_) {
      for (size_t i = 0; i < metric_names_.size(); ++i) {
        row += Cell(Number(ValueAt(line, i)), WidthOf(absl::StrCat("val ", metric_names_[i])));
      }
    }
    row += Cell(Rate(line.learning_rate), 12);
    row += Cell(absl::StrFormat("%.2f", std::chrono::duration<double>(now - epoch_start_).count()), 9);
    epoch_start_ = now;
    std::fprintf(out_, "%s\n", row.c_str());
  }
  return absl::OkStatus();
}

void TrainProgress::Finish() {
  if (has_bar_) std::fputs("\r\x1b[2K", out_);
  has_bar_ = false;
  std::fflush(out_);
}

void TrainProgress::DrawBar(const StepReport& report, const TrainState& state) {
  const double examples = static_cast<double>(report.sums.examples);
  const double fraction =
      epoch_rows_ == 0 ? 0 : static_cast<double>(state.progress.offset) / static_cast<double>(epoch_rows_);
  const int64_t done = report.step - first_step_;
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left = elapsed / static_cast<double>(std::max<int64_t>(done, 1)) *
                      static_cast<double>(std::max<int64_t>(planned_steps_ - report.step, 0));

  const std::string head = absl::StrFormat("%8s  ", absl::StrCat(state.progress.epoch + 1, "/", epochs_));
  std::string tail = absl::StrFormat(" %3.0f%%  ETA %s  loss %s", 100 * fraction, Duration(left),
                                     Number(report.sums.loss / examples));
  for (size_t i = 0; i < report.sums.metrics.size(); ++i) {
    absl::StrAppend(&tail, "  ", metric_names_[i + 1], " ", Number(report.sums.metrics[i] / examples));
  }
  absl::StrAppend(&tail, "  rate ", Rate(report.learning_rate));

  const int room = columns_ - 1 - static_cast<int>(head.size() + tail.size());
  const int width = std::max(0, std::min(30, room));
  const int filled = static_cast<int>(fraction * width);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? "\u2501" : i == filled ? "\u2578" : " ";
  std::string line = head + "\x1b[36m" + bar + "\x1b[0m" + tail;
  if (room < 0) line = (head + tail).substr(0, static_cast<size_t>(std::max(columns_ - 1, 0)));
  std::fprintf(out_, "\r\x1b[2K%s", line.c_str());
  std::fflush(out_);
  has_bar_ = true;
}

}  // namespace gradus
