"""`tf.nn.rnn_cell`."""

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
