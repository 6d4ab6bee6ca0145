// A vector register's worth of numbers, for whichever instruction set this is compiled for.
//
// Written with the vector types of GCC and Clang, so that SSE2, AVX2, AVX-512, NEON and others come
// out of one text; only loads and stores of fewer numbers than a register holds are spelled out for
// the sets that have instructions for them.

#pragma once

#include <cstdint>
#include <cstring>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define TAILRACE_INLINE static inline __attribute__((always_inline))

namespace tailrace {
namespace TAILRACE_ISA {

#if defined(__AVX512F__)
constexpr int kRegisterBytes = 64;
constexpr int kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kRegisterBytes = 32;
constexpr int kRegisters = 16;
#else
constexpr int kRegisterBytes = 16;
#if defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif
#endif

template <class T>
struct Simd;

template <>
struct Simd<float> {
  typedef float Vector __attribute__((vector_size(kRegisterBytes)));
  typedef int32_t Bits __attribute__((vector_size(kRegisterBytes)));
};

template <>
struct Simd<double> {
  typedef double Vector __attribute__((vector_size(kRegisterBytes)));
  typedef int64_t Bits __attribute__((vector_size(kRegisterBytes)));
};

template <class T>
using Vec = typename Simd<T>::Vector;
template <class T>
using Bits = typename Simd<T>::Bits;

// Numbers in a vector.
template <class T>
constexpr int kLanes = kRegisterBytes / static_cast<int>(sizeof(T));

template <class T>
TAILRACE_INLINE Vec<T> splat(T value) {
  return value - Vec<T>{};  // x - 0 is x for every x, -0 included, and costs nothing
}

template <class T>
TAILRACE_INLINE Vec<T> load(const T* from) {
  Vec<T> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class T>
TAILRACE_INLINE void store(T* to, Vec<T> v) {
  std::memcpy(to, &v, sizeof v);
}

#if defined(__AVX512F__)
TAILRACE_INLINE Vec<float> load_some(const float* from, int count) {
  return (Vec<float>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
}
TAILRACE_INLINE Vec<double> load_some(const double* from, int count) {
  return (Vec<double>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1), from);
}
TAILRACE_INLINE void store_some(float* to, Vec<float> v, int count) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), (__m512)v);
}
TAILRACE_INLINE void store_some(double* to, Vec<double> v, int count) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1), (__m512d)v);
}
#else
template <class T>
TAILRACE_INLINE Vec<T> load_some(const T* from, int count) {
  Vec<T> v{};
  std::memcpy(&v, from, sizeof(T) * static_cast<size_t>(count));
  return v;
}
template <class T>
TAILRACE_INLINE void store_some(T* to, Vec<T> v, int count) {
  std::memcpy(to, &v, sizeof(T) * static_cast<size_t>(count));
}
#endif

// Reads and writes the first `count` lanes; the rest of what is read is zero.
struct SomeLanes {
  int count;
  template <class T>
  __attribute__((always_inline)) Vec<T> load(const T* from) const {
    return load_some(from, count);
  }
  template <class T>
  __attribute__((always_inline)) void store(T* to, Vec<T> v) const {
    store_some(to, v, count);
  }
};

struct AllLanes {
  template <class T>
  __attribute__((always_inline)) Vec<T> load(const T* from) const {
    return TAILRACE_ISA::load(from);
  }
  template <class T>
  __attribute__((always_inline)) void store(T* to, Vec<T> v) const {
    TAILRACE_ISA::store<T>(to, v);
  }
};

// body(lanes) for the `count` numbers left, of which at most a vector is wanted.
template <class T, class Body>
TAILRACE_INLINE void with_lanes(long count, const Body& body) {
  if (count >= kLanes<T>) {
    body(AllLanes{});
  } else {
    body(SomeLanes{static_cast<int>(count)});
  }
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
