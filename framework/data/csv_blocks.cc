// Reads, counts quotes, and keeps what is behind the last row's end for the next block.

#include "gradus/data/csv_blocks.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Looks at text piece by piece for the end of the last whole row.
class RowEnds {
 public:
  // Bytes begin .. end - 1 of `text`, which follow those of the last call.
  void Look(const char* text, int64_t begin, int64_t end) {
    int64_t at = begin;
    while (at < end) {
      const void* found = std::memchr(text + at, '"', static_cast<size_t>(end - at));
      const int64_t quote = found == nullptr ? end : static_cast<const char*>(found) - text;
      if (!inside_) {
        const void* feed = memrchr(text + at, '\n', static_cast<size_t>(quote - at));
        if (feed != nullptr) last_ = static_cast<const char*>(feed) - text + 1;
      }
      if (quote < end) inside_ = !inside_;
      at = quote + 1;
    }
  }
  int64_t last() const { return last_; }  // 0: no row has ended yet.

 private:
  bool inside_ = false;  // Of quotes.
  int64_t last_ = 0;
};

}  // namespace

void CsvBlock::MakeRoom(int64_t room) {
  if (room <= room_) return;
  std::unique_ptr<char[]> bytes(new char[static_cast<size_t>(room)]);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), static_cast<size_t>(size_));
  bytes_ = std::move(bytes);
  room_ = room;
}

std::string CsvBlocks::EndlessRow() {
  return absl::StrCat("the row has more than ", kMostRowBytes, " bytes; is a quote never closed?");
}

absl::Status CsvBlocks::Next(CsvBlock* block) {
  block->begin_ = block->size_ = 0;
  block->last_ = block->endless_ = false;
  int64_t wanted = block_bytes_;
  block->MakeRoom(static_cast<int64_t>(rest_.size()) + wanted + CsvBlock::kBehind);
  std::memcpy(block->bytes_.get(), rest_.data(), rest_.size());
  block->size_ = static_cast<int64_t>(rest_.size());
  rest_.clear();
  RowEnds ends;
  ends.Look(block->bytes_.get(), 0, block->size_);
  for (;;) {
    block->MakeRoom(block->size_ + wanted + CsvBlock::kBehind);
    GRADUS_ASSIGN_OR_RETURN(const int64_t got,
                            file_->Read(block->bytes_.get() + block->size_, wanted));
    ends.Look(block->bytes_.get(), block->size_, block->size_ + got);
    block->size_ += got;
    block->last_ = got < wanted;
    if (block->last_ || ends.last() > 0) break;
    if (block->size_ > kMostRowBytes) {
      block->last_ = block->endless_ = true;
      break;
    }
    wanted = std::max(wanted, block->size_);
  }
  if (!block->last_) {
    rest_.assign(block->bytes_.get() + ends.last(),
                 static_cast<size_t>(block->size_ - ends.last()));
    block->size_ = ends.last();
  }
  std::memset(block->bytes_.get() + block->size_, '\n', CsvBlock::kBehind);
  block->begin_ = std::min(skip_, block->size_);
  skip_ -= block->begin_;
  return absl::OkStatus();
}

}  // namespace gradus
