#include "recurrent.h"

#include "isa.h"
#include "step.h"

namespace tailrace {

TAILRACE_EXPORT(lstm_forward_f32, LstmArgs<float>)
TAILRACE_EXPORT(lstm_forward_f64, LstmArgs<double>)
TAILRACE_EXPORT(lstm_backward_f32, LstmArgs<float>)
TAILRACE_EXPORT(lstm_backward_f64, LstmArgs<double>)
TAILRACE_EXPORT(gru_forward_f32, GruArgs<float>)
TAILRACE_EXPORT(gru_forward_f64, GruArgs<double>)
TAILRACE_EXPORT(gru_backward_f32, GruArgs<float>)
TAILRACE_EXPORT(gru_backward_f64, GruArgs<double>)
TAILRACE_EXPORT(rnn_forward_f32, RnnArgs<float>)
TAILRACE_EXPORT(rnn_forward_f64, RnnArgs<double>)
TAILRACE_EXPORT(rnn_backward_f32, RnnArgs<float>)
TAILRACE_EXPORT(rnn_backward_f64, RnnArgs<double>)
TAILRACE_EXPORT(lstm_step_f32, StepArgs<float>)
TAILRACE_EXPORT(lstm_step_f64, StepArgs<double>)
TAILRACE_EXPORT(gru_step_f32, StepArgs<float>)
TAILRACE_EXPORT(gru_step_f64, StepArgs<double>)
TAILRACE_EXPORT(rnn_step_f32, StepArgs<float>)
TAILRACE_EXPORT(rnn_step_f64, StepArgs<double>)

}  // namespace tailrace
