// Channels lie side by side, so all loops within are over a stretch of them, and the compiler makes
// vectors of these.

#include "max_pool.h"

#include <limits>

#include "parallel.h"
#include "simd/vector.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr long kStretch = 64;  // channels

template <class T>
struct Position;  // an integer as wide as T
template <>
struct Position<float> {
  typedef int32_t Type;
};
template <>
struct Position<double> {
  typedef int64_t Type;
};

// The part of a window that lies within the image.
struct Window {
  long first_row, last_row, first_column, last_column;

  Window(const MaxPoolArgs& a, long row, long column)
      : first_row(row * a.stride_height - a.top), first_column(column * a.stride_width - a.left) {
    last_row = first_row + a.window_height;
    last_column = first_column + a.window_width;
    if (first_row < 0) first_row = 0;
    if (first_column < 0) first_column = 0;
    if (last_row > a.height) last_row = a.height;
    if (last_column > a.width) last_column = a.width;
  }

  // Calls body(row, column) for each place, row by row.
  template <class Body>
  void each(const Body& body) const {
    for (long r = first_row; r < last_row; ++r) {
      for (long c = first_column; c < last_column; ++c) body(r, c);
    }
  }
};

// TF: NaN counts for nothing, and a window of nothing else gives the lowest finite number.
template <class T>
void largest(const MaxPoolArgs& a, const Window& window, const T* x, long channels,
             T* __restrict y) {
  for (long i = 0; i < channels; ++i) y[i] = std::numeric_limits<T>::lowest();
  window.each([&](long r, long c) {
    const T* at = x + (r * a.width + c) * a.channels;
    for (long i = 0; i < channels; ++i) y[i] = at[i] > y[i] ? at[i] : y[i];
  });
}

// TF: the first place of a window has the maximum until a larger one comes, NaN or not.
template <class T>
void pass_back(const MaxPoolArgs& a, const Window& window, const T* x, long channels,
               const T* __restrict dy, T* __restrict dx) {
  typedef typename Position<T>::Type Place;
  T best[kStretch];
  Place where[kStretch];
  Place place = 0;
  window.each([&](long r, long c) {
    const T* at = x + (r * a.width + c) * a.channels;
    if (place == 0) {
      for (long i = 0; i < channels; ++i) {
        best[i] = at[i];
        where[i] = 0;
      }
    } else {
      for (long i = 0; i < channels; ++i) {
        const bool larger = best[i] < at[i];
        best[i] = larger ? at[i] : best[i];
        where[i] = larger ? place : where[i];
      }
    }
    ++place;
  });
  place = 0;
  window.each([&](long r, long c) {
    T* at = dx + (r * a.width + c) * a.channels;
    for (long i = 0; i < channels; ++i) at[i] += where[i] == place ? dy[i] : T(0);
    ++place;
  });
}

template <class T>
void one_image(const MaxPoolArgs& a, long image) {
  const long in = a.height * a.width * a.channels, out = a.out_height * a.out_width * a.channels;
  const T* x = static_cast<const T*>(a.x) + image * in;
  T* y = a.y ? static_cast<T*>(a.y) + image * out : nullptr;
  const T* dy = a.dx ? static_cast<const T*>(a.dy) + image * out : nullptr;
  T* dx = a.dx ? static_cast<T*>(a.dx) + image * in : nullptr;
  for (long i = 0; dx && i < in; ++i) dx[i] = T(0);
  for (long r = 0; r < a.out_height; ++r) {
    for (long c = 0; c < a.out_width; ++c) {
      const Window window(a, r, c);
      const long at = (r * a.out_width + c) * a.channels;
      for (long first = 0; first < a.channels; first += kStretch) {
        const long left = a.channels - first, channels = left < kStretch ? left : kStretch;
        if (y) largest(a, window, x + first, channels, y + at + first);
        if (dx) pass_back(a, window, x + first, channels, dy + at + first, dx + first);
      }
    }
  }
}

template <class T>
void all_images(const MaxPoolArgs& a) {
  auto body = [&](const Team& team) {
    const long end = part(a.batch, team.rank + 1, team.size);
    for (long i = part(a.batch, team.rank, team.size); i < end; ++i) one_image<T>(a, i);
  };
  parallel(a.threads, body);
}

}  // namespace

void max_pool(const MaxPoolArgs& args) {
  args.is_double ? all_images<double>(args) : all_images<float>(args);
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
