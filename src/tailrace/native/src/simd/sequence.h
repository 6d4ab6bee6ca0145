// What the cells share: how a sequence's work is divided, and the walk over its steps' products.

#pragma once

#include "parallel.h"
#include "recurrent.h"
#include "simd/product.h"

namespace tailrace {
namespace TAILRACE_ISA {

// The rows and groups of a thread. By rows, every thread computes all units of its own rows and
// never waits; by units, all rows of its own units, and waits wherever it needs others' results.
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
  // Call between writing what other units' products need and those products.
  void all_units_written() const {
    if (!by_rows) team.wait();
  }
};

// By units pays only where a thread would have too few rows to make something of the weights it
// reads; its waits cost a microsecond when all is quiet, and far more on a busy machine.
static inline bool by_rows(const RecurrentSizes& sizes) {
  constexpr long kRowsEach = 4;
  if (sizes.partition != kAutomatic) return sizes.partition == kByRows;
  return sizes.batch >= kRowsEach * sizes.threads;
}

// Threads worth their coordination.
static inline int useful_threads(const RecurrentSizes& sizes) {
  constexpr long kStepWork = 50000;  // multiply-adds that take as long as a few waits
  if (sizes.partition != kAutomatic || by_rows(sizes)) return sizes.threads;
  return sizes.batch * sizes.hidden * sizes.projected >= kStepWork ? sizes.threads : 1;
}

// Where the sequences of a batch end.
struct Ends {
  const int32_t* lengths;
  long steps;

  bool ended(long t, long b) const { return lengths && t >= lengths[b]; }
  // Whether all of `count` rows have ended at step t.
  bool all_ended(long t, long first, long count) const {
    if (!lengths) return false;
    for (long b = first; b < first + count; ++b) {
      if (!ended(t, b)) return false;
    }
    return true;
  }
  // Whether nothing after step t reached the loss but through the final state.
  bool last(long t, long b) const { return t + 1 >= steps || ended(t + 1, b); }
};

// The factors of a vector of units of row b at step t.
template <class T, class Lanes>
static Vec<T> factors(const StateMask<T>& mask, Lanes lanes, long t, long b, long unit) {
  return lanes.load(mask.data + t * mask.step_stride + b * mask.row_stride + unit);
}

// A matrix [depth, gates * units] that is packed for the call.
template <class T>
struct Weights {
  Layout<T> layout;
  const T* data;
  long row_stride, column_stride;
  T* packed;

  // Its numbers when packed, in whole cache lines.
  long packed_size() const { return data ? ceil_div(layout.numbers(), 64) * 64 : 0; }

  // Packs this thread's part; readable after the team has waited.
  void pack(const Team& team) const {
    if (!data) return;
    const long groups = layout.groups();
    const long last = part(groups, team.rank + 1, team.size);
    for (long group = part(groups, team.rank, team.size); group < last; ++group) {
      pack_group(layout, Source<T>{data, row_stride, column_stride}, group, packed);
    }
  }
};

// As it stands: row-major [depth, gates * units].
template <class T>
static Weights<T> straight(const T* data, long depth, long units, int gates) {
  return {Layout<T>{depth, units, gates}, data, gates * units, 1, nullptr};
}

// The transpose of a row-major matrix [units, depth].
template <class T>
static Weights<T> transposed(const T* data, long depth, long units) {
  return {Layout<T>{depth, units, 1}, data, 1, depth, nullptr};
}

// Gives both room in the workspace.
template <class T>
static void make_room(Weights<T>& first, Weights<T>& second) {
  const long numbers = first.packed_size() + second.packed_size();
  first.packed = static_cast<T*>(workspace(sizeof(T) * static_cast<unsigned long>(numbers)));
  second.packed = first.packed + first.packed_size();
}

// Rows of a left factor, `stride` apart; none at all stands for zeros.
template <class T>
struct Rows {
  const T* data;
  long stride;
};

// How far apart two rows of sums lie.
template <class T>
constexpr int kSumsStride = kGroupVectors * kLanes<T>;

// For all of the share's rows and units, with `sums` holding a * weights (+ b * more), or zeros where
// all rows of a tile have ended at step t:
// use(lanes, row, rows, unit, sums): a vector of units in a few rows; those of gate g in row r lie
// at sums + r * kSumsStride<T> + g * kLanes<T>.
template <class T, class Use>
static void each_block(const Share& share, const Ends& ends, long t, const Weights<T>& weights,
                       Rows<T> a, const Weights<T>* more, Rows<T> b, const Use& use) {
  alignas(64) T sums[kTileRows * kSumsStride<T>];
  const Layout<T>& layout = weights.layout;
  const long first = share.first_row(), rows = share.last_row() - first;
  const long tiles = ceil_div(rows, kTileRows), groups = layout.groups();
  for (long group = share.first_group(groups); group < share.last_group(groups); ++group) {
    const int vectors = layout.vectors(group);
    const long first_block = layout.first_block(group);
    for (long i = 0; i < tiles; ++i) {
      const long row = first + rows * i / tiles;
      const int count = static_cast<int>(first + rows * (i + 1) / tiles - row);
      if (!a.data || ends.all_ended(t, row, count)) {
        std::memset(sums, 0, sizeof sums);
      } else {
        group_product<T, false>(count, a.data + row * a.stride, a.stride,
                                weights.packed + layout.offset(group), layout.depth, vectors, sums);
        if (more) {
          group_product<T, true>(count, b.data + row * b.stride, b.stride,
                                 more->packed + more->layout.offset(group), more->layout.depth,
                                 vectors, sums);
        }
      }
      for (int v = 0; v < vectors; v += layout.gates) {
        const long unit = (first_block + v / layout.gates) * kLanes<T>;
        with_lanes<T>(layout.units - unit, [&](auto lanes) {
          use(lanes, row, count, unit, sums + v * kLanes<T>);
        });
      }
    }
  }
}

template <class T, class Use>
static void each_block(const Share& share, const Ends& ends, long t, const Weights<T>& weights,
                       Rows<T> a, const Use& use) {
  each_block<T>(share, ends, t, weights, a, nullptr, Rows<T>{}, use);
}

// Runs a pass: pack(team), then all its steps, on a team of threads.
template <class Pass>
static void run_pass(const RecurrentSizes& sizes, const Pass& pass) {
  parallel(useful_threads(sizes), [&](const Team& team) {
    pass.pack(team);
    team.wait();
    pass.steps(Share{team, by_rows(sizes), sizes.batch});
  });
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
