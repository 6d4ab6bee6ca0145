// Philox4x32-10, the counter-based generator behind TensorFlow's random ops.
//
// A block is four 32-bit words, a pure function of a 64-bit key and a 128-bit counter; a stream is
// the blocks of successive counters. Source: Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011.

#pragma once

#include <cstdint>

#define TAILRACE_API extern "C" __attribute__((visibility("default")))
#define TAILRACE_INLINE inline __attribute__((always_inline))

// The loops over words are compiled for wider vectors too, chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define TAILRACE_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TAILRACE_WIDE
#endif

namespace tailrace {

constexpr int kWords = 4;  // in a block
// Blocks computed side by side; loops of up to 16 turns would be unrolled instead of vectorised.
constexpr int kLanes = 32;
constexpr int kBatch = kLanes * kWords;

struct Position {
  uint64_t key, low, high;

  TAILRACE_INLINE Position after(uint64_t blocks) const {
    const uint64_t sum = low + blocks;
    return {key, sum, high + (sum < low ? 1 : 0)};
  }
};

TAILRACE_INLINE void multiply(uint32_t a, uint32_t b, uint32_t* high, uint32_t* low) {
  const uint64_t product = static_cast<uint64_t>(a) * b;
  *high = static_cast<uint32_t>(product >> 32);
  *low = static_cast<uint32_t>(product);
}

// kLanes blocks, `stride` counters apart from each other, as kBatch words in stream order.
TAILRACE_INLINE void blocks(const Position& start, uint64_t stride, uint32_t* words) {
  uint32_t a[kLanes], b[kLanes], c[kLanes], d[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const Position at = start.after(stride * i);
    a[i] = static_cast<uint32_t>(at.low);
    b[i] = static_cast<uint32_t>(at.low >> 32);
    c[i] = static_cast<uint32_t>(at.high);
    d[i] = static_cast<uint32_t>(at.high >> 32);
  }
  uint32_t key0 = static_cast<uint32_t>(start.key);
  uint32_t key1 = static_cast<uint32_t>(start.key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      uint32_t high0, low0, high1, low1;
      multiply(0xD2511F53u, a[i], &high0, &low0);
      multiply(0xCD9E8D57u, c[i], &high1, &low1);
      a[i] = high1 ^ b[i] ^ key0;
      b[i] = low1;
      c[i] = high0 ^ d[i] ^ key1;
      d[i] = low0;
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  for (int i = 0; i < kLanes; ++i) {
    words[kWords * i] = a[i];
    words[kWords * i + 1] = b[i];
    words[kWords * i + 2] = c[i];
    words[kWords * i + 3] = d[i];
  }
}

// One block, for streams whose length depends on what is drawn.
TAILRACE_INLINE void block(const Position& at, uint32_t* words) {
  uint32_t a = static_cast<uint32_t>(at.low), b = static_cast<uint32_t>(at.low >> 32);
  uint32_t c = static_cast<uint32_t>(at.high), d = static_cast<uint32_t>(at.high >> 32);
  uint32_t key0 = static_cast<uint32_t>(at.key), key1 = static_cast<uint32_t>(at.key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint32_t high0, low0, high1, low1;
    multiply(0xD2511F53u, a, &high0, &low0);
    multiply(0xCD9E8D57u, c, &high1, &low1);
    a = high1 ^ b ^ key0;
    b = low1;
    c = high0 ^ d ^ key1;
    d = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}

}  // namespace tailrace
