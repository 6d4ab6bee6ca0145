"""Variables kept in parts: `get_variable(..., partitioner=…)` makes several that stand for one.

The parts of `w` are the variables `w/part_0`, `w/part_1`…, slices along one axis; as a tensor they
are joined.

Source: TF 1.15 python/ops/variable_scope.py, variables.py, partitioned_variables.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import Tensor, g, get_default_graph, register_tensor_conversion_function
from tailrace.library import array
from tailrace.library.indexing import slice as slice_
from tailrace.library.variable_scope import _store, variable_scope
from tailrace.library.variables import SaveSliceInfo
from tailrace.shapes import TensorShape, as_tensor_shape

Partitioner = Callable[..., list[int]]


@dataclasses.dataclass(frozen=True)
class PartitionInfo:
    """What an initializer is told of the part it makes: the whole's shape, the part's place."""

    full_shape: list[int]
    var_offset: list[int]


class PartitionedVariable:
    """Variables that are the parts of one tensor, in order.

    Args: shape, of the whole; partitions, the number of parts along each dimension.
    Raises: TypeError for arguments that are no lists, ValueError for parts that do not fit.
    """

    def __init__(
        self, name: str, shape: Any, dtype: Any, variable_list: Any, partitions: Any
    ) -> None:
        _check_parts(shape, variable_list, partitions)
        self._variable_list = sorted(variable_list, key=lambda v: v._save_slice_info.var_offset)
        self._name = name
        self._shape = as_tensor_shape(shape)
        self._dtype = dtype
        self._partitions = partitions

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        self._axis("Cannot get a length for more than one partition axis")
        return len(self._variable_list)

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    shape = property(lambda self: self._shape)

    def get_shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    def as_tensor(self) -> Tensor:
        """The whole as a new tensor, which waits for nothing but the variables."""
        with g.control_dependencies(None):
            return self._joined()

    def _axis(self, complaint: str) -> int:
        axes = [i for i, count in enumerate(self._partitions) if count > 1]
        if len(axes) > 1:
            raise NotImplementedError(f"{complaint}: {axes}")
        return axes[0] if axes else 0

    def _joined(self) -> Tensor:
        value: Any = self._variable_list[0]
        if len(self._variable_list) > 1:
            axis = self._axis("Cannot concatenate along more than one dimension")
            with g.name_scope(self._name + "/ConcatPartitions/"):
                value = array.concat(self._variable_list, axis)
        with get_default_graph().name_scope(None):
            return array.identity(value, name=self._name)

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def _get_partitions(self) -> Any:
        return self._partitions

    def _assigned(self, method: str, value: Any, **arguments: Any) -> list[Any]:
        """Call a method of each part with its part of the value."""
        axis = self._axis("Cannot do assign action along more than one dimension")
        if isinstance(value, (list, PartitionedVariable)):
            values = list(value)
        else:
            sizes = [int(part.shape[axis]) for part in self._variable_list]
            values = array.split(value, sizes, axis=axis)
        pairs = zip(self._variable_list, values, strict=True)
        return [getattr(part, method)(own, **arguments) for part, own in pairs]

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Give each part its part of `value`; the operations, or what they leave."""
        settings = {"use_locking": use_locking, "name": name, "read_value": read_value}
        return self._assigned("assign", value, **settings)

    def assign_add(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Add to each part its part of `value`."""
        settings = {"use_locking": use_locking, "name": name, "read_value": read_value}
        return self._assigned("assign_add", value, **settings)

    def assign_sub(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Subtract from each part its part of `value`."""
        settings = {"use_locking": use_locking, "name": name, "read_value": read_value}
        return self._assigned("assign_sub", value, **settings)


def _check_parts(shape: Any, variables: Any, partitions: Any) -> None:
    for name, value in (("variable_list", variables), ("partitions", partitions)):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{name} is not a list or tuple: {value}")
    if not all(p >= 1 for p in partitions):
        raise ValueError(f"partition values must be positive: {partitions}")
    if not variables:
        raise ValueError("variable_list may not be empty")
    infos = [v._get_save_slice_info() for v in variables]
    if any(info is None for info in infos):
        raise ValueError(
            f"All variables must have a save_slice_info available: {[v.name for v in variables]}"
        )
    if len(as_tensor_shape(shape)) != len(partitions):
        raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
    full = as_tensor_shape(shape).as_list()
    if any(list(info.full_shape) != full for info in infos):
        raise ValueError(
            f"All variables' full shapes must match shape: {full}; but full shapes were: "
            f"{[info.full_shape for info in infos]}"
        )


def _as_tensor(
    value: PartitionedVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    if dtype is not None and not as_dtype(dtype).is_compatible_with(value.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{as_dtype(dtype).name}' for variable "
            f"of type '{value.dtype.name}'"
        )
    if as_ref:
        raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
    return value.as_tensor()


register_tensor_conversion_function(PartitionedVariable, _as_tensor)


# -- how many parts --------------------------------------------------------------------------------


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """A partitioner: `num_shards` parts along `axis`, or as many as it is long."""

    def partitioner(shape: TensorShape, **_: Any) -> list[int]:
        return _along(axis, shape, min(num_shards, int(shape[axis])))

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int,
    axis: int = 0,
    bytes_per_string_element: int = 16,
    max_shards: int | None = None,
) -> Partitioner:
    """A partitioner: parts along `axis` of at most `max_shard_bytes`, but one slice at least."""
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        if not isinstance(shape, TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")
        if not shape.is_fully_defined():
            raise ValueError(f"shape is not fully defined: {shape}")
        if not isinstance(dtype, DType):
            raise ValueError(f"dtype is not a DType: {dtype}")
        length = int(shape[axis])
        elements = (shape.num_elements() or 0) / length
        slice_bytes = elements * _element_bytes(dtype, bytes_per_string_element)
        per_shard = max(1, math.floor(max_shard_bytes / slice_bytes))
        shards = math.ceil(length / per_shard)
        return _along(axis, shape, min(max_shards, shards) if max_shards else shards)

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """A partitioner: up to `max_partitions` parts along `axis`, of `min_slice_size` bytes each."""

    def partitioner(shape: TensorShape, dtype: DType) -> list[int]:
        if axis >= len(shape):
            raise ValueError(
                f"Can not partition variable along axis {axis} when shape is only {shape}"
            )
        total = (shape.num_elements() or 0) * _element_bytes(dtype, bytes_per_string_element)
        wanted = math.ceil(total / min_slice_size)
        return _along(axis, shape, max(1, min(int(shape[axis]), max_partitions, wanted)))

    return partitioner


def _element_bytes(dtype: DType, string_bytes: int) -> int:
    return string_bytes if dtype.base_dtype is dtypes.string else dtype.size


def _along(axis: int, shape: TensorShape, count: int) -> list[int]:
    counts = [1] * len(shape)
    counts[axis] = count
    return counts


# -- making them -----------------------------------------------------------------------------------


def get_partitioned(store: Any, name: str, partitioner: Any, **arguments: Any) -> Any:
    """The partitioned variable of a name, made if `reuse` allows; what `get_variable` gives.

    Args: store, the variables of the graph; partitioner, None to take one that exists as it is.
    Raises: ValueError for one that exists and must not, or the other way round, or one split
    otherwise.
    """
    reuse = arguments.get("reuse")
    dtype = as_dtype(arguments.get("dtype") or dtypes.float32)
    if name in store.variables:
        raise ValueError(
            "A partitioner was provided, but an unpartitioned version of the variable was found: "
            f"{name}.  Perhaps a variable of the same name was already created without "
            "partitioning?"
        )
    shape = as_tensor_shape(arguments.get("shape"))
    if isinstance(arguments.get("initializer"), Tensor):
        shape = shape.merge_with(arguments["initializer"].get_shape())
    partitions = None if partitioner is None else _partitions(partitioner, shape, dtype)
    if name in store.partitioned:
        return _existing(store.partitioned[name], shape, dtype, reuse, partitions)
    if reuse is True or partitions is None:
        raise ValueError(
            f"PartitionedVariable {name} does not exist, or was not created with "
            "tf.get_variable(). Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
        )
    with get_default_graph().name_scope(None):
        parts = _make_parts(store, name, shape, dtype, partitions, arguments)
    variable = PartitionedVariable(name, shape, dtype, parts, partitions)
    store.partitioned[name] = variable
    return variable


def _partitions(partitioner: Any, shape: TensorShape, dtype: DType) -> list[int]:
    """What the partitioner says, checked."""
    if not callable(partitioner):
        raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable must be fully defined, but instead was {shape}."
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    counts: Any = partitioner(shape=shape, dtype=dtype)
    if not isinstance(counts, Sequence):
        raise ValueError(f"Partitioner must return a sequence, but saw: {counts}")
    if len(counts) != len(shape):
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: "
            f"{counts} vs. {shape}"
        )
    if any(count < 1 for count in counts):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {counts}")
    if sum(count > 1 for count in counts) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {counts}"
        )
    return list(counts)


def _existing(found: Any, shape: Any, dtype: DType, reuse: Any, partitions: Any) -> Any:
    name = found.name
    if reuse is False:
        raise ValueError(
            f"Partitioned variable with name {name} already exists. Did you mean to set "
            "reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
        )
    for what, fits, wanted, have in (
        ("shape", shape.is_compatible_with(found.get_shape()), shape, found.get_shape()),
        ("dtype", dtype.is_compatible_with(found.dtype), dtype.name, found.dtype.name),
        ("partitions", partitions in (None, found._partitions), partitions, found._partitions),
    ):
        if not fits:
            raise ValueError(
                f"Trying to reuse partitioned variable {name}, but specified {what} {wanted} and "
                f"found {what} {have}."
            )
    return found


def _make_parts(
    store: Any, name: str, shape: Any, dtype: DType, partitions: Any, arguments: dict[str, Any]
) -> list[Any]:
    full = shape.as_list()
    axis = next((i for i, count in enumerate(partitions) if count > 1), 0)
    _check_found(store, name, partitions[axis])
    parts = []
    for i, (offset, part_shape) in enumerate(_slices(full, partitions[axis], axis)):
        part_name = f"{name}/part_{i}"
        own = {
            key: value for key, value in arguments.items() if key not in ("shape", "initializer")
        }
        with g.name_scope(part_name + "/PartitionedInitializer"):
            own.update(_initializer(arguments.get("initializer"), dtype, offset, part_shape))
        with get_default_graph().name_scope(None):
            info = PartitionInfo(full, offset)
            part = store.get_single(part_name, partition_info=info, **own)
        part._set_save_slice_info(SaveSliceInfo(name, full, offset, part_shape))
        parts.append(part)
    return parts


def _check_found(store: Any, name: str, count: int) -> None:
    """Parts of the name that are there already must be as many."""
    if f"{name}/part_0" not in store.variables:
        return
    missing = f"{name}/part_{count - 1}" not in store.variables
    extra = f"{name}/part_{count}" in store.variables
    if missing or extra:
        which = f"{name}/part_{count - 1} was not" if missing else f"so was {name}/part_{count}"
        raise ValueError(
            "Partitioner returned a different partitioning than what was already found.  "
            f"Partitioner returned {count} shards, and shard {name}/part_0 was found, but {which}."
        )


def _initializer(given: Any, dtype: DType, offset: list[int], shape: list[int]) -> dict[str, Any]:
    """Arguments of `get_single` for one part: a function and a shape, or the part of a tensor."""
    if given is None or callable(given):
        return {"initializer": given, "shape": shape, "dtype": dtype}
    value = given if isinstance(given, Tensor) else g.convert(given, dtype)
    part = slice_(value, offset, shape)
    return {"initializer": part, "shape": None, "dtype": part.dtype.base_dtype}


def _slices(full: list[int], count: int, axis: int) -> Iterator[tuple[list[int], list[int]]]:
    """(offset, shape) of each part; the first ones are longer where the length is no multiple."""
    size, longer = divmod(full[axis], count)
    start = 0
    for i in range(count):
        offset, shape = [0] * len(full), list(full)
        offset[axis], shape[axis] = start, size + (i < longer)
        yield offset, shape
        start += shape[axis]


def create_partitioned_variables(
    shape: Any,
    slicing: Any,
    initializer: Any,
    dtype: Any = dtypes.float32,
    trainable: bool = True,
    collections: Any = None,
    name: str | None = None,
    reuse: bool | None = None,
) -> list[Any]:
    """The parts of a new variable, `slicing` of them along each dimension; the older way."""
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope:
        return list(
            get_partitioned(
                _store(),
                scope.name,
                lambda **_: slicing,
                shape=shape,
                dtype=dtype,
                initializer=scope.initializer if initializer is None else initializer,
                regularizer=scope.regularizer,
                reuse=scope.reuse,
                trainable=trainable,
                collections=collections,
                caching_device=scope.caching_device,
                use_resource=scope.use_resource,
                constraint=scope.constraint,
            )
        )
