"""`tf.parse_example` and its kin, and the descriptions of features they take.

Source: TF 1.15 python/ops/parsing_ops.py.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import control_flow, logging
from tailrace.library.array import expand_dims, rank, reshape, squeeze
from tailrace.library.indexing import slice as dense_slice
from tailrace.library.sparse import merge
from tailrace.shapes import TensorShape


class VarLenFeature(NamedTuple):
    """Any number of values, as a SparseTensor."""

    dtype: Any


class SparseFeature(NamedTuple):
    """A SparseTensor whose indices and values are two features of the record."""

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class FixedLenFeature(NamedTuple):
    """A fixed number of values in a shape."""

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """Any number of steps of a shape, padded to the longest of a batch."""

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class _Plan:
    """What the operations want to know of features: keys, types, shapes and defaults, in order."""

    def __init__(self, features: Any, allowed: tuple[type, ...]) -> None:
        self.sparse: dict[str, Any] = {}
        self.dense: dict[str, tuple[Any, Any]] = {}  # key -> type, shape
        self.defaults: dict[str, Any] = {}
        for key in sorted(features or {}):
            feature = features[key]
            if not isinstance(feature, _FEATURES):
                raise ValueError(f"Invalid feature {key}:{feature}.")
            if not isinstance(feature, allowed):
                raise ValueError(f"Unsupported {type(feature).__name__} {feature}.")
            if not feature.dtype:
                raise ValueError(f"Missing type for feature {key}.")
            self._add(key, feature)

    def _add(self, key: str, feature: Any) -> None:
        if isinstance(feature, VarLenFeature):
            self.sparse[key] = as_dtype(feature.dtype)
        elif isinstance(feature, SparseFeature):
            self._add_sparse(feature)
        else:
            _check_shape(key, feature)
            self.dense[key] = as_dtype(feature.dtype), feature.shape
            if getattr(feature, "allow_missing", False):
                self.defaults[key] = None
            if feature.default_value is not None:
                self.defaults[key] = feature.default_value

    def _add_sparse(self, feature: SparseFeature) -> None:
        for what in ("index_key", "value_key"):
            if not getattr(feature, what):
                raise ValueError(f"Missing {what} for SparseFeature {feature}.")
        keys = [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key
        if len(keys) > 1:
            logging.warning(
                "SparseFeature is a complicated feature config and should only be used after "
                "careful consideration of VarLenFeature."
            )
        wanted = [(key, dtypes.int64) for key in sorted(keys)]
        for key, dtype in [*wanted, (feature.value_key, as_dtype(feature.dtype))]:
            if self.sparse.setdefault(key, dtype) is not dtype:
                raise ValueError(
                    f"Conflicting type {self.sparse[key]} vs {dtype} for feature {key}."
                )

    @property
    def shapes(self) -> list[TensorShape]:
        return [TensorShape(shape) for _, shape in self.dense.values()]

    @property
    def dense_types(self) -> list[Any]:
        return [dtype for dtype, _ in self.dense.values()]

    def check(self) -> None:
        """Raises: ValueError when there is nothing to parse, or one key is sparse and dense."""
        if not self.sparse and not self.dense:
            raise ValueError("Must provide at least one sparse key or dense key")
        both = self.sparse.keys() & self.dense.keys()
        if both:
            raise ValueError(f"Dense and sparse keys must not intersect; intersection: {both}")

    def default_tensors(self) -> list[Tensor]:
        """A default for each dense feature, empty when it has none; of sequences, the padding."""
        return [
            _default(key, dtype, TensorShape(shape), self.defaults.get(key))
            for key, (dtype, shape) in self.dense.items()
        ]

    def outputs(self, sparse: Any, dense: Any) -> dict[str, Any]:
        """Key -> tensor. `sparse` are lists of indices, values and shapes."""
        tensors = [SparseTensor(*each) for each in zip(*sparse, strict=True)]
        return dict(zip([*self.sparse, *self.dense], [*tensors, *dense], strict=True))


_FEATURES = (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)


def _check_shape(key: str, feature: Any) -> None:
    if feature.shape is None:
        raise ValueError(f"Missing shape for feature {key}.")
    if isinstance(feature, FixedLenSequenceFeature):
        return
    shape = TensorShape(feature.shape)
    if feature.shape and shape.ndims and shape.as_list()[0] is None:
        raise ValueError(
            f"First dimension of shape for feature {key} unknown. Consider using "
            "FixedLenSequenceFeature."
        )
    if not shape.is_fully_defined():
        raise ValueError(
            f"All dimensions of shape for feature {key} need to be known but received "
            f"{feature.shape!s}."
        )


def _plain(key: str) -> str:
    """A key as a part of a node's name."""
    return re.sub(r"[^A-Za-z0-9_.\-/]", "_", key)


def _default(key: str, dtype: Any, shape: TensorShape, value: Any) -> Tensor:
    varies = bool(shape._dims) and shape._dims is not None and shape._dims[0] is None
    if varies:
        if value is None:
            return convert_to_tensor("" if dtype is dtypes.string else 0, dtype)
        return reshape(convert_to_tensor(value, dtype, name=f"padding_{_plain(key)}"), [])
    if value is None:
        return g.constant([], dtype)
    if isinstance(value, Tensor):
        return value
    return reshape(convert_to_tensor(value, dtype, name=f"key_{_plain(key)}"), shape)


def _with_steps(features: Any) -> Any:
    """Sequences get a dimension of steps. Raises: ValueError when they may not be missing."""
    changed = dict(features)
    for key, feature in features.items():
        if isinstance(feature, FixedLenSequenceFeature):
            if not feature.allow_missing:
                raise ValueError(
                    "Unsupported: FixedLenSequenceFeature requires allow_missing to be True."
                )
            changed[key] = feature._replace(shape=[None, *list(feature.shape)])
    return changed


def _with_sparse_features(features: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """The SparseFeatures put together, and the features they are made of left out."""
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            one = isinstance(feature.index_key, str)
            ids = outputs[feature.index_key] if one else [outputs[k] for k in feature.index_key]
            values = outputs[feature.value_key]
            outputs[key] = merge(ids, values, feature.size, already_sorted=feature.already_sorted)
    return {key: value for key, value in outputs.items() if key in features}


def parse_example(
    serialized: Any, features: Any, name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of a batch of serialized Examples: key -> Tensor or SparseTensor."""
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    features = _with_steps(features)
    outputs = _parse_batch(serialized, example_names, _Plan(features, _FEATURES), name)
    return _with_sparse_features(features, outputs)


def _parse_batch(serialized: Any, names: Any, plan: _Plan, name: str | None) -> dict[str, Any]:
    with g.name_scope(name, "ParseExample"):
        plan.check()
        defaults = plan.default_tensors()
        *sparse, dense = g.ParseExample(
            serialized,
            [] if names is None else names,
            list(plan.sparse),
            list(plan.dense),
            defaults,
            sparse_types=list(plan.sparse.values()),
            dense_shapes=plan.shapes,
            name=name,
        )
        return plan.outputs(sparse, dense)


def parse_single_example(
    serialized: Any, features: Any, name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of one serialized Example: key -> Tensor or SparseTensor."""
    if not features:
        raise ValueError("Missing features.")
    features = _with_steps(features)
    plan = _Plan(features, _FEATURES)
    if example_names is not None:
        outputs = _parse_named(serialized, example_names, plan, name)
        return _with_sparse_features(features, outputs)
    with g.name_scope(name, "ParseSingleExample"):
        serialized = convert_to_tensor(serialized, name="serialized")
        plan.check()
        *sparse, dense = g.ParseSingleExample(
            serialized,
            plan.default_tensors(),
            num_sparse=len(plan.sparse),
            sparse_keys=list(plan.sparse),
            sparse_types=list(plan.sparse.values()),
            dense_keys=list(plan.dense),
            dense_shapes=plan.shapes,
            name=name,
        )
        outputs = plan.outputs(sparse, dense)
    return _with_sparse_features(features, outputs)


def _scalar(value: Any, what: str) -> Tensor:
    """A scalar as a vector of one element, checked when it runs if not before."""
    value = convert_to_tensor(value)
    ndims = value.get_shape().ndims
    if ndims not in (None, 0):
        raise ValueError(f"Input {what} must be a scalar")
    if ndims is None:
        scope = what.capitalize()
        check = control_flow.Assert(
            g.Equal(rank(value), 0),
            [f"Input {what} must be a scalar"],
            name=f"{scope}IsScalar",
        )
        value = g.with_dependencies([check], value, name=f"{scope}Dependencies")
    return expand_dims(value, 0)


def _parse_named(serialized: Any, names: Any, plan: _Plan, name: str | None) -> dict[str, Any]:
    """One Example as a batch of one, for the sake of its name in error messages."""
    with g.name_scope(name, "ParseSingleExample"):
        serialized, names = _scalar(serialized, "serialized"), _scalar(names, "names")
        outputs = _parse_batch(serialized, names, plan, name)
        for key in plan.dense:
            outputs[key] = squeeze(outputs[key], [0], name=f"Squeeze_{_plain(key)}")
        for key in plan.sparse:
            whole, plain = outputs[key], _plain(key)
            indices = dense_slice(whole.indices, [0, 1], [-1, -1], name=f"Slice_Indices_{plain}")
            shape = dense_slice(whole.dense_shape, [1], [-1], name=f"Squeeze_Shape_{plain}")
            outputs[key] = SparseTensor(indices, whole.values, shape)
        return outputs


def parse_single_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The context and the feature lists of one serialized SequenceExample: two dictionaries."""
    if not (context_features or sequence_features):
        raise ValueError("Missing features.")
    context = _Plan(context_features, (VarLenFeature, FixedLenFeature))
    lists = _Plan(sequence_features, (VarLenFeature, FixedLenSequenceFeature))
    with g.name_scope(name, "ParseSingleSequenceExample"):
        for key, value in lists.defaults.items():
            if value is not None:
                raise ValueError(f"Value feature_list_dense_defaults[{key}] must be None")
        defaults = context.default_tensors()
        outputs = g.ParseSingleSequenceExample(
            serialized,
            list(lists.defaults),
            list(context.sparse),
            list(context.dense),
            list(lists.sparse),
            list(lists.dense),
            defaults,
            "" if example_name is None else example_name,
            context_sparse_types=list(context.sparse.values()),
            context_dense_shapes=context.shapes,
            feature_list_sparse_types=list(lists.sparse.values()),
            feature_list_dense_types=lists.dense_types,
            feature_list_dense_shapes=lists.shapes,
            name=name,
        )
        found = context.outputs(outputs[:3], outputs[3])
        return found, lists.outputs(outputs[4:7], outputs[7])
