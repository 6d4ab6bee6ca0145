// Products of matrices where they lie.

#pragma once

#include <cstdint>

namespace tailrace {

// product[rows, columns] = left[rows, depth] * right[depth, columns], in floats. Element (r, k) of
// `left` lies at r * left_row + k * left_depth; the rows of the other two are contiguous, and theirs
// begin `right_row` and `product_row` numbers apart.
struct MultiplyArgs {
  int64_t rows, depth, columns;
  const float* left;
  int64_t left_row, left_depth;
  const float* right;
  int64_t right_row;
  float* product;
  int64_t product_row;
  int32_t threads;
};

}  // namespace tailrace
