"""Residual networks, v1: normalization after every convolution.

Source: He, 2015; TF 1.15 contrib/slim/python/slim/nets/resnet_v1.py.
"""

from __future__ import annotations

import functools
from typing import Any

from tailrace.graph import Tensor
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.layers import conv2d
from tailrace.library.contrib.nets import resnet_utils as utils
from tailrace.library.contrib.nets.resnet_utils import resnet_arg_scope
from tailrace.library.nn import activations
from tailrace.library.variable_scope import variable_scope

__all__ = [
    "bottleneck",
    "resnet_arg_scope",
    "resnet_v1",
    "resnet_v1_50",
    "resnet_v1_101",
    "resnet_v1_152",
    "resnet_v1_200",
    "resnet_v1_block",
]


@add_arg_scope
def bottleneck(
    inputs: Tensor,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """activation(x + convolutions of 1 x 1, 3 x 3 and 1 x 1 pixels), each normalized."""
    with variable_scope(scope, "bottleneck_v1", [inputs]) as opened:
        if depth == tools.channels(inputs.get_shape(), -1, min_rank=4):
            shortcut = utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(
                inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut"
            )
        residual = conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = utils.conv2d_same(
            residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2"
        )
        residual = conv2d(residual, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        outputs = activations.relu(shortcut + residual)
        return tools.collected(outputs_collections, opened.name, outputs)


_FORM = utils.Form("resnet_v1", bottleneck, root={}, last=lambda net: net)

resnet_v1 = utils.network_of(_FORM)
resnet_v1_block = functools.partial(utils.block_of, _FORM)
resnet_v1_50 = utils.deep_network(_FORM, 50, utils.DEPTHS[50])
resnet_v1_101 = utils.deep_network(_FORM, 101, utils.DEPTHS[101])
resnet_v1_152 = utils.deep_network(_FORM, 152, utils.DEPTHS[152])
resnet_v1_200 = utils.deep_network(_FORM, 200, utils.DEPTHS[200])
