#include "normed.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(normed_forward_f32, NormedArgs<float>)
TAILRACE_EXPORT(normed_forward_f64, NormedArgs<double>)
TAILRACE_EXPORT(normed_backward_f32, NormedArgs<float>)
TAILRACE_EXPORT(normed_backward_f64, NormedArgs<double>)

}  // namespace tailrace
