"""Device names: `/job:worker/task:1/device:GPU:0`, any part of which may be missing.

Source: TF 1.15 python/framework/device.py, device_spec.py.
"""

from __future__ import annotations

import functools
from typing import Any


class DeviceSpec:
    """A device name in its parts; None stands for a part not given."""

    __slots__ = ("device_index", "device_type", "job", "replica", "task")

    def __init__(
        self,
        job: str | None = None,
        replica: int | None = None,
        task: int | None = None,
        device_type: str | None = None,
        device_index: int | None = None,
    ) -> None:
        self.job = job
        self.replica = replica
        self.task = task
        self.device_type = device_type.upper() if device_type else device_type
        self.device_index = device_index

    @classmethod
    def from_string(cls, text: str) -> DeviceSpec:
        """Raises: ValueError for a part that is none of job, replica, task, cpu, gpu, device."""
        spec = cls()
        for part in filter(None, text.split("/")):
            spec._read(part, text)
        return spec

    def parse_from_string(self, text: str) -> DeviceSpec:
        return self._merge(DeviceSpec.from_string(text))

    def _read(self, part: str, text: str) -> None:
        fields = part.split(":")
        kind = fields[0].lower()
        if kind == "job" and len(fields) == 2:
            self.job = fields[1]
        elif kind in ("replica", "task") and len(fields) == 2:
            setattr(self, kind, int(fields[1]))
        elif kind == "device" and len(fields) == 3:
            self._set_device(fields[1], fields[2])
        elif kind in ("cpu", "gpu", "tpu") and len(fields) <= 2:
            self._set_device(fields[0], fields[1] if len(fields) == 2 else "*")
        else:
            raise ValueError(f"Unknown attribute: '{fields[0]}' in device name '{text}'")

    def _set_device(self, device_type: str, index: str) -> None:
        if self.device_type is not None:
            raise ValueError(f"Cannot specify multiple device types: {device_type}")
        self.device_type = device_type.upper()
        self.device_index = None if index == "*" else int(index)

    def merge_from(self, other: DeviceSpec) -> None:
        """Take every part that `other` gives."""
        self._merge(other)

    def _merge(self, other: DeviceSpec) -> DeviceSpec:
        for part in self.__slots__:
            value = getattr(other, part)
            if value is not None:
                setattr(self, part, value)
        return self

    def to_string(self) -> str:
        parts = [
            f"/{k}:{v}" for k in ("job", "replica", "task") if (v := getattr(self, k)) is not None
        ]
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            parts.append(f"/device:{self.device_type}:{index}")
        return "".join(parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and self.to_string() == other.to_string()

    def __hash__(self) -> int:
        return hash(self.to_string())


@functools.cache
def merge_names(inner: str, outer: str) -> str:
    """The device an op gets that asks for `inner` inside a scope that asks for `outer`."""
    return DeviceSpec.from_string(outer)._merge(DeviceSpec.from_string(inner)).to_string()


@functools.cache
def canonical_name(device: str) -> str:
    """`device` with its parts in TensorFlow's order and spelling."""
    return DeviceSpec.from_string(device).to_string() if device else ""


def apply_scopes(op: Any, stack: list[Any]) -> None:
    """Give `op` its device from the scopes it is built in, the innermost winning.

    An entry of the stack is a name, a function `op -> name`, a `DeviceSpec`, or None (no device
    from here out).
    """
    for entry in reversed(stack):
        if entry is None:
            break
        name = entry(op) if callable(entry) else entry
        name = name.to_string() if isinstance(name, DeviceSpec) else name or ""
        op._set_device(
            merge_names(op.device, name) if not callable(entry) else canonical_name(name)
        )
