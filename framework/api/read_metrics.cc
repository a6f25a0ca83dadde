// A parser for flat objects of our own making: a log may have a million lines, which a general one
// would take minutes for.

#include "gradus/api/read_metrics.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gradus/api/json_lines.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr absl::string_view kCounts = "/counts";

// Reads from left to right; every function says whether what it reads stands there.
class Reader {
 public:
  explicit Reader(absl::string_view text) : text_(text) {}

  bool Take(char c) {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool Next(char c) {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
    return !text_.empty() && text_[0] == c;
  }
  bool Done() const { return text_.empty(); }

  bool String(std::string* value) {
    value->clear();
    if (!Take('"')) return false;
    while (!text_.empty() && text_[0] != '"') {
      char c = text_[0];
      text_.remove_prefix(1);
      if (c == '\\') {
        if (text_.empty()) return false;
        c = text_[0];
        text_.remove_prefix(1);
        if (c == 'u') {  // JsonString writes only control characters so.
          if (text_.size() < 4) return false;
          c = static_cast<char>(std::strtol(std::string(text_.substr(2, 2)).c_str(), nullptr, 16));
          text_.remove_prefix(4);
        }
      }
      value->push_back(c);
    }
    return Take('"');
  }

  bool Number(double* value) {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
    if (absl::ConsumePrefix(&text_, "null")) {
      *value = kNone;
      return true;
    }
    const absl::from_chars_result result =
        absl::from_chars(text_.data(), text_.data() + text_.size(), *value);
    if (result.ec == std::errc::invalid_argument) return false;
    text_.remove_prefix(static_cast<size_t>(result.ptr - text_.data()));
    return true;
  }

  bool Table(MetricTable* table) {
    if (!Take('[')) return false;
    if (Take(']')) return true;
    do {
      if (!Take('[')) return false;
      int64_t columns = 0;
      do {
        double value;
        if (!Number(&value)) return false;
        table->values.push_back(value);
        ++columns;
      } while (Take(','));
      if (!Take(']') || (table->columns != 0 && table->columns != columns)) return false;
      table->columns = columns;
    } while (Take(','));
    return Take(']');
  }

  // Any value, which is left out.
  bool Skip() {
    std::string text;
    double number;
    if (Next('"')) return String(&text);
    if (absl::ConsumePrefix(&text_, "true") || absl::ConsumePrefix(&text_, "false")) return true;
    if (!Next('[') && !Next('{')) return Number(&number);
    int depth = 0;
    do {
      if (text_.empty()) return false;
      if (text_[0] == '"') {
        if (!String(&text)) return false;
        continue;
      }
      if (text_[0] == '[' || text_[0] == '{') ++depth;
      if (text_[0] == ']' || text_[0] == '}') --depth;
      text_.remove_prefix(1);
    } while (depth > 0);
    return true;
  }

 private:
  absl::string_view text_;
};

bool ReadScope(const std::string& name, MetricLine* line) {
  if (name == "step") {
    line->scope = MetricLine::kStep;
  } else if (name == "epoch") {
    line->scope = MetricLine::kEpoch;
  } else if (name == "final") {
    line->scope = MetricLine::kFinal;
  } else {
    return false;
  }
  return true;
}

bool ReadCount(Reader* reader, int64_t* count) {
  double value;
  if (!reader->Number(&value) || !(value >= 0 && value < 0x1p53)) return false;
  *count = static_cast<int64_t>(value);
  return true;
}

bool ReadPair(const std::string& key, Reader* reader, MetricLine* line) {
  std::string text;
  if (key == "scope") return reader->String(&text) && ReadScope(text, line);
  if (key == "split") return reader->String(&line->split);
  if (key == "step") return ReadCount(reader, &line->step);
  if (key == "epoch") return ReadCount(reader, &line->epoch);
  if (key == "loss") return reader->Number(&line->loss);
  if (key == "learning_rate") return reader->Number(&line->learning_rate);
  absl::string_view name = key;
  if (reader->Next('[') && absl::ConsumeSuffix(&name, kCounts)) {
    line->tables.push_back({std::string(name), {}});
    return reader->Table(&line->tables.back().table);
  }
  if (reader->Next('"') || reader->Next('[') || reader->Next('{') || reader->Next('t') ||
      reader->Next('f')) {
    return reader->Skip();
  }
  double value;
  if (!reader->Number(&value)) return false;
  line->metrics.emplace_back(key, value);
  return true;
}

}  // namespace

absl::StatusOr<MetricLine> ParseMetricLine(absl::string_view text) {
  const absl::Status broken = absl::DataLossError("is not a line of a run's log");
  MetricLine line;
  line.loss = kNone;
  line.learning_rate = kNone;
  Reader reader(text);
  if (!reader.Take('{')) return broken;
  do {
    std::string key;
    if (!reader.String(&key) || !reader.Take(':') || !ReadPair(key, &reader, &line)) return broken;
  } while (reader.Take(','));
  if (!reader.Take('}') || !reader.Done() || line.split.empty()) return broken;
  return line;
}

absl::StatusOr<std::vector<MetricLine>> ReadMetricLines(const std::string& path) {
  return ParseJsonLines(path, ParseMetricLine);
}

double MeasureOf(const MetricLine& line, absl::string_view measure) {
  if (measure == "loss") return line.loss;
  if (measure == "learning_rate") return line.learning_rate;
  for (const auto& metric : line.metrics) {
    if (metric.first == measure) return metric.second;
  }
  return kNone;
}

}  // namespace gradus
