// One step of a cell for one sequence, from whole kernels [I+H, G H] as TensorFlow stores them.

#pragma once

#include <cstdint>

#include "recurrent.h"

namespace tailrace {

// Outputs must not overlap inputs. `scratch` has room for as many numbers as the gates and H more.
template <class T>
struct StepArgs {
  const T *x, *h, *c;              // [I], [H], LSTM: [H]
  const T *kernel, *bias;          // the gates' [I+H, 4H, 2H or H]; bias may be null
  const T *candidate, *candidate_bias;  // GRU: [I+H, H], [H]; bias may be null
  T *h_next, *c_next, *scratch;
  int64_t inputs, hidden;
  double forget_bias;
  Activation activation;           // plain RNN
};

}  // namespace tailrace
