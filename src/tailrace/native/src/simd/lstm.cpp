// LSTM over a whole sequence, forward and backward; the matrix products with the inputs are done
// before and after.
//
//     i, j, f, o = split(x Wx + h Wh + b)
//     c' = sigmoid(f + forget_bias + w_f c) c + sigmoid(i + w_i c) tanh(j)
//     m  = sigmoid(o + w_o c') tanh(c')
//     h' = m Wp, or m without a projection
//
// c' and h' are clipped where asked for. Source: TF 1.15 python/ops/rnn_cell_impl.py (LSTMCell).

#include <cmath>

#include "simd/activations.h"
#include "simd/sequence.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr int kGates = 4;

// Numbers of the packed matrices, each rounded up to whole cache lines.
template <class T>
long packed_size(const Layout<T>& layout) {
  return ceil_div(layout.numbers(), 64) * 64;
}

template <class T>
class Forward {
 public:
  explicit Forward(const LstmArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        recurrent_{n_.projected, n_.hidden, kGates},
        projection_{n_.hidden, n_.projected, 1} {
    const long m_size = a_.projection ? n_.batch * n_.hidden : 0;
    const long p_size = a_.projection ? packed_size(projection_) : 0;
    packed_ = static_cast<T*>(workspace(sizeof(T) * (packed_size(recurrent_) + p_size + m_size)));
    packed_projection_ = packed_ + packed_size(recurrent_);
    m_ = packed_projection_ + p_size;
  }

  void operator()(const Team& team) const {
    pack(recurrent_, Source<T>{a_.wh, kGates * n_.hidden, 1}, team, packed_);
    if (a_.projection) {
      pack(projection_, Source<T>{a_.projection, n_.projected, 1}, team, packed_projection_);
    }
    team.wait();
    const Share share{team, by_rows(n_), n_.batch};
    for (long t = 0; t < n_.steps; ++t) {
      each_tile(share, recurrent_, a_.hs + t * n_.batch * n_.projected, n_.projected, packed_,
                [&](long row, int rows, long group, const T* scratch) {
                  const long unit = recurrent_.first_block(group) * kLanes<T>;
                  with_lanes<T>(n_.hidden - unit, [&](auto lanes) {
                    cells(lanes, t, row, rows, unit, scratch);
                  });
                });
      share.step_done();
      if (a_.projection) project(share, t);
    }
  }

 private:
  // One vector of units in `rows` rows at step t, from scratch = h Wh.
  template <class Lanes>
  void cells(Lanes lanes, long t, long row, int rows, long unit, const T* scratch) const {
    const long hidden = n_.hidden;
    Vec<T> bias[kGates] = {};
    if (a_.bias) {
      for (int g = 0; g < kGates; ++g) bias[g] = lanes.load(a_.bias + g * hidden + unit);
    }
    bias[2] += splat(static_cast<T>(a_.forget_bias));
    const T clip = static_cast<T>(a_.cell_clip);
    for (int r = 0; r < rows; ++r, scratch += kGates * kLanes<T>) {
      const long b = row + r, at = t * n_.batch + b;
      const T* c_before = a_.cs + at * hidden + unit;
      T* c_after = a_.cs + (at + n_.batch) * hidden + unit;
      const Vec<T> c = lanes.load(c_before);
      if (a_.lengths && t >= a_.lengths[b]) {
        lanes.store(c_after, c);
        copy_state(lanes, at, unit);
        continue;
      }
      T* gates = a_.gates + at * kGates * hidden + unit;
      Vec<T> x[kGates];
      for (int g = 0; g < kGates; ++g) {
        x[g] = lanes.load(gates + g * hidden) + bias[g] + load(scratch + g * kLanes<T>);
      }
      if (a_.peephole_i) {
        x[0] += lanes.load(a_.peephole_i + unit) * c;
        x[2] += lanes.load(a_.peephole_f + unit) * c;
      }
      const Vec<T> i = sigmoid<T>(x[0]), j = tanh<T>(x[1]), f = sigmoid<T>(x[2]);
      const Vec<T> next = clamp<T>(f * c + i * j, -clip, clip);
      if (a_.peephole_o) x[3] += lanes.load(a_.peephole_o + unit) * next;
      const Vec<T> o = sigmoid<T>(x[3]);
      lanes.store(gates, i);
      lanes.store(gates + hidden, j);
      lanes.store(gates + 2 * hidden, f);
      lanes.store(gates + 3 * hidden, o);
      lanes.store(c_after, next);
      T* out = a_.projection ? m_ + b * hidden : a_.hs + (at + n_.batch) * hidden;
      lanes.store(out + unit, o * tanh<T>(next));
    }
  }

  template <class Lanes>
  void copy_state(Lanes lanes, long at, long unit) const {
    if (a_.projection) return;
    const T* from = a_.hs + at * n_.hidden + unit;
    lanes.store(a_.hs + (at + n_.batch) * n_.hidden + unit, lanes.load(from));
  }

  void project(const Share& share, long t) const {
    const T clip = static_cast<T>(a_.projection_clip);
    const long size = n_.projected;
    each_tile<T>(share, projection_, m_, n_.hidden, packed_projection_,
                 [&](long row, int rows, long group, const T* scratch) {
      const long first = projection_.first_block(group) * kLanes<T>;
      for (int v = 0; v < projection_.vectors(group); ++v) {
        const long unit = first + v * kLanes<T>;
        with_lanes<T>(size - unit, [&](auto lanes) {
          for (int r = 0; r < rows; ++r) {
            const long b = row + r, at = t * n_.batch + b;
            const Vec<T> h = load(scratch + (r * kGroupVectors + v) * kLanes<T>);
            const bool ended = a_.lengths && t >= a_.lengths[b];
            lanes.store(a_.hs + (at + n_.batch) * size + unit,
                        ended ? lanes.load(a_.hs + at * size + unit) : clamp<T>(h, -clip, clip));
          }
        });
      }
    });
    share.step_done();
  }

  const LstmArgs<T>& a_;
  const RecurrentSizes& n_;
  Layout<T> recurrent_, projection_;
  T *packed_, *packed_projection_, *m_;
};

template <class T>
class Backward {
 public:
  explicit Backward(const LstmArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        recurrent_{kGates * n_.hidden, n_.projected, 1},
        projection_{n_.projected, n_.hidden, 1} {
    const long p_size = a_.projection ? packed_size(projection_) : 0;
    packed_ = static_cast<T*>(workspace(sizeof(T) * (packed_size(recurrent_) + p_size)));
    packed_projection_ = packed_ + packed_size(recurrent_);
  }

  void operator()(const Team& team) const {
    pack(recurrent_, Source<T>{a_.wh, 1, kGates * n_.hidden}, team, packed_);
    if (a_.projection) {
      pack(projection_, Source<T>{a_.projection, 1, n_.projected}, team, packed_projection_);
    }
    team.wait();
    const Share share{team, by_rows(n_), n_.batch};
    for (long t = n_.steps - 1; t >= 0; --t) {
      through_recurrence(share, t, [&](auto lanes, long b, long unit, const T* scratch, Vec<T> dh) {
        if (a_.projection) {
          through_clip(lanes, t * n_.batch + b, unit, dh);
        } else {
          cell(lanes, t, b, unit, dh);
        }
        (void)scratch;
      });
      if (a_.projection) through_projection(share, t);
    }
    through_recurrence(share, -1, [&](auto lanes, long b, long unit, const T*, Vec<T> dh) {
      lanes.store(a_.dh_first + b * n_.projected + unit, dh);
    });
  }

 private:
  // use(lanes, b, unit, scratch, dh) with the gradient of hs[t + 1], for all units and rows.
  template <class Use>
  void through_recurrence(const Share& share, long t, const Use& use) const {
    const long size = n_.projected, gates = kGates * n_.hidden;
    const T* later = t + 1 < n_.steps ? a_.gates + (t + 1) * n_.batch * gates : nullptr;
    each_tile<T>(share, recurrent_, later, gates, packed_,
                 [&](long row, int rows, long group, const T* scratch) {
      const long first = recurrent_.first_block(group) * kLanes<T>;
      for (int v = 0; v < recurrent_.vectors(group); ++v) {
        const long unit = first + v * kLanes<T>;
        with_lanes<T>(size - unit, [&](auto lanes) {
          for (int r = 0; r < rows; ++r) {
            const long b = row + r;
            const T* from = scratch + (r * kGroupVectors + v) * kLanes<T>;
            Vec<T> dh = load(from);
            if (t + 1 >= end(b)) dh = a_.dh_last ? lanes.load(a_.dh_last + b * size + unit) : Vec<T>{};
            if (a_.dout && t >= 0) dh += lanes.load(a_.dout + (t * n_.batch + b) * size + unit);
            use(lanes, b, unit, from, dh);
          }
        });
      }
    });
    share.step_done();
  }

  // Where row b ends.
  long end(long b) const {
    return a_.lengths && a_.lengths[b] < n_.steps ? a_.lengths[b] : n_.steps;
  }

  template <class Lanes>
  void through_clip(Lanes lanes, long at, long unit, Vec<T> dh) const {
    const T clip = static_cast<T>(a_.projection_clip);
    const Vec<T> h = lanes.load(a_.hs + (at + n_.batch) * n_.projected + unit);
    const bool ended = a_.lengths && at / n_.batch >= a_.lengths[at % n_.batch];
    dh = h >= splat<T>(clip) ? Vec<T>{} : dh;
    dh = h <= splat<T>(-clip) ? Vec<T>{} : dh;
    lanes.store(a_.dprojected + at * n_.projected + unit, ended ? Vec<T>{} : dh);
  }

  void through_projection(const Share& share, long t) const {
    each_tile<T>(share, projection_, a_.dprojected + t * n_.batch * n_.projected, n_.projected,
                 packed_projection_, [&](long row, int rows, long group, const T* scratch) {
      const long first = projection_.first_block(group) * kLanes<T>;
      for (int v = 0; v < projection_.vectors(group); ++v) {
        const long unit = first + v * kLanes<T>;
        with_lanes<T>(n_.hidden - unit, [&](auto lanes) {
          for (int r = 0; r < rows; ++r) {
            cell(lanes, t, row + r, unit, load(scratch + (r * kGroupVectors + v) * kLanes<T>));
          }
        });
      }
    });
    share.step_done();
  }

  // Gate gradients of one vector of units from dm, the gradient of o tanh(c').
  template <class Lanes>
  void cell(Lanes lanes, long t, long b, long unit, Vec<T> dm) const {
    const long hidden = n_.hidden, at = t * n_.batch + b;
    T* gates = a_.gates + at * kGates * hidden + unit;
    if (a_.lengths && t >= a_.lengths[b]) {
      for (int g = 0; g < kGates; ++g) lanes.store(gates + g * hidden, Vec<T>{});
      return;
    }
    const Vec<T> i = lanes.load(gates), j = lanes.load(gates + hidden),
                 f = lanes.load(gates + 2 * hidden), o = lanes.load(gates + 3 * hidden);
    const Vec<T> before = lanes.load(a_.cs + at * hidden + unit);
    const Vec<T> c = lanes.load(a_.cs + (at + n_.batch) * hidden + unit);
    const Vec<T> one = splat(T(1)), squashed = tanh<T>(c);
    const Vec<T> d_o = dm * squashed * o * (one - o);
    T* carried = a_.dc + b * hidden + unit;
    Vec<T> dc = lanes.load(carried) + dm * o * (one - squashed * squashed);
    if (a_.peephole_o) dc += d_o * lanes.load(a_.peephole_o + unit);
    dc = unclipped(c, f * before + i * j, dc);
    const Vec<T> d_i = dc * j * i * (one - i), d_j = dc * i * (one - j * j),
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

  // dc where the cell was not clipped. Like TF's clip_by_value, the limits themselves let it pass.
  Vec<T> unclipped(Vec<T> c, Vec<T> raw, Vec<T> dc) const {
    const T clip = static_cast<T>(a_.cell_clip);
    if (std::isinf(clip)) return dc;
    const Vec<T> high = splat<T>(clip), low = splat<T>(-clip), zero{};
    // the value is compared where it stands at a limit only: elsewhere it may differ in rounding
    dc = c >= high ? (raw > high ? zero : dc) : dc;
    return c <= low ? (raw < low ? zero : dc) : dc;
  }

  const LstmArgs<T>& a_;
  const RecurrentSizes& n_;
  Layout<T> recurrent_, projection_;
  T *packed_, *packed_projection_;
};

template <template <class> class Pass, class T>
void run(const LstmArgs<T>& args) {
  const Pass<T> pass(args);
  parallel(args.sizes.threads, pass);
}

}  // namespace

void lstm_forward_f32(const LstmArgs<float>& args) { run<Forward>(args); }
void lstm_forward_f64(const LstmArgs<double>& args) { run<Forward>(args); }
void lstm_backward_f32(const LstmArgs<float>& args) { run<Backward>(args); }
void lstm_backward_f64(const LstmArgs<double>& args) { run<Backward>(args); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
