"""`tf.config`."""

from tailrace.devices import get_soft_device_placement, set_soft_device_placement
from tailrace.tf import _config_experimental as experimental
from tailrace.tf import _config_threading as threading

__all__ = [
    "experimental",
    "get_soft_device_placement",
    "set_soft_device_placement",
    "threading",
]
