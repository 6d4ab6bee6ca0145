"""Calls in the argument order of TensorFlow before 1.0, where the arguments leave no doubt.

Each adapter takes 1.15's function and gives one that understands both forms. Anything that is not
plainly the old form goes on unchanged, so that 1.15's own error appears.
"""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from typing import Any

import tailrace as tf

Function = Callable[..., Any]
Adapter = Callable[[Function], Function]


def _is_number(value: Any) -> bool:
    """An axis: a Python or NumPy integer, or a tensor that holds one."""
    if isinstance(value, bool):
        return False
    if isinstance(value, numbers.Integral):
        return True
    shape = getattr(value, "get_shape", None)
    return shape is not None and shape().ndims == 0


def _renamed(**names: str) -> Adapter:
    """Old keyword names, when the new name is not given too."""

    def adapter(function: Function) -> Function:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **{names.get(key, key): kwargs[key] for key in kwargs})

        return call

    return adapter


def concat(function: Function) -> Function:
    """`concat(concat_dim, values)`, now `concat(values, axis)`."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if "concat_dim" in kwargs:
            kwargs["axis"] = kwargs.pop("concat_dim")
        first, *others = args or (None,)
        if _is_number(first) and others and not _is_number(others[0]):
            args = (others[0], first, *others[1:])
        elif _is_number(first) and "values" in kwargs:
            args = (kwargs.pop("values"), first)
        return function(*args, **kwargs)

    return call


def split(function: Function) -> Function:
    """`split(split_dim, num_split, value)`, now `split(value, num_or_size_splits, axis)`."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        names = {"split_dim": "axis", "num_split": "num_or_size_splits"}
        kwargs = {names.get(key, key): value for key, value in kwargs.items()}
        first, *others = args or (None,)
        if isinstance(first, numbers.Integral):
            if len(others) >= 2 and not isinstance(others[1], numbers.Integral):
                args = (others[1], others[0], first, *others[2:])
            elif "value" in kwargs:
                kwargs["axis"] = first
                args = (kwargs.pop("value"), *others)
        return function(*args, **kwargs)

    return call


def reverse(function: Function) -> Function:
    """`reverse(tensor, [True, False])`, now a list of axes."""

    @functools.wraps(function)
    def call(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        dims = kwargs.pop("dims", args[0] if args else None)
        if isinstance(dims, list | tuple) and dims and all(isinstance(d, bool) for d in dims):
            axes = [axis for axis, flag in enumerate(dims) if flag]
            return function(tensor, axes, *args[1:], **kwargs)
        return function(tensor, *args, **kwargs)

    return call


def cross_entropy(function: Function) -> Function:
    """`…_cross_entropy_with_logits(logits, labels)`; by position 1.15 takes nothing."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) >= 2 and next(iter(args)) is not None:
            kwargs.update(zip(("logits", "labels", "name"), args, strict=False))
            args = ()
        if "targets" in kwargs:
            kwargs["labels"] = kwargs.pop("targets")
        return function(*args, **kwargs)

    return call


def batch_matmul(matmul: Function) -> Function:
    """`batch_matmul(x, y, adj_x, adj_y)`, now `matmul` with `adjoint_a`, `adjoint_b`."""

    def call(x: Any, y: Any, adj_x: Any = None, adj_y: Any = None, name: Any = None) -> Any:
        return matmul(x, y, adjoint_a=bool(adj_x), adjoint_b=bool(adj_y), name=name)

    return call


def scalar_summary(scalar: Function) -> Function:
    """`scalar_summary(tags, values)`, now `summary.scalar(name, tensor)`."""

    def call(tags: Any, values: Any, collections: Any = None, name: Any = None) -> Any:
        del name
        return scalar(tags, values, collections=collections)

    return call


def histogram_summary(histogram: Function) -> Function:
    """`histogram_summary(tag, values)`, now `summary.histogram(name, values)`."""

    def call(tag: Any, values: Any, collections: Any = None, name: Any = None) -> Any:
        del name
        return histogram(tag, values, collections=collections)

    return call


def image_summary(image: Function) -> Function:
    """`image_summary(tag, tensor, max_images)`, now `summary.image(name, tensor, max_outputs)`."""

    def call(
        tag: Any, tensor: Any, max_images: int = 3, collections: Any = None, name: Any = None
    ) -> Any:
        del name
        return image(tag, tensor, max_outputs=max_images, collections=collections)

    return call


def sampled_loss(function: Function) -> Function:
    """`nce_loss(weights, biases, inputs, labels, …)`; now labels come before inputs."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) >= 4 and _is_float(args[2]) and not _is_float(args[3]):
            weights, biases, inputs, labels, *others = args
            args = (weights, biases, labels, inputs, *others)
        return function(*args, **kwargs)

    return call


def _is_float(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return bool(getattr(dtype, "is_floating", False))


def ctc_loss(function: Function) -> Function:
    """`ctc_loss(inputs, labels, …)`, now `ctc_loss(labels, inputs, …)`; labels are sparse."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) >= 2 and hasattr(args[1], "dense_shape"):
            inputs, labels, *others = args
            args = (labels, inputs, *others)
        return function(*args, **kwargs)

    return call


def resize_images(function: Function) -> Function:
    """`resize_images(images, new_height, new_width, …)`, now `resize_images(images, size, …)`."""

    @functools.wraps(function)
    def call(images: Any, *args: Any, **kwargs: Any) -> Any:
        if "new_height" in kwargs and "new_width" in kwargs:
            args = ([kwargs.pop("new_height"), kwargs.pop("new_width")], *args)
        elif len(args) >= 2 and _is_number(args[0]) and _is_number(args[1]):
            args = ([args[0], args[1]], *args[2:])
        return function(images, *args, **kwargs)

    return call


def linear(function: Function) -> Function:
    """`linear(args, output_size, bias, bias_start, scope)` of the cells' module."""

    def call(
        args: Any, output_size: int, bias: bool, bias_start: float = 0.0, scope: Any = None
    ) -> Any:
        start = tf.constant_initializer(bias_start)
        with tf.variable_scope(scope or tf.get_variable_scope()):
            return function(args, output_size, bias, start)

    return call


def misspelt_learning_rate(optimizer: type) -> type:
    """The decks write `AdamOptimizer(learing_rate=…)`."""

    class Optimizer(optimizer):
        __doc__ = optimizer.__doc__

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if "learing_rate" in kwargs:
                kwargs["learning_rate"] = kwargs.pop("learing_rate")
            super().__init__(*args, **kwargs)

    Optimizer.__name__ = Optimizer.__qualname__ = optimizer.__name__
    Optimizer.__module__ = optimizer.__module__
    return Optimizer


# name as the program writes it -> (name in 1.15, adapter)
ADAPTED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "audio_summary": ("summary.audio", _renamed(tag="name")),
    "batch_matmul": ("matmul", batch_matmul),
    "concat": ("concat", concat),
    "histogram_summary": ("summary.histogram", histogram_summary),
    "image_summary": ("summary.image", image_summary),
    "image.resize_images": ("image.resize_images", resize_images),
    "nn.ctc_loss": ("nn.ctc_loss", ctc_loss),
    "nn.nce_loss": ("nn.nce_loss", sampled_loss),
    "nn.rnn_cell._linear": ("internal.linear", linear),
    "nn.rnn_cell.linear": ("internal.linear", linear),
    "nn.sampled_softmax_loss": ("nn.sampled_softmax_loss", sampled_loss),
    "nn.sigmoid_cross_entropy_with_logits": (
        "nn.sigmoid_cross_entropy_with_logits",
        cross_entropy,
    ),
    "nn.softmax_cross_entropy_with_logits": (
        "nn.softmax_cross_entropy_with_logits",
        cross_entropy,
    ),
    "nn.sparse_softmax_cross_entropy_with_logits": (
        "nn.sparse_softmax_cross_entropy_with_logits",
        cross_entropy,
    ),
    "reverse": ("reverse", reverse),
    "scalar_summary": ("summary.scalar", scalar_summary),
    "split": ("split", split),
    "train.AdamOptimizer": ("train.AdamOptimizer", misspelt_learning_rate),
}
