// Sums of rows that belong together, and rows that become columns.

#pragma once

namespace tailrace {

// The rows of a matrix [rows, columns], each of one of `kinds` kinds: those of a kind are summed.
// Numbers are float, or double where `is_double`.
struct RowSumsArgs {
  int is_double, threads;
  long rows, columns, kinds;
  const void* matrix;
  const long* indices;  // [rows], which kind a row is of
  void* sums;           // [kinds, columns] out, the first `count` rows: a row for each kind there is
  long* found;          // [kinds] out, the first `count`: these kinds, ascending
  long* count;          // out; -1 with nothing done if an index is no kind
  double* squares;      // out: the sum of the squares of all numbers
};

// A matrix of floats [rows, columns] written out transposed.
struct TransposeArgs {
  int threads;
  long rows, columns;
  const float* from;
  float* to;
};

}  // namespace tailrace
