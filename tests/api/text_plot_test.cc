// The terminal's picture, character by character.

#include "gradus/api/text_plot.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TextPlotOptions Ascii(int columns, int rows) {
  TextPlotOptions options;
  options.columns = columns;
  options.rows = rows;
  return options;
}

TextPlotOptions Utf8(int columns, int rows, bool colour = false) {
  TextPlotOptions options = Ascii(columns, rows);
  options.utf8 = true;
  options.colour = colour;
  return options;
}

size_t Columns(absl::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

PlotSeries Down() { return {"default", {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}}; }

TEST(Text, DrawsALineInAscii) {
  PlotOptions options;
  options.title = "rate";
  options.x_label = "update";
  options.caption = "It may change.";
  EXPECT_EQ(RenderText({Down()}, options, Ascii(24, 5)),
            "   rate\n"
            "4 +***\n"
            "  |   *****\n"
            "2 +        *****\n"
            "  |             *****\n"
            "0 +                  ***\n"
            "  ++---------+---------+\n"
            "   0         2         4\n"
            "          update\n"
            "   ** default\n"
            "   It may change.\n");
}

TEST(Text, DrawsALineInBraille) {
  // A dot is a half of a column and a quarter of a row.
  EXPECT_EQ(RenderText({{"", {0, 1}, {0, 1}}}, {}, Utf8(13, 4)),
            "  1 ┤      ⡠⠊\n"
            "0.5 ┤    ⡠⠊\n"
            "    │  ⡠⠊\n"
            "  0 ┤⡠⠊\n"
            "    └┬──────┬\n"
            "     0      1\n");
}

TEST(Text, AGapInterruptsTheCurve) {
  PlotSeries series = Down();
  series.y[2] = kNan;
  const std::string text = RenderText({series}, {}, Ascii(24, 5));
  EXPECT_FALSE(absl::StrContains(text, "\n2 +  *"));
  EXPECT_TRUE(absl::StrContains(text, "\n2 +\n")) << text;
}

TEST(Text, SeriesDifferByCharacterOrColour) {
  const std::vector<PlotSeries> two = {Down(), {"biases", {0, 4}, {0, 0}}};
  const std::string ascii = RenderText(two, {}, Ascii(30, 5));
  EXPECT_TRUE(absl::StrContains(ascii, "** default   oo biases\n")) << ascii;
  EXPECT_TRUE(absl::StrContains(ascii, "0 +ooooooooooo"));
  // Without colour braille could not tell them apart.
  EXPECT_TRUE(absl::StrContains(RenderText(two, {}, Utf8(30, 5)), "ooooooo"));
  const std::string colour = RenderText(two, {}, Utf8(30, 5, true));
  EXPECT_FALSE(absl::StrContains(colour, "ooo"));
  EXPECT_TRUE(absl::StrContains(colour, "\x1b[38;5;33m⠒⠒\x1b[0m default"));
  EXPECT_TRUE(absl::StrContains(colour, "\x1b[38;5;208m⠒⠒\x1b[0m biases"));
}

TEST(Text, ABandAndAMarkerLieBehindTheCurve) {
  PlotSeries series = {"", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, std::vector<double>(11, 2)};
  series.low.assign(11, 1);
  series.high.assign(11, 3);
  PlotOptions options;
  options.markers = {{5, "here"}, {50, "there"}};
  const std::string text = RenderText({series}, options, Ascii(14, 5));
  EXPECT_TRUE(absl::StrContains(text, "***********\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, ":::::|:::::\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "| 5 here\n")) << text;
  EXPECT_FALSE(absl::StrContains(text, "there"));
}

TEST(Text, NoLineIsWiderThanTheTerminal) {
  PlotOptions options;
  options.x_label = "update";
  options.caption = "A caption of several words that does not go on one line of a narrow terminal";
  std::vector<PlotSeries> series;
  for (const char* name : {"default", "biases", "frozen", "embeddings"}) {
    series.push_back({name, {0, 1000000}, {0.00001, 0.00002}});
  }
  for (int columns : {24, 40, 80, 133, 200}) {
    for (const TextPlotOptions& text : {Ascii(columns, 16), Utf8(columns, 16)}) {
      const std::string picture = RenderText(series, options, text);
      for (absl::string_view line : absl::StrSplit(picture, '\n')) {
        EXPECT_LE(Columns(line), static_cast<size_t>(columns)) << line;
      }
    }
  }
  // Not even the numbers have room: it is drawn all the same.
  EXPECT_FALSE(RenderText(series, options, Ascii(1, 1)).empty());
}

TEST(Text, NothingIsShownAsNothing) {
  for (const std::vector<PlotSeries>& series :
       {std::vector<PlotSeries>{}, {{"empty", {}, {}}}, {{"gaps", {1, 2}, {kNan, kNan}}}}) {
    EXPECT_TRUE(absl::StrContains(RenderText(series, {}, Utf8(40, 6)), "nothing to show\n"));
  }
}

TEST(Text, DoesNotSteerTheTerminal) {
  PlotOptions options;
  options.title = "a\x1b[2Jb\r\n";
  options.caption = "\x1b]0;x\x07";
  PlotSeries series = Down();
  series.name =
      "\x9b"
      "31m";
  const std::string text = RenderText({series}, options, Ascii(40, 5));
  for (char c : {'\x1b', '\r', '\x07', '\x9b'}) EXPECT_EQ(text.find(c), text.npos);
  EXPECT_TRUE(absl::StrContains(text, "a?[2Jb??")) << text;
}

TEST(Text, WhatIsNoTerminalGetsAscii) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const TextPlotOptions options = TextPlotOptionsFor(ends[1]);
  EXPECT_EQ(options.columns, 80);
  EXPECT_FALSE(options.utf8);
  EXPECT_FALSE(options.colour);
  close(ends[0]);
  close(ends[1]);
}

// A terminal of its own: the locale decides, in the order of POSIX.
TEST(Text, ATerminalsLocaleDecides) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || isatty(terminal) == 0) GTEST_SKIP() << "there are no pseudo terminals";
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR"}) unsetenv(name);
  setenv("TERM", "xterm", 1);
  EXPECT_FALSE(TextPlotOptionsFor(terminal).utf8);
  setenv("LANG", "en_US.UTF-8", 1);
  EXPECT_TRUE(TextPlotOptionsFor(terminal).utf8);
  EXPECT_TRUE(TextPlotOptionsFor(terminal).colour);
  setenv("LC_ALL", "C", 1);
  EXPECT_FALSE(TextPlotOptionsFor(terminal).utf8);
  setenv("LC_ALL", "C.utf8", 1);
  EXPECT_TRUE(TextPlotOptionsFor(terminal).utf8);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(TextPlotOptionsFor(terminal).colour);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(TextPlotOptionsFor(terminal).colour);
  close(terminal);
}

}  // namespace
}  // namespace gradus
