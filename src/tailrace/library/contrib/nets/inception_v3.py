"""Inception, the third: convolutions of rows and of columns.

Source: Szegedy, 2015; TF 1.15 contrib/slim/python/slim/nets/inception_v3.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.collections import GraphKeys
from tailrace.library.contrib.arg_scope import arg_scope
from tailrace.library.contrib.layers import conv2d, softmax
from tailrace.library.contrib.nets import inception_parts as inception
from tailrace.library.contrib.nets import parts
from tailrace.library.contrib.nets.inception_parts import Depth, Stage, conv, fork, mixed, pool
from tailrace.library.contrib.normalization import batch_norm
from tailrace.library.contrib.pooling import avg_pool2d, max_pool2d
from tailrace.library.variable_scope import variable_scope

_HALVING: dict[str, Any] = {"stride": 2, "padding": "VALID"}


def _pooled(size: int) -> list[Any]:
    return [pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", size)]


def _of_squares(
    name: str, pooled: int, names: tuple[str, str] = ("Conv2d_0a_1x1", "Conv2d_0b_5x5")
) -> Stage:
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", 64)],
        [conv(names[0], 48), conv(names[1], 64)],
        [conv("Conv2d_0a_1x1", 64), conv("Conv2d_0b_3x3", 96), conv("Conv2d_0c_3x3", 96)],
        _pooled(pooled),
    )


def _of_lines(name: str, size: int) -> Stage:
    """Of rows and columns of seven pixels."""
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", 192)],
        [conv("Conv2d_0a_1x1", size), conv("Conv2d_0b_1x7", size), conv("Conv2d_0c_7x1", 192)],
        [
            conv("Conv2d_0a_1x1", size),
            conv("Conv2d_0b_7x1", size),
            conv("Conv2d_0c_1x7", size),
            conv("Conv2d_0d_7x1", size),
            conv("Conv2d_0e_1x7", 192),
        ],
        _pooled(192),
    )


def _of_forks(name: str, column: str) -> Stage:
    """Of rows beside columns of three pixels; `column` names the first column."""
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", 320)],
        [conv("Conv2d_0a_1x1", 384), fork(conv("Conv2d_0b_1x3", 384), conv(column, 384))],
        [
            conv("Conv2d_0a_1x1", 448),
            conv("Conv2d_0b_3x3", 384),
            fork(conv("Conv2d_0c_1x3", 384), conv("Conv2d_0d_3x1", 384)),
        ],
        _pooled(192),
    )


_ROOT: tuple[Stage, ...] = (
    ("Conv2d_1a_3x3", conv("Conv2d_1a_3x3", 32, stride=2)),
    ("Conv2d_2a_3x3", conv("Conv2d_2a_3x3", 32)),
    ("Conv2d_2b_3x3", conv("Conv2d_2b_3x3", 64, padding="SAME")),
    ("MaxPool_3a_3x3", pool("MaxPool_3a_3x3", stride=2)),
    ("Conv2d_3b_1x1", conv("Conv2d_3b_1x1", 80)),
    ("Conv2d_4a_3x3", conv("Conv2d_4a_3x3", 192)),
    ("MaxPool_5a_3x3", pool("MaxPool_5a_3x3", stride=2)),
)

# TF: some names tell of other places or sizes than there are; checkpoints have them.
_BLOCKS: tuple[Stage, ...] = (
    _of_squares("Mixed_5b", 32),
    _of_squares("Mixed_5c", 64, names=("Conv2d_0b_1x1", "Conv_1_0c_5x5")),
    _of_squares("Mixed_5d", 64),
    mixed(
        "Mixed_6a",
        [conv("Conv2d_1a_1x1", 384, kernel=[3, 3], **_HALVING)],
        [
            conv("Conv2d_0a_1x1", 64),
            conv("Conv2d_0b_3x3", 96),
            conv("Conv2d_1a_1x1", 96, kernel=[3, 3], **_HALVING),
        ],
        [pool("MaxPool_1a_3x3", **_HALVING)],
    ),
    _of_lines("Mixed_6b", 128),
    _of_lines("Mixed_6c", 160),
    _of_lines("Mixed_6d", 160),
    _of_lines("Mixed_6e", 192),
    mixed(
        "Mixed_7a",
        [conv("Conv2d_0a_1x1", 192), conv("Conv2d_1a_3x3", 320, **_HALVING)],
        [
            conv("Conv2d_0a_1x1", 192),
            conv("Conv2d_0b_1x7", 192),
            conv("Conv2d_0c_7x1", 192),
            conv("Conv2d_1a_3x3", 192, **_HALVING),
        ],
        [pool("MaxPool_1a_3x3", **_HALVING)],
    ),
    _of_forks("Mixed_7b", column="Conv2d_0b_3x1"),
    _of_forks("Mixed_7c", column="Conv2d_0c_3x1"),
)


def inception_v3_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_var_collection: str = "moving_vars",
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    use_fused_batchnorm: bool = True,
) -> Any:
    """The arguments of the layers; to be opened by `arg_scope`."""
    normalizer_params = parts.normalizer_arguments(
        batch_norm_var_collection,
        decay=batch_norm_decay,
        epsilon=batch_norm_epsilon,
        updates_collections=updates_collections,
        fused=use_fused_batchnorm,
    )
    return parts.normalized_scope(weight_decay, batch_norm, normalizer_params)


def inception_v3_base(
    inputs: Tensor,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The features of images [B, H, W, 3], and those of all stages by name.

    Raises: ValueError when the network has no such stage, or for no positive multiplier.
    """
    end_points: dict[str, Tensor] = {}
    depth = inception.depth_of(depth_multiplier, min_depth)
    layers = [conv2d, max_pool2d, avg_pool2d]
    with variable_scope(scope, "InceptionV3", [inputs]):
        with arg_scope(layers, stride=1, padding="VALID"):
            net = inception.through(inputs, _ROOT, end_points, depth, final_endpoint)
        if final_endpoint not in end_points:
            with arg_scope(layers, stride=1, padding="SAME"):
                net = inception.through(net, _BLOCKS, end_points, depth, final_endpoint)
    inception.check_end_point(end_points, final_endpoint)
    return net, end_points


def _auxiliary(net: Tensor, num_classes: int, depth: Depth, squeeze: bool) -> Tensor:
    """The logits that are trained too, so that gradients reach the earlier blocks."""
    layers = [conv2d, max_pool2d, avg_pool2d]
    with arg_scope(layers, stride=1, padding="SAME"), variable_scope("AuxLogits"):
        net = avg_pool2d(net, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
        net = conv2d(net, depth(128), [1, 1], scope="Conv2d_1b_1x1")
        window = inception.reduced_window(net, [5, 5])
        net = conv2d(
            net,
            depth(768),
            window,
            weights_initializer=parts.trunc_normal(0.01),
            padding="VALID",
            scope=f"Conv2d_2a_{window[0]}x{window[1]}",
        )
        logits = conv2d(
            net,
            num_classes,
            [1, 1],
            activation_fn=None,
            normalizer_fn=None,
            weights_initializer=parts.trunc_normal(0.001),
            scope="Conv2d_2b_1x1",
        )
        return array.squeeze(logits, [1, 2], name="SpatialSqueeze") if squeeze else logits


@parts.image_size(299)
def inception_v3(
    inputs: Tensor,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., Tensor] = softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "InceptionV3",
) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits [B, num_classes] of images [B, 299, 299, 3], and the outputs of all stages."""
    depth = inception.depth_of(depth_multiplier, min_depth)
    with (
        variable_scope(scope, "InceptionV3", [inputs, num_classes], reuse=reuse) as opened,
        parts.training_scope(is_training),
    ):
        net, end_points = inception_v3_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=opened
        )
        end_points["AuxLogits"] = _auxiliary(
            end_points["Mixed_6e"], num_classes, depth, spatial_squeeze
        )
        with variable_scope("Logits"):
            window = inception.reduced_window(net, [8, 8])
            name = f"AvgPool_1a_{window[0]}x{window[1]}"
            net = avg_pool2d(net, window, padding="VALID", scope=name)
            features, logits = inception.classified(
                net, num_classes, dropout_keep_prob, 1, spatial_squeeze
            )
            end_points["PreLogits"] = features
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points
