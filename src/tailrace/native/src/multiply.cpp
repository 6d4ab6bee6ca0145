#include "multiply.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(multiply, MultiplyArgs)

}  // namespace tailrace
