"""Recurrent layers over whole sequences, and what a step of them looks like in graphs."""

from tailrace.ops.recurrent import cells as cells
from tailrace.ops.recurrent import cudnn as cudnn
from tailrace.ops.recurrent import gru as gru
from tailrace.ops.recurrent import gru_after as gru_after
from tailrace.ops.recurrent import layer_norm as layer_norm
from tailrace.ops.recurrent import layer_norm_cell as layer_norm_cell
from tailrace.ops.recurrent import lstm as lstm
from tailrace.ops.recurrent import rnn as rnn
from tailrace.ops.recurrent import sequences as sequences
