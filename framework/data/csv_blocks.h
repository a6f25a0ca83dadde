// The text of a table in blocks that end where rows end, so that each can be parsed by itself, on any thread.
//
// A line feed ends a row when an even number of quotes stands before it. That is so for every text without an error; with one, it is so up
// to the error, which is thus found in its block by whoever reads blocks in order.

#ifndef GRADUS_DATA_CSV_BLOCKS_H_
#define GRADUS_DATA_CSV_BLOCKS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/data/input_file.h"

namespace gradus {

// Some rows, and behind them, not theirs, a line feed and eight more bytes. To be used again for the next rows: its memory stays.
class CsvBlock {
 public:
  absl::string_view text() const {
    return {bytes_.get() + begin_, static_cast<size_t>(size_ - begin_)};
  }
  // No rows follow.
  bool last() const { return last_; }
  // Not rows, but the beginning of one that is longer than a row may be.
  bool endless() const { return endless_; }

 private:
  friend class CsvBlocks;
  static constexpr int64_t kBehind = 9;
  void MakeRoom(int64_t room);

  std::unique_ptr<char[]> bytes_;
  int64_t room_ = 0;
  int64_t begin_ = 0;
  int64_t size_ = 0;
  bool last_ = false;
  bool endless_ = false;
};

class CsvBlocks {
 public:
  // A row may have so many bytes. More is a quote that was never closed.
  static constexpr int64_t kMostRowBytes = int64_t{256} << 20;
  static std::string EndlessRow();  // The message.

  // Blocks of about `block_bytes`; longer ones when a row is longer. `skip` bytes at the beginning are left out.
  CsvBlocks(std::unique_ptr<InputFile> file, int64_t block_bytes, int64_t skip = 0)
      : file_(std::move(file)), block_bytes_(block_bytes), skip_(skip) {}

  // The next rows; at the end none.
  absl::Status Next(CsvBlock* block);

 private:
  std::unique_ptr<InputFile> file_;
  const int64_t block_bytes_;
  int64_t skip_;
  std::string rest_;  // Read, and not yet in a block: less than a row.
};

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_BLOCKS_H_
