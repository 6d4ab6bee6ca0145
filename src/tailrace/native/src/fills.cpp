// Arrays of words, uniform, normal and truncated normal numbers from a position in a stream.
// What lies at index i depends on the position and i alone.

#include <algorithm>
#include <cstddef>

#include "philox.h"
#include "variates.h"

using namespace tailrace;

namespace {

// Calls `emit(words, first, count)` for batch after batch of `total` numbers, PerBlock to a block.
template <int PerBlock, class Emit>
TAILRACE_INLINE void in_batches(Position at, size_t total, Emit emit) {
  constexpr size_t step = static_cast<size_t>(kLanes) * PerBlock;
  uint32_t words[kBatch];
  for (size_t first = 0; first < total; first += step) {
    blocks(at, 1, words);
    at = at.after(kLanes);
    emit(words, first, std::min(step, total - first));
  }
}

// `total` numbers, computed a batch at a time by `convert(words, numbers)`.
template <int PerBlock, class Number, class Convert>
TAILRACE_INLINE void fill(Position at, size_t total, Number* out, Convert convert) {
  constexpr size_t step = static_cast<size_t>(kLanes) * PerBlock;
  in_batches<PerBlock>(at, total, [&](const uint32_t* words, size_t first, size_t count) {
    if (count == step) {
      convert(words, out + first);
      return;
    }
    Number last[step];
    convert(words, last);
    std::copy(last, last + count, out + first);
  });
}

// A group of PerGroup truncated normals draws from counters of its own, 64 * PerGroup of them,
// normal after normal until enough lie within two standard deviations.
template <class Number, int PerGroup>
TAILRACE_INLINE void truncated(Position at, size_t total, Number* out) {
  constexpr uint64_t stride = 64 * PerGroup;
  constexpr int words_per_pair = 8 / PerGroup;
  uint32_t first_blocks[kBatch];
  for (size_t done = 0; done < total; done += kLanes * PerGroup, at = at.after(stride * kLanes)) {
    blocks(at, stride, first_blocks);
    for (int lane = 0; lane < kLanes; ++lane) {
      const size_t begin = done + static_cast<size_t>(lane) * PerGroup;
      if (begin >= total) return;
      const size_t wanted = std::min<size_t>(PerGroup, total - begin);
      uint32_t extra[kWords];
      const uint32_t* words = first_blocks + lane * kWords;
      Position next = at.after(stride * lane);
      for (size_t have = 0;;) {
        for (int w = 0; w < kWords; w += words_per_pair) {
          Number pair[2];
          normal_pair(words + w, pair);
          for (int k = 0; k < 2; ++k) {
            if (have < wanted && std::abs(pair[k]) < Number(2)) out[begin + have++] = pair[k];
          }
        }
        if (have == wanted) break;
        next = next.after(1);
        block(next, extra);
        words = extra;
      }
    }
  }
}

}  // namespace

TAILRACE_API TAILRACE_WIDE void tailrace_random_words(uint64_t key, uint64_t low, uint64_t high,
                                                      size_t total, uint32_t* out) {
  fill<4>(Position{key, low, high}, total, out, [](const uint32_t* words, uint32_t* numbers) {
    std::copy(words, words + kBatch, numbers);
  });
}

TAILRACE_API TAILRACE_WIDE void tailrace_uniform_f32(uint64_t key, uint64_t low, uint64_t high,
                                                     size_t total, float* out) {
  fill<4>(Position{key, low, high}, total, out, [](const uint32_t* words, float* numbers) {
    for (int i = 0; i < kBatch; ++i) numbers[i] = uniform_f32(words[i]);
  });
}

TAILRACE_API TAILRACE_WIDE void tailrace_uniform_f64(uint64_t key, uint64_t low, uint64_t high,
                                                     size_t total, double* out) {
  fill<2>(Position{key, low, high}, total, out, [](const uint32_t* words, double* numbers) {
    for (int i = 0; i < kBatch / 2; ++i) numbers[i] = uniform_f64(words[2 * i], words[2 * i + 1]);
  });
}

TAILRACE_API TAILRACE_WIDE void tailrace_normal_f32(uint64_t key, uint64_t low, uint64_t high,
                                                    size_t total, float* out) {
  fill<4>(Position{key, low, high}, total, out, [](const uint32_t* words, float* numbers) {
    for (int i = 0; i < kBatch; i += 2) normal_pair(words + i, numbers + i);
  });
}

TAILRACE_API TAILRACE_WIDE void tailrace_normal_f64(uint64_t key, uint64_t low, uint64_t high,
                                                    size_t total, double* out) {
  fill<2>(Position{key, low, high}, total, out, [](const uint32_t* words, double* numbers) {
    for (int i = 0; i < kBatch / 2; i += 2) normal_pair(words + 2 * i, numbers + i);
  });
}

TAILRACE_API TAILRACE_WIDE void tailrace_truncated_f32(uint64_t key, uint64_t low, uint64_t high,
                                                       size_t total, float* out) {
  truncated<float, 4>(Position{key, low, high}, total, out);
}

TAILRACE_API TAILRACE_WIDE void tailrace_truncated_f64(uint64_t key, uint64_t low, uint64_t high,
                                                       size_t total, double* out) {
  truncated<double, 2>(Position{key, low, high}, total, out);
}

// out: 0 .. total-1, shuffled in place, one word a swap.
TAILRACE_API void tailrace_permutation(uint64_t key, uint64_t low, uint64_t high, size_t total,
                                       int64_t* out) {
  for (size_t i = 0; i < total; ++i) out[i] = static_cast<int64_t>(i);
  if (total < 2) return;
  in_batches<4>(Position{key, low, high}, total - 1,
                [&](const uint32_t* words, size_t first, size_t count) {
                  for (size_t i = 0; i < count; ++i) {
                    const size_t here = first + i;
                    const uint32_t left = static_cast<uint32_t>(total - here);
                    std::swap(out[here], out[here + words[i] % left]);
                  }
                });
}
