#include "rows.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(row_sums, RowSumsArgs)
TAILRACE_EXPORT(transpose, TransposeArgs)

}  // namespace tailrace
