#include "isa.h"

#include <atomic>

namespace tailrace {
namespace {

// The compiler's own test also asks whether the operating system saves the wide registers.
Isa widest() {
#ifdef TAILRACE_X86
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx2 && avx512 ? kAvx512 : avx2 ? kAvx2 : kBaseline;
#else
  return kBaseline;
#endif
}

std::atomic<int>& chosen() {
  static std::atomic<int> value{widest()};
  return value;
}

}  // namespace

Isa isa() { return static_cast<Isa>(chosen().load(std::memory_order_relaxed)); }

}  // namespace tailrace

// The widest instruction set this processor has, as a number of `Isa`.
TAILRACE_C int tailrace_widest_isa() { return tailrace::widest(); }

TAILRACE_C int tailrace_isa() { return tailrace::isa(); }

// Kernels use `wanted` from now on; it must not be wider than the processor's.
TAILRACE_C void tailrace_use_isa(int wanted) { tailrace::chosen().store(wanted); }
