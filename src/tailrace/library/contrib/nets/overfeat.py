"""OverFeat.

Source: Sermanet, 2014; TF 1.15 contrib/slim/python/slim/nets/overfeat.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library.contrib.arg_scope import arg_scope
from tailrace.library.contrib.layers import conv2d, fully_connected
from tailrace.library.contrib.nets import parts
from tailrace.library.contrib.nets.parts import trunc_normal
from tailrace.library.contrib.pooling import max_pool2d
from tailrace.library.initializers import Constant, Zeros
from tailrace.library.variable_scope import variable_scope

__all__ = ["overfeat", "overfeat_arg_scope", "trunc_normal"]


def overfeat_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments of the layers; to be opened by `arg_scope`."""
    with (
        arg_scope(parts.plain_scope(weight_decay, Zeros(), padding="SAME")),
        arg_scope([max_pool2d], padding="VALID") as scope,
    ):
        return scope


def overfeat(
    inputs: Tensor,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "overfeat",
) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits [B, num_classes] of images [B, 231, 231, 3], and all layers' outputs."""
    with variable_scope(scope, "overfeat", [inputs]) as opened:
        collection = f"{opened.name}_end_points"
        with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=collection):
            net = conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = max_pool2d(net, [2, 2], scope="pool1")
            net = conv2d(net, 256, [5, 5], padding="VALID", scope="conv2")
            net = max_pool2d(net, [2, 2], scope="pool2")
            for name, size in (("conv3", 512), ("conv4", 1024), ("conv5", 1024)):
                net = conv2d(net, size, [3, 3], scope=name)
            net = max_pool2d(net, [2, 2], scope="pool5")
            initial = {
                "weights_initializer": trunc_normal(0.005),
                "biases_initializer": Constant(0.1),
            }
            with arg_scope([conv2d], **initial):
                net = parts.dense_end(
                    net,
                    num_classes,
                    3072,
                    [6, 6],
                    is_training,
                    dropout_keep_prob,
                    biases_initializer=Zeros(),
                )
            return parts.with_end_points(net, collection, opened.name, spatial_squeeze)
