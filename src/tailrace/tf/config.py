"""`tf.config`."""

from tailrace.devices import get_soft_device_placement, set_soft_device_placement

__all__ = ["get_soft_device_placement", "set_soft_device_placement"]
