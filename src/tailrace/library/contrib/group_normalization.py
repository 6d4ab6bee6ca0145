"""`tf.contrib.layers`: normalization of groups of channels, and of each channel by itself.

Source: TF 1.15 contrib/layers/python/layers/normalization.py; Wu and He, 2018 (groups); Ulyanov,
2016 (instances).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library import array, math
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.normalization import Parameters
from tailrace.library.nn import normalization as nn
from tailrace.library.variable_scope import variable_scope


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, by example and channel.

    Raises: ValueError for an unknown rank or number of channels.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    tools.check_image_format(data_format)
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as opened:
        first = data_format == "NCHW"
        axis = 1 if first else rank - 1
        sizes = inputs.shape[axis : axis + 1]
        if not sizes.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {sizes}.")
        wide = [1, sizes[0].value] + [1] * (rank - 2) if first else None
        dtype = inputs.dtype.base_dtype
        parameters = Parameters(
            sizes, dtype, param_initializers or {}, {}, variables_collections, trainable
        )
        beta = _shaped(parameters, "beta", wide) if center else None
        gamma = _shaped(parameters, "gamma", wide) if scale else None
        axes = [i for i in range(1, rank) if i != axis]
        mean, variance = nn.moments(inputs, axes, keep_dims=True)
        outputs = nn.batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon, name="instancenorm"
        )
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return tools.collected(outputs_collections, opened.name, outputs)


def _shaped(parameters: Parameters, name: str, shape: list[int] | None) -> Any:
    variable = parameters.trained(name)
    return variable if shape is None else array.reshape(variable, shape)


@add_arg_scope
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Sequence[int] = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Tensor:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, by example and group of channels.

    With `mean_close_to_zero` the variance is mean(x^2) - mean^2.
    Raises: ValueError for unknown sizes, axes there are not, or groups the channels do not make.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    dynamic = array.shape(inputs)
    whole = [dynamic[i] if n is None else n for i, n in enumerate(inputs.shape.as_list())]
    axis = channels_axis % rank
    channels = inputs.shape[axis].value
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {axis}.")
    reduced = _reduced_axes(inputs, reduction_axes, axis)
    _check_groups(groups, channels)
    split = [groups, channels // groups]
    inputs = array.reshape(inputs, [*whole[:axis], *split, *whole[axis + 1 :]])
    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as opened:
        wide = [1] * axis + split + [1] * (rank - axis - 1)
        parameters = Parameters(
            [channels],
            inputs.dtype.base_dtype,
            param_initializers or {},
            {},
            variables_collections,
            trainable,
        )
        beta = _shaped(parameters, "beta", wide) if center else None
        gamma = _shaped(parameters, "gamma", wide) if scale else None
        mean, variance = _moments(inputs, [axis + 1, *reduced], mean_close_to_zero)
        outputs = array.reshape(_applied(inputs, mean, variance, beta, gamma, epsilon), whole)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return tools.collected(outputs_collections, opened.name, outputs)


def _reduced_axes(inputs: Tensor, axes: Sequence[int], channels_axis: int) -> list[int]:
    """The axes as they are called once the channels are two."""
    rank = len(inputs.shape)
    reduced = []
    for given in axes:
        axis = given + rank if given < 0 else given
        if axis >= rank:
            raise ValueError("Axis is out of bounds.")
        if inputs.shape[axis].value is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {axis}.")
        if axis == channels_axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
        reduced.append(axis + 1 if axis > channels_axis else axis)
    return reduced


def _check_groups(groups: int, channels: int) -> None:
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")


def _moments(inputs: Tensor, axes: list[int], close_to_zero: bool) -> tuple[Tensor, Tensor]:
    if not close_to_zero:
        return nn.moments(inputs, axes, keep_dims=True)
    counts, sums, squares, _ = nn.sufficient_statistics(inputs, axes, keep_dims=True)
    return nn.normalize_moments(counts, sums, squares, shift=None)


def _applied(
    inputs: Tensor, mean: Tensor, variance: Tensor, beta: Any, gamma: Any, epsilon: float
) -> Tensor:
    gain = math.rsqrt(variance + epsilon)
    offset = -mean * gain
    if gamma is not None:
        gain *= gamma
        offset *= gamma
    if beta is not None:
        offset += beta
    return inputs * gain + offset
