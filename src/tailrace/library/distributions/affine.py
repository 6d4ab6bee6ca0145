"""y = scale·x + shift by a linear operator, forward and back, with the logarithm of its volume.

Source: TF 1.15 contrib/distributions/python/ops/{shape,distribution_util}.py,
contrib/distributions/python/ops/bijectors/affine_linear_operator.py,
python/ops/distributions/bijector_impl.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, checks, indexing, reductions
from tailrace.library import math as math_
from tailrace.library.distributions.parameters import pick_vector
from tailrace.shapes import TensorShape


class _Columns:
    """Vectors [*sample, *batch, k] as the columns of matrices [*batch, k, all samples], and back.

    `batch_ndims`: how many axes the batch has, a number or a tensor.
    """

    def __init__(self, batch_ndims: Any) -> None:
        with g.name_scope("DistributionShape"), g.name_scope("init"):
            self._batch_ndims = convert_to_tensor(batch_ndims, name="batch_ndims")
            self._event_ndims = convert_to_tensor(1, name="event_ndims")

    @contextmanager
    def _scope(self, name: str) -> Iterator[None]:
        with g.name_scope("DistributionShape"), g.name_scope(name):
            yield

    def _sample_ndims(self, x: Tensor) -> Tensor:
        with self._scope("get_shape"):
            with self._scope("get_shape"):
                if x.shape.ndims is None:
                    ndims: Any = array.rank(x, name="ndims")
                else:
                    ndims = convert_to_tensor(x.shape.ndims, dtypes.int32, name="ndims")
            known = [g.known(each) for each in (ndims, self._batch_ndims)]
            if known[0] is not None and known[1] is not None:
                count = int(known[0]) - int(known[1]) - 1
                if count < 0:
                    raise ValueError(f"expected batch_ndims({known[1]}) + 1 <= ndims({known[0]})")
                return convert_to_tensor(count, name="sample_ndims")
            with g.name_scope("sample_ndims"):
                return ndims - self._batch_ndims - self._event_ndims

    def _part(self, x: Tensor, before: list[Any], size: Tensor, name: str) -> Tensor:
        before = before or [array.zeros([], dtypes.int32, name="zero")]
        known = [g.known(each) for each in (size, *before)]
        if x.shape.ndims is not None and all(value is not None for value in known):
            count, *starts = (int(value) for value in known)  # type: ignore[arg-type]
            sizes = x.shape.as_list()[sum(starts) : sum(starts) + count]
            if None not in sizes:
                return convert_to_tensor(sizes, dtypes.int32, name=name)
        shape = array.shape(x)
        return indexing.slice(shape, [sum(before)], [size])

    def _shapes(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Those of samples, batch and event."""
        with self._scope("get_shape"):
            samples, batch, event = self._sample_ndims(x), self._batch_ndims, self._event_ndims
            return (
                self._part(x, [], samples, "sample_shape"),
                self._part(x, [samples], batch, "batch_shape"),
                self._part(x, [samples, batch], event, "event_shape"),
            )

    def stack(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The matrices, and the shape of the samples."""
        with self._scope("make_batch_of_event_sample_matrices"):
            samples, batch, event = self._shapes(x)
            event = pick_vector(False, [1], event)
            x = array.reshape(x, array.concat([[-1], batch, event], 0))
            return _rotated(x, -1), samples

    def unstack(self, x: Tensor, samples: Tensor) -> Tensor:
        """The vectors that `stack` made the matrices of."""
        with self._scope("undo_make_batch_of_event_sample_matrices"):
            x = _rotated(x, 1)
            if g.known(self._batch_ndims) is not None:
                _, batch, event = self._shapes(x)
            else:
                sizes: Any = x.shape if x.shape.is_fully_defined() else array.shape(x)
                batch = sizes[1 : 1 + self._batch_ndims]
                both = arithmetic.equal(self._batch_ndims, 0)
                first: Any = indexing.where_v2(g.LogicalAnd(False, both), 2, 1 + self._batch_ndims)
                event = sizes[first : first + self._event_ndims]
            return array.reshape(x, array.concat([samples, batch, event], 0))


def _rotated(x: Tensor, shift: int) -> Tensor:
    """The axes moved on by `shift`."""
    with g.name_scope("rotate_transpose"):
        by: Any = convert_to_tensor(shift, name="shift")
        checks.assert_integer(by)
        if x.shape.ndims is not None:
            if x.shape.ndims < 2:
                return x
            return array.transpose(x, perm=np.roll(np.arange(x.shape.ndims), shift))
        ndims: Any = array.rank(x)
        negative = arithmetic.less(by, 0)
        left = arithmetic.mod(-by, ndims)
        by = indexing.where_v2(negative, left, ndims - arithmetic.mod(by, ndims))
        first = math_.range(0, by)
        perm = array.concat([math_.range(by, ndims), first], 0)
        return array.transpose(x, perm=perm)


class AffineLinearOperator:
    """y = scale·x + shift.

    What was computed is remembered: the inverse of a tensor it gave is the one it came from.
    """

    def __init__(
        self, shift: Any, scale: Any, validate_args: bool, name: str = "affine_linear_operator"
    ) -> None:
        self.name = name
        self._validate_args = validate_args
        self._forward_of: dict[Any, Tensor] = {}
        self._inverse_of: dict[Any, Tensor] = {}
        self._log_volume: Tensor | None = None
        with self._scope("init"):
            self.shift = None if shift is None else convert_to_tensor(shift, name="shift")
            if self.shift is not None and self.shift.dtype.base_dtype != scale.dtype.base_dtype:
                raise TypeError(
                    f"shift.dtype({self.shift.dtype}) is incompatible with "
                    f"scale.dtype({scale.dtype})."
                )
            if validate_args and not scale.is_non_singular:
                raise ValueError("Scale matrix must be non-singular.")
            self.scale = scale
            rank = scale.tensor_rank
            ndims = rank - 2 if rank is not None else scale.tensor_rank_tensor() - 2
            self._columns = _Columns(ndims)

    @property
    def graph_parents(self) -> list[Tensor]:
        """The tensors it is made of."""
        return [*([] if self.shift is None else [self.shift]), *self.scale.graph_parents]

    @contextmanager
    def _scope(self, name: str) -> Iterator[None]:
        with g.name_scope(self.name), g.name_scope(name):
            yield

    def _conditions(self) -> list[Any]:
        return [self.scale.assert_non_singular()] if self._validate_args else []

    def forward(self, x: Tensor) -> Tensor:
        """y of x."""
        with self._scope("forward"):
            if x not in self._forward_of:
                y, samples = self._columns.stack(x)
                with g.control_dependencies(self._conditions()):
                    y = self.scale.matmul(y)
                y = self._columns.unstack(y, samples)
                if self.shift is not None:
                    y = y + self.shift
                self._remember(x, y)
            return self._forward_of[x]

    def inverse(self, y: Tensor) -> Tensor:
        """x of y."""
        with self._scope("inverse"):
            return self._inverse(y)

    def _inverse(self, y: Tensor) -> Tensor:
        if y not in self._inverse_of:
            x = y if self.shift is None else y - self.shift
            x, samples = self._columns.stack(x)
            x = self.scale.solve(x)
            self._remember(self._columns.unstack(x, samples), y)
        return self._inverse_of[y]

    def _remember(self, x: Tensor, y: Tensor) -> None:
        self._forward_of[x], self._inverse_of[y] = y, x

    def inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        """-log |det scale|, built once: it is the same for every y."""
        with self._scope("inverse_log_det_jacobian"):
            if self._log_volume is None:
                convert_to_tensor(1, name="event_ndims")
                x = self._inverse(y)
                with g.control_dependencies(self._conditions()):
                    volume = self.scale.log_abs_determinant()
                self._log_volume = _over_events(x, -volume)
            return self._log_volume


def _over_events(x: Tensor, volume: Tensor) -> Tensor:
    """The volume summed over the axes of an event that it is not of: none."""
    # TF: the sum over no axes, of ones of no axes times it, is built all the same
    rank: Any = array.rank(x)
    sizes: Any = array.shape(x)
    ones = array.ones(sizes[rank - 1 : rank - 1], volume.dtype)
    total = reductions.reduce_sum(ones * volume, axis=[])
    if x.shape.ndims is not None and volume.shape.ndims is not None:
        total.set_shape(array.broadcast_static_shape(volume.shape, TensorShape([])))
    return total
