// A rule is a function of one number of the variable, its slots and its gradient; the compiler
// makes vectors of the loops around it.

#include "updates.h"

#include "parallel.h"
#include "simd/vector.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

// While there is one, numbers too small for full precision are zero, as TensorFlow's kernels have it:
// averages that decay would be such in the end, and slow.
class FlushSmall {
#if defined(__SSE2__)
 public:
  FlushSmall() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushSmall() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
 public:
  FlushSmall() {}
  ~FlushSmall() {}
#endif
};

TAILRACE_INLINE float root(float x) { return __builtin_sqrtf(x); }
TAILRACE_INLINE double root(double x) { return __builtin_sqrt(x); }

template <class T>
struct GradientDescent {
  T rate;
  explicit GradientDescent(const double* s) : rate(static_cast<T>(s[0])) {}
  void operator()(T& var, T&, T&, T&, T grad) const { var -= rate * grad; }
};

template <class T>
struct Momentum {
  T rate, momentum;
  explicit Momentum(const double* s)
      : rate(static_cast<T>(s[0])), momentum(static_cast<T>(s[1])) {}
  void operator()(T& var, T& accum, T&, T&, T grad) const {
    accum = accum * momentum + grad;
    var -= rate * accum;
  }
};

template <class T>
struct Nesterov : Momentum<T> {
  using Momentum<T>::Momentum;
  void operator()(T& var, T& accum, T&, T&, T grad) const {
    accum = accum * this->momentum + grad;
    var -= this->rate * grad + this->rate * this->momentum * accum;
  }
};

template <class T>
struct Adagrad {
  T rate;
  explicit Adagrad(const double* s) : rate(static_cast<T>(s[0])) {}
  void operator()(T& var, T& accum, T&, T&, T grad) const {
    accum += grad * grad;
    var -= rate * grad / root(accum);
  }
};

template <class T>
struct Adadelta {
  T rate, rho, epsilon, rest;
  explicit Adadelta(const double* s)
      : rate(static_cast<T>(s[0])),
        rho(static_cast<T>(s[1])),
        epsilon(static_cast<T>(s[2])),
        rest(static_cast<T>(1 - s[1])) {}
  void operator()(T& var, T& accum, T& accum_update, T&, T grad) const {
    accum = accum * rho + rest * (grad * grad);
    const T update = root(accum_update + epsilon) / root(accum + epsilon) * grad;
    var -= rate * update;
    accum_update = accum_update * rho + rest * (update * update);
  }
};

template <class T>
struct RmsProp {
  T rate, rest, momentum, epsilon;
  explicit RmsProp(const double* s)
      : rate(static_cast<T>(s[0])),
        rest(static_cast<T>(1 - s[1])),
        momentum(static_cast<T>(s[2])),
        epsilon(static_cast<T>(s[3])) {}
  void operator()(T& var, T& square, T& mom, T&, T grad) const {
    square += rest * (grad * grad - square);
    mom = mom * momentum + rate * (grad / root(square + epsilon));
    var -= mom;
  }
};

template <class T>
struct CenteredRmsProp : RmsProp<T> {
  using RmsProp<T>::RmsProp;
  void operator()(T& var, T& mean, T& square, T& mom, T grad) const {
    square += this->rest * (grad * grad - square);
    mean += this->rest * (grad - mean);
    mom = mom * this->momentum +
          this->rate * (grad / root(square - mean * mean + this->epsilon));
    var -= mom;
  }
};

// Scalars: the rate with both corrections in it, beta1, beta2, epsilon.
template <class T>
struct Adam {
  T rate, rest1, rest2, epsilon;
  explicit Adam(const double* s)
      : rate(static_cast<T>(s[0])),
        rest1(static_cast<T>(1 - s[1])),
        rest2(static_cast<T>(1 - s[2])),
        epsilon(static_cast<T>(s[3])) {}
  void operator()(T& var, T& m, T& v, T&, T grad) const {
    m += rest1 * (grad - m);
    v += rest2 * (grad * grad - v);
    var -= rate * m / (root(v) + epsilon);
  }
};

// Numbers [begin, end) of one variable.
template <int Slots, class T, class Rule>
void update(const Rule& rule, T* __restrict var, T* __restrict s0, T* __restrict s1,
            T* __restrict s2, const T* __restrict grad, T scale, long begin, long end) {
#pragma GCC ivdep
  for (long i = begin; i < end; ++i) {
    T unused{};
    T& a = Slots > 0 ? s0[i] : unused;
    T& b = Slots > 1 ? s1[i] : unused;
    T& c = Slots > 2 ? s2[i] : unused;
    rule(var[i], a, b, c, grad[i] * scale);
  }
}

// Calls body(i, begin, end) for the stretches of tensors that are this thread's share.
template <class Body>
void share(long count, const long* sizes, const Team& team, const Body& body) {
  constexpr long kLine = 64;  // numbers; threads do not meet within a cache line
  long total = 0;
  for (long i = 0; i < count; ++i) total += sizes[i];
  const long first = part(total, team.rank, team.size), last = part(total, team.rank + 1, team.size);
  long start = 0;
  for (long i = 0; i < count; ++i) {
    const long size = sizes[i];
    const auto within = [&](long position) {
      if (position <= start) return 0L;
      if (position >= start + size) return size;
      return (position - start) / kLine * kLine;
    };
    const long begin = within(first), end = within(last);
    if (begin < end) body(i, begin, end);
    start += size;
  }
}

template <int Slots, class T, template <class> class Rule>
void run(const UpdateArgs& args) {
  const Rule<T> rule(args.scalars);
  const T scale = args.scale ? *static_cast<const T*>(args.scale) : T(1);
  const auto slot = [&](int which, long i) {
    return which < Slots ? static_cast<T*>(args.slots[which][i]) : nullptr;
  };
  auto body = [&](const Team& team) {
    const FlushSmall flush;
    share(args.count, args.sizes, team, [&](long i, long begin, long end) {
      update<Slots>(rule, static_cast<T*>(args.variables[i]), slot(0, i), slot(1, i), slot(2, i),
                    static_cast<const T*>(args.gradients[i]), scale, begin, end);
    });
  };
  parallel(args.threads, body);
}

template <class T, bool HasGradient>
void adam_row(const RowsArgs& args, long row, const T* __restrict grad) {
  const T rate = static_cast<T>(args.rate), epsilon = static_cast<T>(args.epsilon);
  const T beta1 = static_cast<T>(args.beta1), rest1 = static_cast<T>(args.rest1);
  const T beta2 = static_cast<T>(args.beta2), rest2 = static_cast<T>(args.rest2);
  T* __restrict var = static_cast<T*>(args.variable) + row * args.columns;
  T* __restrict m = static_cast<T*>(args.m) + row * args.columns;
  T* __restrict v = static_cast<T*>(args.v) + row * args.columns;
#pragma GCC ivdep
  for (long i = 0; i < args.columns; ++i) {
    T mean = m[i] * beta1, square = v[i] * beta2;
    if (HasGradient) {
      mean += grad[i] * rest1;
      square += grad[i] * grad[i] * rest2;
    }
    m[i] = mean;
    v[i] = square;
    var[i] -= rate * mean / (root(square) + epsilon);
  }
}

template <class T>
void all_adam_rows(const RowsArgs& args) {
  int* place = static_cast<int*>(workspace(sizeof(int) * static_cast<unsigned long>(args.rows)));
  for (long r = 0; r < args.rows; ++r) place[r] = -1;
  *args.repeated = 0;
  for (long i = 0; i < args.count; ++i) {
    if (place[args.indices[i]] >= 0) {
      *args.repeated = 1;
      return;
    }
    place[args.indices[i]] = static_cast<int>(i);
  }
  auto body = [&](const Team& team) {
    const FlushSmall flush;
    const T* gradients = static_cast<const T*>(args.gradients);
    const long end = part(args.rows, team.rank + 1, team.size);
    for (long r = part(args.rows, team.rank, team.size); r < end; ++r) {
      if (place[r] < 0) {
        adam_row<T, false>(args, r, nullptr);
      } else {
        adam_row<T, true>(args, r, gradients + place[r] * args.columns);
      }
    }
  };
  parallel(args.threads, body);
}

template <class T>
void add_all_rows(const AddRowsArgs& args) {
  const T factor = static_cast<T>(args.factor);
  for (long i = 0; i < args.count; ++i) {
    T* __restrict row = static_cast<T*>(args.matrix) + args.indices[i] * args.columns;
    const T* __restrict added = static_cast<const T*>(args.added) + i * args.columns;
    for (long k = 0; k < args.columns; ++k) row[k] += factor * added[k];
  }
}

template <class T>
void by_rule(const UpdateArgs& args) {
  switch (args.rule) {
    case kGradientDescent: return run<0, T, GradientDescent>(args);
    case kMomentum: return run<1, T, Momentum>(args);
    case kNesterov: return run<1, T, Nesterov>(args);
    case kAdagrad: return run<1, T, Adagrad>(args);
    case kAdadelta: return run<2, T, Adadelta>(args);
    case kRmsProp: return run<2, T, RmsProp>(args);
    case kCenteredRmsProp: return run<3, T, CenteredRmsProp>(args);
    default: return run<2, T, Adam>(args);
  }
}

// Lanes are summed in the numbers' own type over short stretches, those in double.
template <class T>
double sum_of_squares(const T* x, long begin, long end) {
  constexpr long kStretch = 4096;
  constexpr int kWidth = kLanes<T>;
  double total = 0;
  for (long start = begin; start < end; start += kStretch) {
    const long stop = start + kStretch < end ? start + kStretch : end;
    Vec<T> sums[4] = {};
    long i = start;
    for (; i + 4 * kWidth <= stop; i += 4 * kWidth) {
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        const Vec<T> v = load(x + i + k * kWidth);
        sums[k] += v * v;
      }
    }
    T rest{};
    for (; i < stop; ++i) rest += x[i] * x[i];
    const Vec<T> sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (int lane = 0; lane < kWidth; ++lane) total += static_cast<double>(sum[lane]);
    total += static_cast<double>(rest);
  }
  return total;
}

constexpr int kMostThreads = 256;

template <class T>
void sums(const SquaresArgs& args) {
  // a tensor's sum comes from its threads in their order: the same in every run
  const int threads = args.threads < kMostThreads ? args.threads : kMostThreads;
  double* partial = static_cast<double*>(
      workspace(sizeof(double) * static_cast<unsigned long>(args.count * threads)));
  auto body = [&](const Team& team) {
    double* mine = partial + team.rank * args.count;
    for (long i = 0; i < args.count; ++i) mine[i] = 0;
    share(args.count, args.sizes, team, [&](long i, long begin, long end) {
      mine[i] = sum_of_squares(static_cast<const T*>(args.tensors[i]), begin, end);
    });
    team.wait();
    if (team.rank == 0) {
      for (long i = 0; i < args.count; ++i) {
        args.sums[i] = 0;
        for (int t = 0; t < team.size; ++t) args.sums[i] += partial[t * args.count + i];
      }
    }
  };
  parallel(threads, body);
}

}  // namespace

void updates(const UpdateArgs& args) {
  args.is_double ? by_rule<double>(args) : by_rule<float>(args);
}

void adam_rows(const RowsArgs& args) {
  args.is_double ? all_adam_rows<double>(args) : all_adam_rows<float>(args);
}

void add_rows(const AddRowsArgs& args) {
  *args.wrong = -1;
  for (long i = 0; i < args.count; ++i) {
    if (args.indices[i] < 0 || args.indices[i] >= args.rows) {
      *args.wrong = i;
      return;
    }
  }
  args.is_double ? add_all_rows<double>(args) : add_all_rows<float>(args);
}

void squares(const SquaresArgs& args) {
  args.is_double ? sums<double>(args) : sums<float>(args);
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
