// The steps of optimizers, for many variables in one call.

#pragma once

namespace tailrace {

enum UpdateRule : int {
  kGradientDescent,
  kMomentum,
  kNesterov,
  kAdagrad,
  kAdadelta,
  kRmsProp,
  kCenteredRmsProp,
  kAdam,
};

// `count` variables; of each, the variable itself and its slots are changed. A rule with fewer
// slots leaves the rest of `slots` null. Numbers are float, or double where `is_double`.
struct UpdateArgs {
  int rule, is_double, threads;
  long count;
  void* const* variables;
  void* const* slots[3];
  const void* const* gradients;
  const long* sizes;      // numbers in each variable
  const double* scalars;  // what the rule asks for, in its order
  const void* scale;      // a number that gradients are multiplied by first, or null
};

// Adam where only the rows `indices` of the variable have a gradient, of matrices [rows, columns];
// m and v of the others decay as well, and all of the variable moves.
struct RowsArgs {
  int is_double, threads;
  long rows, columns, count;
  void *variable, *m, *v;
  const long* indices;    // [count], within the rows
  const void* gradients;  // [count, columns]
  double rate, beta1, rest1, beta2, rest2, epsilon;
  int* repeated;  // whether an index is there twice: then nothing was done
};

// Adds rows times a factor to rows of a matrix [rows, columns], one after the other.
struct AddRowsArgs {
  int is_double;
  long rows, columns, count;
  void* matrix;
  const long* indices;  // [count]
  const void* added;    // [count, columns]
  double factor;
  long* wrong;  // becomes the first place of an index that is no row, with nothing done; else -1
};

// The sums of squares of `count` tensors.
struct SquaresArgs {
  int is_double, threads;
  long count;
  const void* const* tensors;
  const long* sizes;
  double* sums;
};

}  // namespace tailrace
