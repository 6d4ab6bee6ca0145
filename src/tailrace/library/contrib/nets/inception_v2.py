"""Inception, the second, which came with batch normalization.

Source: Ioffe and Szegedy, 2015; TF 1.15 contrib/slim/python/slim/nets/inception_v2.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library.contrib.arg_scope import arg_scope
from tailrace.library.contrib.layers import conv2d, softmax
from tailrace.library.contrib.nets import inception_parts as inception
from tailrace.library.contrib.nets import parts
from tailrace.library.contrib.nets.inception_parts import Depth, Stage, conv, mixed, pool
from tailrace.library.contrib.normalization import batch_norm
from tailrace.library.contrib.pooling import avg_pool2d, max_pool2d
from tailrace.library.contrib.separable import separable_conv2d
from tailrace.library.variable_scope import variable_scope


def _block(name: str, sizes: tuple[int, ...], pooling: str = "AvgPool_0a_3x3") -> Stage:
    """Of 1 x 1, 3 x 3 and two times 3 x 3 pixels, and of what is pooled."""
    one, before_three, three, before_twice, twice, pooled = sizes
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", one)],
        [conv("Conv2d_0a_1x1", before_three, 0.09), conv("Conv2d_0b_3x3", three)],
        [
            conv("Conv2d_0a_1x1", before_twice, 0.09),
            conv("Conv2d_0b_3x3", twice),
            conv("Conv2d_0c_3x3", twice),
        ],
        [pool(pooling), conv("Conv2d_0b_1x1", pooled, 0.1)],
    )


def _halving(name: str, sizes: tuple[int, ...]) -> Stage:
    """A block whose every branch halves height and width."""
    before_three, three, before_twice, twice = sizes
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", before_three, 0.09), conv("Conv2d_1a_3x3", three, stride=2)],
        [
            conv("Conv2d_0a_1x1", before_twice, 0.09),
            conv("Conv2d_0b_3x3", twice),
            conv("Conv2d_1a_3x3", twice, stride=2),
        ],
        [pool("MaxPool_1a_3x3", stride=2)],
    )


def _first(net: Tensor, depth: Depth) -> Tensor:
    filters = depth(64)
    return separable_conv2d(
        net,
        filters,
        [7, 7],
        depth_multiplier=min(filters // 3, 8),
        stride=2,
        weights_initializer=parts.trunc_normal(1.0),
        scope="Conv2d_1a_7x7",
    )


_STAGES: tuple[Stage, ...] = (
    ("Conv2d_1a_7x7", _first),
    ("MaxPool_2a_3x3", pool("MaxPool_2a_3x3", stride=2)),
    ("Conv2d_2b_1x1", conv("Conv2d_2b_1x1", 64, 0.1)),
    ("Conv2d_2c_3x3", conv("Conv2d_2c_3x3", 192)),
    ("MaxPool_3a_3x3", pool("MaxPool_3a_3x3", stride=2)),
    _block("Mixed_3b", (64, 64, 64, 64, 96, 32)),
    _block("Mixed_3c", (64, 64, 96, 64, 96, 64)),
    _halving("Mixed_4a", (128, 160, 64, 96)),
    _block("Mixed_4b", (224, 64, 96, 96, 128, 128)),
    _block("Mixed_4c", (192, 96, 128, 96, 128, 128)),
    _block("Mixed_4d", (160, 128, 160, 128, 160, 96)),
    _block("Mixed_4e", (96, 128, 192, 160, 192, 96)),
    _halving("Mixed_5a", (128, 192, 192, 256)),
    _block("Mixed_5b", (352, 192, 320, 160, 224, 128)),
    _block("Mixed_5c", (352, 192, 320, 192, 224, 128), pooling="MaxPool_0a_3x3"),
)


def inception_v2_arg_scope(
    weight_decay: float = 0.00004, batch_norm_var_collection: str = "moving_vars"
) -> Any:
    """The arguments of the layers; to be opened by `arg_scope`."""
    normalizer_params = parts.normalizer_arguments(batch_norm_var_collection)
    return parts.normalized_scope(weight_decay, batch_norm, normalizer_params)


def inception_v2_base(
    inputs: Tensor,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The features of images [B, H, W, 3], and those of all stages by name.

    Raises: ValueError when the network has no such stage, or for no positive multiplier.
    """
    end_points: dict[str, Tensor] = {}
    depth = inception.depth_of(depth_multiplier, min_depth)
    layers = [conv2d, max_pool2d, avg_pool2d, separable_conv2d]
    with (
        variable_scope(scope, "InceptionV2", [inputs]),
        arg_scope(layers, stride=1, padding="SAME"),
    ):
        net = inception.through(inputs, _STAGES, end_points, depth, final_endpoint)
    inception.check_end_point(end_points, final_endpoint)
    return net, end_points


@parts.image_size(224)
def inception_v2(
    inputs: Tensor,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., Tensor] = softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "InceptionV2",
) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits [B, num_classes] of images [B, 224, 224, 3], and the outputs of all stages."""
    with (
        variable_scope(scope, "InceptionV2", [inputs, num_classes], reuse=reuse) as opened,
        parts.training_scope(is_training),
    ):
        net, end_points = inception_v2_base(
            inputs, min_depth=min_depth, depth_multiplier=depth_multiplier, scope=opened
        )
        with variable_scope("Logits"):
            window = inception.reduced_window(net, [7, 7])
            name = f"AvgPool_1a_{window[0]}x{window[1]}"
            net = avg_pool2d(net, window, padding="VALID", scope=name)
            _, logits = inception.classified(
                net, num_classes, dropout_keep_prob, 1, spatial_squeeze
            )
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points
