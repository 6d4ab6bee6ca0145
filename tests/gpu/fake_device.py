"""A GPU that is none, to see on any machine what goes where.

Its tensors are of PyTorch's device `fakegpu:0` and hold an ordinary tensor that kernels are run on.
As with a real one, a kernel that is given tensors of the host and of the device fails, so does one
that asks for the address of its memory, and what is copied or waited for is counted. What is
recorded is done again on the same pieces of memory, as a CUDA graph does it; to copy to the host
meanwhile is an error.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any

import cudnn_reference
import torch
from torch.utils import _pytree as pytree
from torch.utils.backend_registration import (
    _setup_privateuseone_for_python_backend,
)

from tailrace.devices import Device, machine
from tailrace.native import device_cudnn

NAME = "fakegpu"
MOST_ELEMENTS = 1 << 26  # of a tensor
aten = torch.ops.aten

# made on a device that is named; PyTorch makes the others of these
_FACTORIES = (
    "empty.memory_format",
    "empty_strided",
    "arange",
    "arange.start",
    "arange.start_step",
    "eye",
    "eye.m",
    "linspace",
    "full",
    "hann_window.periodic",
    "ones",
    "zeros",
    "scalar_tensor",
    "tril_indices",
    "triu_indices",
)
_MOVES = (aten.to, aten._to_copy)
# kernels that take and give lengths on the host
_LENGTHS = (aten._pack_padded_sequence.default, aten._pad_packed_sequence.default)
_FROM_HOST = (aten.copy_.default, aten._copy_from.default)


class MixedDevices(RuntimeError):
    """A kernel was given tensors of several devices."""


class Counts:
    """What happened on the device: calls of kernels, copies to it and from it, and how often it was
    waited for because something depended on a value.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.calls = self.to_device = self.to_host = self.waits = self.replays = 0


counts = Counts()


def _lstm_cell(inputs: torch.Tensor, hidden: torch.Tensor, c: torch.Tensor) -> Any:
    """What CUDA has and the CPU has not: a step of an LSTM, gates in the order i f j o."""
    i, f, j, o = (inputs + hidden).chunk(4, 1)
    i, f, j, o = i.sigmoid(), f.sigmoid(), j.tanh(), o.sigmoid()
    after = f * c + i * j
    return o * after.tanh(), after, torch.cat((i, f, j, o), 1)


def _lstm_cell_backward(
    dh: torch.Tensor,
    dc: torch.Tensor,
    before: torch.Tensor,
    after: torch.Tensor,
    gates: torch.Tensor,
    has_bias: bool,
) -> Any:
    i, f, j, o = gates.chunk(4, 1)
    squashed = after.tanh()
    dc = dc + dh * o * (1 - squashed * squashed)
    parts = dc * j * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - j * j)
    dgates = torch.cat((*parts, dh * squashed * o * (1 - o)), 1)
    return dgates, dc * f, dgates.sum(0) if has_bias else None


# kernels that there are on GPUs alone
_OWN = {
    aten._thnn_fused_lstm_cell.default: _lstm_cell,
    aten._thnn_fused_lstm_cell_backward_impl.default: _lstm_cell_backward,
    aten._cudnn_rnn.default: cudnn_reference.forward,
    aten._cudnn_rnn_backward.default: cudnn_reference.backward,
}


class _Recordings(threading.local):
    """Those under way, by thread: what other threads do meanwhile is not recorded."""

    def __init__(self) -> None:
        self.now: list[FakeRecording] = []


_recordings = _Recordings()


class FakeTensor(torch.Tensor):
    """A tensor on the device; `base` holds its numbers."""

    base: torch.Tensor

    @staticmethod
    def __new__(cls, base: torch.Tensor) -> FakeTensor:
        return torch.Tensor._make_wrapper_subclass(
            cls,
            base.shape,
            dtype=base.dtype,
            device=torch.device(NAME, 0),
            strides=base.stride(),
            storage_offset=base.storage_offset(),
            layout=base.layout,
        )

    def __init__(self, base: torch.Tensor) -> None:
        self.base = base

    def __repr__(self, *_: Any, **__: Any) -> str:
        return f"FakeTensor({self.base!r})"

    def data_ptr(self) -> int:
        """Raises: RuntimeError always; whoever asks would read the memory on the host."""
        raise RuntimeError("the memory of a device has no address on the host")

    def untyped_storage(self) -> torch.UntypedStorage:
        """The memory, to be measured."""
        return self.base.untyped_storage()

    def tolist(self) -> Any:
        """The numbers, which are waited for."""
        counts.waits += 1
        if _recordings.now:
            raise RuntimeError("tolist: operation not permitted while the device is recorded")
        return self.base.tolist()

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        leaves = [t for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        _check(func, leaves)
        to_host = _counted(func, pytree.tree_leaves((args, kwargs)), leaves)
        owners = {id(t.base): t for t in leaves if isinstance(t, FakeTensor)}
        bare_args, bare_kwargs = pytree.tree_map(_bare, (args, kwargs))
        if func._schema.is_mutable:
            for recording in _recordings.now:
                recording.keep(pytree.tree_leaves((bare_args, bare_kwargs)))
        run = _OWN.get(func, func)
        result = run(*bare_args, **bare_kwargs)
        for tensor in owners.values():
            assert tensor.shape == tensor.base.shape, f"{func} changed the shape of an argument"
        for recording in _recordings.now:
            recording.note(run, func._schema.is_mutable, bare_args, bare_kwargs, result)
        if to_host:
            return result

        def wrapped(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            if func in _LENGTHS and not value.is_floating_point():
                return value
            return owners[id(value)] if id(value) in owners else FakeTensor(value)

        return pytree.tree_map(wrapped, result)


def _bare(value: Any) -> Any:
    """What stands for a value where kernels are really run."""
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return value.base if isinstance(value, FakeTensor) else value


def _check(func: Any, leaves: list[torch.Tensor]) -> None:
    """Raises: MixedDevices as PyTorch does: a number of the host may go with any tensors."""
    if func in _FROM_HOST:
        return
    strangers = [t for t in leaves if not isinstance(t, FakeTensor) and t.dim()]
    if func in _LENGTHS:
        strangers = [t for t in strangers if t.is_floating_point()]
    if strangers:
        raise MixedDevices(
            f"{func}: expected all tensors to be on the same device, but found {NAME}:0 and cpu"
        )


def _counted(func: Any, arguments: list[Any], leaves: list[torch.Tensor]) -> bool:
    """Count a call; gives whether its result is the host's."""
    counts.calls += 1
    devices = [a.type for a in arguments if isinstance(a, torch.device)]
    to_host = func.overloadpacket in _MOVES and devices == ["cpu"]
    if func is aten.copy_.default and isinstance(leaves[1], FakeTensor):
        to_host = not isinstance(leaves[0], FakeTensor)
        counts.to_host += to_host
    elif to_host:
        counts.to_host += 1
    tags = set(func.tags)
    waits = torch.Tag.data_dependent_output in tags or torch.Tag.dynamic_output_shape in tags
    counts.waits += waits
    from_host = func in _FROM_HOST and any(not isinstance(t, FakeTensor) for t in leaves)
    counts.to_device += from_host
    if _recordings.now and (waits or to_host or from_host):
        raise RuntimeError(f"{func}: operation not permitted while the device is recorded")
    return to_host


class FakeRecording:
    """What was computed, to be computed again with the same tensors."""

    def __init__(self) -> None:
        self._calls: list[tuple[Any, Any, Any, Any]] = []
        self._before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}

    def keep(self, values: list[Any]) -> None:
        """Remember what is in memory before it is written to: to record is not to do it."""
        for value in values:
            if isinstance(value, torch.Tensor):
                memory = value.untyped_storage()
                self._before.setdefault(memory.data_ptr(), (memory, memory.clone()))

    def note(self, run: Any, writes: bool, args: Any, kwargs: Any, result: Any) -> None:
        """A call; one that only looks at memory another way needs not be done again."""
        given = [t for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        memories = {t.untyped_storage().data_ptr() for t in given}
        made = [t for t in pytree.tree_leaves(result) if isinstance(t, torch.Tensor)]
        views = all(t.untyped_storage().data_ptr() in memories for t in made)
        if writes or not views or not made:
            self._calls.append((run, args, kwargs, result))

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        _recordings.now.append(self)
        try:
            yield
        finally:
            _recordings.now.remove(self)
            for memory, before in self._before.values():
                memory.copy_(before)
            self._before.clear()

    def replay(self) -> None:
        counts.replays += 1
        for run, args, kwargs, result in self._calls:
            again = run(*args, **kwargs)
            for old, new in zip(pytree.tree_leaves(result), pytree.tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def _factory(overload: Any) -> Any:
    def make(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else ()
        sizes = first if isinstance(first, (list, tuple)) else [first]
        if math.prod(sizes) > MOST_ELEMENTS:
            raise torch.OutOfMemoryError("the device that is none is out of memory")
        kwargs["device"] = torch.device("cpu")
        kwargs.pop("pin_memory", None)
        result = overload(*args, **kwargs)
        for recording in _recordings.now:
            recording.note(overload, False, args, kwargs, result)
        return FakeTensor(result)

    return make


def _copy_from(source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False) -> Any:
    """Copies that PyTorch makes beneath its dispatcher, as for `torch.tensor`."""
    counts.to_device += 1
    _bare(target).copy_(_bare(source))
    return target


_library: list[torch.library.Library] = []


def device() -> Device:
    """The device, which the first call makes known to PyTorch."""
    if not _library:
        _setup_privateuseone_for_python_backend(NAME)
        library = torch.library.Library("aten", "IMPL")
        _library.append(library)
        for name in _FACTORIES:
            packet, _, overload = name.partition(".")
            found = getattr(getattr(aten, packet), overload or "default")
            library.impl(name, _factory(found), "PrivateUse1")
        library.impl("_copy_from", _copy_from, "PrivateUse1")
    return Device(
        "/device:GPU:0",
        "GPU",
        1 << 30,
        torch.device(NAME, 0),
        "device: 0, name: none",
        (0, 0),
        FakeRecording,
    )


@contextlib.contextmanager
def present() -> Iterator[Counts]:
    """While it is entered, the machine has the device; gives what happens on it, counted anew."""
    counts.reset()
    found = device()
    machine.set_source(lambda: [found])
    device_cudnn.DEVICES.add(NAME)
    try:
        yield counts
    finally:
        device_cudnn.DEVICES.discard(NAME)
        machine.set_source(None)
