// A row times a matrix.

#include "row_product.h"

#include "simd/add_product.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

template <class T>
void row_product(const RowProduct<T>& p) {
  for (long i = 0; i < p.columns; ++i) p.sums[i] = T(0);
  add_product(p.row, p.depth, p.matrix, p.columns, p.sums);
}

}  // namespace

void row_product_f32(const RowProduct<float>& p) { row_product(p); }
void row_product_f64(const RowProduct<double>& p) { row_product(p); }

}  // namespace TAILRACE_ISA
}  // namespace tailrace
