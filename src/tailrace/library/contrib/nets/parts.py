"""What the networks share: arguments of their layers, and how convolutions end in classes.

Source: TF 1.15 contrib/slim/python/slim/nets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.collections import GraphKeys
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import arg_scope
from tailrace.library.contrib.initializers import variance_scaling_initializer
from tailrace.library.contrib.layers import conv2d, dropout, fully_connected
from tailrace.library.contrib.normalization import batch_norm
from tailrace.library.contrib.regularizers import l2_regularizer
from tailrace.library.initializers import TruncatedNormal
from tailrace.library.nn import activations

Network = Callable[..., tuple[Tensor, dict[str, Tensor]]]


def trunc_normal(stddev: float) -> TruncatedNormal:
    """Normal numbers around 0, none beyond two deviations."""
    return TruncatedNormal(0.0, stddev)


def image_size(size: int) -> Callable[[Network], Network]:
    """Decorator: the size of the images that a network was made for."""

    def sized(network: Network) -> Network:
        network.__dict__["default_image_size"] = size
        return network

    return sized


def plain_scope(weight_decay: float, biases_initializer: Any, **of_convolutions: Any) -> Any:
    """The scope of networks without batch normalization."""
    with (
        arg_scope(
            [conv2d, fully_connected],
            activation_fn=activations.relu,
            weights_regularizer=l2_regularizer(weight_decay),
            biases_initializer=biases_initializer,
        ),
        arg_scope([conv2d], **of_convolutions) as scope,
    ):
        return scope


def normalized_scope(weight_decay: float, normalizer_fn: Any, normalizer_params: Any) -> Any:
    """The scope of networks whose convolutions are normalized."""
    with (
        arg_scope([conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope(
            [conv2d],
            weights_initializer=variance_scaling_initializer(),
            activation_fn=activations.relu,
            normalizer_fn=normalizer_fn,
            normalizer_params=normalizer_params,
        ) as scope,
    ):
        return scope


def normalizer_arguments(averages: str, **others: Any) -> dict[str, Any]:
    """Of batch normalization, with its averages in the collection `averages`."""
    return {
        "decay": 0.9997,
        "epsilon": 0.001,
        "updates_collections": GraphKeys.UPDATE_OPS,
        "variables_collections": {
            "beta": None,
            "gamma": None,
            "moving_mean": [averages],
            "moving_variance": [averages],
        },
        **others,
    }


def training_scope(is_training: Any) -> Any:
    """The scope in which normalization and dropout train, or do not."""
    return arg_scope([batch_norm, dropout], is_training=is_training)


def dense_end(
    net: Tensor,
    num_classes: int,
    hidden: int,
    window: list[int],
    is_training: Any,
    keep_prob: float,
    **of_last: Any,
) -> Tensor:
    """Fully connected layers with dropout, as convolutions: fc6, fc7, fc8."""
    net = conv2d(net, hidden, window, padding="VALID", scope="fc6")
    net = dropout(net, keep_prob, is_training=is_training, scope="dropout6")
    net = conv2d(net, 4096, [1, 1], scope="fc7")
    net = dropout(net, keep_prob, is_training=is_training, scope="dropout7")
    off = {"activation_fn": None, "normalizer_fn": None, **of_last}
    return conv2d(net, num_classes, [1, 1], scope="fc8", **off)


def with_end_points(
    net: Tensor, collection: str, name: str, squeeze: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """The classes, without the dimensions of the picture, and all outputs by name."""
    end_points = tools.tensors_by_alias(collection)
    if squeeze:
        net = array.squeeze(net, [1, 2], name="fc8/squeezed")
        end_points[f"{name}/fc8"] = net
    return net, end_points
