// A row times a matrix, added to what is there: the matrix is read once, where it lies.

#pragma once

#include "simd/vector.h"

namespace tailrace {
namespace TAILRACE_ISA {

// Vectors of sums held in registers while a strip of the matrix is read.
constexpr int kStrip = kRegisters / 2;

// sums[Vectors] += a[depth] * matrix[depth, Vectors], in vectors; rows lie `stride` numbers apart.
template <class T, int Vectors, class Lanes>
TAILRACE_INLINE void strip(Lanes lanes, const T* a, long depth, const T* matrix, long stride, T* sums) {
  constexpr int kWidth = kLanes<T>;
  Vec<T> sum[Vectors];
#pragma GCC unroll 16
  for (int v = 0; v < Vectors; ++v) sum[v] = lanes.load(sums + v * kWidth);
  for (long k = 0; k < depth; ++k, matrix += stride) {
    const Vec<T> x = splat(a[k]);
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) sum[v] += x * lanes.load(matrix + v * kWidth);
  }
#pragma GCC unroll 16
  for (int v = 0; v < Vectors; ++v) lanes.store(sums + v * kWidth, sum[v]);
}

// sums[columns] += a[depth] * matrix[depth, columns]
template <class T>
static inline void add_product(const T* a, long depth, const T* matrix, long columns, T* sums) {
  constexpr int kWidth = kLanes<T>;
  long at = 0;
  for (; at + kStrip * kWidth <= columns; at += kStrip * kWidth) {
    strip<T, kStrip>(AllLanes{}, a, depth, matrix + at, columns, sums + at);
  }
  for (; at + kWidth <= columns; at += kWidth) {
    strip<T, 1>(AllLanes{}, a, depth, matrix + at, columns, sums + at);
  }
  if (at < columns) {
    const SomeLanes rest{static_cast<int>(columns - at)};
    strip<T, 1>(rest, a, depth, matrix + at, columns, sums + at);
  }
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
