"""The operations, a module per family. Importing this package registers them all."""

from tailrace.ops import array as array
from tailrace.ops import batch_norm as batch_norm
from tailrace.ops import bitwise as bitwise
from tailrace.ops import compare as compare
from tailrace.ops import complex as complex
from tailrace.ops import control_flow as control_flow
from tailrace.ops import data_flow as data_flow
from tailrace.ops import histogram as histogram
from tailrace.ops import io as io
from tailrace.ops import losses as losses
from tailrace.ops import math as math
from tailrace.ops import math_binary as math_binary
from tailrace.ops import math_grads as math_grads
from tailrace.ops import math_special as math_special
from tailrace.ops import matmul as matmul
from tailrace.ops import nn as nn
from tailrace.ops import ranges as ranges
from tailrace.ops import reduce as reduce
from tailrace.ops import scan as scan
from tailrace.ops import scatter as scatter
from tailrace.ops import segment as segment
from tailrace.ops import sparse_segment as sparse_segment
from tailrace.ops import state as state
from tailrace.ops import top_k as top_k
from tailrace.ops import training as training
from tailrace.ops import windows as windows
