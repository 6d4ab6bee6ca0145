// Steps for one sequence: there is one row, so the time goes into reading the weights once, and
// packing them would only add to it. The equations are those of lstm.cpp, gru.cpp and rnn.cpp.

#include "step.h"

#include "simd/add_product.h"
#include "simd/cell_activation.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

// sums[columns] = bias + [x, h] kernel
template <class T>
void gates(const StepArgs<T>& s, const T* h, const T* kernel, const T* bias, long columns, T* sums) {
  for (long i = 0; i < columns; ++i) sums[i] = bias ? bias[i] : T(0);
  add_product(s.x, s.inputs, kernel, columns, sums);
  add_product(h, s.hidden, kernel + s.inputs * columns, columns, sums);
}

// use(lanes, unit) for all units, a vector at a time.
template <class T, class Use>
void each_unit(long hidden, const Use& use) {
  for (long unit = 0; unit < hidden; unit += kLanes<T>) {
    with_lanes<T>(hidden - unit, [&](auto lanes) { use(lanes, unit); });
  }
}

template <class T>
void lstm(const StepArgs<T>& s) {
  const long hidden = s.hidden;
  gates(s, s.h, s.kernel, s.bias, 4 * hidden, s.scratch);
  each_unit<T>(hidden, [&](auto lanes, long unit) {
    const T* const x = s.scratch + unit;
    const Vec<T> i = sigmoid<T>(lanes.load(x)), j = tanh<T>(lanes.load(x + hidden));
    const Vec<T> f =
        sigmoid<T>(lanes.load(x + 2 * hidden) + splat(static_cast<T>(s.forget_bias)));
    const Vec<T> o = sigmoid<T>(lanes.load(x + 3 * hidden));
    const Vec<T> c = f * lanes.load(s.c + unit) + i * j;
    lanes.store(s.c_next + unit, c);
    lanes.store(s.h_next + unit, o * tanh<T>(c));
  });
}

template <class T>
void gru(const StepArgs<T>& s) {
  const long hidden = s.hidden;
  T* const reset = s.scratch + 2 * hidden;
  gates(s, s.h, s.kernel, s.bias, 2 * hidden, s.scratch);
  each_unit<T>(hidden, [&](auto lanes, long unit) {
    T* const x = s.scratch + unit;
    lanes.store(reset + unit, sigmoid<T>(lanes.load(x)) * lanes.load(s.h + unit));
    lanes.store(x + hidden, sigmoid<T>(lanes.load(x + hidden)));
  });
  gates(s, reset, s.candidate, s.candidate_bias, hidden, s.scratch);
  each_unit<T>(hidden, [&](auto lanes, long unit) {
    const T* const x = s.scratch + unit;
    const Vec<T> u = lanes.load(x + hidden), c = tanh<T>(lanes.load(x));
    lanes.store(s.h_next + unit, u * lanes.load(s.h + unit) + (splat(T(1)) - u) * c);
  });
}

template <class T>
void rnn(const StepArgs<T>& s) {
  gates(s, s.h, s.kernel, s.bias, s.hidden, s.scratch);
  each_unit<T>(s.hidden, [&](auto lanes, long unit) {
    lanes.store(s.h_next + unit, activated<T>(s.activation, lanes.load(s.scratch + unit)));
  });
}

}  // namespace

void lstm_step_f32(const StepArgs<float>& s) { lstm(s); }
void lstm_step_f64(const StepArgs<double>& s) { lstm(s); }
void gru_step_f32(const StepArgs<float>& s) { gru(s); }
void gru_step_f64(const StepArgs<double>& s) { gru(s); }
void rnn_step_f32(const StepArgs<float>& s) { rnn(s); }
void rnn_step_f64(const StepArgs<double>& s) { rnn(s); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
