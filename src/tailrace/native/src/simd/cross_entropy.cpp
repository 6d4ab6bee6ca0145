// A row is read three times, but from the second-level cache: for its largest logit, for the sum of
// the exponentials, and to scale them.

#include "cross_entropy.h"

#include "parallel.h"
#include "simd/activations.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

TAILRACE_INLINE float log_of(float x) { return __builtin_logf(x); }
TAILRACE_INLINE double log_of(double x) { return __builtin_log(x); }

// e^x for x <= 0; what would be denormal is zero.
template <class T>
TAILRACE_INLINE Vec<T> exp_below_zero(Vec<T> x) {
  const Vec<T> least = splat<T>(sizeof(T) == 4 ? T(-87.3) : T(-708.3));
  const Exp<T> e = split_exp<T>(x < least ? least : x);
  const Vec<T> value = e.scale + e.scale * e.minus_one;
  return x < least ? Vec<T>{} : value;
}

// Calls body(lanes, position) for all of a row, a vector at a time.
template <class T, class Body>
TAILRACE_INLINE void along(long count, const Body& body) {
  long i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>) body(AllLanes{}, i);
  if (i < count) body(SomeLanes{static_cast<int>(count - i)}, i);
}

template <class T>
TAILRACE_INLINE Vec<T> first_lanes(int count, Vec<T> x, T rest) {
  for (int lane = count; lane < kLanes<T>; ++lane) x[lane] = rest;
  return x;
}

TAILRACE_INLINE int lanes_of(AllLanes) { return 1 << 20; }
TAILRACE_INLINE int lanes_of(SomeLanes lanes) { return lanes.count; }

template <class T>
TAILRACE_INLINE T sum_of(Vec<T> x) {
  T sum{};
  for (int lane = 0; lane < kLanes<T>; ++lane) sum += x[lane];
  return sum;
}

template <class T>
struct Row {
  const T* x;
  const T* bias;

  template <class Lanes>
  __attribute__((always_inline)) Vec<T> logits(Lanes lanes, long i) const {
    const Vec<T> v = lanes.load(x + i);
    return bias ? v + lanes.load(bias + i) : v;
  }
  T logit(long i) const { return bias ? x[i] + bias[i] : x[i]; }
};

template <class T>
T largest(const Row<T>& row, long classes) {
  Vec<T> top = splat<T>(-static_cast<T>(__builtin_inf()));
  along<T>(classes, [&](auto lanes, long i) {
    const Vec<T> v = first_lanes<T>(lanes_of(lanes), row.logits(lanes, i), top[0]);
    top = v > top ? v : top;
  });
  T found = top[0];
  for (int lane = 1; lane < kLanes<T>; ++lane) found = top[lane] > found ? top[lane] : found;
  return found;
}

// The sum of e^(logit - top); the terms go to `terms` if there is such. Stretches are summed in the
// numbers' own type, and those in double.
template <class T>
T sum_exp(const Row<T>& row, long classes, T top, T* terms) {
  constexpr long kStretch = 1024;
  double total = 0;
  for (long start = 0; start < classes; start += kStretch) {
    Vec<T> sum{};
    along<T>(classes - start < kStretch ? classes - start : kStretch, [&](auto lanes, long i) {
      const Vec<T> e = exp_below_zero<T>(row.logits(lanes, start + i) - splat<T>(top));
      if (terms) lanes.store(terms + start + i, e);
      sum += first_lanes<T>(lanes_of(lanes), e, T(0));
    });
    total += static_cast<double>(sum_of<T>(sum));
  }
  return static_cast<T>(total);
}

template <class T>
T weighted_loss(const Row<T>& row, const T* weights, long classes, T top, T log_sum) {
  Vec<T> loss{};
  along<T>(classes, [&](auto lanes, long i) {
    const Vec<T> w = lanes.load(weights + i);
    loss += w * (splat<T>(log_sum) - (row.logits(lanes, i) - splat<T>(top)));
  });
  return sum_of<T>(loss);
}

// gradient = terms * scale - weights * factor, added to `total` if there is such.
template <class T>
void scale_terms(T* gradient, const T* weights, long classes, T scale, T factor, T* total) {
  along<T>(classes, [&](auto lanes, long i) {
    Vec<T> g = lanes.load(gradient + i) * splat<T>(scale);
    if (weights) g -= lanes.load(weights + i) * splat<T>(factor);
    lanes.store(gradient + i, g);
    if (total) lanes.store(total + i, lanes.load(total + i) + g);
  });
}

template <class T>
void one_row(const CrossEntropyArgs& args, long r, T* total) {
  const long n = args.classes;
  const Row<T> row{static_cast<const T*>(args.x) + r * n, static_cast<const T*>(args.bias)};
  const T* weights = args.weights ? static_cast<const T*>(args.weights) + r * n : nullptr;
  T* gradient = args.gradient ? static_cast<T*>(args.gradient) + r * n : nullptr;
  T* loss = static_cast<T*>(args.loss) + r;
  const T top = largest(row, n);
  // before the row is written over
  const T right = weights ? T(0) : row.logit(args.labels[r]);
  if (weights && gradient) {
    // the loss needs the logits, so it comes before the terms take their place
    const T sum = sum_exp<T>(row, n, top, nullptr);
    *loss = weighted_loss(row, weights, n, top, log_of(sum));
  }
  const T sum = sum_exp(row, n, top, gradient);
  if (!weights) *loss = log_of(sum) - (right - top);
  if (weights && !gradient) *loss = weighted_loss(row, weights, n, top, log_of(sum));
  if (!gradient) return;
  const T factor = static_cast<const T*>(args.factors)[r * args.factor_step];
  scale_terms(gradient, weights, n, factor / sum, factor, total);
  if (!weights) {
    gradient[args.labels[r]] -= factor;
    if (total) total[args.labels[r]] -= factor;
  }
}

template <class T>
void all_rows(const CrossEntropyArgs& args) {
  const long n = args.classes;
  const int threads = static_cast<long>(args.threads) < args.rows ? args.threads : 1;
  T* totals = nullptr;
  if (args.bias_gradient) {
    totals = static_cast<T*>(workspace(sizeof(T) * static_cast<unsigned long>(n * threads)));
  }
  auto body = [&](const Team& team) {
    T* total = totals ? totals + team.rank * n : nullptr;
    if (total) {
      for (long i = 0; i < n; ++i) total[i] = T(0);
    }
    const long end = part(args.rows, team.rank + 1, team.size);
    for (long r = part(args.rows, team.rank, team.size); r < end; ++r) one_row<T>(args, r, total);
    if (!total) return;
    team.wait();
    T* sums = static_cast<T*>(args.bias_gradient);
    const long last = part(n, team.rank + 1, team.size);
    for (long i = part(n, team.rank, team.size); i < last; ++i) {
      T sum = totals[i];
      for (int t = 1; t < team.size; ++t) sum += totals[t * n + i];
      sums[i] = sum;
    }
  };
  parallel(threads, body);
}

}  // namespace

void cross_entropy(const CrossEntropyArgs& args) {
  *args.wrong = -1;
  for (long r = 0; args.labels && r < args.rows; ++r) {
    if (args.labels[r] < 0 || args.labels[r] >= args.classes) {
      *args.wrong = r;
      return;
    }
  }
  args.is_double ? all_rows<double>(args) : all_rows<float>(args);
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
