"""The operations, a module per family. Importing this package registers them all."""

from tailrace.ops import array as array
from tailrace.ops import losses as losses
from tailrace.ops import nn as nn
from tailrace.ops import top_k as top_k
