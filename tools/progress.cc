// The table and the bar.

#include "tools/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/events_file.h"

namespace gradus {
namespace {

constexpr std::chrono::milliseconds kBetweenFrames(100);
constexpr char kClearLine[] = "\r\x1b[2K";
constexpr double kLeastChange = 0.0499;  // A cut by a factor of 0.95 is shown.
constexpr size_t kGap = 2;
constexpr size_t kLeastWidth = 8;
constexpr int kWidestBar = 30, kNarrowestBar = 5;

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

std::vector<std::string> NamesOf(const Trainer& trainer) {
  std::vector<std::string> names = {"loss"};
  for (const ModelMetric& metric : trainer.step().model().metrics) {
    if (metric.summary->goal() != Goal::kTable) names.push_back(metric.name);
  }
  return names;
}

// Those whose numbers are cheap at any time: where all rows are kept they may be very many.
std::vector<ModelMetric> MetricsOfSums(const Trainer& trainer) {
  std::vector<ModelMetric> metrics;
  for (const ModelMetric& metric : trainer.step().model().metrics) {
    if (metric.sums > 0) metrics.push_back(metric);
  }
  return metrics;
}

double ValueAt(const MetricLine& line, size_t i) {
  return i == 0 ? line.loss : line.metrics[i - 1].second;
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

TrainProgress::TrainProgress(const Trainer& trainer, std::FILE* out, bool terminal,
                             std::function<int()> columns)
    : out_(out),
      terminal_(terminal),
      terminal_columns_(std::move(columns)),
      timeline_(trainer.timeline()),
      first_step_(trainer.state().progress.update),
      epoch_rows_(trainer.data().train == nullptr ? 0 : trainer.data().train->size()),
      planned_steps_(trainer.planned_steps()),
      epochs_(trainer.state().rates.warps.empty() ? trainer.config().run().epochs()
                                                  : EpochsOf(planned_steps_)),
      validated_(trainer.data().validation != nullptr),
      bar_metrics_(MetricsOfSums(trainer)),
      metric_names_(NamesOf(trainer)) {}

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
    PrintLine(line);
  } else if (line.scope == MetricLine::kFinal) {
    Finish();
    std::fprintf(out_, "\n%s", line.split.c_str());
    for (size_t i = 0; i < metric_names_.size(); ++i) {
      std::fprintf(out_, "  %s %s", metric_names_[i].c_str(), Number(ValueAt(line, i)).c_str());
    }
    std::fputc('\n', out_);
  } else {
    if (line.split == "train") train_ = line;
    if (line.split == "validation" || !validated_) PrintRow(train_, line);
  }
  std::fflush(out_);
  return absl::OkStatus();
}

absl::Status TrainProgress::OnSkip(const std::string& why) {
  Finish();
  std::fprintf(out_, "skipped: %s\n", why.c_str());
  std::fflush(out_);
  return absl::OkStatus();
}

absl::Status TrainProgress::OnEvent(const RateEvent& event) {
  // A controller that moves the rate a little at every update is shown when it has come far.
  const std::string number = absl::StrCat(event.field, " ", event.group);
  const auto shown = shown_rates_.emplace(number, event.old_value).first;
  const double far = kLeastChange * std::abs(shown->second);
  if (!event.command.has_value() && std::abs(event.new_value - shown->second) < far) {
    return absl::OkStatus();
  }
  shown->second = event.new_value;
  if (event.command.has_value() && event.command->has_total_steps()) {
    planned_steps_ = event.command->total_steps();
    epochs_ = EpochsOf(planned_steps_);
  }
  Finish();
  std::fprintf(out_, "%s: %s\n", ChangeInWords(event).c_str(), event.cause.c_str());
  std::fflush(out_);
  return absl::OkStatus();
}

absl::Status TrainProgress::OnCommand(const RateCommand& command, const absl::Status& status) {
  if (status.ok()) return absl::OkStatus();
  Finish();
  std::fprintf(out_, "refused: %s: %s\n", Describe(command).c_str(),
               std::string(status.message()).c_str());
  std::fflush(out_);
  return absl::OkStatus();
}

int64_t TrainProgress::EpochsOf(int64_t steps) const {
  const Progress end = timeline_.At(steps);
  return end.epoch + (end.offset > 0 ? 1 : 0);
}

void TrainProgress::Finish() {
  if (has_bar_) std::fputs(kClearLine, out_);
  has_bar_ = false;
  std::fflush(out_);
}

void TrainProgress::PrintLine(const MetricLine& line) {
  std::string text =
      absl::StrFormat("epoch %d/%d  step %d  %s", line.epoch, epochs_, line.step, line.split);
  for (size_t i = 0; i < metric_names_.size(); ++i) {
    absl::StrAppend(&text, "  ", metric_names_[i], " ", Number(ValueAt(line, i)));
  }
  std::fprintf(out_, "%s  learning_rate %s\n", text.c_str(), Rate(line.learning_rate).c_str());
}

void TrainProgress::ChooseColumns() {
  const auto add = [this](const std::string& title, size_t least, int rank) {
    columns_.push_back({title, std::max(least, title.size()), rank, true});
  };
  // Loss and validation loss say most, then the metrics in their order; what a clock or the log
  // says goes first.
  const int metrics = static_cast<int>(metric_names_.size());
  add("epoch", 2 * absl::StrCat(epochs_).size() + 1, 0);
  add("step", absl::StrCat(planned_steps_).size(), 2 * metrics + 2);
  for (int i = 0; i < metrics; ++i) add(metric_names_[i], kLeastWidth, 2 * i + 1);
  for (int i = 0; i < metrics && validated_; ++i) {
    add(absl::StrCat("val ", metric_names_[i]), kLeastWidth, 2 * i + 2);
  }
  add("rate", kLeastWidth + 1, 3);
  add("seconds", kLeastWidth, 2 * metrics + 3);

  const size_t room = static_cast<size_t>(std::max(terminal_columns_(), 1));
  for (;;) {
    size_t total = 0;
    Column* last = nullptr;
    for (Column& column : columns_) {
      if (!column.shown) continue;
      total += kGap + column.width;
      if (last == nullptr || column.rank >= last->rank) last = &column;
    }
    if (total < room || last->rank == 0) return;
    last->shown = false;
  }
}

void TrainProgress::PrintCells(const std::vector<std::string>& cells, const char* before,
                               const char* after) {
  std::string text;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!columns_[i].shown) continue;
    const size_t width = kGap + columns_[i].width;
    text.append(width > cells[i].size() ? width - cells[i].size() : 1, ' ').append(cells[i]);
  }
  std::fprintf(out_, "%s%s%s\n", before, text.c_str(), after);
}

void TrainProgress::PrintRow(const MetricLine& train, const MetricLine& last) {
  Finish();
  if (columns_.empty()) {
    ChooseColumns();
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    PrintCells(titles, "\x1b[1m", "\x1b[0m");
  }
  std::vector<std::string> cells = {absl::StrCat(train.epoch, "/", epochs_),
                                    absl::StrCat(train.step)};
  for (size_t i = 0; i < metric_names_.size(); ++i) cells.push_back(Number(ValueAt(train, i)));
  for (size_t i = 0; i < metric_names_.size() && validated_; ++i) {
    cells.push_back(Number(ValueAt(last, i)));
  }
  const Clock::time_point now = Clock::now();
  cells.push_back(Rate(last.learning_rate));
  cells.push_back(absl::StrFormat("%.2f", Seconds(now - epoch_start_)));
  epoch_start_ = now;
  PrintCells(cells, "", "");
}

void TrainProgress::DrawBar(const StepReport& report, const TrainState& state) {
  const double fraction = epoch_rows_ == 0 ? 0
                                           : static_cast<double>(state.progress.offset) /
                                                 static_cast<double>(epoch_rows_);
  const double done = static_cast<double>(std::max<int64_t>(report.step - first_step_, 1));
  const double to_do = static_cast<double>(std::max<int64_t>(planned_steps_ - report.step, 0));
  const std::string head =
      absl::StrFormat("  %*s  ", static_cast<int>(2 * absl::StrCat(epochs_).size() + 1),
                      absl::StrCat(state.progress.epoch + 1, "/", epochs_));

  // The figures so far of the epoch, as many as fit.
  std::string tail = absl::StrFormat(" %3.0f%%  ETA %s", 100 * fraction,
                                     Duration(Seconds(Clock::now() - start_) / done * to_do));
  std::vector<std::string> figures;
  FinishSums(state.epoch_sums, bar_metrics_, &epoch_numbers_);
  for (size_t i = 0; i < epoch_numbers_.size(); ++i) {
    if (i > 0 && bar_metrics_[i - 1].summary->goal() == Goal::kTable) continue;
    const std::string& name = i == 0 ? metric_names_[0] : bar_metrics_[i - 1].name;
    figures.push_back(absl::StrCat(name, " ", Number(epoch_numbers_[i])));
  }
  figures.insert(figures.begin() + 1, absl::StrCat("rate ", Rate(report.learning_rate)));
  // Ctrl-C shows as two more characters, which must not break the line.
  const int room = terminal_columns_() - 3 - static_cast<int>(head.size());
  for (const std::string& figure : figures) {
    if (static_cast<int>(tail.size() + kGap + figure.size()) + kNarrowestBar > room) break;
    absl::StrAppend(&tail, "  ", figure);
  }

  const int width = std::max(0, std::min(kWidestBar, room - static_cast<int>(tail.size())));
  const int filled = static_cast<int>(fraction * width);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? "\u2501" : i == filled ? "\u2578" : " ";
  std::string line = absl::StrCat(head, "\x1b[36m", bar, "\x1b[0m", tail);
  if (width == 0) line = (head + tail).substr(0, static_cast<size_t>(std::max(room, 0)));
  std::fprintf(out_, "%s%s", kClearLine, line.c_str());
  std::fflush(out_);
  has_bar_ = true;
}

}  // namespace gradus
