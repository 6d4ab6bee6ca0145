// What Python hands to the kernels of the LSTM with layer normalisation, as src/recurrent.h does for
// the others; src/tailrace/native/_recurrent_abi.py mirrors it.

#pragma once

#include "recurrent.h"

namespace tailrace {

// In the order of gammas, betas and statistics.
enum Norm : int { kNormI = 0, kNormJ = 1, kNormF = 2, kNormO = 3, kNormC = 4, kNorms = 5 };
// What is kept of a row: for each norm one over the deviation, and the mean of the memory.
constexpr int kStatistics = kNorms + 1;

template <class T>
struct NormedArgs {
  RecurrentSizes sizes;      // projected is hidden
  T* gates;                  // [T,B,4H] forward: x Wx in, i j f o of mean 0 and deviation 1 out;
                             // backward: those in, gradients of the products out
  const T* wh;               // [H,4H]
  T* hs;                     // [T+1,B,H], hs[0] given
  T* cs;                     // [T+1,B,H], cs[0] given
  T* statistics;             // [T,B,6]
  const T* gammas;           // [5,H]
  const T* betas;            // [5,H]
  const int32_t* lengths;    // ? [B]
  const T* dout;             // ? [T,B,H] backward only, as all that follow
  const T* dcs;              // ? [T,B,H] gradients of cs after each step
  const T* dh_last;          // ? [B,H]
  T* dh_first;               // [B,H] out
  T* dc;                     // [B,H] gradient of cs[T] in, of cs[0] out
  T* dscales;                // [B,10,H] gradients of gammas, then of betas, that each row gives; out
  double forget_bias, epsilon;
  Activation activation;     // in place of tanh: none but it and ReLU
  StateMask<T> mask;         // factors of j after activation
};

}  // namespace tailrace
