// Collecting findings and putting them into words.

#include "gradus/base/diagnostics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

constexpr size_t kMostShown = 100;    // Lines of a Status.
constexpr size_t kMostQuoted = 80;    // Characters of a quoted value.
constexpr size_t kMostCompared = 64;  // Characters of a name that is compared with others.
constexpr size_t kMostCandidates = 2000;

// Restricted Damerau-Levenshtein distance: insertions, deletions, replacements, and swaps of
// neighbours.
int EditDistance(absl::string_view a, absl::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<int> cost((a.size() + 1) * width);
  for (size_t i = 0; i <= a.size(); ++i) cost[i * width] = static_cast<int>(i);
  for (size_t j = 0; j <= b.size(); ++j) cost[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      int best = cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      best = std::min({best, cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, cost[(i - 2) * width + j - 2] + 1);
      }
      cost[i * width + j] = best;
    }
  }
  return cost.back();
}

}  // namespace

void Diagnostics::Error(absl::string_view code, const ConfigPath& path, absl::string_view message,
                        absl::string_view hint) {
  Add({Finding::kError, std::string(code), path, {}, std::string(message), std::string(hint)});
}

void Diagnostics::Warning(absl::string_view code, const ConfigPath& path, absl::string_view message,
                          absl::string_view hint) {
  Add({Finding::kWarning, std::string(code), path, {}, std::string(message), std::string(hint)});
}

void Diagnostics::Add(Finding finding) {
  if (follows_ && follows_(finding)) return;
  if (finding.severity == Finding::kError) ++errors_;
  if (full()) return;  // A file of errors must not fill the memory.
  if (finding.position.file.empty() && locator_) finding.position = locator_(finding.path);
  findings_.push_back(std::move(finding));
}

std::vector<Finding> Diagnostics::Sorted() const {
  // Findings without a line (`--set`, no text at all) come after those of files; files in the order
  // in which they appeared.
  std::map<std::string, size_t> order;
  for (const Finding& finding : findings_) order.emplace(finding.position.file, order.size());
  const auto key = [&order](const Finding& finding) {
    const Position& position = finding.position;
    return std::make_tuple(position.line == 0, order[position.file], position.line,
                           position.column);
  };
  std::vector<Finding> sorted = findings_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&key](const Finding& a, const Finding& b) { return key(a) < key(b); });
  std::set<std::string> seen;  // Two phases, or two modes of one phase, may find the same.
  std::vector<Finding> unique;
  for (Finding& finding : sorted) {
    if (seen.insert(ToString(finding)).second) unique.push_back(std::move(finding));
  }
  return unique;
}

absl::Status Diagnostics::ToStatus() const {
  if (ok()) return absl::OkStatus();
  std::string text;
  size_t shown = 0;
  bool no_memory = false;
  size_t more = static_cast<size_t>(errors_);
  for (const Finding& finding : findings_) more -= finding.severity == Finding::kError;
  for (const Finding& finding : Sorted()) {
    if (finding.severity != Finding::kError) continue;
    no_memory = no_memory || finding.code == "memory";
    if (shown == kMostShown) {
      ++more;
      continue;
    }
    absl::StrAppend(&text, shown == 0 ? "" : "\n", ToString(finding));
    ++shown;
  }
  if (more > 0) absl::StrAppend(&text, "\nand ", more, " more");
  return no_memory ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

std::string ToString(const Finding& finding) {
  std::string text;
  const Position& position = finding.position;
  if (!position.file.empty()) {
    absl::StrAppend(&text, position.file, ":");
    if (position.line > 0) absl::StrAppend(&text, position.line, ":");
    if (position.column > 0) absl::StrAppend(&text, position.column, ":");
    absl::StrAppend(&text, " ");
  }
  absl::StrAppend(&text, finding.message);
  if (!finding.hint.empty()) absl::StrAppend(&text, "; ", finding.hint);
  if (!finding.path.empty()) absl::StrAppend(&text, " [", finding.path.ToString(), "]");
  return text;
}

std::string SubjectOf(const ConfigPath& path) {
  const std::vector<ConfigPath::Segment>& segments = path.segments();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (segment->named()) return absl::StrCat(segment->field, " ", Quoted(segment->selector), ": ");
  }
  if (segments.empty()) return "";
  const ConfigPath::Segment& last = segments.back();
  if (last.selector.empty()) return absl::StrCat(last.field, ": ");
  return absl::StrCat(last.field, "[", last.selector, "]: ");
}

std::string Quoted(absl::string_view text) {
  const bool cut = text.size() > kMostQuoted;
  if (cut) {
    size_t size = kMostQuoted;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    text = text.substr(0, size);
  }
  return absl::StrCat("\"", Escaped(text), cut ? "..." : "", "\"");
}

std::string ShortestNumber(double value) {
  char digits[32];
  // 0.0005 reads better than 5e-04. Knows no locale.
  const bool plain = std::abs(value) >= 1e-4 && std::abs(value) < 1e6;
  const auto end = plain ? std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::fixed)
                         : std::to_chars(digits, digits + sizeof(digits), value);
  return std::string(digits, end.ptr);
}

std::string Nearest(absl::string_view name, absl::Span<const std::string> candidates) {
  if (name.empty() || name.size() > kMostCompared) return "";
  const std::string wanted = absl::AsciiStrToLower(name);
  // A third of the letters may be wrong, of a short name one.
  int best = std::max(1, static_cast<int>(name.size()) / 3) + 1;
  std::string nearest;
  for (const std::string& candidate :
       candidates.first(std::min(candidates.size(), kMostCandidates))) {
    const size_t longer = std::max(name.size(), candidate.size());
    const size_t shorter = std::min(name.size(), candidate.size());
    if (candidate.size() > kMostCompared || longer - shorter >= static_cast<size_t>(best)) continue;
    const int distance = EditDistance(wanted, absl::AsciiStrToLower(candidate));
    // A distance as long as the name shares nothing with it.
    if (distance >= best || distance >= static_cast<int>(longer)) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string SuggestName(absl::string_view name, absl::Span<const std::string> candidates) {
  const std::string nearest = Nearest(name, candidates);
  return nearest.empty() ? "" : absl::StrCat("did you mean ", Quoted(nearest), "?");
}

}  // namespace gradus
