// How the work of a sequence is divided among threads.

#pragma once

#include "parallel.h"
#include "recurrent.h"
#include "simd/product.h"

namespace tailrace {
namespace TAILRACE_ISA {

// The rows [first, last) and groups of a thread. By rows, every thread computes all units of its
// own rows and never waits; by units, all rows of its own units, and waits at every step.
struct Share {
  Team team;
  bool by_rows;
  long batch;

  long first_row() const { return by_rows ? part(batch, team.rank, team.size) : 0; }
  long last_row() const { return by_rows ? part(batch, team.rank + 1, team.size) : batch; }
  long first_group(long groups) const { return by_rows ? 0 : part(groups, team.rank, team.size); }
  long last_group(long groups) const {
    return by_rows ? groups : part(groups, team.rank + 1, team.size);
  }
  // What all threads of the team have written becomes readable, where others' work is needed.
  void step_done() const {
    if (!by_rows) team.wait();
  }
};

static inline bool by_rows(const RecurrentSizes& sizes) {
  if (sizes.partition != kAutomatic) return sizes.partition == kByRows;
  return sizes.batch >= kTileRows * static_cast<long>(sizes.threads);
}

// Packs the matrix, all threads together; readable after the next wait.
template <class T>
static void pack(const Layout<T>& layout, const Source<T>& from, const Team& team, T* packed) {
  const long groups = layout.groups();
  for (long g = part(groups, team.rank, team.size); g < part(groups, team.rank + 1, team.size); ++g) {
    pack_group(layout, from, g, packed);
  }
}

// For the share's rows and groups: use(first_row, rows, group, scratch) with
// scratch = a[rows] * packed, or zeros where `a` is null.
template <class T, class Use>
static void each_tile(const Share& share, const Layout<T>& layout, const T* a, long a_stride,
                      const T* packed, const Use& use) {
  alignas(64) T scratch[kTileRows * kGroupVectors * kLanes<T>];
  const long first = share.first_row(), rows = share.last_row() - first;
  const long tiles = ceil_div(rows, kTileRows), groups = layout.groups();
  for (long group = share.first_group(groups); group < share.last_group(groups); ++group) {
    const T* panel = packed + layout.offset(group);
    const int vectors = layout.vectors(group);
    for (long t = 0; t < tiles; ++t) {
      const long row = first + rows * t / tiles;
      const int count = static_cast<int>(first + rows * (t + 1) / tiles - row);
      if (a) {
        group_product<T, false>(count, a + row * a_stride, a_stride, panel, layout.depth, vectors,
                                scratch);
      } else {
        std::memset(scratch, 0, sizeof scratch);
      }
      use(row, count, group, scratch);
    }
  }
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
