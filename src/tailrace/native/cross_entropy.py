"""Cross entropies of softmax and their gradients, in one pass over the logits."""

from __future__ import annotations

import ctypes

import torch

from tailrace.native.loader import entry

_ALONE = 1 << 13  # numbers; fewer are not worth a second thread
_TYPES = (torch.float32, torch.float64)


class WrongLabel(ValueError):
    """The label of row `row` is no class."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


class _Args(ctypes.Structure):
    _fields_ = (
        ("is_double", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("rows", ctypes.c_long),
        ("classes", ctypes.c_long),
        ("x", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
        ("labels", ctypes.c_void_p),
        ("weights", ctypes.c_void_p),
        ("loss", ctypes.c_void_p),
        ("gradient", ctypes.c_void_p),
        ("factors", ctypes.c_void_p),
        ("factor_step", ctypes.c_long),
        ("bias_gradient", ctypes.c_void_p),
        ("wrong", ctypes.c_void_p),
    )


def loss(x: torch.Tensor, bias: torch.Tensor | None, labels: torch.Tensor) -> torch.Tensor | None:
    """The cross entropy of each row of x + bias; None where the library cannot.

    Shapes: x [B, C], bias [C]; labels are classes [B], or the classes' shares [B, C].
    Raises: WrongLabel.
    """
    if not _fits(x, labels, *_given(bias)):
        return None
    result = x.new_empty(x.shape[0])
    _call(x, bias, labels, result, None, None, None)
    return result


def loss_and_gradient(
    x: torch.Tensor,
    bias: torch.Tensor | None,
    labels: torch.Tensor,
    factor: torch.Tensor,
    in_place: bool,
) -> tuple[torch.Tensor, ...] | None:
    """The cross entropies, `factor` times their gradient, and the sum of its rows if there is a
    bias.

    As `loss`; factor is [B, 1] or a single number. The gradient takes the place of x where
    `in_place` says so.
    """
    if not _fits(x, labels, factor, *_given(bias)) or factor.numel() not in (1, x.shape[0]):
        return None
    results = x.new_empty(x.shape[0]), x if in_place else torch.empty_like(x)
    bias_gradient = None if bias is None else torch.empty_like(bias)
    _call(x, bias, labels, *results, factor, bias_gradient)
    return results if bias_gradient is None else (*results, bias_gradient)


def _given(bias: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
    return () if bias is None else (bias,)


def _fits(x: torch.Tensor, labels: torch.Tensor, *others: torch.Tensor) -> bool:
    tensors = (x, *others) if labels.dim() == 1 else (x, labels, *others)
    return (
        x.dtype in _TYPES
        and entry("cross_entropy") is not None
        and all(t.dtype is x.dtype and t.is_contiguous() and t.is_cpu for t in tensors)
    )


def _call(
    x: torch.Tensor,
    bias: torch.Tensor | None,
    labels: torch.Tensor,
    losses: torch.Tensor,
    gradient: torch.Tensor | None,
    factor: torch.Tensor | None,
    bias_gradient: torch.Tensor | None,
) -> None:
    function = entry("cross_entropy")
    assert function is not None
    classes = labels.to(torch.int64).contiguous() if labels.dim() == 1 else None
    wrong = ctypes.c_long()
    function(
        _Args(
            x.dtype is torch.float64,
            1 if x.numel() < _ALONE else torch.get_num_threads(),
            x.shape[0],
            x.shape[1],
            x.data_ptr(),
            _pointer(bias),
            _pointer(classes),
            None if classes is not None else labels.data_ptr(),
            losses.data_ptr(),
            _pointer(gradient),
            _pointer(factor),
            0 if factor is None or factor.numel() == 1 else 1,
            _pointer(bias_gradient),
            ctypes.addressof(wrong),
        )
    )
    if wrong.value >= 0:
        raise WrongLabel(wrong.value)


def _pointer(tensor: torch.Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
