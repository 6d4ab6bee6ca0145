// Softmax, cross entropy and their gradient in one pass over the rows of a matrix.

#pragma once

namespace tailrace {

// The logits of a row are x[row, :] + bias. Numbers are float, or double where `is_double`.
struct CrossEntropyArgs {
  int is_double, threads;
  long rows, classes;
  const void* x;
  const void* bias;     // [classes] or null
  const long* labels;   // [rows], the right classes; or null where there are
  const void* weights;  // [rows, classes], the share of each class
  void* loss;           // [rows]
  void* gradient;       // [rows, classes], may be x; or null, when only the loss is asked for
  const void* factors;  // what a row's gradient is multiplied by: `factor_step` numbers apart
  long factor_step;     // 1, or 0 for one number for all
  void* bias_gradient;  // [classes], the sum of the rows of `gradient`; or null
  long* wrong;          // becomes the first row whose label is no class; -1 if there is none
};

}  // namespace tailrace
