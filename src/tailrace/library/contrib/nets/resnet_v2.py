"""Residual networks, v2: normalization before every convolution.

Source: He, 2016; TF 1.15 contrib/slim/python/slim/nets/resnet_v2.py.
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
from tailrace.library.contrib.normalization import batch_norm
from tailrace.library.nn import activations
from tailrace.library.variable_scope import variable_scope

__all__ = [
    "bottleneck",
    "resnet_arg_scope",
    "resnet_v2",
    "resnet_v2_50",
    "resnet_v2_101",
    "resnet_v2_152",
    "resnet_v2_200",
    "resnet_v2_block",
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
    """x + convolutions of 1 x 1, 3 x 3 and 1 x 1 pixels of the normalized and activated x."""
    with variable_scope(scope, "bottleneck_v2", [inputs]) as opened:
        depth_in = tools.channels(inputs.get_shape(), -1, min_rank=4)
        active = batch_norm(inputs, activation_fn=activations.relu, scope="preact")
        plain: dict[str, Any] = {"normalizer_fn": None, "activation_fn": None}
        if depth == depth_in:
            shortcut = utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(active, depth, [1, 1], stride=stride, scope="shortcut", **plain)
        residual = conv2d(active, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = utils.conv2d_same(
            residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2"
        )
        residual = conv2d(residual, depth, [1, 1], stride=1, scope="conv3", **plain)
        outputs = shortcut + residual
        return tools.collected(outputs_collections, opened.name, outputs)


_FORM = utils.Form(
    "resnet_v2",
    bottleneck,
    root={"activation_fn": None, "normalizer_fn": None},
    last=lambda net: batch_norm(net, activation_fn=activations.relu, scope="postnorm"),
)

resnet_v2 = utils.network_of(_FORM)
resnet_v2_block = functools.partial(utils.block_of, _FORM)
resnet_v2_50 = utils.deep_network(_FORM, 50, utils.DEPTHS[50])
resnet_v2_101 = utils.deep_network(_FORM, 101, utils.DEPTHS[101])
resnet_v2_152 = utils.deep_network(_FORM, 152, utils.DEPTHS[152])
resnet_v2_200 = utils.deep_network(_FORM, 200, utils.DEPTHS[200])
