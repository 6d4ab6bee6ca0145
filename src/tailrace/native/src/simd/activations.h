// exp, the logistic function and tanh on vectors, to a few units in the last place.
//
// All come from e^x - 1 on [-ln 2 / 2, ln 2 / 2], scaled by a power of two: written so, tanh keeps
// its relative accuracy around zero. NaN stays NaN, infinities go to the limits.

#pragma once

#include "simd/vector.h"

namespace tailrace {
namespace TAILRACE_ISA {

template <class T>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  static constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr int kMantissa = 23;
  static constexpr float kHigh = 0.693359375f, kLow = -2.12194440e-4f;  // together ln 2
  static constexpr float kLargest = 88.8f, kSmallest = -87.0f;  // 2^n infinite; still normal
  static constexpr float kSaturated = 20.0f;  // where tanh is one, generously
  static constexpr int kTerms = 6;
};

template <>
struct ExpConstants<double> {
  static constexpr double kRound = 6755399441055744.0;
  static constexpr int kMantissa = 52;
  static constexpr double kHigh = 0.693147180369123816490, kLow = 1.90821492927058770002e-10;
  static constexpr double kLargest = 709.9, kSmallest = -708.0;
  static constexpr double kSaturated = 40.0;
  static constexpr int kTerms = 12;
};

// e^r - 1 = r + r^2 (1/2 + r (1/6 + ...)): the Taylor series; on so short an interval it is as good
// as the best polynomial but for one term.
template <class T, int Term>
TAILRACE_INLINE Vec<T> exp_series(Vec<T> r) {
  constexpr double kFactorials[] = {1,     1,      2,       6,        24,        120,       720,
                                    5040,  40320,  362880,  3628800,  39916800,  479001600,
                                    6227020800., 87178291200.};
  const Vec<T> here = splat<T>(static_cast<T>(1 / kFactorials[Term]));
  if constexpr (Term > ExpConstants<T>::kTerms) {
    return here;
  } else {
    return here + r * exp_series<T, Term + 1>(r);
  }
}

// e^x = scale * (1 + minus_one).
template <class T>
struct Exp {
  Vec<T> scale, minus_one;
};

template <class T>
TAILRACE_INLINE Exp<T> split_exp(Vec<T> x) {
  using C = ExpConstants<T>;
  const Vec<T> shifted = x * splat<T>(static_cast<T>(1.44269504088896340736)) + splat<T>(C::kRound);
  const Vec<T> n = shifted - splat<T>(C::kRound);
  const Vec<T> r = (x - n * splat<T>(C::kHigh)) - n * splat<T>(C::kLow);
  const Bits<T> power = ((Bits<T>)shifted << C::kMantissa) + (Bits<T>)splat<T>(T(1));
  return {(Vec<T>)power, r + r * r * exp_series<T, 2>(r)};
}

// x no less than `low` and no more than `high`; NaN stays.
template <class T>
TAILRACE_INLINE Vec<T> clamp(Vec<T> x, T low, T high) {
  x = x > splat<T>(high) ? splat<T>(high) : x;
  return x < splat<T>(low) ? splat<T>(low) : x;
}

// 1 / (1 + e^-x)
template <class T>
TAILRACE_INLINE Vec<T> sigmoid(Vec<T> x) {
  using C = ExpConstants<T>;
  const Vec<T> one = splat<T>(T(1));
  const Exp<T> e = split_exp<T>(clamp<T>(-x, C::kSmallest, C::kLargest));
  return one / (one + e.scale * (one + e.minus_one));
}

// (e^2x - 1) / (e^2x + 1)
template <class T>
TAILRACE_INLINE Vec<T> tanh(Vec<T> x) {
  constexpr T kLimit = 2 * ExpConstants<T>::kSaturated;
  const Exp<T> e = split_exp<T>(clamp<T>(x + x, -kLimit, kLimit));
  const Vec<T> minus_one = e.scale * e.minus_one + (e.scale - splat<T>(T(1)));
  return minus_one / (minus_one + splat<T>(T(2)));
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
