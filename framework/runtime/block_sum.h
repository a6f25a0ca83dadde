// Adds up what the blocks of a split run computed, in a fixed binary tree over the blocks:
// ((0+1)+(2+3))+((4+5)+...). Each number is summed by itself, so neither the number of threads nor
// the ranges they take change a bit.

#ifndef GRADUS_RUNTIME_BLOCK_SUM_H_
#define GRADUS_RUNTIME_BLOCK_SUM_H_

#include <cstdint>

namespace gradus {

// blocks[0][i] becomes the sum of blocks[.][i] for i in [begin, end); the other blocks are used as
// scratch.
void SumBlocks(float* const* blocks, int count, int64_t begin, int64_t end);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_BLOCK_SUM_H_
