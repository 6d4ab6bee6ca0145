#include "max_pool.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(max_pool, MaxPoolArgs)

}  // namespace tailrace
