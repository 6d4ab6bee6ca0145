"""`tf.data.Dataset`: elements from tensors, files and functions, and what is made of them.

Source: TF 1.15 python/data/ops/dataset_ops.py, readers.py, python/data/util/random_seed.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Function, Tensor, convert_to_tensor, function_name, g, nest
from tailrace.library.data.functions import (
    Structure,
    element_function,
    leaves_of,
    with_leaves,
)
from tailrace.library.data.generators import Yields
from tailrace.library.data.iterator import Iterator
from tailrace.library.random import get_seed
from tailrace.shapes import TensorShape

AUTOTUNE = -1
_INT_MAX = 2**31 - 1
_REWRITES = ["map_and_batch_fusion", "noop_elimination", "shuffle_and_repeat_fusion"]
_REWRITE_CONFIGS = ["map_vectorization:use_choose_fastest:false"]
# operations whose value is not the same in the function that a one-shot iterator calls


class Dataset:
    """Elements, each a nest of tensors; `output_types` and `output_shapes` tell of what kind."""

    def __init__(self, variant: Tensor, structure: Structure) -> None:
        self._variant_tensor = variant
        self._structure = structure

    def __repr__(self) -> str:
        return f"<Dataset shapes: {self.output_shapes}, types: {self.output_types}>"

    @property
    def output_types(self) -> Any:
        return self._structure.types

    @property
    def output_shapes(self) -> Any:
        return self._structure.shapes

    @property
    def output_classes(self) -> Any:
        return nest.map_structure(lambda _: Tensor, self._structure.types)

    # -- sources -----------------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element."""
        element = components_of(tensors)
        structure = Structure.of(element)
        variant = g.TensorDataset(nest.flatten(element), output_shapes=structure.flat_shapes)
        return Dataset(variant, structure)

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """An element for each index of the first dimension."""
        element = components_of(tensors)
        structure = Structure.of(element).map_shapes(lambda shape: shape[1:])
        variant = g.TensorSliceDataset(nest.flatten(element), output_shapes=structure.flat_shapes)
        return Dataset(variant, structure)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any,
        output_shapes: Any = None,
        args: tuple[Any, ...] = (),
    ) -> Dataset:
        """What the iterators yield that `generator(*args)` gives, called for each walk anew.

        Raises: TypeError when it is not callable. A run fails with InvalidArgumentError for an
        element of another type or shape.
        """
        if not callable(generator):
            raise TypeError("`generator` must be callable.")
        types = nest.map_structure(dtypes.as_dtype, output_types)
        unknown = nest.map_structure(lambda _: TensorShape(None), types)
        shapes = unknown
        if output_shapes is not None:
            flat = nest.flatten_up_to(types, output_shapes)
            shapes = nest.pack_sequence_as(types, [TensorShape(shape) for shape in flat])
        structure = Structure(types, shapes)
        yields = Yields(generator, structure)
        given = [convert_to_tensor(arg, name=f"args_{i}") for i, arg in enumerate(args)]

        def elements(_: Any) -> Dataset:
            variant = g.GeneratorDataset(
                given,
                [],
                [],
                init_func=yields,
                next_func=yields,
                finalize_func=yields,
                Tnext_func_args=[],
                Tfinalize_func_args=[],
                Tinit_func_args=[arg.dtype for arg in given],
                **structure.attrs(),
            )
            return Dataset(variant, structure)

        elements.__name__ = "flat_map_fn"
        return Dataset.from_tensors(0).flat_map(elements)

    @staticmethod
    def range(*args: Any) -> Dataset:
        """Integers like those of Python's range, as int64."""
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Invalid arguments to RangeDataset: {args!s}")
        start, stop, step = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
        structure = Structure(dtypes.int64, TensorShape([]))
        start, stop, step = (
            convert_to_tensor(value, dtypes.int64, name=name)
            for value, name in ((start, "start"), (stop, "stop"), (step, "step"))
        )
        return Dataset(g.RangeDataset(start, stop, step, **structure.attrs()), structure)

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements of several datasets side by side, in the nesting the datasets are given in."""
        flat = nest.flatten(datasets)
        for dataset in flat:
            if not isinstance(dataset, Dataset):
                raise TypeError(
                    "The argument to `Dataset.zip()` must be a nested structure of `Dataset` "
                    f"objects, got {dataset!r}"
                )
        types = nest.pack_sequence_as(datasets, [d.output_types for d in flat])
        shapes = nest.pack_sequence_as(datasets, [d.output_shapes for d in flat])
        structure = Structure(types, shapes)
        variants = [d._variant_tensor for d in flat]
        return Dataset(g.ZipDataset(variants, **structure.attrs()), structure)

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: int | None = None
    ) -> Dataset:
        """The names of the files that fit patterns, in a random order unless `shuffle` is False."""
        with g.name_scope(None, "list_files"):
            files = g.MatchingFiles(convert_to_tensor(file_pattern, dtypes.string, "file_pattern"))
            found = Dataset.from_tensor_slices(files)
            if shuffle is False:
                return found
            return found.shuffle(g.Maximum(g.size(files, out_type=dtypes.int64), 1), seed=seed)

    # -- functions of elements ---------------------------------------------------------------------

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Dataset:
        """`map_func` of each element; a tuple is given as several arguments."""
        return self._map(map_func, num_parallel_calls)

    def _map(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, inter_op: bool = True
    ) -> Dataset:
        """`inter_op` is noted in the graph."""
        function, result = element_function("Dataset_map", map_func, self._structure)
        structure = Structure.of(result)
        inputs: tuple[Any, ...] = (self._variant_tensor, function.captured)
        attrs = {"f": function, "Targuments": types_of_captures(function), **structure.attrs()}
        if num_parallel_calls is None:
            attrs["use_inter_op_parallelism"] = inter_op
            return Dataset(g.MapDataset(*inputs, **attrs), structure)
        calls = convert_to_tensor(num_parallel_calls, dtypes.int32, name="num_parallel_calls")
        return Dataset(g.ParallelMapDataset(*inputs, calls, **attrs), structure)

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which `predicate` gives true."""
        function, result = element_function("Dataset_filter", predicate, self._structure)
        if getattr(result, "dtype", None) is not dtypes.bool or result._dims not in (None, ()):
            raise ValueError(
                "`predicate` return type must be convertible to a scalar boolean tensor."
            )
        variant = g.FilterDataset(
            self._variant_tensor,
            function.captured,
            predicate=function,
            Targuments=types_of_captures(function),
            **self._structure.attrs(),
        )
        return Dataset(variant, self._structure)

    def flat_map(self, map_func: Callable[..., Any]) -> Dataset:
        """The elements of the datasets that `map_func` makes of the elements, one after another."""
        function, structure = self._dataset_function("Dataset_flat_map", map_func)
        variant = g.FlatMapDataset(
            self._variant_tensor,
            function.captured,
            f=function,
            Targuments=types_of_captures(function),
            **structure.attrs(),
        )
        return Dataset(variant, structure)

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = AUTOTUNE,
        block_length: Any = 1,
        num_parallel_calls: Any = None,
    ) -> Dataset:
        """Like `flat_map`, `block_length` elements of each of `cycle_length` datasets in turn."""
        function, structure = self._dataset_function("Dataset_interleave", map_func)
        cycle = convert_to_tensor(cycle_length, dtypes.int64, name="cycle_length")
        block = convert_to_tensor(block_length, dtypes.int64, name="block_length")
        inputs: tuple[Any, ...] = (self._variant_tensor, function.captured, cycle, block)
        attrs = {"f": function, "Targuments": types_of_captures(function), **structure.attrs()}
        if num_parallel_calls is None:
            return Dataset(g.InterleaveDataset(*inputs, **attrs), structure)
        calls = convert_to_tensor(num_parallel_calls, dtypes.int64, name="num_parallel_calls")
        return Dataset(g.ParallelInterleaveDatasetV2(*inputs, calls, **attrs), structure)

    def _dataset_function(
        self, what: str, map_func: Callable[..., Any]
    ) -> tuple[Function, Structure]:
        function, result = element_function(what, map_func, self._structure)
        if not isinstance(result, Dataset):
            raise TypeError("`map_func` must return a `Dataset` object.")
        return function, result._structure

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any]) -> Any:
        """The last of the states that `reduce_func(state, element)` gives, one after another.

        Raises: TypeError where a new state is of another structure or type.
        """
        with g.name_scope(None, "initial_state"):
            state = components_of(initial_state)
        structure = Structure.of(state)
        while True:
            both = Structure(
                (structure.types, self._structure.types), (structure.shapes, self._structure.shapes)
            )
            function, result = element_function("reduce", reduce_func, both)
            new = Structure.of(result)
            _check_state(structure, new)
            wider = [
                common_shape(a, b)
                for a, b in zip(structure.flat_shapes, new.flat_shapes, strict=True)
            ]
            if [str(s) for s in wider] == [str(s) for s in structure.flat_shapes]:
                break
            structure = Structure(structure.types, structure.pack(wider))
        reduced = g.ReduceDataset(
            self._variant_tensor,
            nest.flatten(state),
            function.captured,
            f=function,
            Targuments=types_of_captures(function),
            Tstate=structure.flat_types,
            **structure.attrs(),
        )
        return structure.pack(list(reduced))

    # -- batches -----------------------------------------------------------------------------------

    def unbatch(self) -> Dataset:
        """The rows of each element, one by one. Raises: ValueError for scalars."""

        def normalize(*parts: Any) -> Any:
            return parts[0] if len(parts) == 1 else parts

        rows = self.map(normalize)
        if any(shape.ndims == 0 for shape in self._structure.flat_shapes):
            raise ValueError("Cannot unbatch an input with scalar components.")
        structure = self._structure.map_shapes(lambda shape: shape[1:])
        return Dataset(g.UnbatchDataset(rows._variant_tensor, **structure.attrs()), structure)

    def batch(self, batch_size: Any, drop_remainder: Any = False) -> Dataset:
        """`batch_size` elements stacked; fewer at the end unless `drop_remainder`."""
        size = convert_to_tensor(batch_size, dtypes.int64, name="batch_size")
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        structure = self._structure.map_shapes(Leading(size, drop))
        variant = g.BatchDatasetV2(self._variant_tensor, size, drop, **structure.attrs())
        return Dataset(variant, structure)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any,
        padding_values: Any = None,
        drop_remainder: Any = False,
    ) -> Dataset:
        """Elements stacked, each filled up to `padded_shapes`; None is the largest of the batch."""
        size = convert_to_tensor(batch_size, dtypes.int64, name="batch_size")
        types = self._structure.types
        shapes = [_padded_shape(s) for s in nest.flatten_up_to(types, padded_shapes)]
        if padding_values is None:
            fillers = [_default_filler(dtype) for dtype in self._structure.flat_types]
        else:
            fillers = nest.flatten_up_to(types, padding_values)
        pairs = zip(fillers, self._structure.flat_types, strict=True)
        fillers = [convert_to_tensor(value, dtype, name="padding_value") for value, dtype in pairs]
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        known = [TensorShape(g.known_shape(shape)) for shape in shapes]
        inner = Structure(types, nest.pack_sequence_as(types, known))
        structure = inner.map_shapes(Leading(size, drop))
        variant = g.PaddedBatchDatasetV2(
            self._variant_tensor,
            size,
            shapes,
            fillers,
            drop,
            output_shapes=structure.flat_shapes,
        )
        return Dataset(variant, structure)

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False
    ) -> Dataset:
        """Datasets of `size` elements each. Elements of one component only."""
        if nest.is_sequence(self._structure.types):
            raise NotImplementedError("windows over elements of several components")
        values = [
            convert_to_tensor(value, dtypes.int64, name=name)
            for value, name in (
                (size, "size"),
                (size if shift is None else shift, "shift"),
                (stride, "stride"),
            )
        ]
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        variant = g.WindowDataset(
            self._variant_tensor,
            *values,
            drop,
            output_types=[dtypes.variant],
            output_shapes=[TensorShape([])],
        )
        return _Windows(variant, self._structure)

    # -- order and selection -----------------------------------------------------------------------

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None
    ) -> Dataset:
        """A random order, drawn from the next `buffer_size` elements at a time."""
        size = convert_to_tensor(buffer_size, dtypes.int64, name="buffer_size")
        first, second = seed_tensors(seed)
        variant = g.ShuffleDataset(
            self._variant_tensor,
            size,
            first,
            second,
            reshuffle_each_iteration=reshuffle_each_iteration is not False,
            **self._structure.attrs(),
        )
        return Dataset(variant, self._structure)

    def repeat(self, count: Any = None) -> Dataset:
        """The elements `count` times; without end for None or -1."""
        return self._counted(g.RepeatDataset, -1 if count is None else count)

    def take(self, count: Any) -> Dataset:
        """The first `count` elements; all for -1."""
        return self._counted(g.TakeDataset, count)

    def skip(self, count: Any) -> Dataset:
        """The elements after the first `count`; none for -1."""
        return self._counted(g.SkipDataset, count)

    def _counted(self, make: Callable[..., Tensor], count: Any) -> Dataset:
        number = convert_to_tensor(count, dtypes.int64, name="count")
        return Dataset(
            make(self._variant_tensor, number, **self._structure.attrs()), self._structure
        )

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """Every `num_shards`-th element from the `index`-th on."""
        shards = convert_to_tensor(num_shards, dtypes.int64, name="num_shards")
        first = convert_to_tensor(index, dtypes.int64, name="index")
        variant = g.ShardDataset(self._variant_tensor, shards, first, **self._structure.attrs())
        return Dataset(variant, self._structure)

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The same elements."""
        size = convert_to_tensor(
            AUTOTUNE if buffer_size is None else buffer_size, dtypes.int64, name="buffer_size"
        )
        variant = g.PrefetchDataset(self._variant_tensor, size, **self._structure.attrs())
        return Dataset(variant, self._structure)

    def cache(self, filename: Any = "") -> Dataset:
        """The elements, kept after the first walk over all of them. Kept in memory in any case."""
        name = convert_to_tensor(filename, dtypes.string, name="filename")
        variant = g.CacheDataset(self._variant_tensor, name, **self._structure.attrs())
        return Dataset(variant, self._structure)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """These elements, then those of another dataset. Raises: TypeError when they differ."""
        ours, theirs = self._structure, dataset._structure
        if ours.flat_types != theirs.flat_types:
            raise TypeError(
                f"Two datasets to concatenate have different types {ours.types} and {theirs.types}"
            )
        shapes = [
            common_shape(a, b) for a, b in zip(ours.flat_shapes, theirs.flat_shapes, strict=True)
        ]
        structure = Structure(ours.types, ours.pack(shapes))
        variant = g.ConcatenateDataset(
            self._variant_tensor, dataset._variant_tensor, **structure.attrs()
        )
        return Dataset(variant, structure)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of the dataset. Raises: TypeError when that is no dataset."""
        result = transformation_func(self)
        if not isinstance(result, Dataset):
            raise TypeError("`transformation_func` must return a Dataset.")
        return result

    def with_options(self, options: Any) -> Dataset:
        """The dataset itself: options choose how TensorFlow computes it, not what it holds."""
        return Dataset(self._variant_tensor, self._structure)

    # -- iterators ---------------------------------------------------------------------------------

    def _optimized(self) -> Tensor:
        attrs = self._structure.attrs()
        rewrites = convert_to_tensor(_REWRITES, dtypes.string, name="optimizations")
        optimized = g.OptimizeDataset(
            self._variant_tensor, rewrites, optimization_configs=_REWRITE_CONFIGS, **attrs
        )
        return g.ModelDataset(optimized, **attrs)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        """An iterator whose `initializer` has to be run before, and may be run again."""
        dataset = self._optimized()
        resource = g.IteratorV2(
            container="", shared_name=shared_name or "", **self._structure.attrs()
        )
        with g.colocate_with(resource.op):
            initializer = g.MakeIterator(dataset, resource)
        structure = self._structure
        return Iterator(resource, initializer, structure.types, structure.shapes)

    def make_one_shot_iterator(self) -> Iterator:
        """An iterator over all elements once. Raises: ValueError when placeholders are needed."""
        _check_captures(self._variant_tensor)
        graph = self._variant_tensor.graph
        name = function_name("make_dataset").removeprefix("__inference")
        factory = Function(name, graph, [], [self._variant_tensor])
        resource = g.OneShotIterator(dataset_factory=factory, **self._structure.attrs())
        return Iterator(resource, None, self._structure.types, self._structure.shapes)

    def __iter__(self) -> Any:
        raise RuntimeError(
            "__iter__() is only supported when eager execution is enabled: make an iterator"
        )


class _Windows(Dataset):
    """A dataset of datasets."""

    def __init__(self, variant: Tensor, inner: Structure) -> None:
        super().__init__(variant, Structure(dtypes.variant, TensorShape([])))
        self._inner = inner

    def flat_map(self, map_func: Callable[..., Any]) -> Dataset:
        def of_window(window: Tensor) -> Any:
            return map_func(Dataset(window, self._inner))

        of_window.__name__ = getattr(map_func, "__name__", "function")
        return super().flat_map(of_window)


class Leading:
    """Puts the batch dimension before a shape: known where all batches are full."""

    def __init__(self, size: Tensor, drop_remainder: Tensor) -> None:
        known, drop = g.known(size), g.known(drop_remainder)
        self._size = int(known) if known is not None and drop is not None and drop else None

    def __call__(self, shape: TensorShape) -> TensorShape:
        return TensorShape([self._size]).concatenate(shape)


def components_of(tensors: Any) -> Any:
    """An element as tensors."""
    with g.name_scope(None, "normalize_element"):
        leaves = [
            convert_to_tensor(leaf, name=f"component_{i}")
            for i, leaf in enumerate(leaves_of(tensors))
        ]
    return with_leaves(tensors, iter(leaves))


def seed_tensors(seed: Any) -> tuple[Tensor, Tensor]:
    """The two seeds of a shuffle; two zeros, which would ask for any order, are avoided."""
    first, second = get_seed(seed)
    first_tensor = convert_to_tensor(0 if first is None else first, dtypes.int64, name="seed")
    if second is None:
        return first_tensor, convert_to_tensor(0, dtypes.int64, name="seed2")
    with g.name_scope(None, "seed2") as scope:
        given = convert_to_tensor(second, dtypes.int64)
        both = g.LogicalAnd(g.Equal(first_tensor, 0), g.Equal(given, 0))
        other = convert_to_tensor(_INT_MAX, dtypes.int64)
        return first_tensor, g.Select(both, other, given, name=scope)


def types_of_captures(function: Function) -> list[Any]:
    """What `Targuments` of an operation with this function is."""
    return [tensor.dtype for tensor in function.captured]


def _default_filler(dtype: Any) -> Any:
    return "" if dtype is dtypes.string else np.zeros((), dtype.as_numpy_dtype)


def _padded_shape(shape: Any) -> Tensor:
    if isinstance(shape, Tensor) or _has_tensors(shape):
        return convert_to_tensor(shape, dtypes.int64)
    dims = TensorShape(shape).as_list()
    return convert_to_tensor(np.array([-1 if d is None else d for d in dims], np.int64))


def _has_tensors(shape: Any) -> bool:
    return isinstance(shape, list | tuple) and any(isinstance(size, Tensor) for size in shape)


def common_shape(a: TensorShape, b: TensorShape) -> TensorShape:
    """The most that is known of a shape that may be either."""
    if a.ndims is None or a.ndims != b.ndims:
        return TensorShape(None)
    pairs = zip(a.as_list(), b.as_list(), strict=True)
    return TensorShape([size if size == other else None for size, other in pairs])


def _check_captures(tensor: Tensor) -> None:
    """Raises: ValueError when a dataset depends on what is fed or kept outside of it."""
    seen, stack = set(), [tensor.op]
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        if op.op_def.varies:
            raise ValueError(
                f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value."
            )
        if op.op_def.stateful and op.outputs[0].dtype is not dtypes.variant:
            raise ValueError(
                f"Cannot capture a stateful node (name:{op.name}, type:{op.type}) by value. Make "
                "an initializable iterator instead of a one-shot one."
            )
        stack.extend(t.op for t in op.inputs)


def _check_state(old: Structure, new: Structure) -> None:
    nest.assert_same_structure(old.types, new.types)
    if old.flat_types != new.flat_types:
        raise TypeError(
            "The element types for the new state must match the initial state. Expected "
            f"{old.types}; got {new.types}."
        )
