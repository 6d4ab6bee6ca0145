"""`tf.contrib.rnn`."""

from tailrace.library.rnn.attention import AttentionCellWrapper
from tailrace.library.rnn.block import (
    GRUBlockCell,
    GRUBlockCellV2,
    LSTMBlockCell,
    LSTMBlockFusedCell,
    LSTMBlockWrapper,
)
from tailrace.library.rnn.cell import LayerRNNCell, RNNCell
from tailrace.library.rnn.cells import (
    BasicLSTMCell,
    BasicRNNCell,
    GRUCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
)
from tailrace.library.rnn.clockwork import ClockworkRNNCell, ClockworkStateTuple
from tailrace.library.rnn.compiled import CompiledWrapper
from tailrace.library.rnn.contrib_cells import (
    HighwayWrapper,
    IntersectionRNNCell,
    NASCell,
    SRUCell,
    UGRNNCell,
)
from tailrace.library.rnn.conv_lstm import (
    Conv1DLSTMCell,
    Conv2DLSTMCell,
    Conv3DLSTMCell,
    ConvLSTMCell,
)
from tailrace.library.rnn.frequency import (
    BidirectionalGridLSTMCell,
    GridLSTMCell,
    TimeFreqLSTMCell,
)
from tailrace.library.rnn.fused import FusedRNNCell, FusedRNNCellAdaptor, TimeReversedFusedRNN
from tailrace.library.rnn.hierarchical import HierarchicalLSTMCell, HierarchicalStateTuple
from tailrace.library.rnn.independent import IndRNNCell, IndyGRUCell, IndyLSTMCell
from tailrace.library.rnn.layer_norm import LayerNormBasicLSTMCell
from tailrace.library.rnn.loops import (
    _batch_size_of as best_effort_input_batch_size,
)
from tailrace.library.rnn.loops import (
    static_bidirectional_rnn,
    static_rnn,
    static_state_saving_rnn,
    transpose_batch_time,
)
from tailrace.library.rnn.lstm_variants import (
    CoupledInputForgetGateLSTMCell,
    GLSTMCell,
    PhasedLSTMCell,
)
from tailrace.library.rnn.prototype import PrototypeLSTMCell
from tailrace.library.rnn.stacked import (
    stack_bidirectional_dynamic_rnn,
    stack_bidirectional_rnn,
)
from tailrace.library.rnn.wrappers import (
    DeviceWrapper,
    DropoutWrapper,
    EmbeddingWrapper,
    InputProjectionWrapper,
    OutputProjectionWrapper,
    ResidualWrapper,
)
