// Memory that grows at its end without being copied, and then becomes a tensor's. It is anonymous memory, whose pages the kernel moves
// when it grows, or a temporary file that has no name, in TMPDIR or /tmp, which is mapped when it is complete: then the pages are the
// page cache's, which the kernel takes back when it needs them.

#ifndef GRADUS_DATA_GROWING_MEMORY_H_
#define GRADUS_DATA_GROWING_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace gradus {

class GrowingMemory {
 public:
  static absl::StatusOr<GrowingMemory> Create(bool on_disk);
  GrowingMemory(GrowingMemory&& other) noexcept;
  GrowingMemory& operator=(GrowingMemory&&) = delete;
  ~GrowingMemory();

  // An error when memory or the disk is full.
  absl::Status Append(const void* bytes, int64_t count);
  int64_t size() const { return size_; }
  // All bytes, aligned to a page; null when there are none. Once, at the end.
  absl::StatusOr<std::shared_ptr<void>> Finish();

 private:
  GrowingMemory() = default;

  int file_ = -1;  // Of memory on a disk.
  void* memory_ = nullptr;
  int64_t room_ = 0;  // In memory.
  int64_t size_ = 0;
};

// Lets the pages of a finished memory that lies on a disk leave this process's memory until they are touched again.
void LetGoOfPages(const void* memory, int64_t bytes);

}  // namespace gradus

#endif  // GRADUS_DATA_GROWING_MEMORY_H_
