// What Python hands to the recurrent kernels; src/tailrace/native/_recurrent_abi.py mirrors it.
//
// All arrays are row-major and contiguous; T steps, B batch, H hidden, P projected (the size of the
// output: H without a projection). Pointers marked ? may be null.

#pragma once

#include <cstdint>

namespace tailrace {

enum Partition : int32_t { kAutomatic = 0, kByRows = 1, kByUnits = 2 };

struct RecurrentSizes {
  int64_t steps, batch, hidden, projected;
  int32_t threads, partition;
};

// Numbers that what a step gives is multiplied with before it is the state of the next: those of
// step t and row b begin at t * step_stride + b * row_stride. Where there are such, `hs` are the
// states that steps begin with, and `outputs` what steps give.
template <class T>
struct StateMask {
  const T* data;             // ? [T or 1,B or 1,H]
  T* outputs;                // ? [T,B,H]
  int64_t step_stride, row_stride;
};

enum class Activation : int32_t { kTanh = 0, kRelu = 1, kSigmoid = 2 };

template <class T>
struct LstmArgs {
  RecurrentSizes sizes;
  T* gates;                  // [T,B,4H] forward: x Wx in, i j f o out; backward: those in, gradients out
  const T* wh;               // [P,4H]
  const T* bias;             // ? [4H]
  T* hs;                     // [T+1,B,P], hs[0] given
  T* cs;                     // [T+1,B,H], cs[0] given
  const int32_t* lengths;    // ? [B]
  const T *peephole_i, *peephole_f, *peephole_o;  // ? [H]
  const T* projection;       // ? [H,P]
  T* unprojected;            // ? [T,B,H] forward only, out: o tanh(c), what is projected
  const T* dout;             // ? [T,B,P] backward only, as all that follow
  const T* dh_last;          // ? [B,P]
  T* dh_first;               // [B,P] out
  T* dc;                     // [B,H] gradient of cs[T] in, of cs[0] out
  T* dprojected;             // ? [T,B,P] out: gradients of what the projection gave
  double forget_bias, cell_clip, projection_clip;  // infinite clips do nothing
  Activation activation;     // in place of tanh: none but it and ReLU
  StateMask<T> mask;         // without a projection
  const T* dcs;              // ? [T,B,H] backward only: gradients of cs after each step
};

template <class T>
struct GruArgs {
  RecurrentSizes sizes;
  T* gates;                  // [T,B,2H] forward: x Wx in, r u out; backward: those in, gradients out
  T* candidate;              // [T,B,H] likewise: x Wx in, c out; backward: gradients out
  T* recurrent;              // [T,B,H] reset before: r h; after: h Whc + bh, backward its gradient
  const T* wh_gates;         // [H,2H]
  const T* wh_candidate;     // [H,H]
  const T* bias_gates;       // ? [2H]
  const T* bias_candidate;   // ? [H]
  const T* bias_recurrent;   // ? [H] bh of the form that resets after the product
  T* hs;                     // [T+1,B,H], hs[0] given
  const int32_t* lengths;    // ? [B]
  const T* dout;             // ? [T,B,H] backward only, as all that follow
  const T* dh_last;          // ? [B,H]
  T* dh_first;               // [B,H] out
  int32_t reset_after;
  Activation activation;     // in place of tanh: none but it and ReLU
  StateMask<T> mask;
};

template <class T>
struct RnnArgs {
  RecurrentSizes sizes;
  T* gates;                  // [T,B,H] forward: x Wx in; backward: gradients before activation out
  const T* wh;               // [H,H]
  const T* bias;             // ? [H]
  T* hs;                     // [T+1,B,H], hs[0] given
  const int32_t* lengths;    // ? [B]
  const T* dout;             // ? [T,B,H] backward only, as all that follow
  const T* dh_last;          // ? [B,H]
  T* dh_first;               // [B,H] out
  Activation activation;
  StateMask<T> mask;
};

}  // namespace tailrace
