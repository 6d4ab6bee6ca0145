// Sums, largest and smallest numbers of blocks, in an order that depends on sizes alone.
//
// Everything is added in pairs, or in sixteens of pairs: what is rounded off grows with the logarithm
// of how many numbers there are. Of extrema, as in TensorFlow, NaN is none.

#pragma once

#include <type_traits>

#include "simd/functions.h"

namespace tailrace {
namespace TAILRACE_ISA {

// of(x, y): of two numbers, either of which may be none. more(found, x): of what was found so far, from
// `kOfNothing` on, and a number. settled(x): what of() gave in the end.

template <class T>
struct Sum {
  static constexpr T kOfNothing = T(0);
  static constexpr bool kOfTwins = false;  // whether of(x, of(x, y)) is of(x, y)
  template <class V>
  TAILRACE_INLINE V of(V x, V y) {
    return x + y;
  }
  template <class V>
  TAILRACE_INLINE V more(V found, V x) {
    return found + x;
  }
  TAILRACE_INLINE T settled(T x) { return x; }
};

template <class T>
struct Largest {
  static constexpr T kOfNothing = -Limits<T>::kInfinity;
  static constexpr bool kOfTwins = true;
  template <class V>
  TAILRACE_INLINE V of(V x, V y) {
    return ((y > x) | (x != x)) ? y : x;
  }
  template <class V>
  TAILRACE_INLINE V more(V found, V x) {
    return x > found ? x : found;
  }
  TAILRACE_INLINE T settled(T x) { return x != x ? kOfNothing : x; }
};

template <class T>
struct Smallest {
  static constexpr T kOfNothing = Limits<T>::kInfinity;
  static constexpr bool kOfTwins = true;
  template <class V>
  TAILRACE_INLINE V of(V x, V y) {
    return ((y < x) | (x != x)) ? y : x;
  }
  template <class V>
  TAILRACE_INLINE V more(V found, V x) {
    return x < found ? x : found;
  }
  TAILRACE_INLINE T settled(T x) { return x != x ? kOfNothing : x; }
};

// to[i] = of(a[i], b[i])
template <class Of, class T>
TAILRACE_INLINE void combine(T* to, const T* a, const T* b, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    with_lanes<T>(count - i, [&](const auto& lanes) {
      lanes.store(to + i, Of::of(lanes.load(a + i), lanes.load(b + i)));
    });
  }
}

template <class T>
TAILRACE_INLINE void copy_numbers(T* to, const T* from, int64_t count) {
  std::memcpy(to, from, sizeof(T) * static_cast<size_t>(count));
}

// Rows of `x` combined into one, which is `x` itself or where in `scratch` it is; that has room for
// half of the rows, rounded up.
template <class Of, class T>
TAILRACE_INLINE const T* combined_rows(const T* x, T* scratch, int64_t rows, int64_t columns) {
  while (rows > 1) {
    const int64_t half = (rows + 1) / 2;
    const int64_t pairs = (rows - half) * columns;
    combine<Of>(scratch, x, x + half * columns, pairs);
    if (x != scratch) copy_numbers(scratch + pairs, x + pairs, half * columns - pairs);
    x = scratch;
    rows = half;
  }
  return x;
}

// The same for rows of a vector or more, four of them at a time.
template <class Of, class T>
TAILRACE_INLINE void combine_columns(T* to, const T* x, int64_t rows, int64_t columns) {
  for (int64_t c = 0; c < columns; c += kLanes<T>) {
    with_lanes<T>(columns - c, [&](const auto& lanes) {
      Vec<T> found[4];
      for (auto& v : found) v = splat<T>(Of::kOfNothing);
      const T* from = x + c;
      int64_t r = 0;
      for (; r + 4 <= rows; r += 4, from += 4 * columns) {
        for (int k = 0; k < 4; ++k) found[k] = Of::more(found[k], lanes.load(from + k * columns));
      }
      for (; r < rows; ++r, from += columns) found[0] = Of::more(found[0], lanes.load(from));
      lanes.store(to + c, Of::more(Of::more(found[0], found[1]), Of::more(found[2], found[3])));
    });
  }
}

template <class T>
constexpr typename std::conditional<sizeof(T) == 4, int32_t, int64_t>::type kLaneNumbers[] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// The lanes of a vector combined into one number.
template <class Of, class T>
TAILRACE_INLINE T across(Vec<T> v) {
#if defined(__clang__)
  T lanes[kLanes<T>];
  store(lanes, v);
  for (int half = kLanes<T> / 2; half > 0; half /= 2) {
    for (int k = 0; k < half; ++k) lanes[k] = Of::more(lanes[k], lanes[k + half]);
  }
  return lanes[0];
#else
  Bits<T> lane;
  std::memcpy(&lane, kLaneNumbers<T>, sizeof lane);
  if (kLanes<T> >= 16) v = Of::more(v, __builtin_shuffle(v, lane ^ 8));
  if (kLanes<T> >= 8) v = Of::more(v, __builtin_shuffle(v, lane ^ 4));
  if (kLanes<T> >= 4) v = Of::more(v, __builtin_shuffle(v, lane ^ 2));
  return Of::more(v, __builtin_shuffle(v, lane ^ 1))[0];
#endif
}

template <class Of, class T>
TAILRACE_INLINE T combined(const T* x, int64_t count) {
  constexpr int kWide = kLanes<T>;
  if (count < (Of::kOfTwins ? kWide : 4)) {
    T found = Of::kOfNothing;
    for (int64_t i = 0; i < count; ++i) found = Of::more(found, x[i]);
    return found;
  }
  Vec<T> found[4];
  for (auto& v : found) v = splat<T>(Of::kOfNothing);
  int64_t i = 0;
  for (; i + 4 * kWide <= count; i += 4 * kWide) {
    for (int k = 0; k < 4; ++k) found[k] = Of::more(found[k], load(x + i + k * kWide));
  }
  for (int k = 0; k < 3; ++k) {
    if (i + kWide > count) break;
    found[k] = Of::more(found[k], load(x + i));
    i += kWide;
  }
  if (i < count) {
    const int rest = static_cast<int>(count - i);
    const Vec<T> last = Of::kOfTwins ? load(x + count - kWide) : load_some(x + i, rest);
    Vec<T>& free = count < kWide ? found[0] : found[3];
    free = Of::more(free, last);
  }
  Vec<T> all = found[0];
  if (count > kWide) all = Of::more(Of::more(found[0], found[1]), Of::more(found[2], found[3]));
  return across<Of, T>(all);
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
