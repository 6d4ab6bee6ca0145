"""Fourier transforms of real numbers as TensorFlow's Python builds them, with padded inputs.

Source: TF 1.15 python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import convert
from tailrace.graph.constants import static_value
from tailrace.graph.linalg_idioms import LinalgIdioms
from tailrace.graph.tensor import Tensor

_SUFFIX = {1: "", 2: "2D", 3: "3D"}


class SpectralIdioms(LinalgIdioms):
    """The part of the rule builder that gradients of Fourier transforms need."""

    def rfft(self, rank: int, x: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        """Half the spectrum of real `x` over its last `rank` dimensions."""
        with self.name_scope(name, f"rfft{_SUFFIX[rank].lower()}") as scope:
            x = convert.convert_to_tensor(x, dtypes.float32)
            x.shape.with_rank_at_least(rank)
            length = self._rfft_length(rank, x, fft_length, inverse=False)
            x = self._padded(rank, x, length, inverse=False)
            return getattr(self, f"RFFT{_SUFFIX[rank]}")(x, length, name=scope)

    def irfft(self, rank: int, x: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        """The real numbers over the last `rank` dimensions whose half spectrum is `x`."""
        with self.name_scope(name, f"irfft{_SUFFIX[rank].lower()}") as scope:
            x = convert.convert_to_tensor(x, dtypes.complex64)
            x.shape.with_rank_at_least(rank)
            length = self._rfft_length(rank, x, fft_length, inverse=True)
            x = self._padded(rank, x, length, inverse=True)
            return getattr(self, f"IRFFT{_SUFFIX[rank]}")(x, length, name=scope)

    def _rfft_length(self, rank: int, x: Tensor, fft_length: Any, inverse: bool) -> Tensor:
        """The lengths given, or those that keep the size of `x`."""
        if fft_length is not None:
            return convert.convert_to_tensor(fft_length, dtypes.int32)
        sizes: list[Any] | None = None if x._dims is None else list(x._dims[-rank:])
        if sizes is None or None in sizes:
            dynamic = self.shape(x)[-rank:]
            if not inverse:
                return dynamic
            sizes = self.Unpack(dynamic, num=rank, name="unstack")
            sizes = sizes if isinstance(sizes, list) else [sizes]
            sizes[-1] = self.Maximum(0, 2 * (sizes[-1] - 1))
            return self.Pack(sizes, name="stack")
        if inverse:
            sizes[-1] = max(0, 2 * (sizes[-1] - 1))
        return convert.convert_to_tensor(sizes, dtypes.int32)

    def _padded(self, rank: int, x: Tensor, length: Tensor, inverse: bool) -> Tensor:
        """`x` with zeros at the end of dimensions shorter than the transform."""
        if x._dims is not None and 0 in x._dims:
            return x
        known = static_value(length)
        if known is not None and x._dims is not None and None not in x._dims[-rank:]:
            return self._padded_static(x, known.tolist(), inverse)
        total = self.rank(x)
        sizes = self.shape(x)[-rank:]
        outer = self.Maximum(0, total - rank)
        outer_padding = self.zeros([outer], dtypes.int32)
        if inverse:
            outer_length = length[:-1]
            half = length[-1:] // 2 + 1
            length = self.ConcatV2([outer_length, half], 0, name="concat")
        padding = self.Maximum(0, length - sizes)
        ends = self.ConcatV2([outer_padding, padding], 0, name="concat")
        pairs = self.Pack([self.zeros_like(ends), ends], axis=1, name="stack")
        return self.Pad(x, pairs)

    def _padded_static(self, x: Tensor, length: list[int], inverse: bool) -> Tensor:
        if inverse:
            length = [*length[:-1], length[-1] // 2 + 1]
        dims = x._dims or ()
        sizes = dims[-len(length) :]
        missing = [max(n - (size or 0), 0) for n, size in zip(length, sizes, strict=True)]
        if not any(missing):
            return x
        outer = [[0, 0]] * (len(dims) - len(length))
        return self.Pad(x, np.array([*outer, *([0, n] for n in missing)], np.int32))
