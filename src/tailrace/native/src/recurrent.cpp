#include "recurrent.h"

#include "isa.h"

namespace tailrace {

TAILRACE_EXPORT(lstm_forward_f32, LstmArgs<float>)
TAILRACE_EXPORT(lstm_forward_f64, LstmArgs<double>)
TAILRACE_EXPORT(lstm_backward_f32, LstmArgs<float>)
TAILRACE_EXPORT(lstm_backward_f64, LstmArgs<double>)

}  // namespace tailrace
