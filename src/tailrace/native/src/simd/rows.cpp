// Every thread reads all rows, but columns of its own: nobody waits, and the order of the terms is
// that of the rows with any number of threads.

#include "rows.h"

#include "parallel.h"
#include "simd/vector.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

// Gives each kind that occurs its place among those; false if an index is no kind.
bool find_kinds(const RowSumsArgs& args, long* place) {
  for (long k = 0; k < args.kinds; ++k) place[k] = -1;
  for (long r = 0; r < args.rows; ++r) {
    if (args.indices[r] < 0 || args.indices[r] >= args.kinds) return false;
    place[args.indices[r]] = 0;
  }
  long count = 0;
  for (long k = 0; k < args.kinds; ++k) {
    if (place[k] < 0) continue;
    args.found[count] = k;
    place[k] = count++;
  }
  *args.count = count;
  return true;
}

constexpr long kRowsAhead = 8;  // that are fetched: a thread's part of a row is too short for the
                                // processor to see where it goes on

// Adds a stretch of a row to a sum; gives its squares, by lanes. Rows lie `stride` numbers apart.
template <class T>
Vec<T> add_row(const T* __restrict row, T* __restrict sum, long count, long stride) {
  Vec<T> squares{};
  for (long i = 0; i < count; i += kLanes<T>) {
    __builtin_prefetch(row + kRowsAhead * stride + i);
    with_lanes<T>(count - i, [&](auto lanes) {
      const Vec<T> x = lanes.load(row + i);
      lanes.store(sum + i, lanes.load(sum + i) + x);
      squares += x * x;
    });
  }
  return squares;
}

// Sums the columns from `begin` to `end`; gives the sum of their squares.
template <class T>
double sum_columns(const RowSumsArgs& args, const long* place, long begin, long end) {
  constexpr long kStretch = 16;  // rows whose squares are added in the numbers' own type
  T* const sums = static_cast<T*>(args.sums);
  for (long k = 0; k < *args.count; ++k) {
    for (long i = begin; i < end; ++i) sums[k * args.columns + i] = T(0);
  }
  double total = 0;
  for (long start = 0; start < args.rows; start += kStretch) {
    const long stop = start + kStretch < args.rows ? start + kStretch : args.rows;
    Vec<T> sum{};
    for (long r = start; r < stop; ++r) {
      const long at = place[args.indices[r]] * args.columns + begin;
      sum += add_row(static_cast<const T*>(args.matrix) + r * args.columns + begin, sums + at,
                     end - begin, args.columns);
    }
    for (int lane = 0; lane < kLanes<T>; ++lane) total += static_cast<double>(sum[lane]);
  }
  return total;
}

// A thread's columns, so many at a time that their sums stay in the first-level cache.
template <class T>
void sum_part(const RowSumsArgs& args, const long* place, const Team& team, double* squares) {
  constexpr long kLine = 64;  // numbers; threads do not meet within a cache line
  constexpr long kSums = 16384 / sizeof(T);
  const long lines = (args.columns + kLine - 1) / kLine;
  const long first = part(lines, team.rank, team.size), last = part(lines, team.rank + 1, team.size);
  const long fitting = kSums / (*args.count * kLine + 1) + 1;
  double total = 0;
  for (long line = first; line < last; line += fitting) {
    const long next = line + fitting < last ? line + fitting : last;
    const long end = next * kLine < args.columns ? next * kLine : args.columns;
    total += sum_columns<T>(args, place, line * kLine, end);
  }
  squares[team.rank] = total;
}

template <class T>
void all_sums(const RowSumsArgs& args) {
  const unsigned long threads = static_cast<unsigned long>(args.threads);
  char* const room = static_cast<char*>(
      workspace(sizeof(long) * static_cast<unsigned long>(args.kinds) + sizeof(double) * threads));
  double* const squares = reinterpret_cast<double*>(room);
  long* const place = reinterpret_cast<long*>(room + sizeof(double) * threads);
  if (!find_kinds(args, place)) {
    *args.count = -1;
    return;
  }
  for (int t = 0; t < args.threads; ++t) squares[t] = 0;
  parallel(args.threads, [&](const Team& team) { sum_part<T>(args, place, team, squares); });
  *args.squares = 0;
  for (int t = 0; t < args.threads; ++t) *args.squares += squares[t];
}

constexpr long kBlock = 16;  // numbers in a cache line

typedef float Four __attribute__((vector_size(16)));
typedef int32_t Places __attribute__((vector_size(16)));

#if defined(__clang__)
#define TAILRACE_PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define TAILRACE_PICK(a, b, ...) __builtin_shuffle(a, b, Places{__VA_ARGS__})
#endif

TAILRACE_INLINE Four load_four(const float* from) {
  Four v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

TAILRACE_INLINE void store_four(float* to, Four v) { std::memcpy(to, &v, sizeof v); }

// to[c, r] = from[r, c] for four rows and columns. Spelled out: left to itself the compiler gathers.
TAILRACE_INLINE void transpose_four(const float* from, long from_stride, float* to,
                                    long to_stride) {
  const Four a = load_four(from), b = load_four(from + from_stride),
             c = load_four(from + 2 * from_stride), d = load_four(from + 3 * from_stride);
  const Four ab = TAILRACE_PICK(a, b, 0, 4, 1, 5), cd = TAILRACE_PICK(c, d, 0, 4, 1, 5);
  const Four ab2 = TAILRACE_PICK(a, b, 2, 6, 3, 7), cd2 = TAILRACE_PICK(c, d, 2, 6, 3, 7);
  store_four(to, TAILRACE_PICK(ab, cd, 0, 1, 4, 5));
  store_four(to + to_stride, TAILRACE_PICK(ab, cd, 2, 3, 6, 7));
  store_four(to + 2 * to_stride, TAILRACE_PICK(ab2, cd2, 0, 1, 4, 5));
  store_four(to + 3 * to_stride, TAILRACE_PICK(ab2, cd2, 2, 3, 6, 7));
}

// The same for a block whose lines all fit into the first-level cache.
TAILRACE_INLINE void transpose_block(const float* from, long from_stride, float* to, long to_stride,
                                     long rows, long columns) {
  if (rows == kBlock && columns == kBlock) {
    for (long c = 0; c < kBlock; c += 4) {
      for (long r = 0; r < kBlock; r += 4) {
        transpose_four(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
      }
    }
    return;
  }
  for (long c = 0; c < columns; ++c) {
    for (long r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}

// A thread writes columns of its own, by whole cache lines.
void transpose_part(const TransposeArgs& args, const Team& team) {
  const long blocks = (args.rows + kBlock - 1) / kBlock;
  const long last = part(blocks, team.rank + 1, team.size);
  for (long block = part(blocks, team.rank, team.size); block < last; ++block) {
    const long row = block * kBlock;
    const long rows = args.rows - row < kBlock ? args.rows - row : kBlock;
    for (long column = 0; column < args.columns; column += kBlock) {
      const long left = args.columns - column;
      const float* from = args.from + row * args.columns + column;
      float* to = args.to + column * args.rows + row;
      transpose_block(from, args.columns, to, args.rows, rows, left < kBlock ? left : kBlock);
    }
  }
}

}  // namespace

void transpose(const TransposeArgs& args) {
  parallel(args.threads, [&](const Team& team) { transpose_part(args, team); });
}

void row_sums(const RowSumsArgs& args) {
  args.is_double ? all_sums<double>(args) : all_sums<float>(args);
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
