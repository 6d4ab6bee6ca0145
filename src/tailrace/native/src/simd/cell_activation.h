// The activations of the plain recurrent cell.

#pragma once

#include "recurrent.h"
#include "simd/activations.h"

namespace tailrace {
namespace TAILRACE_ISA {

template <class T>
TAILRACE_INLINE Vec<T> activated(Activation activation, Vec<T> x) {
  switch (activation) {
    case Activation::kRelu: return x < Vec<T>{} ? Vec<T>{} : x;
    case Activation::kSigmoid: return sigmoid<T>(x);
    default: return tanh<T>(x);
  }
}

// The slope, as a function of the activation's value.
template <class T>
TAILRACE_INLINE Vec<T> slope(Activation activation, Vec<T> y) {
  const Vec<T> one = splat(T(1));
  switch (activation) {
    case Activation::kRelu: return y > Vec<T>{} ? one : Vec<T>{};
    case Activation::kSigmoid: return y * (one - y);
    default: return one - y * y;
  }
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
