// Functions compiled once for each instruction set, and the choice among them at run time.
//
// A source in simd/ defines, in namespace tailrace::TAILRACE_ISA, functions `void name(const Args&)`.
// A source outside simd/ exports one as `extern "C" void tailrace_name(const Args*)` by writing
//
//     TAILRACE_EXPORT(name, Args)
//
// in namespace tailrace. What simd/ sources include must not define inline functions outside
// namespace TAILRACE_ISA (or use such from the standard library in ways that do not inline): the
// linker keeps one copy of equal names, perhaps one that this processor cannot run.

#pragma once

#define TAILRACE_C extern "C" __attribute__((visibility("default")))

namespace tailrace {

enum Isa : int { kBaseline = 0, kAvx2 = 1, kAvx512 = 2 };

// The instruction set in use: the widest that this processor has, unless another was asked for.
Isa isa();

}  // namespace tailrace

#ifdef TAILRACE_X86
#define TAILRACE_EXPORT(name, Args)                                                       \
  namespace baseline { void name(const Args&); }                                          \
  namespace avx2 { void name(const Args&); }                                              \
  namespace avx512 { void name(const Args&); }                                            \
  TAILRACE_C void tailrace_##name(const Args* args) {                                     \
    static void (*const versions[])(const Args&) = {baseline::name, avx2::name, avx512::name}; \
    versions[isa()](*args);                                                               \
  }
#else
#define TAILRACE_EXPORT(name, Args)              \
  namespace baseline { void name(const Args&); } \
  TAILRACE_C void tailrace_##name(const Args* args) { baseline::name(*args); }
#endif
