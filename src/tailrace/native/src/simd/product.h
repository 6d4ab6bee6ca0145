// Products of a few rows with a packed matrix: what a recurrent step consists of.
//
// The matrix is packed once per call and used at every step. Its columns are taken in vectors of
// kLanes; a *block* is one vector of units for each gate, in gate order, so that everything a unit's
// nonlinearity needs comes out together; a *group* is the blocks (at most four vectors) computed
// between two passes of the nonlinearity. A tile of rows times a group goes to a scratch that stays
// in the first-level cache.

#pragma once

#include "simd/vector.h"

namespace tailrace {
namespace TAILRACE_ISA {

constexpr int kGroupVectors = 4;
// Vectors of one panel: accumulators of a tile, a panel's vectors and a broadcast fit in registers.
constexpr int kPanelVectors = kRegisters >= 32 ? 4 : 2;
constexpr int kTileRows = 6;
// Depths of a panel between what is multiplied and what is fetched.
constexpr int kAhead = 8;

constexpr long ceil_div(long a, long b) { return (a + b - 1) / b; }

// How the columns of a matrix [depth, gates * units] are arranged when packed.
template <class T>
struct Layout {
  long depth, units;
  int gates;

  long blocks() const { return ceil_div(units, kLanes<T>); }
  long blocks_per_group() const { return kGroupVectors / gates; }
  // Groups hold as many blocks as fit, or one fewer, so that none is left nearly empty; where a
  // panel has two vectors, pairs stay together.
  long groups() const { return ceil_div(blocks(), blocks_per_group()); }
  long first_block(long group) const {
    const long together = gates == 1 ? kPanelVectors / 2 : 1;
    const long chunks = ceil_div(blocks(), together);
    const long first = chunks * group / groups() * together;
    return first < blocks() ? first : blocks();
  }
  long numbers() const { return blocks() * gates * kLanes<T> * depth; }
  // Where a group's columns begin in the packed matrix.
  long offset(long group) const { return first_block(group) * gates * kLanes<T> * depth; }
  int vectors(long group) const {
    return static_cast<int>((first_block(group + 1) - first_block(group)) * gates);
  }
};

// Element (k, column) of the matrix to pack lies at k * row_stride + column * column_stride.
template <class T>
struct Source {
  const T* data;
  long row_stride, column_stride;
};

template <class T>
static void pack_group(const Layout<T>& layout, const Source<T>& from, long group, T* packed) {
  constexpr int kWidth = kLanes<T>;
  const int vectors = layout.vectors(group);
  T* to = packed + layout.offset(group);
  for (int first = 0; first < vectors; first += kPanelVectors) {
    const int width = vectors - first < kPanelVectors ? vectors - first : kPanelVectors;
    for (int v = 0; v < width; ++v) {
      const int gate = (first + v) % layout.gates;
      const long unit = (layout.first_block(group) + (first + v) / layout.gates) * kWidth;
      const long left = layout.units - unit < kWidth ? layout.units - unit : kWidth;
      const T* columns = from.data + (gate * layout.units + unit) * from.column_stride;
      for (long k = 0; k < layout.depth; ++k) {
        T* line = to + (k * width + v) * kWidth;
        const T* row = columns + k * from.row_stride;
        for (long lane = 0; lane < left; ++lane) line[lane] = row[lane * from.column_stride];
        for (long lane = left; lane < kWidth; ++lane) line[lane] = T(0);
      }
    }
    to += layout.depth * width * kWidth;
  }
}

// out[Rows, Vectors * kLanes] (+)= a[Rows, depth] * panel; rows of `out` are a group's width apart.
template <class T, int Rows, int Vectors, bool Add>
static void tile(const T* a, long a_stride, const T* panel, long depth, T* out) {
  constexpr int kWidth = kLanes<T>;
  constexpr int kOutStride = kGroupVectors * kWidth;
  // every loop over `sum` must be unrolled, or the compiler keeps it in memory
  Vec<T> sum[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      sum[r][v] = Add ? load(out + r * kOutStride + v * kWidth) : Vec<T>{};
    }
  }
  for (long k = 0; k < depth; ++k) {
    Vec<T> b[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      b[v] = load(panel + (k * Vectors + v) * kWidth);
      // a panel is larger than the first-level cache, and comes from the next one for every tile
      __builtin_prefetch(panel + ((k + kAhead) * Vectors + v) * kWidth);
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Vec<T> x = splat(a[r * a_stride + k]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] += x * b[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) store<T>(out + r * kOutStride + v * kWidth, sum[r][v]);
  }
}

template <class T, int Vectors, bool Add>
static void tile_of(int rows, const T* a, long a_stride, const T* panel, long depth, T* out) {
  switch (rows) {
    case 1: return tile<T, 1, Vectors, Add>(a, a_stride, panel, depth, out);
    case 2: return tile<T, 2, Vectors, Add>(a, a_stride, panel, depth, out);
    case 3: return tile<T, 3, Vectors, Add>(a, a_stride, panel, depth, out);
    case 4: return tile<T, 4, Vectors, Add>(a, a_stride, panel, depth, out);
    case 5: return tile<T, 5, Vectors, Add>(a, a_stride, panel, depth, out);
    default: return tile<T, 6, Vectors, Add>(a, a_stride, panel, depth, out);
  }
}

// The tile's rows times a whole group: scratch[rows, kGroupVectors * kLanes].
template <class T, bool Add>
static void group_product(int rows, const T* a, long a_stride, const T* packed, long depth,
                          int vectors, T* scratch) {
  for (int first = 0; first < vectors; first += kPanelVectors) {
    const int width = vectors - first < kPanelVectors ? vectors - first : kPanelVectors;
    const T* panel = packed + first * depth * kLanes<T>;
    T* out = scratch + first * kLanes<T>;
    switch (width) {
      case 1: tile_of<T, 1, Add>(rows, a, a_stride, panel, depth, out); break;
      case 2: tile_of<T, 2, Add>(rows, a, a_stride, panel, depth, out); break;
      case 3: tile_of<T, kPanelVectors < 3 ? 1 : 3, Add>(rows, a, a_stride, panel, depth, out); break;
      default: tile_of<T, kPanelVectors, Add>(rows, a, a_stride, panel, depth, out);
    }
  }
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
