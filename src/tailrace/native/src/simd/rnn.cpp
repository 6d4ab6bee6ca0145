// The plain recurrent layer over a whole sequence, h' = act(x Wx + h Wh + b), forward and backward;
// the matrix products with the inputs are done before and after. With a mask, what goes on from h'
// is h' times its factors.
//
// Source: TF 1.15 python/ops/rnn_cell_impl.py (BasicRNNCell).

#include "simd/cell_activation.h"
#include "simd/sequence.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

template <class T>
class Forward {
 public:
  explicit Forward(const RnnArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        weights_(straight(a_.wh, n_.hidden, n_.hidden, 1)) {
    Weights<T> none{};
    make_room(weights_, none);
  }

  void pack(const Team& team) const { weights_.pack(team); }

  void steps(const Share& share) const {
    const long size = n_.batch * n_.hidden;
    for (long t = 0; t < n_.steps; ++t) {
      each_block(share, ends_, t, weights_, Rows<T>{a_.hs + t * size, n_.hidden},
                 [&](auto lanes, long row, int rows, long unit, const T* sums) {
                   cells(lanes, t, row, rows, unit, sums);
                 });
      share.all_units_written();
    }
  }

 private:
  template <class Lanes>
  void cells(Lanes lanes, long t, long row, int rows, long unit, const T* sums) const {
    const Vec<T> bias = a_.bias ? lanes.load(a_.bias + unit) : Vec<T>{};
    for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
      const long at = (t * n_.batch + b) * n_.hidden + unit;
      const Vec<T> x = lanes.load(a_.gates + at) + bias + load(sums);
      const bool ended = ends_.ended(t, b);
      Vec<T> h = ended ? lanes.load(a_.hs + at) : activated<T>(a_.activation, x);
      if (a_.mask.data) {
        lanes.store(a_.mask.outputs + at, ended ? Vec<T>{} : h);
        if (!ended) h *= factors(a_.mask, lanes, t, b, unit);
      }
      lanes.store(a_.hs + at + n_.batch * n_.hidden, h);
    }
  }

  const RnnArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Weights<T> weights_;
};

template <class T>
class Backward {
 public:
  explicit Backward(const RnnArgs<T>& args)
      : a_(args),
        n_(args.sizes),
        ends_{a_.lengths, n_.steps},
        weights_(transposed(a_.wh, n_.hidden, n_.hidden)) {
    Weights<T> none{};
    make_room(weights_, none);
  }

  void pack(const Team& team) const { weights_.pack(team); }

  void steps(const Share& share) const {
    const long hidden = n_.hidden, size = n_.batch * hidden;
    for (long t = n_.steps - 1; t >= -1; --t) {
      const T* later = t + 1 < n_.steps ? a_.gates + (t + 1) * size : nullptr;
      each_block(share, ends_, t + 1, weights_, Rows<T>{later, hidden},
                 [&](auto lanes, long row, int rows, long unit, const T* sums) {
                   for (long b = row; b < row + rows; ++b, sums += kSumsStride<T>) {
                     cell(lanes, t, b, unit, load(sums));
                   }
                 });
      share.all_units_written();
    }
  }

 private:
  // From the gradient of hs[t + 1] that came through the next step, that before activation.
  template <class Lanes>
  void cell(Lanes lanes, long t, long b, long unit, Vec<T> dh) const {
    const long own = b * n_.hidden + unit, at = t * n_.batch * n_.hidden + own;
    if (ends_.last(t, b)) dh = a_.dh_last ? lanes.load(a_.dh_last + own) : Vec<T>{};
    if (t < 0) {
      lanes.store(a_.dh_first + own, dh);
      return;
    }
    if (a_.mask.data) dh *= factors(a_.mask, lanes, t, b, unit);
    if (a_.dout) dh += lanes.load(a_.dout + at);
    const T* const after = a_.mask.data ? a_.mask.outputs : a_.hs + n_.batch * n_.hidden;
    const Vec<T> h = lanes.load(after + at);
    lanes.store(a_.gates + at,
                ends_.ended(t, b) ? Vec<T>{} : dh * slope<T>(a_.activation, h));
  }

  const RnnArgs<T>& a_;
  const RecurrentSizes& n_;
  const Ends ends_;
  Weights<T> weights_;
};

}  // namespace

void rnn_forward_f32(const RnnArgs<float>& a) { run_pass(a.sizes, Forward<float>(a)); }
void rnn_forward_f64(const RnnArgs<double>& a) { run_pass(a.sizes, Forward<double>(a)); }
void rnn_backward_f32(const RnnArgs<float>& a) { run_pass(a.sizes, Backward<float>(a)); }
void rnn_backward_f64(const RnnArgs<double>& a) { run_pass(a.sizes, Backward<double>(a)); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
