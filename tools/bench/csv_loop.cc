// What tools/bench/csv.sh measures against: a table, and the plain loop that reads it.
//
//   csv_loop write FILE ROWS COLUMNS DIGITS   numbers from a normal distribution and, as the last column, a class of 0 or 1
//   csv_loop read FILE                        getline, a split at commas, std::from_chars, push_back; one thread
//
// DIGITS are significant ones; 0 writes the shortest text that is the same double again (16 or 17).

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

int Write(const char* path, long rows, int columns, int digits) {
  std::ofstream out(path, std::ios::binary);
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::string text;
  for (int c = 0; c + 1 < columns; ++c) text += "x" + std::to_string(c) + ",";
  text += "label\n";
  char cell[64];
  for (long row = 0; row < rows; ++row) {
    double sum = 0;
    for (int c = 0; c + 1 < columns; ++c) {
      const double value = normal(random) * (c + 1);
      sum += value / (c + 1);
      const std::to_chars_result end =
          digits == 0
              ? std::to_chars(cell, cell + sizeof(cell), value)
              : std::to_chars(cell, cell + sizeof(cell), value, std::chars_format::general, digits);
      text.append(cell, end.ptr).append(",");
    }
    text += sum > 0 ? "1\n" : "0\n";
    if (text.size() < (1 << 20) && row + 1 < rows) continue;
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    text.clear();
  }
  out.close();
  return out ? 0 : 1;
}

int Read(const char* path) {
  const auto begin = std::chrono::steady_clock::now();
  std::ifstream in(path, std::ios::binary);
  std::string line;
  std::getline(in, line);
  std::vector<double> features;
  std::vector<int> labels;
  while (std::getline(in, line)) {
    const char* cell = line.data();
    const char* const end = cell + line.size();
    for (bool last = false; !last; ++cell) {
      const char* stop = cell;
      while (stop < end && *stop != ',') ++stop;
      double value = 0;
      const std::from_chars_result result = std::from_chars(cell, stop, value);
      if (result.ec != std::errc() || result.ptr != stop) return 1;
      last = stop == end;
      if (last) {
        labels.push_back(static_cast<int>(value));
      } else {
        features.push_back(value);
      }
      cell = stop;
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%.3f seconds, %zu rows, %zu numbers\n", seconds, labels.size(), features.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "write") == 0) {
    return Write(argv[2], std::atol(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]));
  }
  if (argc == 3 && std::strcmp(argv[1], "read") == 0) return Read(argv[2]);
  std::fprintf(stderr, "usage: csv_loop write FILE ROWS COLUMNS DIGITS | csv_loop read FILE\n");
  return 2;
}
