// LSTM with layer normalisation over a whole sequence, forward and backward; the matrix products with
// the inputs are done before and after.
//
//     i, j, f, o = split(x Wx + h Wh)
//     N_k(v) = gamma_k (v - mean v) / sqrt(variance v + epsilon) + beta_k, over the units of a row
//     s  = sigmoid(N_f(f) + forget_bias) c + sigmoid(N_i(i)) tanh(N_j(j))
//     c' = N_c(s)
//     h' = sigmoid(N_o(o)) tanh(c')
//
// With a mask, tanh(N_j(j)) is multiplied with its factors. A norm needs all units of a row: a step
// is its products, for the share's rows or units, and then row by row what comes of them. Of a gate,
// the units less their mean and over their deviation are kept; the gradient computes its activations
// and s anew. Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py (LayerNormBasicLSTMCell).

#include <cmath>

#include "normed.h"
#include "simd/cell_activation.h"
#include "simd/reduce.h"
#include "simd/sequence.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr int kGates = 4;

// body(lanes, unit) for vectors of units.
template <class T, class Body>
TAILRACE_INLINE void each_unit(long units, const Body& body) {
  for (long unit = 0; unit < units; unit += kLanes<T>) {
    with_lanes<T>(units - unit, [&](auto lanes) { body(lanes, unit); });
  }
}

// v, with zeros in the lanes that are not there.
template <class T>
TAILRACE_INLINE Vec<T> only(AllLanes, Vec<T> v) {
  return v;
}
template <class T>
TAILRACE_INLINE Vec<T> only(SomeLanes lanes, Vec<T> v) {
  alignas(64) T numbers[kLanes<T>] = {};
  lanes.store(numbers, v);
  return load(numbers);
}

template <class T>
TAILRACE_INLINE T total(Vec<T> v) {
  return across<Sum<T>, T>(v);
}

template <class T>
TAILRACE_INLINE T one_over_deviation(T squares, long units, double epsilon) {
  return T(1) / std::sqrt(squares / static_cast<T>(units) + static_cast<T>(epsilon));
}

// The rows of a thread where it does not matter how the products are divided.
struct OwnRows {
  long first, last;
  explicit OwnRows(const Share& share)
      : first(part(share.batch, share.team.rank, share.team.size)),
        last(part(share.batch, share.team.rank + 1, share.team.size)) {}
};

// The recurrent weights packed, and `rows` rows of numbers for each thread, in the workspace.
template <class T>
struct Room {
  Weights<T> weights;
  T* scratch;
  long units, size;

  Room(Weights<T> packed_later, const RecurrentSizes& sizes, int rows)
      : weights(packed_later), units(ceil_div(sizes.hidden, 64) * 64), size(units * rows) {
    const long numbers = weights.packed_size() + size * sizes.threads;
    weights.packed = static_cast<T*>(workspace(sizeof(T) * static_cast<unsigned long>(numbers)));
    scratch = weights.packed + weights.packed_size();
  }
  T* row(const Team& team, int number) const { return scratch + team.rank * size + number * units; }
};

template <class T, Activation kActivation>
class Forward {
 public:
  explicit Forward(const NormedArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        room_(straight(a_.wh, n_.hidden, n_.hidden, kGates), n_, 1) {}

  void pack(const Team& team) const { room_.weights.pack(team); }

  void steps(const Share& share) const {
    const OwnRows own(share);
    T* const o = room_.row(share.team, 0);
    for (long t = 0; t < n_.steps; ++t) {
      products(share, t);
      share.all_units_written();
      for (long b = own.first; b < own.last; ++b) row(t, b, o);
      share.all_units_written();
    }
  }

 private:
  // gates += h Wh
  void products(const Share& share, long t) const {
    const long hidden = n_.hidden;
    const Rows<T> h{a_.hs + t * n_.batch * hidden, hidden};
    each_block(share, ends_, t, room_.weights, h,
               [&](auto lanes, long first, int rows, long unit, const T* sums) {
                 T* gates = a_.gates + (t * n_.batch + first) * kGates * hidden + unit;
                 for (int r = 0; r < rows; ++r, sums += kSumsStride<T>, gates += kGates * hidden) {
                   for (int g = 0; g < kGates; ++g) {
                     T* const x = gates + g * hidden;
                     lanes.store(x, lanes.load(x) + load(sums + g * kLanes<T>));
                   }
                 }
               });
  }

  void row(long t, long b, T* o) const {
    const long hidden = n_.hidden, at = t * n_.batch + b;
    const T* const c = a_.cs + at * hidden;
    T* const c_after = a_.cs + (at + n_.batch) * hidden;
    T* const h_after = a_.hs + (at + n_.batch) * hidden;
    if (ends_.ended(t, b)) {
      copy_numbers(c_after, c, hidden);
      copy_numbers(h_after, a_.hs + at * hidden, hidden);
      return;
    }
    T* const statistics = a_.statistics + at * kStatistics;
    gate_moments(a_.gates + at * kGates * hidden, statistics);
    const T mean = memory(t, b, c, c_after, o) / static_cast<T>(hidden);
    Vec<T> squares{};
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      const Vec<T> d = only<T>(lanes, lanes.load(c_after + unit) - splat(mean));
      squares += d * d;
    });
    const T scale = one_over_deviation(total<T>(squares), hidden, a_.epsilon);
    statistics[kNormC] = scale;
    statistics[kNorms] = mean;
    const T *const gamma = a_.gammas + kNormC * hidden, *const beta = a_.betas + kNormC * hidden;
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      const Vec<T> x = (lanes.load(c_after + unit) - splat(mean)) * splat(scale);
      const Vec<T> next = x * lanes.load(gamma + unit) + lanes.load(beta + unit);
      lanes.store(c_after + unit, next);
      lanes.store(h_after + unit, lanes.load(o + unit) * activated<T>(kActivation, next));
    });
  }

  // Takes the means off the gates of a row and divides by the deviations.
  void gate_moments(T* gates, T* statistics) const {
    const long hidden = n_.hidden;
    Vec<T> sums[kGates] = {}, squares[kGates] = {};
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      for (int g = 0; g < kGates; ++g) sums[g] += lanes.load(gates + g * hidden + unit);
    });
    T means[kGates];
    for (int g = 0; g < kGates; ++g) means[g] = total<T>(sums[g]) / static_cast<T>(hidden);
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      for (int g = 0; g < kGates; ++g) {
        T* const x = gates + g * hidden + unit;
        const Vec<T> d = only<T>(lanes, lanes.load(x) - splat(means[g]));
        squares[g] += d * d;
        lanes.store(x, d);
      }
    });
    for (int g = 0; g < kGates; ++g) {
      statistics[g] = one_over_deviation(total<T>(squares[g]), hidden, a_.epsilon);
    }
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      for (int g = 0; g < kGates; ++g) {
        T* const x = gates + g * hidden + unit;
        lanes.store(x, lanes.load(x) * splat(statistics[g]));
      }
    });
  }

  // s and the output gate of a row; gives the sum of s.
  T memory(long t, long b, const T* c, T* s, T* o) const {
    const long hidden = n_.hidden;
    const T* const gates = a_.gates + (t * n_.batch + b) * kGates * hidden;
    Vec<T> sum{};
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      Vec<T> y[kGates];
      for (int g = 0; g < kGates; ++g) {
        const long k = g * hidden + unit;
        y[g] = lanes.load(gates + k) * lanes.load(a_.gammas + k) + lanes.load(a_.betas + k);
      }
      Vec<T> j = activated<T>(kActivation, y[kNormJ]);
      if (a_.mask.data) j *= factors(a_.mask, lanes, t, b, unit);
      const Vec<T> f = sigmoid<T>(y[kNormF] + splat(static_cast<T>(a_.forget_bias)));
      const Vec<T> next = f * lanes.load(c + unit) + sigmoid<T>(y[kNormI]) * j;
      lanes.store(s + unit, next);
      lanes.store(o + unit, sigmoid<T>(y[kNormO]));
      sum += next;
    });
    return total<T>(sum);
  }

  const NormedArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Room<T> room_;
};

template <class T, Activation kActivation>
class Backward {
 public:
  explicit Backward(const NormedArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        room_(transposed(a_.wh, kGates * n_.hidden, n_.hidden), n_, kScratchRows) {}

  void pack(const Team& team) const { room_.weights.pack(team); }

  void steps(const Share& share) const {
    const OwnRows own(share);
    T* scratch[kScratchRows];
    for (int k = 0; k < kScratchRows; ++k) scratch[k] = room_.row(share.team, k);
    for (long t = n_.steps - 1; t >= 0; --t) {
      through_recurrence(share, t);
      share.all_units_written();
      for (long b = own.first; b < own.last; ++b) row(t, b, scratch);
      share.all_units_written();
    }
    through_recurrence(share, -1);
  }

 private:
  // Activated gates and, in their place, gradients of the normalised ones times gamma; the same of c,
  // and c normalised.
  enum Scratch : int { kI = kNormI, kJ = kNormJ, kF = kNormF, kO = kNormO, kC, kNormedC, kScratchRows };

  // Sums over a row: of the gradients d of v, which is (x - mean) / deviation, and of d v. The
  // gradient of x is (d - mean d - v mean(d v)) / deviation.
  struct Sums {
    Vec<T> d{}, dv{};
  };
  struct Means {
    Vec<T> d, dv, scale;
    Means(const Sums& sums, long units, T one_over)
        : d(splat(total<T>(sums.d) / static_cast<T>(units))),
          dv(splat(total<T>(sums.dv) / static_cast<T>(units))),
          scale(splat(one_over)) {}
    Vec<T> gradient(Vec<T> of_v, Vec<T> v) const { return (of_v - d - v * dv) * scale; }
  };

  // dh_first = the gradients of hs[t + 1]
  void through_recurrence(const Share& share, long t) const {
    const long hidden = n_.hidden, width = kGates * hidden;
    const Rows<T> later{t + 1 < n_.steps ? a_.gates + (t + 1) * n_.batch * width : nullptr, width};
    each_block(share, ends_, t + 1, room_.weights, later,
               [&](auto lanes, long first, int rows, long unit, const T* sums) {
                 for (long b = first; b < first + rows; ++b, sums += kSumsStride<T>) {
                   Vec<T> dh = load(sums);
                   if (ends_.last(t, b)) {
                     dh = a_.dh_last ? lanes.load(a_.dh_last + b * hidden + unit) : Vec<T>{};
                   }
                   if (a_.dout && t >= 0) {
                     dh += lanes.load(a_.dout + (t * n_.batch + b) * hidden + unit);
                   }
                   lanes.store(a_.dh_first + b * hidden + unit, dh);
                 }
               });
  }

  void row(long t, long b, T* const* scratch) const {
    const long hidden = n_.hidden, at = t * n_.batch + b;
    T* const gates = a_.gates + at * kGates * hidden;
    if (ends_.ended(t, b)) {
      each_unit<T>(kGates * hidden, [&](auto lanes, long k) { lanes.store(gates + k, Vec<T>{}); });
      return;
    }
    const T* const statistics = a_.statistics + at * kStatistics;
    Sums sums[kNorms];
    outputs(t, b, scratch, sums);
    memory(t, b, scratch, sums);
    const Means means[kGates] = {{sums[kNormI], hidden, statistics[kNormI]},
                                 {sums[kNormJ], hidden, statistics[kNormJ]},
                                 {sums[kNormF], hidden, statistics[kNormF]},
                                 {sums[kNormO], hidden, statistics[kNormO]}};
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      for (int g = 0; g < kGates; ++g) {
        T* const x = gates + g * hidden + unit;
        lanes.store(x, means[g].gradient(lanes.load(scratch[g] + unit), lanes.load(x)));
      }
    });
  }

  // From the gradient of h' those of c' and of the output gate.
  void outputs(long t, long b, T* const* scratch, Sums* sums) const {
    const long hidden = n_.hidden, at = t * n_.batch + b;
    const T* const gates = a_.gates + at * kGates * hidden;
    const T* const statistics = a_.statistics + at * kStatistics;
    const T *const before = a_.cs + at * hidden, *const after = before + n_.batch * hidden;
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      const Vec<T> one = splat(T(1));
      Vec<T> v[kGates], y[kGates];
      for (int g = 0; g < kGates; ++g) {
        const long k = g * hidden + unit;
        v[g] = lanes.load(gates + k);
        y[g] = v[g] * lanes.load(a_.gammas + k) + lanes.load(a_.betas + k);
      }
      const Vec<T> i = sigmoid<T>(y[kNormI]), o = sigmoid<T>(y[kNormO]);
      const Vec<T> f = sigmoid<T>(y[kNormF] + splat(static_cast<T>(a_.forget_bias)));
      const Vec<T> j = activated<T>(kActivation, y[kNormJ]);
      Vec<T> given = j;
      if (a_.mask.data) given *= factors(a_.mask, lanes, t, b, unit);
      const Vec<T> s = f * lanes.load(before + unit) + i * given;
      const Vec<T> normed = (s - splat(statistics[kNorms])) * splat(statistics[kNormC]);
      const Vec<T> squashed = activated<T>(kActivation, lanes.load(after + unit));
      const Vec<T> dh = lanes.load(a_.dh_first + b * hidden + unit);
      const Vec<T> d_o = dh * squashed * o * (one - o);
      Vec<T> dc = lanes.load(a_.dc + b * hidden + unit) + dh * o * slope<T>(kActivation, squashed);
      if (a_.dcs) dc += lanes.load(a_.dcs + at * hidden + unit);
      lanes.store(scratch[kI] + unit, i);
      lanes.store(scratch[kJ] + unit, j);
      lanes.store(scratch[kF] + unit, f);
      lanes.store(scratch[kNormedC] + unit, normed);
      lanes.store(scratch[kO] + unit, through_scale(lanes, kNormO, b, unit, d_o, v[kNormO], sums));
      lanes.store(scratch[kC] + unit, through_scale(lanes, kNormC, b, unit, dc, normed, sums));
    });
  }

  // From the gradient of c' those of c and of the other gates.
  void memory(long t, long b, T* const* scratch, Sums* sums) const {
    const long hidden = n_.hidden, at = t * n_.batch + b;
    const T* const gates = a_.gates + at * kGates * hidden;
    const T* const before = a_.cs + at * hidden;
    const Means means(sums[kNormC], hidden, a_.statistics[at * kStatistics + kNormC]);
    each_unit<T>(hidden, [&](auto lanes, long unit) {
      const Vec<T> one = splat(T(1));
      const Vec<T> ds = means.gradient(lanes.load(scratch[kC] + unit),
                                       lanes.load(scratch[kNormedC] + unit));
      const Vec<T> i = lanes.load(scratch[kI] + unit), j = lanes.load(scratch[kJ] + unit),
                   f = lanes.load(scratch[kF] + unit);
      Vec<T> factor = one;
      if (a_.mask.data) factor = factors(a_.mask, lanes, t, b, unit);
      lanes.store(a_.dc + b * hidden + unit, ds * f);
      const Vec<T> gradients[] = {ds * j * factor * i * (one - i),
                                  ds * i * factor * slope<T>(kActivation, j),
                                  ds * lanes.load(before + unit) * f * (one - f)};
      for (int g = kNormI; g <= kNormF; ++g) {
        const Vec<T> v = lanes.load(gates + g * hidden + unit);
        lanes.store(scratch[g] + unit, through_scale(lanes, g, b, unit, gradients[g], v, sums));
      }
    });
  }

  // The gradient of v from that of gamma v + beta; adds to those of gamma and beta, and to the sums.
  template <class Lanes>
  Vec<T> through_scale(Lanes lanes, int norm, long b, long unit, Vec<T> dy, Vec<T> v,
                       Sums* sums) const {
    const long hidden = n_.hidden;
    T* const dgamma = a_.dscales + (b * 2 * kNorms + norm) * hidden + unit;
    T* const dbeta = dgamma + kNorms * hidden;
    lanes.store(dgamma, lanes.load(dgamma) + dy * v);
    lanes.store(dbeta, lanes.load(dbeta) + dy);
    const Vec<T> d = dy * lanes.load(a_.gammas + norm * hidden + unit);
    sums[norm].d += d;
    sums[norm].dv += d * v;
    return d;
  }

  const NormedArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Room<T> room_;
};

template <template <class, Activation> class Pass, class T>
void run(const NormedArgs<T>& a) {
  if (a.activation == Activation::kRelu) {
    run_pass(a.sizes, Pass<T, Activation::kRelu>(a));
  } else {
    run_pass(a.sizes, Pass<T, Activation::kTanh>(a));
  }
}

}  // namespace

void normed_forward_f32(const NormedArgs<float>& a) { run<Forward>(a); }
void normed_forward_f64(const NormedArgs<double>& a) { run<Forward>(a); }
void normed_backward_f32(const NormedArgs<float>& a) { run<Backward>(a); }
void normed_backward_f64(const NormedArgs<double>& a) { run<Backward>(a); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
