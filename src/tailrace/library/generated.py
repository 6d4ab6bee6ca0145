"""Functions of single operations, as TensorFlow generates them from its operation table.

`gen_math_ops.mat_mul(a, b, transpose_a=True)` adds a `MatMul`: inputs come first, then attributes
that must be given, then the others; types that follow from the inputs are left out.

Source: TF 1.15 python/framework/python_op_gen.cc, core/api_def/base_api.
"""

from __future__ import annotations

import builtins
import functools
import keyword
from collections import namedtuple
from collections.abc import Callable
from typing import Any

from tailrace.graph import g
from tailrace.registry import OPS, OpDef

# names that differ from the operation table's
_RENAMED = {
    "dim": "axis",
    "reduction_indices": "axis",
    "split_dim": "axis",
    "squeeze_dims": "axis",
}
_AS_THEY_ARE = ("ReduceJoin", "SparseSplit")
_RENAMED_INPUTS = {"Where": {"input": "condition"}, "Select": {"t": "x", "e": "y"}}

# attributes that come in another order than a definition here has them
_ORDERED = {
    "CTCBeamSearchDecoder": "beam_width top_paths merge_repeated",
    "CudnnRNNV3": (
        "rnn_mode input_mode direction dropout seed seed2 num_proj is_training time_major"
    ),
    "FixedUnigramCandidateSampler": (
        "num_true num_sampled unique range_max vocab_file distortion num_reserved_ids num_shards "
        "shard unigrams seed seed2"
    ),
    "MaxPoolWithArgmax": "ksize strides padding Targmax include_batch_in_index",
    "Multinomial": "seed seed2 output_dtype",
    "ParseSingleExample": "num_sparse sparse_keys dense_keys sparse_types dense_shapes",
    "ParseSingleSequenceExample": (
        "context_sparse_types feature_list_dense_types context_dense_shapes "
        "feature_list_sparse_types feature_list_dense_shapes"
    ),
    "PyFunc": "token Tout",
    "PyFuncStateless": "token Tout",
    "RandomPoissonV2": "seed seed2 dtype",
    "RandomShuffleQueueV2": (
        "component_types shapes capacity min_after_dequeue seed seed2 container shared_name"
    ),
    "ReduceDataset": "f output_types output_shapes use_inter_op_parallelism",
    "SampleDistortedBoundingBox": (
        "seed seed2 min_object_covered aspect_ratio_range area_range max_attempts "
        "use_image_if_no_bounding_boxes"
    ),
    "TemporaryVariable": "shape dtype var_name",
    "Variable": "shape dtype container shared_name",
    "VariableV2": "shape dtype container shared_name",
}


def arguments(op_def: OpDef) -> dict[str, str]:
    """The arguments of an operation's function in order: their names, and the definition's."""
    inferred = {
        attr
        for arg in op_def.inputs
        for attr in (arg.type_attr, arg.list_attr, arg.number_attr)
        if attr is not None
    }
    free = [name for name in op_def.attrs if name not in inferred]
    ordered = _ORDERED.get(op_def.name, "").split()
    free.sort(key=lambda name: _place(op_def, ordered, name))
    renamed = {} if op_def.name in _AS_THEY_ARE else _RENAMED
    renamed = renamed | _RENAMED_INPUTS.get(op_def.name, {})
    inputs = {renamed.get(arg.name, arg.name): arg.name for arg in op_def.inputs}
    return inputs | {renamed.get(name, name): name for name in free}


def _place(op_def: OpDef, ordered: list[str], name: str) -> tuple[int, ...]:
    if name in ordered:
        return (1, ordered.index(name))
    return (0,) if op_def.attrs[name].required else (2,)


def raw(op_type: str) -> Callable[..., Any]:
    """The function with keywords only. Several outputs come as a named tuple."""
    op_def = OPS[op_type]
    names = arguments(op_def)
    fields = [arg.name for arg in op_def.outputs]
    outputs = namedtuple(op_type, fields) if len(fields) > 1 else None
    add = getattr(g, op_type)

    def function(**keywords: Any) -> Any:
        added = add(**{names.get(key, key): value for key, value in keywords.items()})
        return added if outputs is None else outputs(*added)

    function.__name__ = op_type
    function.__doc__ = op_def.__doc__
    return function


def function_name(op_type: str) -> str:
    """`mat_mul` for MatMul."""
    pieces = []
    for i, letter in enumerate(op_type):
        after_small = i > 0 and op_type[i - 1].islower()
        before_small = 0 < i < len(op_type) - 1 and op_type[i + 1].islower()
        joined = letter.isupper() and (after_small or before_small)
        pieces.append("_" * joined + letter.lower())
    return "".join(pieces)


@functools.cache
def _types() -> dict[str, str]:
    return {function_name(name): name for name in OPS if not name.startswith("_")}


def names() -> list[str]:
    """The names of all functions; those of Python's own with an underscore before them."""
    reserved = {*dir(builtins), *keyword.kwlist}
    return sorted(f"_{name}" if name in reserved else name for name in _types())


@functools.cache
def function(name: str) -> Callable[..., Any]:
    """The function `name`, with or without an underscore before it.

    Raises: AttributeError when there is no such operation.
    """
    op_type = _types().get(name.removeprefix("_"))
    if op_type is None:
        raise AttributeError(f"no operation has a function {name!r}")
    order = [*arguments(OPS[op_type]), "name"]
    build = raw(op_type)

    def generated(*values: Any, **keywords: Any) -> Any:
        if len(values) > len(order):
            raise TypeError(
                f"{name}() takes {len(order)} positional arguments but {len(values)} were given"
            )
        given = dict(zip(order, values, strict=False))
        twice = given.keys() & keywords.keys()
        if twice:
            raise TypeError(f"{name}() got multiple values for argument '{min(twice)}'")
        return build(**given, **keywords)

    generated.__name__ = name
    generated.__doc__ = build.__doc__
    return generated
