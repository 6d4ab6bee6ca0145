// Nothing is packed: a tile of rows times a panel of columns goes down a stretch of the depth with
// all its sums in registers, and reads both factors where they lie. Stretches and blocks of rows are
// so short that what is read again comes from the second-level cache. Threads take columns or rows
// of their own and never wait; the order of the terms of a sum does not depend on their number.

#include "multiply.h"

#include "parallel.h"
#include "simd/product.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr long kStretch = 512;   // depths
constexpr long kBlockRows = 128;
constexpr long kWidth = kLanes<float>;
// Vectors of a last panel that spares another one with a single vector.
constexpr int kWidest = kPanelVectors == 4 ? 5 : kPanelVectors;

// A part of the product: `rows` times `columns`, over `depth`.
struct Part {
  const float *left, *right;
  float* product;
  long rows, depth, columns;
  bool add;  // to what is there
};

// The lanes of vector v among Vectors, of which the last may be part of one.
template <int Vectors, class Last>
TAILRACE_INLINE Vec<float> load_lanes(Last last, const float* from, int v) {
  return v + 1 == Vectors ? last.load(from + v * kWidth) : load(from + v * kWidth);
}

template <int Rows, int Vectors, class Last>
void tile(const MultiplyArgs& a, const Part& part, Last last) {
  const float *left = part.left, *right = part.right;
  const long row = a.left_row, step = a.left_depth, next = a.right_row;
  // every loop over `sum` must be unrolled, or the compiler keeps it in memory
  Vec<float> sum[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 5
    for (int v = 0; v < Vectors; ++v) {
      sum[r][v] = Vec<float>{};
      if (part.add) {
        sum[r][v] = load_lanes<Vectors>(last, part.product + r * a.product_row, v);
      }
    }
  }
  for (long k = 0; k < part.depth; ++k, left += step, right += next) {
    Vec<float> b[Vectors];
#pragma GCC unroll 5
    for (int v = 0; v < Vectors; ++v) {
      b[v] = load_lanes<Vectors>(last, right, v);
      __builtin_prefetch(right + kAhead * next + v * kWidth);
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Vec<float> x = splat(left[r * row]);
#pragma GCC unroll 5
      for (int v = 0; v < Vectors; ++v) sum[r][v] += x * b[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    float* to = part.product + r * a.product_row;
#pragma GCC unroll 5
    for (int v = 0; v < Vectors; ++v) {
      if (v + 1 == Vectors) {
        last.store(to + v * kWidth, sum[r][v]);
      } else {
        store<float>(to + v * kWidth, sum[r][v]);
      }
    }
  }
}

// A part of few rows and at most Vectors vectors.
template <int Vectors, class Last>
void tile_of(const MultiplyArgs& a, const Part& part, Last last) {
  switch (part.rows) {
    case 1: return tile<1, Vectors>(a, part, last);
    case 2: return tile<2, Vectors>(a, part, last);
    case 3: return tile<3, Vectors>(a, part, last);
    case 4: return tile<4, Vectors>(a, part, last);
    case 5: return tile<5, Vectors>(a, part, last);
    default: return tile<(Vectors > 4 ? 5 : 6), Vectors>(a, part, last);
  }
}

// A part of one panel, in tiles of rows as equal as can be.
template <int Vectors>
void panel(const MultiplyArgs& a, const Part& whole) {
  const long most = Vectors > 4 ? 5 : kTileRows;
  const long tiles = ceil_div(whole.rows, most);
  with_lanes<float>(whole.columns - (Vectors - 1) * kWidth, [&](auto last) {
    for (long i = 0; i < tiles; ++i) {
      const long row = whole.rows * i / tiles, end = whole.rows * (i + 1) / tiles;
      Part part = whole;
      part.left += row * a.left_row;
      part.product += row * a.product_row;
      part.rows = end - row;
      tile_of<Vectors>(a, part, last);
    }
  });
}

void panel_of(const MultiplyArgs& a, const Part& part) {
  switch (ceil_div(part.columns, kWidth)) {
    case 1: return panel<1>(a, part);
    case 2: return panel<2>(a, part);
    case 3: return panel<kWidest < 3 ? 1 : 3>(a, part);
    case 4: return panel<kWidest < 4 ? 1 : 4>(a, part);
    default: return panel<kWidest>(a, part);
  }
}

// The columns of the panel that begins at one, of so many in all.
long panel_columns(long column, long columns) {
  const long left = columns - column;
  return left <= kWidest * kWidth ? left : kPanelVectors * kWidth;
}

void multiply_part(const MultiplyArgs& a, const Part& whole) {
  const long stretches = whole.depth ? ceil_div(whole.depth, kStretch) : 1;
  for (long s = 0; s < stretches; ++s) {
    const long k = whole.depth * s / stretches, k_end = whole.depth * (s + 1) / stretches;
    for (long row = 0; row < whole.rows; row += kBlockRows) {
      for (long column = 0, width; column < whole.columns; column += width) {
        width = panel_columns(column, whole.columns);
        const long rows = whole.rows - row < kBlockRows ? whole.rows - row : kBlockRows;
        panel_of(a, Part{whole.left + row * a.left_row + k * a.left_depth,
                         whole.right + k * a.right_row + column,
                         whole.product + row * a.product_row + column, rows, k_end - k, width,
                         s > 0});
      }
    }
  }
}

}  // namespace

void multiply(const MultiplyArgs& a) {
  const long panels = ceil_div(a.columns, kPanelVectors * kWidth);
  const bool by_columns = a.columns > a.rows && panels >= a.threads;
  parallel(a.threads, [&](const Team& team) {
    const long share = by_columns ? panels : a.rows;
    long first = part(share, team.rank, team.size), last = part(share, team.rank + 1, team.size);
    if (by_columns) {
      first *= kPanelVectors * kWidth;
      last *= kPanelVectors * kWidth;
      if (last > a.columns) last = a.columns;
      multiply_part(a, Part{a.left, a.right + first, a.product + first, a.rows, a.depth,
                            last - first, false});
    } else {
      multiply_part(a, Part{a.left + first * a.left_row, a.right, a.product + first * a.product_row,
                            last - first, a.depth, a.columns, false});
    }
  });
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
