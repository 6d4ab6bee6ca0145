#include "updates.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(updates, UpdateArgs)
TAILRACE_EXPORT(adam_rows, RowsArgs)
TAILRACE_EXPORT(add_rows, AddRowsArgs)
TAILRACE_EXPORT(squares, SquaresArgs)

}  // namespace tailrace
