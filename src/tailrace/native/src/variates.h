// Words to numbers, exactly as TensorFlow 1.15 turns them (core/lib/random/random_distributions.h).

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "philox.h"

namespace tailrace {

constexpr double kTwoPi = 6.283185307179586476925286766559;

// Random bits become the mantissa of a number in [1, 2); one is taken off.
TAILRACE_INLINE float uniform_f32(uint32_t word) {
  const uint32_t bits = (word & 0x7fffffu) | 0x3f800000u;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value - 1.0f;
}

TAILRACE_INLINE double uniform_f64(uint32_t high, uint32_t low) {
  const uint64_t bits =
      0x3ff0000000000000u | static_cast<uint64_t>(high & 0xfffffu) << 32 | low;
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value - 1.0;
}

// Two words to two normal numbers (Box-Muller, sine first).
TAILRACE_INLINE void normal_pair(const uint32_t* words, float* out) {
  float u = uniform_f32(words[0]);
  if (u < 1.0e-7f) u = 1.0e-7f;
  const float angle = static_cast<float>(kTwoPi * uniform_f32(words[1]));
  const float radius = std::sqrt(-2.0f * std::log(u));
  out[0] = std::sin(angle) * radius;
  out[1] = std::cos(angle) * radius;
}

// Four words to two normal numbers.
TAILRACE_INLINE void normal_pair(const uint32_t* words, double* out) {
  double u = uniform_f64(words[0], words[1]);
  if (u < 1.0e-7) u = 1.0e-7;
  const double angle = kTwoPi * uniform_f64(words[2], words[3]);
  const double radius = std::sqrt(-2.0 * std::log(u));
  out[0] = std::sin(angle) * radius;
  out[1] = std::cos(angle) * radius;
}

}  // namespace tailrace
