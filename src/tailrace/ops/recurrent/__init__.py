"""Recurrent layers over whole sequences, and what a step of them looks like in graphs."""

from tailrace.ops.recurrent import cells as cells
from tailrace.ops.recurrent import cudnn as cudnn
from tailrace.ops.recurrent import dropped as dropped
from tailrace.ops.recurrent import gru_after as gru_after
from tailrace.ops.recurrent import projected as projected
from tailrace.ops.recurrent import sequences as sequences
