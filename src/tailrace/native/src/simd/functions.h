// exp, log and what is made of them on vectors, over the whole range of numbers: denormal results,
// infinities and NaN as the C library has them, to about one unit in the last place.

#pragma once

#include "simd/activations.h"
#include "simd/vector.h"

namespace tailrace {
namespace TAILRACE_ISA {

template <class T>
struct Limits;

template <>
struct Limits<float> {
  static constexpr float kInfinity = __builtin_inff();
  static constexpr float kExpLargest = 90.0f, kExpSmallest = -110.0f;
  static constexpr int kBias = 127;
  static constexpr int32_t kMantissaMask = 0x007fffff, kOne = 0x3f800000;
  static constexpr int32_t kRootHalf = 0x3f3504f3;  // sqrt(1/2)
  static constexpr float kSmallestNormal = 1.17549435e-38f, kLift = 33554432.0f;  // 2^25
  static constexpr int kLifted = 25;
  static constexpr int kLogTerms = 5;
};

template <>
struct Limits<double> {
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kExpLargest = 710.0, kExpSmallest = -760.0;
  static constexpr int kBias = 1023;
  static constexpr int64_t kMantissaMask = 0x000fffffffffffffLL, kOne = 0x3ff0000000000000LL;
  static constexpr int64_t kRootHalf = 0x3fe6a09e667f3bcdLL;
  static constexpr double kSmallestNormal = 2.2250738585072014e-308,
                          kLift = 18014398509481984.0;  // 2^54
  static constexpr int kLifted = 54;
  static constexpr int kLogTerms = 11;
};

// e^x = (1 + minus_one) * first * second: two factors, so that neither overflows before the product.
template <class T>
struct WideExp {
  Vec<T> first, second, minus_one;
};

template <class T>
TAILRACE_INLINE Vec<T> power_of_two(Bits<T> exponent) {
  const Bits<T> field = (exponent + Limits<T>::kBias) << ExpConstants<T>::kMantissa;
  return (Vec<T>)field;
}

template <class T>
TAILRACE_INLINE WideExp<T> split_wide_exp(Vec<T> x) {
  using C = ExpConstants<T>;
  x = clamp<T>(x, Limits<T>::kExpSmallest, Limits<T>::kExpLargest);
  const Vec<T> round = splat<T>(C::kRound);
  const Vec<T> shifted = x * splat<T>(static_cast<T>(1.44269504088896340736)) + round;
  const Vec<T> n = shifted - round;
  const Vec<T> r = (x - n * splat<T>(C::kHigh)) - n * splat<T>(C::kLow);
  const Bits<T> power = (Bits<T>)shifted - (Bits<T>)round;
  const Bits<T> half = power >> 1;
  return {power_of_two<T>(half), power_of_two<T>(power - half), r + r * r * exp_series<T, 2>(r)};
}

template <class T>
TAILRACE_INLINE Vec<T> exp(Vec<T> x) {
  const WideExp<T> e = split_wide_exp<T>(x);
  return (splat<T>(T(1)) + e.minus_one) * e.first * e.second;
}

// e^x - 1
template <class T>
TAILRACE_INLINE Vec<T> expm1(Vec<T> x) {
  const WideExp<T> e = split_wide_exp<T>(x);
  const Vec<T> one = splat<T>(T(1));
  const Vec<T> scale = e.first * e.second;
  const Vec<T> small = scale * e.minus_one + (scale - one);
  const Vec<T> large = (one + e.minus_one) * e.first * e.second;
  const Vec<T> y = x > splat<T>(T(40)) ? large : small;
  return x == Vec<T>{} ? x : y;
}

// 2/3 + z (2/5 + z (2/7 + ...)): with z = s^2, what log((1 + s) / (1 - s)) has beyond 2s, over s^3
template <class T, int Term>
TAILRACE_INLINE Vec<T> log_series(Vec<T> z) {
  const Vec<T> here = splat<T>(static_cast<T>(2.0 / (2 * Term + 1)));
  if constexpr (Term >= Limits<T>::kLogTerms) {
    return here;
  } else {
    return here + z * log_series<T, Term + 1>(z);
  }
}

// x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); log(1 + f) = f - f^2/2 + s (f^2/2 + R),
// s = f / (2 + f), as in FreeBSD's msun/src/e_log.c.
template <class T>
TAILRACE_INLINE Vec<T> log(Vec<T> x) {
  using L = Limits<T>;
  using C = ExpConstants<T>;
  const auto tiny = x < splat<T>(L::kSmallestNormal);
  const Bits<T> bits = (Bits<T>)(tiny ? x * splat<T>(L::kLift) : x);
  const Bits<T> from_root = bits - L::kRootHalf;
  const Bits<T> power = from_root >> C::kMantissa;
  const Bits<T> lifted = (Bits<T>)tiny & L::kLifted;
  const Vec<T> k = __builtin_convertvector(power - lifted, Vec<T>);
  const Vec<T> f = (Vec<T>)(bits - (power << C::kMantissa)) - splat<T>(T(1));
  const Vec<T> s = f / (splat<T>(T(2)) + f);
  const Vec<T> z = s * s;
  const Vec<T> half = splat<T>(T(0.5)) * f * f;
  const Vec<T> rest = s * (half + z * log_series<T, 1>(z)) + k * splat<T>(C::kLow);
  Vec<T> y = k * splat<T>(C::kHigh) - ((half - rest) - f);
  y = x == splat<T>(L::kInfinity) ? x : y;
  y = x == Vec<T>{} ? splat<T>(-L::kInfinity) : y;
  y = x < Vec<T>{} ? splat<T>(L::kInfinity) - splat<T>(L::kInfinity) : y;
  return x != x ? x : y;
}

// log(1 + x), with what rounding 1 + x lost put back
template <class T>
TAILRACE_INLINE Vec<T> log1p(Vec<T> x) {
  const Vec<T> one = splat<T>(T(1));
  const Vec<T> u = one + x;
  const Vec<T> lost = u - one;
  const Vec<T> y = log<T>(u);
  const Vec<T> corrected = y * (x / lost);
  const auto plain = (u == splat<T>(Limits<T>::kInfinity)) | (u <= Vec<T>{});
  return lost == Vec<T>{} ? x : (plain ? y : corrected);
}

// log(1 + e^x), x itself where that is the same number
template <class T>
TAILRACE_INLINE Vec<T> softplus(Vec<T> x) {
  return x > splat<T>(T(34)) ? x : log1p<T>(exp<T>(x));
}

// 1 / (1 + e^-x), down to the smallest numbers
template <class T>
TAILRACE_INLINE Vec<T> logistic(Vec<T> x) {
  const Vec<T> one = splat<T>(T(1));
  const Vec<T> away = x < Vec<T>{} ? x : -x;
  const Vec<T> e = exp<T>(away);
  const Vec<T> y = (x < Vec<T>{} ? e : one) / (one + e);
  return x != x ? x : y;
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
