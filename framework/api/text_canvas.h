// A grid of characters that are made of dots: braille (U+2800 and the following) shows 2 x 4 dots, one
// bit each; ASCII has 1 x 1. Internal to text_plot.

#ifndef GRADUS_API_TEXT_CANVAS_H_
#define GRADUS_API_TEXT_CANVAS_H_

#include <cstdlib>
#include <vector>

namespace gradus {

class TextCanvas {
 public:
  struct Cell {
    int bits = 0;
    int series = -1;  // The last one that drew here.
    bool band = false;
    int band_series = 0;
    bool marker = false;
    bool disc = false;
  };

  TextCanvas(int columns, int rows, bool utf8)
      : columns_(columns),
        rows_(rows),
        dots_x_(utf8 ? 2 : 1),
        dots_y_(utf8 ? 4 : 1),
        cells_(static_cast<size_t>(columns * rows)) {}

  int width() const { return columns_ * dots_x_; }
  int height() const { return rows_ * dots_y_; }
  Cell& at(int column, int row) { return cells_[static_cast<size_t>(row * columns_ + column)]; }

  void Dot(int x, int y, int series) {
    if (x < 0 || x >= width() || y < 0 || y >= height()) return;
    y = height() - 1 - y;
    Cell& cell = at(x / dots_x_, y / dots_y_);
    cell.bits |= dots_y_ == 1 ? 1 : kBits[y % 4][x % 2];
    cell.series = series;
  }

  // A dot that is seen beside lines.
  void Disc(int x, int y, int series) {
    if (x < 0 || x >= width() || y < 0 || y >= height()) return;
    Dot(x, y, series);
    at(x / dots_x_, (height() - 1 - y) / dots_y_).disc = true;
  }

  // Bresenham's.
  void Line(int x, int y, int to_x, int to_y, int series) {
    const int dx = std::abs(to_x - x), dy = -std::abs(to_y - y);
    const int step_x = x < to_x ? 1 : -1, step_y = y < to_y ? 1 : -1;
    for (int error = dx + dy;;) {
      Dot(x, y, series);
      if (x == to_x && y == to_y) return;
      const int twice = 2 * error;
      if (twice >= dy) error += dy, x += step_x;
      if (twice <= dx) error += dx, y += step_y;
    }
  }

 private:
  // Of braille: which bit is which dot.
  static constexpr int kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

  const int columns_, rows_, dots_x_, dots_y_;
  std::vector<Cell> cells_;
};

}  // namespace gradus

#endif  // GRADUS_API_TEXT_CANVAS_H_
