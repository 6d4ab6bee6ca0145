// LSTM over a whole sequence, forward and backward; the matrix products with the inputs are done
// before and after.
//
//     i, j, f, o = split(x Wx + h Wh + b)
//     c' = sigmoid(f + forget_bias + w_f c) c + sigmoid(i + w_i c) tanh(j)
//     m  = sigmoid(o + w_o c') tanh(c')
//     h' = m Wp, or m without a projection
//
// c' and h' are clipped where asked for. With a mask, what goes on from h' is h' times its factors. Source: TF 1.15 python/ops/rnn_cell_impl.py (LSTMCell).

#include <cmath>

#include "simd/cell_activation.h"
#include "simd/sequence.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr int kGates = 4;

template <class T, Activation kActivation>
class Forward {
 public:
  explicit Forward(const LstmArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        recurrent_(straight(a_.wh, n_.projected, n_.hidden, kGates)),
        projection_(straight(a_.projection, n_.hidden, n_.projected, 1)) {
    make_room(recurrent_, projection_);
  }

  void pack(const Team& team) const {
    recurrent_.pack(team);
    projection_.pack(team);
  }

  void steps(const Share& share) const {
    for (long t = 0; t < n_.steps; ++t) {
      const Rows<T> h{a_.hs + t * n_.batch * n_.projected, n_.projected};
      each_block(share, ends_, t, recurrent_, h,
                 [&](auto lanes, long row, int rows, long unit, const T* sums) {
                   cells(lanes, t, row, rows, unit, sums);
                 });
      share.all_units_written();
      if (a_.projection) project(share, t);
    }
  }

 private:
  // One vector of units in `rows` rows at step t, from sums = h Wh.
  template <class Lanes>
  void cells(Lanes lanes, long t, long row, int rows, long unit, const T* sums) const {
    const long hidden = n_.hidden;
    Vec<T> bias[kGates] = {};
    if (a_.bias) {
      for (int g = 0; g < kGates; ++g) bias[g] = lanes.load(a_.bias + g * hidden + unit);
    }
    bias[2] += splat(static_cast<T>(a_.forget_bias));
    const T clip = static_cast<T>(a_.cell_clip);
    T* const memory = a_.projection ? a_.unprojected : a_.hs + n_.batch * hidden;
    for (int r = 0; r < rows; ++r, sums += kSumsStride<T>) {
      const long at = t * n_.batch + row + r;
      T* const c_after = a_.cs + (at + n_.batch) * hidden + unit;
      T* const m = memory + at * hidden + unit;
      const Vec<T> c = lanes.load(a_.cs + at * hidden + unit);
      if (ends_.ended(t, row + r)) {
        lanes.store(c_after, c);
        lanes.store(m, a_.projection ? Vec<T>{} : lanes.load(a_.hs + at * hidden + unit));
        if (a_.mask.data) lanes.store(a_.mask.outputs + at * hidden + unit, Vec<T>{});
        continue;
      }
      T* const gates = a_.gates + at * kGates * hidden + unit;
      Vec<T> x[kGates];
      for (int g = 0; g < kGates; ++g) {
        x[g] = lanes.load(gates + g * hidden) + bias[g] + load(sums + g * kLanes<T>);
      }
      if (a_.peephole_i) {
        x[0] += lanes.load(a_.peephole_i + unit) * c;
        x[2] += lanes.load(a_.peephole_f + unit) * c;
      }
      const Vec<T> i = sigmoid<T>(x[0]), j = activated<T>(kActivation, x[1]), f = sigmoid<T>(x[2]);
      const Vec<T> next = clamp<T>(f * c + i * j, -clip, clip);
      if (a_.peephole_o) x[3] += lanes.load(a_.peephole_o + unit) * next;
      const Vec<T> o = sigmoid<T>(x[3]);
      lanes.store(gates, i);
      lanes.store(gates + hidden, j);
      lanes.store(gates + 2 * hidden, f);
      lanes.store(gates + 3 * hidden, o);
      lanes.store(c_after, next);
      Vec<T> h = o * activated<T>(kActivation, next);
      if (a_.mask.data) {
        lanes.store(a_.mask.outputs + at * hidden + unit, h);
        h *= factors(a_.mask, lanes, t, row + r, unit);
      }
      lanes.store(m, h);
    }
  }

  void project(const Share& share, long t) const {
    const T clip = static_cast<T>(a_.projection_clip);
    const long size = n_.projected;
    const Rows<T> m{a_.unprojected + t * n_.batch * n_.hidden, n_.hidden};
    each_block(share, ends_, t, projection_, m,
               [&](auto lanes, long row, int rows, long unit, const T* sums) {
                 for (int r = 0; r < rows; ++r, sums += kSumsStride<T>) {
                   const long at = t * n_.batch + row + r;
                   const Vec<T> h = ends_.ended(t, row + r)
                                        ? lanes.load(a_.hs + at * size + unit)
                                        : clamp<T>(load(sums), -clip, clip);
                   lanes.store(a_.hs + (at + n_.batch) * size + unit, h);
                 }
               });
    share.all_units_written();
  }

  const LstmArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Weights<T> recurrent_, projection_;
};

template <class T, Activation kActivation>
class Backward {
 public:
  explicit Backward(const LstmArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        recurrent_(transposed(a_.wh, kGates * n_.hidden, n_.projected)),
        projection_(transposed(a_.projection, n_.projected, n_.hidden)) {
    make_room(recurrent_, projection_);
  }

  void pack(const Team& team) const {
    recurrent_.pack(team);
    projection_.pack(team);
  }

  void steps(const Share& share) const {
    for (long t = n_.steps - 1; t >= 0; --t) {
      through_recurrence(share, t, [&](auto lanes, long b, long unit, Vec<T> dh) {
        if (a_.projection) {
          through_clip(lanes, t, b, unit, dh);
        } else {
          cell(lanes, t, b, unit, dh);
        }
      });
      if (a_.projection) through_projection(share, t);
    }
    through_recurrence(share, -1, [&](auto lanes, long b, long unit, Vec<T> dh) {
      lanes.store(a_.dh_first + b * n_.projected + unit, dh);
    });
  }

 private:
  // use(lanes, b, unit, dh) with the gradient of hs[t + 1], for all units and rows.
  template <class Use>
  void through_recurrence(const Share& share, long t, const Use& use) const {
    const long size = n_.projected, width = kGates * n_.hidden;
    const Rows<T> later{t + 1 < n_.steps ? a_.gates + (t + 1) * n_.batch * width : nullptr, width};
    each_block(share, ends_, t + 1, recurrent_, later,
               [&](auto lanes, long row, int rows, long unit, const T* sums) {
                 for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
                   Vec<T> dh = load(sums);
                   if (ends_.last(t, b)) {
                     dh = a_.dh_last ? lanes.load(a_.dh_last + b * size + unit) : Vec<T>{};
                   }
                   if (a_.mask.data && t >= 0) dh *= factors(a_.mask, lanes, t, b, unit);
                   if (a_.dout && t >= 0) {
                     dh += lanes.load(a_.dout + (t * n_.batch + b) * size + unit);
                   }
                   use(lanes, b, unit, dh);
                 }
               });
    share.all_units_written();
  }

  // Past the clip of what the projection gave; at the limits nothing passes.
  template <class Lanes>
  void through_clip(Lanes lanes, long t, long b, long unit, Vec<T> dh) const {
    const T clip = static_cast<T>(a_.projection_clip);
    const long at = (t * n_.batch + b) * n_.projected + unit;
    const Vec<T> h = lanes.load(a_.hs + at + n_.batch * n_.projected), zero{};
    if (!std::isinf(clip)) {
      dh = h >= splat<T>(clip) ? zero : dh;
      dh = h <= splat<T>(-clip) ? zero : dh;
    }
    lanes.store(a_.dprojected + at, ends_.ended(t, b) ? zero : dh);
  }

  void through_projection(const Share& share, long t) const {
    const Rows<T> slopes{a_.dprojected + t * n_.batch * n_.projected, n_.projected};
    each_block(share, ends_, t, projection_, slopes,
               [&](auto lanes, long row, int rows, long unit, const T* sums) {
                 for (int r = 0; r < rows; ++r) {
                   cell(lanes, t, row + r, unit, load(sums + r * kSumsStride<T>));
                 }
               });
    share.all_units_written();
  }

  // Gate gradients of one vector of units from dm, the gradient of o tanh(c').
  template <class Lanes>
  void cell(Lanes lanes, long t, long b, long unit, Vec<T> dm) const {
    const long hidden = n_.hidden, at = t * n_.batch + b;
    T* const gates = a_.gates + at * kGates * hidden + unit;
    if (ends_.ended(t, b)) {
      for (int g = 0; g < kGates; ++g) lanes.store(gates + g * hidden, Vec<T>{});
      return;
    }
    const Vec<T> i = lanes.load(gates), j = lanes.load(gates + hidden),
                 f = lanes.load(gates + 2 * hidden), o = lanes.load(gates + 3 * hidden);
    const Vec<T> before = lanes.load(a_.cs + at * hidden + unit);
    const Vec<T> c = lanes.load(a_.cs + (at + n_.batch) * hidden + unit);
    const Vec<T> one = splat(T(1)), squashed = activated<T>(kActivation, c);
    const Vec<T> d_o = dm * squashed * o * (one - o);
    T* const carried = a_.dc + b * hidden + unit;
    Vec<T> dc = lanes.load(carried) + dm * o * slope<T>(kActivation, squashed);
    if (a_.dcs) dc += lanes.load(a_.dcs + at * hidden + unit);
    if (a_.peephole_o) dc += d_o * lanes.load(a_.peephole_o + unit);
    if (!std::isinf(a_.cell_clip)) dc = unclipped(c, f * before + i * j, dc);
    const Vec<T> d_i = dc * j * i * (one - i), d_j = dc * i * slope<T>(kActivation, j),
                 d_f = dc * before * f * (one - f);
    lanes.store(gates, d_i);
    lanes.store(gates + hidden, d_j);
    lanes.store(gates + 2 * hidden, d_f);
    lanes.store(gates + 3 * hidden, d_o);
    Vec<T> dbefore = dc * f;
    if (a_.peephole_i) {
      dbefore += d_i * lanes.load(a_.peephole_i + unit) + d_f * lanes.load(a_.peephole_f + unit);
    }
    lanes.store(carried, dbefore);
  }

  // dc where the cell was not clipped. Like TF's clip_by_value, the limits themselves let it pass;
  // the raw value, which may differ from the forward pass's in rounding, decides only there.
  Vec<T> unclipped(Vec<T> c, Vec<T> raw, Vec<T> dc) const {
    const T clip = static_cast<T>(a_.cell_clip);
    const Vec<T> high = splat<T>(clip), low = splat<T>(-clip), zero{};
    dc = c >= high ? (raw > high ? zero : dc) : dc;
    return c <= low ? (raw < low ? zero : dc) : dc;
  }

  const LstmArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Weights<T> recurrent_, projection_;
};

template <template <class, Activation> class Pass, class T>
void run(const LstmArgs<T>& a) {
  if (a.activation == Activation::kRelu) {
    run_pass(a.sizes, Pass<T, Activation::kRelu>(a));
  } else {
    run_pass(a.sizes, Pass<T, Activation::kTanh>(a));
  }
}

}  // namespace

void lstm_forward_f32(const LstmArgs<float>& a) { run<Forward>(a); }
void lstm_forward_f64(const LstmArgs<double>& a) { run<Forward>(a); }
void lstm_backward_f32(const LstmArgs<float>& a) { run<Backward>(a); }
void lstm_backward_f64(const LstmArgs<double>& a) { run<Backward>(a); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
