// A row times a matrix.

#pragma once

#include <cstdint>

namespace tailrace {

// Of `sums`, nothing overlaps the inputs.
template <class T>
struct RowProduct {
  const T *row, *matrix;  // [depth], [depth, columns]
  T* sums;                // [columns] out
  int64_t depth, columns;
};

}  // namespace tailrace
