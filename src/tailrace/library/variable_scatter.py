"""The methods of variables that change some of their rows or elements.

Source: TF 1.15 python/ops/variables.py, resource_variable_ops.py, state_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import IndexedSlices, Tensor, convert_to_tensor, g


class ScatterMethods:
    """Each changes the rows that an `IndexedSlices` names and gives the variable as changed."""

    def _scatter(self, action: str, slices: Any, use_locking: bool, name: str | None) -> Any:
        raise NotImplementedError

    def _scatter_nd(
        self, action: str, indices: Any, updates: Any, name: str | None, use_locking: bool = True
    ) -> Any:
        raise NotImplementedError

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtract from rows."""
        return self._scatter("Sub", sparse_delta, use_locking, name)

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Add to rows."""
        return self._scatter("Add", sparse_delta, use_locking, name)

    def scatter_max(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Raise rows to what is given where it is larger."""
        return self._scatter("Max", sparse_delta, use_locking, name)

    def scatter_min(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Lower rows to what is given where it is smaller."""
        return self._scatter("Min", sparse_delta, use_locking, name)

    def scatter_mul(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Multiply rows."""
        return self._scatter("Mul", sparse_delta, use_locking, name)

    def scatter_div(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Divide rows."""
        return self._scatter("Div", sparse_delta, use_locking, name)

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Set rows."""
        return self._scatter("Update", sparse_delta, use_locking, name)

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Set rows of each matrix of a stack: see `tf.batch_scatter_update`."""
        with g.name_scope(name):
            indices = nd_indices(sparse_delta.indices)
            return self._scatter_nd("Update", indices, sparse_delta.values, None, use_locking)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract from the elements or slices that index vectors name."""
        return self._scatter_nd("Sub", indices, updates, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add to the elements or slices that index vectors name."""
        return self._scatter_nd("Add", indices, updates, name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Set the elements or slices that index vectors name."""
        return self._scatter_nd("Update", indices, updates, name)


def check_slices(slices: Any) -> None:
    """Raises: TypeError for what is no `IndexedSlices`."""
    if not isinstance(slices, IndexedSlices):
        raise TypeError(f"sparse_delta is not IndexedSlices: {slices}")


def nd_indices(indices: Any) -> Tensor:
    """Index vectors for the rows that `indices` names within each matrix of a stack.

    Shapes: [d0, ..., dn] -> [d0, ..., dn, n + 1]. Raises: ValueError for an unknown rank.
    """
    indices = convert_to_tensor(indices, name="indices")
    shape = g.shape(indices)
    rank = indices.get_shape().ndims
    if rank is None:
        raise ValueError("batch_gather does not allow indices with unknown shape.")
    last = g.ExpandDims(indices, -1)
    columns = []
    for axis in range(rank - 1):
        size = shape[axis]
        wide: list[Any] = [1] * (rank + 1)
        wide[axis] = size
        numbers = g.Reshape(g.Range(0, size, 1), wide)
        if numbers.dtype.base_dtype is not last.dtype:
            numbers = g.Cast(numbers, DstT=last.dtype)
        columns.append(numbers * g.ones_like(last))
    return g.ConcatV2([*columns, last], -1, name="concat")
