"""The networks of the Visual Geometry Group, with 11, 16 and 19 layers.

Source: Simonyan and Zisserman, 2015; TF 1.15 contrib/slim/python/slim/nets/vgg.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library.contrib.arg_scope import arg_scope
from tailrace.library.contrib.layers import conv2d, fully_connected, repeat
from tailrace.library.contrib.nets import parts
from tailrace.library.contrib.pooling import max_pool2d
from tailrace.library.initializers import Zeros
from tailrace.library.variable_scope import variable_scope

__all__ = ["vgg_16", "vgg_19", "vgg_a", "vgg_arg_scope", "vgg_d", "vgg_e"]


def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments of the layers; to be opened by `arg_scope`."""
    return parts.plain_scope(weight_decay, Zeros(), padding="SAME")


def _vgg(default: str, repetitions: tuple[int, ...]) -> parts.Network:
    """The network with so many convolutions in each of its five groups."""

    @parts.image_size(224)
    def network(
        inputs: Tensor,
        num_classes: int = 1000,
        is_training: Any = True,
        dropout_keep_prob: float = 0.5,
        spatial_squeeze: bool = True,
        scope: Any = default,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        with variable_scope(scope, default, [inputs]) as opened:
            collection = f"{opened.original_name_scope}_end_points"
            collecting = [conv2d, fully_connected, max_pool2d]
            with arg_scope(collecting, outputs_collections=collection):
                net = inputs
                for i, times in enumerate(repetitions, 1):
                    size = min(64 * 2 ** (i - 1), 512)
                    net = repeat(net, times, conv2d, size, [3, 3], scope=f"conv{i}")
                    net = max_pool2d(net, [2, 2], scope=f"pool{i}")
                net = parts.dense_end(
                    net, num_classes, 4096, [7, 7], is_training, dropout_keep_prob
                )
                return parts.with_end_points(net, collection, opened.name, spatial_squeeze)

    network.__name__ = network.__qualname__ = default
    network.__doc__ = "Logits [B, num_classes] of images [B, 224, 224, 3], and all layers' outputs."
    return network


vgg_a = _vgg("vgg_a", (1, 1, 2, 2, 2))
vgg_16 = vgg_d = _vgg("vgg_16", (2, 2, 3, 3, 3))
vgg_19 = vgg_e = _vgg("vgg_19", (2, 2, 4, 4, 4))
