#include "cross_entropy.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(cross_entropy, CrossEntropyArgs)

}  // namespace tailrace
