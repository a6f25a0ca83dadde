// Colours, and texts in them.

#include "gradus/api/report_style.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/svg_text.h"

namespace gradus {
namespace {

constexpr char kLight[] =
    "--page: #f6f7f9; --card: #fff; --line: #e2e5ea; --ink: #1c2128; --soft: #5b6470; "
    "--accent: #0072b2; --good: #00794f; --bad: #b3400a; --heat: 0, 114, 178; --wrong-heat: 179, 64, 10; --code: #f6f7f9; "
    "--c-comment: #6a737d; --c-name: #0b5394; --c-string: #1a7f37; --c-number: #a0420b; "
    "--c-word: #8250a8;";
constexpr char kDark[] =
    "--page: #14171b; --card: #1c2026; --line: #30353d; --ink: #e6e9ed; --soft: #98a1ac; "
    "--accent: #4ba3e3; --good: #2cc295; --bad: #f0803c; --heat: 75, 163, 227; --wrong-heat: 240, 128, 60; --code: #171a1f; "
    "--c-comment: #8b949e; --c-name: #79b8f5; --c-string: #7ed99b; --c-number: #f2a65e; "
    "--c-word: #d2a8f5;";

constexpr char kRules[] = R"(
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 14px; }
h3 { font-size: 14px; margin: 20px 0 8px; color: var(--soft); }
p { margin: 0 0 10px; } .soft { color: var(--soft); } .small { font-size: 13px; }
header { margin-bottom: 22px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 20px 22px; margin: 0 0 18px; }
.badge { display: inline-block; font-size: 13px; font-weight: 600; padding: 1px 10px;
  border-radius: 99px; border: 1px solid; margin-right: 8px; vertical-align: 3px; }
.badge.finished { color: var(--good); } .badge.running { color: var(--accent); }
.badge.stopped { color: var(--soft); } .badge.failed, .badge.killed { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 0 0 18px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; }
.tile b { display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; display: block; }
.curves { overflow-x: auto; } .curves svg { width: 100%; min-width: 560px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; }
table.full { width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.sum td { font-weight: 600; }
.model { display: flex; flex-wrap: wrap; gap: 24px 36px; align-items: flex-start; }
.model > * { min-width: 0; max-width: 100%; }
table.matrix td, table.matrix th { border: 0; padding: 4px 6px; text-align: center; min-width: 38px;
  font-variant-numeric: tabular-nums; font-size: 13px; }
table.matrix th.row { text-align: right; padding-right: 10px; }
table.matrix td { border: 2px solid var(--card); border-radius: 6px; }
table.matrix td.strong { color: var(--card); }
table.upright tr:first-child th { vertical-align: bottom; }
table.upright tr:first-child span { writing-mode: vertical-rl; transform: rotate(180deg);
  max-height: 160px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
table.upright th.row { white-space: nowrap; max-width: 220px; overflow: hidden; text-overflow: ellipsis; }
img { image-rendering: pixelated; width: 56px; height: auto; border-radius: 4px; display: block; }
.keep { white-space: nowrap; }
.wrong { color: var(--bad); font-weight: 600; }
pre { margin: 0; padding: 14px 16px; background: var(--code); border: 1px solid var(--line);
  border-radius: 8px; overflow-x: auto; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; tab-size: 2; }
.comment { color: var(--c-comment); } .name { color: var(--c-name); }
.string { color: var(--c-string); } .number { color: var(--c-number); }
.word { color: var(--c-word); }
footer { color: var(--soft); font-size: 13px; text-align: center; margin-top: 28px; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
)";

void AppendLittle(uint32_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

void AppendSpan(const char* kind, const std::string& text, std::string* html) {
  absl::StrAppend(html, "<span class=\"", kind, "\">", XmlText(text, true), "</span>");
}

bool IsWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}

}  // namespace

std::string ReportCss() {
  return absl::StrCat(":root { color-scheme: light dark; ", kLight, " ", PaletteVariables(false),
                      " }\n@media (prefers-color-scheme: dark) { :root { ", kDark, " ",
                      PaletteVariables(true), " } }\n", kRules);
}

std::string HighlightedConfig(const std::string& text) {
  std::string html;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    size_t end = i + 1;
    if (c == '#') {
      end = std::min(text.find('\n', i), text.size());
      AppendSpan("comment", text.substr(i, end - i), &html);
    } else if (c == '"' || c == '\'') {
      while (end < text.size() && text[end] != c) end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
      AppendSpan("string", text.substr(i, end - i), &html);
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
               (c == '-' && end < text.size() && absl::ascii_isdigit(text[end]))) {
      while (end < text.size() && (IsWord(text[end]) || ((text[end] == '-' || text[end] == '+') &&
                                                         (text[end - 1] | 0x20) == 'e'))) {
        ++end;
      }
      AppendSpan("number", text.substr(i, end - i), &html);
    } else if (IsWord(c)) {
      while (end < text.size() && IsWord(text[end])) ++end;
      const size_t next = text.find_first_not_of(' ', end);
      const bool name = next != std::string::npos && (text[next] == ':' || text[next] == '{');
      AppendSpan(name ? "name" : "word", text.substr(i, end - i), &html);
    } else {
      absl::StrAppend(&html, XmlText(std::string(1, c), true));
    }
    i = end;
  }
  return html;
}

// As a BMP of 24 bits: a header and rows from the bottom up, each filled to 4 bytes.
std::string ImageElement(const Tensor& image) {
  if (image.rank() != 3) return "";
  const int64_t height = image.dims()[0], width = image.dims()[1], channels = image.dims()[2];
  const absl::Span<const float> values = image.data<float>();
  float low = values[0], high = values[0];
  for (float value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  std::string pixels;
  for (int64_t y = height - 1; y >= 0; --y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 2; c >= 0; --c) {  // Blue comes first.
        const int64_t at = (y * width + x) * channels + std::min(c, channels - 1);
        const float value = values[static_cast<size_t>(at)];
        const float level = high > low ? (value - low) / (high - low) : 0;
        pixels.push_back(static_cast<char>(
            std::isfinite(level) ? std::lround(255 * std::min(std::max(level, 0.f), 1.f)) : 0));
      }
    }
    while (pixels.size() % 4 != 0) pixels.push_back(0);
  }
  std::string bmp = "BM";
  AppendLittle(static_cast<uint32_t>(54 + pixels.size()), 4, &bmp);
  AppendLittle(0, 4, &bmp);
  AppendLittle(54, 4, &bmp);  // Where the pixels begin.
  AppendLittle(40, 4, &bmp);
  AppendLittle(static_cast<uint32_t>(width), 4, &bmp);
  AppendLittle(static_cast<uint32_t>(height), 4, &bmp);
  AppendLittle(1, 2, &bmp);
  AppendLittle(24, 2, &bmp);
  bmp.append(24, '\0');
  return absl::StrCat("<img alt=\"the example\" src=\"data:image/bmp;base64,",
                      absl::Base64Escape(bmp + pixels), "\">");
}

}  // namespace gradus
