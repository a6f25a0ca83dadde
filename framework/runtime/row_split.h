// Whether a graph can be computed block by block of rows, and what each value then is.
//
// Every value is either the same in each block (whole), a block of the rows of the full result
// (rows), or one term of a sum over the blocks (partial). Operations say how they treat the batch
// axis and where they are linear; a partial sum passes through linear operations. When something
// else meets it, the blocks wait for one another there: what comes before is a phase, the terms are
// added up, and in the next phase every block reads the total, which is whole. When an operation
// mixes rows, the graph runs in one piece.
//
// A graph in which no total is read has one phase.

#ifndef GRADUS_RUNTIME_ROW_SPLIT_H_
#define GRADUS_RUNTIME_ROW_SPLIT_H_

#include <limits>
#include <string>
#include <vector>

#include "gradus/runtime/pass.h"

namespace gradus {

enum class RowClass : uint8_t {
  kWhole,
  kRows,
  kPartial,
  kRowOffset,  // the scalar "row_offset" and what is computed from it alone: differs from block to
               // block
};

struct RowSplit {
  bool splits = false;
  std::string why_not;                         // Empty when it splits.
  std::vector<std::vector<RowClass>> classes;  // By node and output; set when it splits.

  // A value whose total over the blocks is read in a later phase than its own.
  struct Sum {
    Value value;
    int phase = 0;
    int64_t offset = 0;  // Floats in a buffer for all of them, which are in the order of phases.
    int64_t floats = 0;
  };
  int phases = 1;
  std::vector<int> phase_of;       // By node, in which phase it is computed.
  std::vector<bool> reads_totals;  // By node, of all inputs that are partial.
  std::vector<Sum> sums;
  std::vector<int64_t> sum_floats;  // By phase, where in the buffer its sums end.

  bool total(int node, Value input) const {
    return reads_totals[node] && of(input) == RowClass::kPartial;
  }
  int64_t sums_begin(int phase) const { return phase == 0 ? 0 : sum_floats[phase - 1]; }
  RowClass of(Value value) const { return classes[value.node][value.output]; }
};

RowSplit AnalyseRows(const Program& program);

// Floating-point operations of the nodes that the fetches need, for so many rows.
double ProgramFlops(const Program& program, int64_t rows);

// Bytes of a row in all that the fetches need to have computed; what is not rows counts for nothing.
int64_t BytesPerRow(const Program& program);

// How many rows of a computation stay in cache: so many that they take kBlockBytes together. Not so
// few that what each block adds to the sums over blocks (`sum_bytes`) outweighs them, nor that
// products have less than kLeastCacheRows rows.
constexpr int64_t kBlockBytes = int64_t{8} << 20;
constexpr int64_t kLeastCacheRows = 16;
int64_t RowsInCache(int64_t bytes_per_row, int64_t sum_bytes);

// How many rows each block has. block_rows > 0 is obeyed; otherwise the rows are cut evenly among
// `threads`, and further into blocks of at most `most_rows` (but not more than kMostBlocksPerThread),
// as long as each block has at least kLeastBlockFlops to do, less than which costs more in waiting
// than it saves. Only called for graphs that split.
constexpr double kLeastBlockFlops = 1e6;
constexpr int64_t kMostBlocksPerThread = 256;
std::vector<int64_t> CutRows(int64_t rows, int64_t block_rows, int threads, double flops,
                             int64_t most_rows = std::numeric_limits<int64_t>::max());

}  // namespace gradus

#endif  // GRADUS_RUNTIME_ROW_SPLIT_H_
