// GRU over a whole sequence, forward and backward; the matrix products with the inputs are done
// before and after.
//
//     r, u = split(sigmoid(x Wxg + h Whg + bg))
//     c  = tanh(x Wxc + (r h) Whc + bc)               reset before the product (TF's GRUCell)
//     c  = tanh(x Wxc + bc + r (h Whc + bh))          reset after it (cuDNN's)
//     h' = u h + (1 - u) c
//
// With a mask, what goes on from h' is h' times its factors.
//
// Source: TF 1.15 python/ops/rnn_cell_impl.py (GRUCell), contrib/cudnn_rnn (CudnnCompatibleGRUCell).

#include "simd/cell_activation.h"
#include "simd/sequence.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

template <class T, Activation kActivation>
class Forward {
 public:
  explicit Forward(const GruArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        gates_(straight(a_.wh_gates, n_.hidden, n_.hidden, 2)),
        candidate_(straight(a_.wh_candidate, n_.hidden, n_.hidden, 1)) {
    make_room(gates_, candidate_);
  }

  void pack(const Team& team) const {
    gates_.pack(team);
    candidate_.pack(team);
  }

  void steps(const Share& share) const {
    const long hidden = n_.hidden;
    for (long t = 0; t < n_.steps; ++t) {
      const Rows<T> h{a_.hs + t * n_.batch * hidden, hidden};
      const Rows<T> reset{a_.recurrent + t * n_.batch * hidden, hidden};
      each_block(share, ends_, t, gates_, h,
                 [&](auto lanes, long row, int rows, long unit, const T* sums) {
                   gates(lanes, t, row, rows, unit, sums);
                 });
      share.all_units_written();
      each_block(share, ends_, t, candidate_, a_.reset_after ? h : reset,
                 [&](auto lanes, long row, int rows, long unit, const T* sums) {
                   candidates(lanes, t, row, rows, unit, sums);
                 });
      share.all_units_written();
    }
  }

 private:
  // r and u of one vector of units in `rows` rows, and r h where that comes before the product.
  template <class Lanes>
  void gates(Lanes lanes, long t, long row, int rows, long unit, const T* sums) const {
    const long hidden = n_.hidden;
    Vec<T> bias_r{}, bias_u{};
    if (a_.bias_gates) {
      bias_r = lanes.load(a_.bias_gates + unit);
      bias_u = lanes.load(a_.bias_gates + hidden + unit);
    }
    for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
      const long at = t * n_.batch + b;
      T* const kept = a_.recurrent + at * hidden + unit;
      if (ends_.ended(t, b)) {
        lanes.store(kept, Vec<T>{});
        continue;
      }
      T* const gates = a_.gates + at * 2 * hidden + unit;
      const Vec<T> r = sigmoid<T>(lanes.load(gates) + bias_r + load(sums));
      const Vec<T> u = sigmoid<T>(lanes.load(gates + hidden) + bias_u + load(sums + kLanes<T>));
      lanes.store(gates, r);
      lanes.store(gates + hidden, u);
      if (!a_.reset_after) lanes.store(kept, r * lanes.load(a_.hs + at * hidden + unit));
    }
  }

  // c and h' of one vector of units in `rows` rows.
  template <class Lanes>
  void candidates(Lanes lanes, long t, long row, int rows, long unit, const T* sums) const {
    const long hidden = n_.hidden;
    const Vec<T> bias = a_.bias_candidate ? lanes.load(a_.bias_candidate + unit) : Vec<T>{};
    const Vec<T> inner = a_.bias_recurrent ? lanes.load(a_.bias_recurrent + unit) : Vec<T>{};
    for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
      const long at = t * n_.batch + b;
      const Vec<T> h = lanes.load(a_.hs + at * hidden + unit);
      T* const next = a_.hs + (at + n_.batch) * hidden + unit;
      if (ends_.ended(t, b)) {
        lanes.store(next, h);
        if (a_.mask.data) lanes.store(a_.mask.outputs + at * hidden + unit, Vec<T>{});
        continue;
      }
      const T* const gates = a_.gates + at * 2 * hidden + unit;
      T* const candidate = a_.candidate + at * hidden + unit;
      Vec<T> x = load(sums);
      if (a_.reset_after) {
        x += inner;
        lanes.store(a_.recurrent + at * hidden + unit, x);
        x *= lanes.load(gates);
      }
      const Vec<T> c = activated<T>(kActivation, lanes.load(candidate) + bias + x);
      const Vec<T> u = lanes.load(gates + hidden);
      lanes.store(candidate, c);
      Vec<T> after = u * h + (splat(T(1)) - u) * c;
      if (a_.mask.data) {
        lanes.store(a_.mask.outputs + at * hidden + unit, after);
        after *= factors(a_.mask, lanes, t, b, unit);
      }
      lanes.store(next, after);
    }
  }

  const GruArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Weights<T> gates_, candidate_;
};

template <class T, Activation kActivation>
class Backward {
 public:
  explicit Backward(const GruArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        gates_(transposed(a_.wh_gates, 2 * n_.hidden, n_.hidden)),
        candidate_(transposed(a_.wh_candidate, n_.hidden, n_.hidden)) {
    make_room(gates_, candidate_);
  }

  void pack(const Team& team) const {
    gates_.pack(team);
    candidate_.pack(team);
  }

  void steps(const Share& share) const {
    const long hidden = n_.hidden;
    for (long t = n_.steps - 1; t >= 0; --t) {
      through_recurrence(share, t, [&](auto lanes, long b, long unit, Vec<T> dh) {
        through_update(lanes, t, b, unit, dh);
      });
      if (a_.reset_after) continue;
      const Rows<T> slopes{a_.candidate + t * n_.batch * hidden, hidden};
      each_block(share, ends_, t, candidate_, slopes,
                 [&](auto lanes, long row, int rows, long unit, const T* sums) {
                   for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
                     through_reset(lanes, t, b, unit, load(sums));
                   }
                 });
      share.all_units_written();
    }
    through_recurrence(share, -1, [&](auto lanes, long b, long unit, Vec<T> dh) {
      lanes.store(a_.dh_first + b * hidden + unit, dh);
    });
  }

 private:
  // use(lanes, b, unit, dh) with the gradient of hs[t + 1], for all units and rows. What reaches it
  // past the products lies in dh_first until the end.
  template <class Use>
  void through_recurrence(const Share& share, long t, const Use& use) const {
    const long hidden = n_.hidden, later = (t + 1) * n_.batch * hidden;
    const bool any = t + 1 < n_.steps;
    const Rows<T> gates{any ? a_.gates + 2 * later : nullptr, 2 * hidden};
    each_block(share, ends_, t + 1, gates_, gates,
               a_.reset_after ? &candidate_ : nullptr, Rows<T>{a_.recurrent + later, hidden},
               [&](auto lanes, long row, int rows, long unit, const T* sums) {
                 for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
                   const long at = b * hidden + unit;
                   Vec<T> dh{};
                   if (!ends_.last(t, b)) {
                     dh = load(sums) + lanes.load(a_.dh_first + at);
                   } else if (a_.dh_last) {
                     dh = lanes.load(a_.dh_last + at);
                   }
                   if (a_.mask.data && t >= 0) dh *= factors(a_.mask, lanes, t, b, unit);
                   if (a_.dout && t >= 0) {
                     dh += lanes.load(a_.dout + t * n_.batch * hidden + at);
                   }
                   use(lanes, b, unit, dh);
                 }
               });
    share.all_units_written();
  }

  // From dh', the gradients of u and c before activation, and of r where reset comes after.
  template <class Lanes>
  void through_update(Lanes lanes, long t, long b, long unit, Vec<T> dh) const {
    const long hidden = n_.hidden, at = (t * n_.batch + b) * hidden + unit;
    T* const gates = a_.gates + (t * n_.batch + b) * 2 * hidden + unit;
    T* const candidate = a_.candidate + at;
    T* const recurrent = a_.recurrent + at;
    const Vec<T> one = splat(T(1)), zero{};
    if (ends_.ended(t, b)) {
      lanes.store(gates, zero);
      lanes.store(gates + hidden, zero);
      lanes.store(candidate, zero);
      if (a_.reset_after) lanes.store(recurrent, zero);
      return;
    }
    const Vec<T> r = lanes.load(gates), u = lanes.load(gates + hidden), c = lanes.load(candidate);
    const Vec<T> dc = dh * (one - u) * slope<T>(kActivation, c);
    lanes.store(gates + hidden, dh * (lanes.load(a_.hs + at) - c) * u * (one - u));
    lanes.store(candidate, dc);
    if (a_.reset_after) {
      lanes.store(gates, dc * lanes.load(recurrent) * r * (one - r));
      lanes.store(recurrent, dc * r);
    }
    lanes.store(a_.dh_first + b * hidden + unit, dh * u);
  }

  // From the gradient of r h, that of r before activation.
  template <class Lanes>
  void through_reset(Lanes lanes, long t, long b, long unit, Vec<T> drh) const {
    if (ends_.ended(t, b)) return;
    const long hidden = n_.hidden, at = t * n_.batch + b;
    T* const gate = a_.gates + at * 2 * hidden + unit;
    T* const passed = a_.dh_first + b * hidden + unit;
    const Vec<T> r = lanes.load(gate);
    lanes.store(gate, drh * lanes.load(a_.hs + at * hidden + unit) * r * (splat(T(1)) - r));
    lanes.store(passed, lanes.load(passed) + drh * r);
  }

  const GruArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Weights<T> gates_, candidate_;
};

template <template <class, Activation> class Pass, class T>
void run(const GruArgs<T>& a) {
  if (a.activation == Activation::kRelu) {
    run_pass(a.sizes, Pass<T, Activation::kRelu>(a));
  } else {
    run_pass(a.sizes, Pass<T, Activation::kTanh>(a));
  }
}

}  // namespace

void gru_forward_f32(const GruArgs<float>& a) { run<Forward>(a); }
void gru_forward_f64(const GruArgs<double>& a) { run<Forward>(a); }
void gru_backward_f32(const GruArgs<float>& a) { run<Backward>(a); }
void gru_backward_f64(const GruArgs<double>& a) { run<Backward>(a); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
