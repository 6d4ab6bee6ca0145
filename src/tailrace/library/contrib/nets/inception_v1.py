"""Inception, the first (GoogLeNet).

Source: Szegedy, 2014; TF 1.15 contrib/slim/python/slim/nets/inception_v1.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library.contrib.arg_scope import arg_scope
from tailrace.library.contrib.layers import conv2d, fully_connected, softmax
from tailrace.library.contrib.nets import inception_parts as inception
from tailrace.library.contrib.nets import parts
from tailrace.library.contrib.nets.inception_parts import Stage, conv, mixed, pool
from tailrace.library.contrib.normalization import batch_norm
from tailrace.library.contrib.pooling import avg_pool2d, max_pool2d
from tailrace.library.variable_scope import variable_scope


def _block(name: str, sizes: tuple[int, ...], wide: str = "Conv2d_0b_3x3") -> Stage:
    """Of 1 x 1, 3 x 3 and 5 x 5 pixels (here 3 x 3 too) and maxima; `wide` names the third."""
    one, before_three, three, before_five, five, pooled = sizes
    return mixed(
        name,
        [conv("Conv2d_0a_1x1", one)],
        [conv("Conv2d_0a_1x1", before_three), conv("Conv2d_0b_3x3", three)],
        [conv("Conv2d_0a_1x1", before_five), conv(wide, five)],
        [pool("MaxPool_0a_3x3"), conv("Conv2d_0b_1x1", pooled)],
    )


_STAGES: tuple[Stage, ...] = (
    ("Conv2d_1a_7x7", conv("Conv2d_1a_7x7", 64, stride=2)),
    ("MaxPool_2a_3x3", pool("MaxPool_2a_3x3", stride=2)),
    ("Conv2d_2b_1x1", conv("Conv2d_2b_1x1", 64)),
    ("Conv2d_2c_3x3", conv("Conv2d_2c_3x3", 192)),
    ("MaxPool_3a_3x3", pool("MaxPool_3a_3x3", stride=2)),
    _block("Mixed_3b", (64, 96, 128, 16, 32, 32)),
    _block("Mixed_3c", (128, 128, 192, 32, 96, 64)),
    ("MaxPool_4a_3x3", pool("MaxPool_4a_3x3", stride=2)),
    _block("Mixed_4b", (192, 96, 208, 16, 48, 64)),
    _block("Mixed_4c", (160, 112, 224, 24, 64, 64)),
    _block("Mixed_4d", (128, 128, 256, 24, 64, 64)),
    _block("Mixed_4e", (112, 144, 288, 32, 64, 64)),
    _block("Mixed_4f", (256, 160, 320, 32, 128, 128)),
    ("MaxPool_5a_2x2", pool("MaxPool_5a_2x2", stride=2)),
    # TF: the name tells of another place than in the other blocks.
    _block("Mixed_5b", (256, 160, 320, 32, 128, 128), wide="Conv2d_0a_3x3"),
    _block("Mixed_5c", (384, 192, 384, 48, 128, 128)),
)


def inception_v1_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_var_collection: str = "moving_vars",
) -> Any:
    """The arguments of the layers; to be opened by `arg_scope`."""
    if not use_batch_norm:
        return parts.normalized_scope(weight_decay, None, {})
    normalizer_params = parts.normalizer_arguments(batch_norm_var_collection)
    return parts.normalized_scope(weight_decay, batch_norm, normalizer_params)


def inception_v1_base(
    inputs: Tensor, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1"
) -> tuple[Tensor, dict[str, Tensor]]:
    """The features of images [B, H, W, 3], and those of all stages by name.

    Raises: ValueError when the network has no such stage.
    """
    end_points: dict[str, Tensor] = {}
    with (
        variable_scope(scope, "InceptionV1", [inputs]),
        arg_scope([conv2d, fully_connected], weights_initializer=parts.trunc_normal(0.01)),
        arg_scope([conv2d, max_pool2d], stride=1, padding="SAME"),
    ):
        net = inception.through(inputs, _STAGES, end_points, lambda n: n, final_endpoint)
    inception.check_end_point(end_points, final_endpoint)
    return net, end_points


@parts.image_size(224)
def inception_v1(
    inputs: Tensor,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: float = 0.8,
    prediction_fn: Callable[..., Tensor] = softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "InceptionV1",
) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits [B, num_classes] of images [B, 224, 224, 3], and the outputs of all stages."""
    with (
        variable_scope(scope, "InceptionV1", [inputs, num_classes], reuse=reuse) as opened,
        parts.training_scope(is_training),
    ):
        net, end_points = inception_v1_base(inputs, scope=opened)
        with variable_scope("Logits"):
            net = avg_pool2d(net, [7, 7], stride=1, scope="MaxPool_0a_7x7")
            _, logits = inception.classified(
                net, num_classes, dropout_keep_prob, 0, spatial_squeeze
            )
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points
