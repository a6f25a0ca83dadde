// The loops of vector_gemm.cc, compiled once per instruction set.
//
// There is no include guard on purpose: vector_gemm.cc includes this text three times, each time
// inside another namespace that defines kIsa, kTileRows, kWideRows and `Vec` (a register of floats,
// with loads and stores of its first lanes), and with GRADUS_GEMM_TARGET naming the instruction set
// of every function.
//
// The heart is a tile: kRows x kVectors registers of C stay in the register file while the loop
// over k adds one outer product per turn. A is read by broadcasts in place, in either orientation;
// B is read as rows as wide as the tile, in place or from a packed panel. Every element of C is one
// chain of multiply-adds in the order of k, whatever the tile.

constexpr int kTileVectors = 2;
// For so few rows that two vectors could not hide the latency of a multiply-add.
constexpr int kWideVectors = 8;
constexpr int kTileColumns = kTileVectors * Vec::kLanes;

struct Tile {
  const float* a;
  int64_t a_stride;  // between rows of A as it is stored
  const float* b;
  int64_t b_stride;  // between rows of B, or of its panel
  float* c;
  int64_t c_stride;
  int64_t k;
  int last_lanes;     // of the last vector
  bool load_c;        // start from C: accumulation, or a later block of k
  const float* bias;  // nullptr: none, or not the last block of k
  bool relu;
  bool ahead = false;  // fetch the next tile's columns of B, which lie in memory
};

template <bool kPartial>
GRADUS_GEMM_TARGET inline __attribute__((always_inline)) Vec LoadLanes(const float* from,
                                                                       const Vec::Mask& mask) {
  return kPartial ? Vec::LoadPartial(from, mask) : Vec::Load(from);
}

template <int kRows, int kVectors, bool kPartial, bool kTransposeA>
GRADUS_GEMM_TARGET void RunTile(const Tile& t) {
  constexpr int kLanes = Vec::kLanes;
  constexpr int kLast = kVectors - 1;
  const Vec::Mask mask = Vec::MaskOf(t.last_lanes);
  Vec sum[kRows][kVectors];
  if (t.load_c) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const float* c = t.c + r * t.c_stride;
#pragma GCC unroll 16
      for (int v = 0; v < kLast; ++v) sum[r][v] = Vec::Load(c + v * kLanes);
      sum[r][kLast] = LoadLanes<kPartial>(c + kLast * kLanes, mask);
    }
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::Zero();
    }
  }
  // Every third row of a plain A has a pointer of its own: twelve rows need four pointers and one
  // stride.
  constexpr int kAnchors = (kRows + 2) / 3;
  const float* anchor[kAnchors];
#pragma GCC unroll 16
  for (int i = 0; i < kAnchors; ++i) anchor[i] = t.a + 3 * i * t.a_stride;
  const int64_t stride = t.a_stride;
  const float *a = t.a, *b = t.b;
  for (int64_t p = 0; p < t.k; ++p) {
    Vec row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kLast; ++v) row[v] = Vec::Load(b + v * kLanes);
    row[kLast] = LoadLanes<kPartial>(b + kLast * kLanes, mask);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Vec scale = Vec::Broadcast(kTransposeA ? a + r : anchor[r / 3] + p + (r % 3) * stride);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::MultiplyAdd(scale, row[v], sum[r][v]);
    }
    if (t.ahead) {
      Prefetch(b + kTileColumns);
      if (kTileColumns > kLineFloats) Prefetch(b + kTileColumns + kLineFloats);
    }
    if (kTransposeA) a += stride;
    b += t.b_stride;
  }
  if (t.bias != nullptr) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const float* at = t.bias + v * kLanes;
      const Vec bias = v == kLast ? LoadLanes<kPartial>(at, mask) : Vec::Load(at);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) sum[r][v] = Vec::Add(sum[r][v], bias);
    }
  }
  if (t.relu) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::Relu(sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    float* c = t.c + r * t.c_stride;
#pragma GCC unroll 8
    for (int v = 0; v < kLast; ++v) Vec::Store(c + v * kLanes, sum[r][v]);
    if (kPartial) {
      Vec::StorePartial(c + kLast * kLanes, mask, sum[r][kLast]);
    } else {
      Vec::Store(c + kLast * kLanes, sum[r][kLast]);
    }
  }
}

using TileFunction = void (*)(const Tile&);

// For each number of rows: [vectors - 1, or 2 for the wide tile][partial][transpose_a].
struct RowTiles {
  TileFunction at[3][2][2];
};

template <int kRows>
constexpr RowTiles TilesOf() {
  constexpr int kWide = kRows <= kWideRows ? kWideVectors : kTileVectors;
  return {{{{RunTile<kRows, 1, false, false>, RunTile<kRows, 1, false, true>},
            {RunTile<kRows, 1, true, false>, RunTile<kRows, 1, true, true>}},
           {{RunTile<kRows, 2, false, false>, RunTile<kRows, 2, false, true>},
            {RunTile<kRows, 2, true, false>, RunTile<kRows, 2, true, true>}},
           {{RunTile<kRows, kWide, false, false>, RunTile<kRows, kWide, false, true>},
            {RunTile<kRows, kWide, true, false>, RunTile<kRows, kWide, true, true>}}}};
}

template <int... kRow>
constexpr std::array<RowTiles, kTileRows> MakeTiles(std::integer_sequence<int, kRow...>) {
  return {TilesOf<kRow + 1>()...};
}
constexpr std::array<RowTiles, kTileRows> kTiles =
    MakeTiles(std::make_integer_sequence<int, kTileRows>());

// Copies rows [0, k) and `columns` columns of B into a panel whose rows are `width` apart.
GRADUS_GEMM_TARGET inline void PackPanel(const float* b, int64_t ldb, int64_t k, int columns,
                                         int width, float* panel) {
  const int full = columns / Vec::kLanes * Vec::kLanes;
  const Vec::Mask mask = Vec::MaskOf(columns - full);
  for (int64_t p = 0; p < k; ++p) {
    for (int j = 0; j < full; j += Vec::kLanes) Vec::Store(panel + j, Vec::Load(b + j));
    if (full != columns) Vec::Store(panel + full, Vec::LoadPartial(b + full, mask));
    b += ldb;
    panel += width;
  }
}

// The same from a B stored as [columns, k]: square blocks are turned over in registers. Meanwhile
// the same part of the next panel is fetched, as far as `columns_ahead` goes.
GRADUS_GEMM_TARGET inline void PackTransposedPanel(const float* b, int64_t ldb, int64_t k,
                                                   int columns, int64_t columns_ahead, int width,
                                                   float* panel) {
  for (int64_t p = 0; p < k; p += Vec::kLanes) {
    const int depth = static_cast<int>(std::min<int64_t>(Vec::kLanes, k - p));
    for (int j = 0; j < columns; j += Vec::kLanes) {
      const int lanes = std::min(Vec::kLanes, columns - j);
      Vec::Transpose(b + j * ldb + p, ldb, lanes, depth, panel + p * width + j, width);
      const int64_t fetched = std::min<int64_t>(j + lanes, columns_ahead);
      for (int64_t next = j; next < fetched; ++next) Prefetch(b + (columns + next) * ldb + p);
    }
  }
}

// Copies rows [0, k) and `columns` columns of a transposed A, to stand close together.
GRADUS_GEMM_TARGET inline void PackRows(const float* a, int64_t lda, int64_t k, int64_t columns,
                                        float* block) {
  for (int64_t p = 0; p < k; ++p) {
    for (int64_t r = 0; r < columns; ++r) block[p * columns + r] = a[p * lda + r];
  }
}

// One row block, `t` prepared, against columns [begin, end). The first row block fills the packed
// panels.
GRADUS_GEMM_TARGET inline void RunRowBlock(const GemmShape& shape, const GemmArguments& x,
                                           int64_t row, int64_t rows, int64_t begin, int64_t end,
                                           int64_t p0, bool last, float* panel, Tile* t) {
  const bool ahead = row == 0 && shape.k >= kMemoryWeights / shape.n;
  const bool wide = rows <= kWideRows && panel == nullptr;
  for (int64_t j = begin; j < end;) {
    const bool wide_tile = wide && end - j > (kWideVectors - 1) * Vec::kLanes;
    const int widest = wide_tile ? kWideVectors * Vec::kLanes : kTileColumns;
    const int columns = static_cast<int>(std::min<int64_t>(widest, end - j));
    const int vectors = (columns + Vec::kLanes - 1) / Vec::kLanes;
    const int width = vectors * Vec::kLanes;
    if (panel != nullptr) {
      if (row == 0) {
        if (shape.transpose_b) {
          PackTransposedPanel(x.b + j * x.ldb + p0, x.ldb, t->k, columns,
                              ahead ? end - j - columns : 0, width, panel);
        } else {
          PackPanel(x.b + p0 * x.ldb + j, x.ldb, t->k, columns, width, panel);
        }
      }
      t->b = panel;
      t->b_stride = width;
      panel += width * t->k;
    } else {
      t->b = x.b + p0 * x.ldb + j;
      t->b_stride = x.ldb;
      t->ahead = ahead && j + columns < end;
    }
    t->c = x.c + row * x.ldc + j;
    t->last_lanes = columns - (vectors - 1) * Vec::kLanes;
    t->bias = last && x.bias != nullptr ? x.bias + j : nullptr;
    const int kind = wide_tile ? 2 : vectors - 1;
    kTiles[rows - 1].at[kind][columns != width][shape.transpose_a](*t);
    j += columns;
  }
}

GRADUS_GEMM_TARGET inline void RunGemm(const GemmShape& shape, const GemmArguments& x) {
  const bool pack_a = PacksA(shape, x.lda, kIsa);
  float* const panels =
      PacksB(shape, x.ldb, kIsa) ? x.scratch + (pack_a ? kTileRows * kDepthBlock : 0) : nullptr;
  // Blocks of almost equal height: a thin last one would wait for its multiply-adds.
  int64_t row_blocks = 1, height = shape.m, taller = 0;
  if (shape.m > kTileRows) {
    row_blocks = (shape.m + kTileRows - 1) / kTileRows;
    height = shape.m / row_blocks;
    taller = shape.m % row_blocks;
  }
  Tile t;
  t.c_stride = x.ldc;
  for (int64_t j = 0; j < shape.n; j += kColumnBlock) {
    const int64_t end = std::min(shape.n, j + kColumnBlock);
    for (int64_t p = 0; p < shape.k; p += kDepthBlock) {
      t.k = std::min(kDepthBlock, shape.k - p);
      const bool last = p + t.k == shape.k;
      t.load_c = x.accumulate || p != 0;
      t.relu = last && x.relu;
      int64_t row = 0;
      for (int64_t i = 0; i < row_blocks; ++i) {
        const int64_t rows = height + (i < taller ? 1 : 0);
        t.a = shape.transpose_a ? x.a + p * x.lda + row : x.a + row * x.lda + p;
        t.a_stride = x.lda;
        if (pack_a) {
          PackRows(t.a, x.lda, t.k, rows, x.scratch);
          t.a = x.scratch;
          t.a_stride = rows;
        }
        RunRowBlock(shape, x, row, rows, j, end, p, last, panels, &t);
        if (last && x.finish != nullptr) x.finish(x.finish_context, row, rows, j, end - j);
        row += rows;
      }
    }
  }
}

// C[i, j] as the dot product of A's row i and row j of `b`, where both are contiguous.
GRADUS_GEMM_TARGET inline void RunDots(const GemmShape& shape, const GemmArguments& x,
                                       const float* b, int64_t ldb) {
  constexpr int kChains = 4;
  constexpr int kStep = kChains * Vec::kLanes;
  const int rest = static_cast<int>(shape.k % Vec::kLanes);
  const Vec::Mask mask = Vec::MaskOf(rest);
  for (int64_t i = 0; i < shape.m; ++i) {
    const float* a = x.a + i * x.lda;
    float* c = x.c + i * x.ldc;
    for (int64_t j = 0; j < shape.n; ++j) {
      const float* row = b + j * ldb;
      Vec sum[kChains] = {Vec::Zero(), Vec::Zero(), Vec::Zero(), Vec::Zero()};
      int64_t p = 0;
      for (; p + kStep <= shape.k; p += kStep) {
#pragma GCC unroll 4
        for (int v = 0; v < kChains; ++v) {
          const int64_t at = p + v * Vec::kLanes;
          sum[v] = Vec::MultiplyAdd(Vec::Load(a + at), Vec::Load(row + at), sum[v]);
        }
      }
      for (; p + Vec::kLanes <= shape.k; p += Vec::kLanes) {
        sum[0] = Vec::MultiplyAdd(Vec::Load(a + p), Vec::Load(row + p), sum[0]);
      }
      if (rest != 0) {
        sum[1] = Vec::MultiplyAdd(Vec::LoadPartial(a + p, mask), Vec::LoadPartial(row + p, mask),
                                  sum[1]);
      }
      float value = Vec::Sum(Vec::Add(Vec::Add(sum[0], sum[1]), Vec::Add(sum[2], sum[3])));
      if (x.accumulate) value += c[j];
      if (x.bias != nullptr) value += x.bias[j];
      c[j] = x.relu && value < 0 ? 0 : value;
    }
  }
  if (x.finish != nullptr) x.finish(x.finish_context, 0, shape.m, 0, shape.n);
}

template <int kVectors, int kChains, bool kPartial>
GRADUS_GEMM_TARGET inline void SumColumns(const float* x, int64_t rows, int64_t ldx, int last_lanes,
                                          bool accumulate, float* sums) {
  constexpr int kLast = kVectors - 1;
  const Vec::Mask mask = Vec::MaskOf(last_lanes);
  Vec sum[kChains][kVectors];
#pragma GCC unroll 4
  for (int i = 0; i < kChains; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = Vec::Zero();
  }
  int64_t row = 0;
  for (; row + kChains <= rows; row += kChains) {
#pragma GCC unroll 4
    for (int i = 0; i < kChains; ++i) {
      const float* at = x + (row + i) * ldx;
#pragma GCC unroll 4
      for (int v = 0; v < kLast; ++v)
        sum[i][v] = Vec::Add(sum[i][v], Vec::Load(at + v * Vec::kLanes));
      sum[i][kLast] = Vec::Add(sum[i][kLast], LoadLanes<kPartial>(at + kLast * Vec::kLanes, mask));
    }
  }
  for (; row < rows; ++row) {
    const float* at = x + row * ldx;
#pragma GCC unroll 4
    for (int v = 0; v < kLast; ++v)
      sum[0][v] = Vec::Add(sum[0][v], Vec::Load(at + v * Vec::kLanes));
    sum[0][kLast] = Vec::Add(sum[0][kLast], LoadLanes<kPartial>(at + kLast * Vec::kLanes, mask));
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    Vec total = sum[0][v];
    if (kChains == 2) total = Vec::Add(total, sum[kChains - 1][v]);
    if (kChains == 4)
      total =
          Vec::Add(Vec::Add(total, sum[1][v]), Vec::Add(sum[kChains - 2][v], sum[kChains - 1][v]));
    float* at = sums + v * Vec::kLanes;
    if (accumulate)
      total = Vec::Add(v == kLast ? LoadLanes<kPartial>(at, mask) : Vec::Load(at), total);
    if (kPartial && v == kLast) {
      Vec::StorePartial(at, mask, total);
    } else {
      Vec::Store(at, total);
    }
  }
}

GRADUS_GEMM_TARGET inline void RunColumnSums(const float* x, int64_t rows, int64_t columns,
                                             int64_t ldx, bool accumulate, float* sums) {
  constexpr int kWidth = 4 * Vec::kLanes;
  int64_t j = 0;
  for (; j + kWidth <= columns; j += kWidth)
    SumColumns<4, 2, false>(x + j, rows, ldx, Vec::kLanes, accumulate, sums + j);
  for (; j + Vec::kLanes <= columns; j += Vec::kLanes) {
    SumColumns<1, 4, false>(x + j, rows, ldx, Vec::kLanes, accumulate, sums + j);
  }
  if (j < columns)
    SumColumns<1, 4, true>(x + j, rows, ldx, static_cast<int>(columns - j), accumulate, sums + j);
}
