// Blocks that grow, and become one when all of them are free.

#include "gradus/train/workspace.h"

#include <algorithm>

namespace gradus {

constexpr int64_t Workspace::kAlignment;

void Workspace::Add(int64_t size) {
  Block block;
  block.bytes.reset(
      static_cast<char*>(::operator new (static_cast<size_t>(size), std::align_val_t{kAlignment})));
  block.size = size;
  blocks_.push_back(std::move(block));
}

void* Workspace::TakeBytes(int64_t count) {
  constexpr int64_t kLeast = 4096;
  const int64_t size = (std::max<int64_t>(count, 1) + kAlignment - 1) / kAlignment * kAlignment;
  while (block_ < blocks_.size() && used_ + size > blocks_[block_].size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) Add(std::max(size, kLeast));
  char* const taken = blocks_[block_].bytes.get() + used_;
  used_ += size;
  return taken;
}

void Workspace::GoBack(size_t block, int64_t used) {
  block_ = block;
  used_ = used;
  if (block > 0 || used > 0 || blocks_.size() < 2) return;
  int64_t size = 0;
  for (const Block& one : blocks_) size += one.size;
  blocks_.clear();
  // In a destructor: without memory the next one who takes some is told.
  try {
    Add(size);
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace gradus
