"""Residual networks: their blocks, and what both forms share.

Source: He, 2015 and 2016; TF 1.15 contrib/slim/python/slim/nets/resnet_utils.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tailrace.graph import Tensor
from tailrace.library import array, reductions
from tailrace.library.collections import GraphKeys
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope, arg_scope
from tailrace.library.contrib.initializers import variance_scaling_initializer
from tailrace.library.contrib.layers import conv2d, softmax
from tailrace.library.contrib.nets import parts
from tailrace.library.contrib.normalization import batch_norm
from tailrace.library.contrib.pooling import max_pool2d
from tailrace.library.contrib.regularizers import l2_regularizer
from tailrace.library.nn import activations
from tailrace.library.variable_scope import variable_scope

__all__ = ["Block", "conv2d_same", "resnet_arg_scope", "stack_blocks_dense", "subsample"]


class Block(NamedTuple):
    """A group of units: its scope, the function of a unit, and the arguments of each."""

    scope: str
    unit_fn: Callable[..., Tensor]
    args: Sequence[dict[str, Any]]


def subsample(inputs: Tensor, factor: int, scope: str | None = None) -> Tensor:
    """Every factor-th pixel."""
    return inputs if factor == 1 else max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(
    inputs: Tensor,
    num_outputs: int,
    kernel_size: int,
    stride: int,
    rate: int = 1,
    scope: Any = None,
) -> Tensor:
    """A "SAME" convolution whose padding does not depend on the size of the images."""
    if stride == 1:
        return conv2d(
            inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope
        )
    total = kernel_size + (kernel_size - 1) * (rate - 1) - 1
    pads = [total // 2, total - total // 2]
    inputs = array.pad(inputs, [[0, 0], pads, pads, [0, 0]])
    return conv2d(
        inputs, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope
    )


@add_arg_scope
def stack_blocks_dense(
    net: Tensor,
    blocks: Sequence[Block],
    output_stride: float | None = None,
    outputs_collections: Any = None,
) -> Tensor:
    """The blocks one after another; once `output_stride` is reached, gaps take strides' place.

    Raises: ValueError when the strides do not come to output_stride.
    """
    reached, rate = 1, 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as opened:
            for i, unit in enumerate(block.args):
                if output_stride is not None and reached > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                with variable_scope(f"unit_{i + 1}", values=[net]):
                    stride = unit.get("stride", 1)
                    if output_stride is not None and reached == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= stride
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        reached *= stride
            net = tools.collected(outputs_collections, opened.name, net)
    if output_stride is not None and reached != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> Any:
    """The arguments of the layers; to be opened by `arg_scope`."""
    normalizer_params = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": GraphKeys.UPDATE_OPS,
    }
    with (
        arg_scope(
            [conv2d],
            weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(),
            activation_fn=activations.relu,
            normalizer_fn=batch_norm,
            normalizer_params=normalizer_params,
        ),
        arg_scope([batch_norm], **normalizer_params),
        arg_scope([max_pool2d], padding="SAME") as scope,
    ):
        return scope


class Form(NamedTuple):
    """What makes a residual network one of the first or of the second form."""

    name: str
    unit: Callable[..., Tensor]
    root: dict[str, Any]
    """Arguments of the first convolution that are unlike the others'."""
    last: Callable[[Tensor], Tensor]
    """What comes after the blocks."""


def block_of(form: Form, scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """A block whose last unit has the stride."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth, "stride": 1}
    return Block(scope, form.unit, [unit] * (num_units - 1) + [{**unit, "stride": stride}])


def network_of(form: Form) -> parts.Network:
    """The function that makes a network of given blocks."""

    @parts.image_size(224)
    def network(
        inputs: Tensor,
        blocks: Sequence[Block],
        num_classes: int | None = None,
        is_training: Any = True,
        global_pool: bool = True,
        output_stride: int | None = None,
        include_root_block: bool = True,
        reuse: bool | None = None,
        scope: Any = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        with variable_scope(scope, form.name, [inputs], reuse=reuse) as opened:
            collection = f"{opened.original_name_scope}_end_points"
            collecting = [conv2d, form.unit, stack_blocks_dense]
            with (
                arg_scope(collecting, outputs_collections=collection),
                arg_scope([batch_norm], is_training=is_training),
            ):
                net, target = inputs, output_stride
                if include_root_block:
                    net, target = _root(form, net, output_stride)
                net = form.last(stack_blocks_dense(net, blocks, target))
                if global_pool:
                    net = reductions.reduce_mean(net, [1, 2], name="pool5", keepdims=True)
                if num_classes is None:
                    return net, tools.tensors_by_alias(collection)
                off = {"activation_fn": None, "normalizer_fn": None}
                net = conv2d(net, num_classes, [1, 1], scope="logits", **off)
                end_points = tools.tensors_by_alias(collection)
                end_points["predictions"] = softmax(net, scope="predictions")
                return net, end_points

    network.__name__ = network.__qualname__ = form.name
    network.__doc__ = "A residual network of the blocks, and all blocks' and layers' outputs."
    return network


def _root(form: Form, net: Tensor, output_stride: int | None) -> tuple[Tensor, float | None]:
    """The convolution and the pooling before the blocks; the stride that is left for these."""
    if output_stride is not None and output_stride % 4:
        raise ValueError("The output_stride needs to be a multiple of 4.")
    with arg_scope([conv2d], **form.root):
        net = conv2d_same(net, 64, 7, stride=2, scope="conv1")
    net = max_pool2d(net, [3, 3], stride=2, scope="pool1")
    return net, None if output_stride is None else output_stride / 4


def deep_network(form: Form, layers: int, units: tuple[int, int, int, int]) -> parts.Network:
    """The function that makes the network with so many layers."""
    name, make = f"{form.name}_{layers}", network_of(form)

    @parts.image_size(224)
    def network(
        inputs: Tensor,
        num_classes: int | None = None,
        is_training: Any = True,
        global_pool: bool = True,
        output_stride: int | None = None,
        reuse: bool | None = None,
        scope: Any = name,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        strides = (2, 2, 2, 1)
        blocks = [
            block_of(form, f"block{i + 1}", 64 * 2**i, units[i], strides[i]) for i in range(4)
        ]
        facts = (num_classes, is_training, global_pool, output_stride)
        return make(inputs, blocks, *facts, include_root_block=True, reuse=reuse, scope=scope)

    network.__name__ = network.__qualname__ = name
    network.__doc__ = (
        "Logits [B, 1, 1, num_classes] of images [B, 224, 224, 3], and all layers' outputs.\n\n"
        "Without num_classes the features [B, 1, 1, 2048]; without global_pool those of each place."
    )
    return network


DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
