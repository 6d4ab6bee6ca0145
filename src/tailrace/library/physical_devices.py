"""`tf.config`: the devices of the machine, and settings of the process.

As in TensorFlow 1.15 the settings are eager execution's: sessions are set by their `ConfigProto`.
They are kept, and given back when asked.

Source: TF 1.15 python/framework/config.py, python/eager/context.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace.devices import Device, accelerators, host


class PhysicalDevice(NamedTuple):
    """A device of the machine: `/physical_device:GPU:0`, `GPU`."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as operations are placed on it: `/job:localhost/.../device:GPU:0`, `GPU`."""

    name: str
    device_type: str


class _Settings:
    """What was set, for the process."""

    def __init__(self) -> None:
        self.growth: dict[PhysicalDevice, bool] = {}
        self.visible: dict[str, list[PhysicalDevice]] = {}
        self.threads = {"intra": 0, "inter": 0}


_settings = _Settings()


def _present() -> list[Device]:
    return [host(), *accelerators()]


def _physical(device: Device) -> PhysicalDevice:
    return PhysicalDevice(f"/physical_device:{device.kind}:{device.index}", device.kind)


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of the machine, of all types or of one ("CPU", "GPU")."""
    found = [_physical(device) for device in _present()]
    return [device for device in found if device_type in (None, device.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices that are visible, by the names that operations are placed by."""
    visible = get_visible_devices(device_type)
    return [
        LogicalDevice(device.full_name, device.kind)
        for device in _present()
        if _physical(device) in visible
    ]


def _checked(device: Any) -> PhysicalDevice:
    if device not in list_physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}")
    return device


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that are visible: all, unless `set_visible_devices` said otherwise."""
    return [
        device
        for device in list_physical_devices(device_type)
        if device in _settings.visible.get(device.device_type, [device])
    ]


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Have only these devices (one, or a list) be visible; of one type, the others stay.

    Raises: ValueError for what is no device of that type.
    """
    given = [_checked(device) for device in (devices if isinstance(devices, list) else [devices])]
    for device in given:
        if device_type not in (None, device.device_type):
            raise ValueError(f"Unrecognized device: {device!r}")
    types = {device.device_type for device in list_physical_devices()}
    for each in types if device_type is None else {device_type}:
        _settings.visible[each] = [device for device in given if device.device_type == each]


def get_memory_growth(device: Any) -> bool:
    """What `set_memory_growth` set. Raises: ValueError for what is no GPU."""
    if _checked(device).device_type != "GPU":
        raise ValueError("Cannot get memory growth of non-GPU devices")
    return _settings.growth.get(device, False)


def set_memory_growth(device: Any, enable: bool) -> None:
    """Whether memory of a GPU is taken as it is needed, which it always is here.

    Raises: ValueError for what is no GPU.
    """
    if _checked(device).device_type != "GPU":
        raise ValueError("Cannot set memory growth on non-GPU devices")
    _settings.growth[device] = bool(enable)


def _threads(kind: str) -> tuple[Callable[[], int], Callable[[int], None]]:
    def get() -> int:
        return _settings.threads[kind]

    def set_(num_threads: int) -> None:
        _settings.threads[kind] = num_threads

    get.__name__ = f"get_{kind}_op_parallelism_threads"
    get.__doc__ = "What was set; 0, which leaves it to the system, at first."
    set_.__name__ = f"set_{kind}_op_parallelism_threads"
    set_.__doc__ = "Threads of eager execution; a session's are its `ConfigProto`'s."
    return get, set_


get_intra_op_parallelism_threads, set_intra_op_parallelism_threads = _threads("intra")
get_inter_op_parallelism_threads, set_inter_op_parallelism_threads = _threads("inter")
