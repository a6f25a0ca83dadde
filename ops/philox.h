// What dropout and the noises share: random numbers for the elements of a tensor whose first axis
// is the batch.
//
// Element e = (row_offset + row) * row size + place takes number e mod 4 of Philox block e / 4 with
// key `seed` and stream (node, step). So it is a function of (seed, step, node, global row, place
// in the row) and of nothing else: blocks of rows, threads and resumed runs see the same numbers.

#ifndef GRADUS_OPS_PHILOX_H_
#define GRADUS_OPS_PHILOX_H_

#include <algorithm>
#include <cstdint>

#include "absl/types/span.h"
#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

constexpr int64_t kPhiloxNodes = int64_t{1} << 24;
constexpr int kPhiloxStepBits = 40;

// `node` in range; x FLOAT32 beginning with the batch; inputs from `first_step_scalar` on: seed,
// step and row_offset, INT64 [].
inline absl::Status CheckRandomRows(int64_t node, absl::Span<const TensorSpec> inputs,
                                    int first_step_scalar) {
  if (node < 0 || node >= kPhiloxNodes) {
    return absl::InvalidArgumentError(
        absl::StrCat("node ", node, " is outside [0, ", kPhiloxNodes, ")"));
  }
  GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, first_step_scalar + 3));
  for (int i = 0; i < first_step_scalar + 3; ++i) {
    GRADUS_RETURN_IF_ERROR(
        ExpectType(inputs, i, i < first_step_scalar ? DType::kFloat32 : DType::kInt64));
  }
  for (int i = 1; i < first_step_scalar + 3; ++i) {
    if (inputs[i].shape.rank() != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " has shape ", inputs[i].shape.ToString(), ", not []"));
    }
  }
  // A row is what row_offset counts.
  const Shape& shape = inputs[0].shape;
  if (shape.rank() == 0 || shape.dim(0) != Dim{1, true}) {
    return absl::InvalidArgumentError(absl::StrCat("input 0 has shape ", shape.ToString(),
                                                   ", which does not start with the batch"));
  }
  return absl::OkStatus();
}

struct PhiloxKey {
  uint64_t seed;
  uint64_t stream;
};

// What a run says: the key, and the first element. `scalars` are seed, step and row_offset.
struct RandomRows {
  PhiloxKey key;
  uint64_t first;
};
inline RandomRows RandomRowsOf(int64_t node, int64_t row_size, const void* const* scalars) {
  const auto scalar = [scalars](int i) {
    return static_cast<uint64_t>(*static_cast<const int64_t*>(scalars[i]));
  };
  return {{scalar(0), static_cast<uint64_t>(node) << kPhiloxStepBits ^ scalar(1)},
          scalar(2) * static_cast<uint64_t>(row_size)};
}
inline int64_t RowSize(const Operand& x) { return x.elements() / std::max<int64_t>(x.dims[0], 1); }

// The blocks advance round by round side by side, which is what vectorises.
constexpr int kPhiloxBlocks = 16;
constexpr int kPhiloxElements = 4 * kPhiloxBlocks;

// c[j][i] becomes number j of block `block` + i.
GRADUS_INLINE void PhiloxChunk(const PhiloxKey& key, uint64_t block,
                               uint32_t (&c)[4][kPhiloxBlocks]) {
  for (int i = 0; i < kPhiloxBlocks; ++i) {
    c[0][i] = static_cast<uint32_t>(block + i);
    c[1][i] = static_cast<uint32_t>((block + i) >> 32);
    c[2][i] = static_cast<uint32_t>(key.stream);
    c[3][i] = static_cast<uint32_t>(key.stream >> 32);
  }
  uint32_t k0 = static_cast<uint32_t>(key.seed);
  uint32_t k1 = static_cast<uint32_t>(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kPhiloxBlocks; ++i) {
      const uint64_t p0 = uint64_t{0xD2511F53} * c[0][i];
      const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2][i];
      c[0][i] = static_cast<uint32_t>(p1 >> 32) ^ c[1][i] ^ k0;
      c[1][i] = static_cast<uint32_t>(p1);
      c[2][i] = static_cast<uint32_t>(p0 >> 32) ^ c[3][i] ^ k1;
      c[3][i] = static_cast<uint32_t>(p0);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

// A part of the elements that are asked for, [done, done + count): numbers [skipped, skipped + count) of the chunk from `block` on.
struct PhiloxPart {
  uint64_t block;
  int64_t skipped, done, count;
};

// Calls write(part) for each chunk that has some of the n elements from `first` on.
template <class Write>
GRADUS_INLINE void ForPhiloxParts(uint64_t first, int64_t n, const Write& write) {
  int64_t done = 0;
  while (done < n) {
    const uint64_t element = first + static_cast<uint64_t>(done);
    const auto skipped = static_cast<int64_t>(element % 4);
    const int64_t count = std::min<int64_t>(kPhiloxElements - skipped, n - done);
    write(PhiloxPart{element / 4, skipped, done, count});
    done += count;
  }
}

}  // namespace gradus

#endif  // GRADUS_OPS_PHILOX_H_
