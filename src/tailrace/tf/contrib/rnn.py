"""`tf.contrib.rnn`."""

# ruff: noqa: F401 - the names are what this module is for

from tailrace.library.rnn.cell import RNNCell
from tailrace.library.rnn.cells import (
    BasicLSTMCell,
    BasicRNNCell,
    GRUCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
)
from tailrace.library.rnn.loops import (
    static_bidirectional_rnn,
    static_rnn,
    static_state_saving_rnn,
)
from tailrace.library.rnn.wrappers import (
    DeviceWrapper,
    DropoutWrapper,
    EmbeddingWrapper,
    InputProjectionWrapper,
    OutputProjectionWrapper,
    ResidualWrapper,
)
