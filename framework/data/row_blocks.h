// Rows of one field of a raw dataset, block by block, wherever they lie.

#ifndef GRADUS_DATA_ROW_BLOCKS_H_
#define GRADUS_DATA_ROW_BLOCKS_H_

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/data/dataset.h"
#include "gradus/data/rows.h"

namespace gradus {

// Calls visit(values, begin, count) for blocks of the rows, in their order: `values` holds those of
// rows[begin] .. rows[begin + count - 1].
template <class Visit>
absl::Status ForRowBlocks(const Dataset& raw, int field, const Rows& rows, Visit visit) {
  if (rows.size() == 0) return absl::OkStatus();
  const FieldSpec& spec = raw.fields()[field];
  const int64_t bytes = spec.elements() * ByteSize(spec.dtype);
  const char* all = static_cast<const char*>(raw.Contiguous(field));
  if (all != nullptr && rows.is_range()) {
    const int64_t most = std::max<int64_t>(1, Dataset::kBytesAtHand / std::max<int64_t>(1, bytes));
    for (int64_t begin = 0; begin < rows.size(); begin += most) {
      const int64_t count = std::min(most, rows.size() - begin);
      visit(static_cast<const void*>(all + (rows.first() + begin) * bytes), begin, count);
      raw.LetGo();
    }
    return absl::OkStatus();
  }
  constexpr int64_t kBlock = 256;
  std::vector<AlignedBuffer> buffers;
  std::vector<void*> destinations;
  for (int f = 0; f < static_cast<int>(raw.fields().size()); ++f) {
    const FieldSpec& other = raw.fields()[f];
    const int64_t size = other.elements() * ByteSize(other.dtype);
    // Of what lies in memory only this field is copied.
    const int64_t copied = all == nullptr || f == field ? std::min(rows.size(), kBlock) : 0;
    GRADUS_ASSIGN_OR_RETURN(AlignedBuffer buffer, AllocateAligned(copied * size));
    destinations.push_back(buffer.get());
    buffers.push_back(std::move(buffer));
  }
  std::vector<int64_t> block;
  for (int64_t begin = 0; begin < rows.size(); begin += kBlock) {
    const int64_t count = std::min(kBlock, rows.size() - begin);
    if (all == nullptr) {
      block.resize(static_cast<size_t>(count));
      for (int64_t i = 0; i < count; ++i) block[i] = rows[begin + i];
      GRADUS_RETURN_IF_ERROR(raw.Read(block, destinations));
    } else if (bytes > 0) {
      char* to = static_cast<char*>(destinations[field]);
      for (int64_t i = 0; i < count; ++i) {
        std::memcpy(to + i * bytes, all + rows[begin + i] * bytes, static_cast<size_t>(bytes));
      }
    }
    visit(static_cast<const void*>(destinations[field]), begin, count);
    if ((begin + count) % Dataset::kRowsAtHand == 0) raw.LetGo();
  }
  return absl::OkStatus();
}

}  // namespace gradus

#endif  // GRADUS_DATA_ROW_BLOCKS_H_
