"""`tf.nn.rnn_cell`."""

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
from tailrace.library.rnn.wrappers import DeviceWrapper, DropoutWrapper, ResidualWrapper
