// Memory that grows at its end without being copied, and then becomes a tensor's. It is anonymous memory, whose pages the kernel moves
// when it grows, or a temporary file that has no name, in TMPDIR or /tmp, which is mapped when it is complete: then the pages are the
// page cache's, which the kernel takes back when it needs them.

#ifndef GRADUS_DATA_GROWING_MEMORY_H_
#define GRADUS_DATA_GROWING_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

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

// Rows of so many bytes, wherever they lie, of a finished memory that lies on a disk, read from its file: a fifth of what touching their
// pages costs, and nothing stays in the process's memory.
absl::Status ReadRowsOnDisk(const void* memory, int64_t row_bytes, absl::Span<const int64_t> rows,
                            void* to);

}  // namespace gradus

#endif  // GRADUS_DATA_GROWING_MEMORY_H_
