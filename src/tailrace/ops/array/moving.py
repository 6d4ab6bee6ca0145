"""Strings through kernels that only move elements: the kernel moves their numbers instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from tailrace import dtypes


def moves_elements(kernel: Callable[..., Any], *moved: int) -> Callable[[dict[str, Any]], Any]:
    """A bind rule: `kernel` itself; for strings, one that moves strings as `kernel` moves numbers.

    `moved` are the positions of the inputs whose elements come out again. The element type is the
    operation's attribute T (or Tparams); attributes the kernel names are passed on.
    """
    names = _keyword_names(kernel)

    def bind(attrs: dict[str, Any]) -> Callable[..., Any]:
        keywords = {name: attrs[name] for name in names}
        bound = _with_keywords(kernel, keywords)
        dtype = attrs["T"] if "T" in attrs else attrs["Tparams"]
        return _for_strings(bound, moved) if dtype is dtypes.string else bound

    return bind


def _keyword_names(kernel: Callable[..., Any]) -> tuple[str, ...]:
    code = kernel.__code__
    first = code.co_argcount
    return code.co_varnames[first : first + code.co_kwonlyargcount]


def _with_keywords(kernel: Callable[..., Any], keywords: dict[str, Any]) -> Callable[..., Any]:
    if not keywords:
        return kernel

    def call(*args: Any) -> Any:
        return kernel(*args, **keywords)

    return call


def _for_strings(kernel: Callable[..., Any], moved: Sequence[int]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        numbered = list(args)
        elements: list[Any] = []
        for position in moved:
            numbered[position] = _number(args[position], elements)
        table = np.empty(len(elements), dtype=object)
        table[:] = elements
        return _lookup(table, kernel(*numbered))

    return call


def _number(value: Any, elements: list[Any]) -> Any:
    """Collect the strings of a value; give their numbers in its shape."""
    if isinstance(value, (list, tuple)):
        return [_number(v, elements) for v in value]
    start = len(elements)
    elements.extend(value.reshape(-1).tolist())
    return torch.arange(start, len(elements)).reshape(value.shape)


def _lookup(table: np.ndarray, numbers: Any) -> Any:
    if isinstance(numbers, torch.Tensor):
        return table[numbers.numpy()] if numbers.ndim else _scalar(table[int(numbers)])
    return [_lookup(table, n) for n in numbers]


def _scalar(text: bytes) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[()] = text
    return array
