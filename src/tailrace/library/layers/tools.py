"""What layers share: names for functions, tuples of sizes, lengths, conditions that may be known.

Source: TF 1.15 python/keras/utils/conv_utils.py, tf_utils.py, activations.py, initializers.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library import control_flow, initializers, math
from tailrace.library.nn import activations
from tailrace.library.variables import Variable

_ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "elu": activations.elu,
    "linear": lambda x: x,
    "relu": activations.relu,
    "selu": activations.selu,
    "sigmoid": math.sigmoid,
    "softmax": activations.softmax,
    "softplus": activations.softplus,
    "softsign": activations.softsign,
    "tanh": math.tanh,
}
_INITIALIZERS: dict[str, Callable[[], Any]] = {
    "glorot_normal": initializers.GlorotNormal,
    "glorot_uniform": initializers.GlorotUniform,
    "he_normal": initializers.he_normal,
    "he_uniform": initializers.he_uniform,
    "identity": initializers.Identity,
    "lecun_normal": initializers.lecun_normal,
    "lecun_uniform": initializers.lecun_uniform,
    "ones": initializers.Ones,
    "orthogonal": initializers.Orthogonal,
    "zeros": initializers.Zeros,
}


def activation(given: Any) -> Any:
    """The function an activation's name stands for; functions and None as they are.

    Raises: ValueError for another name.
    """
    return _by_name(given, _ACTIVATIONS, "activation function")


def initializer(given: Any) -> Any:
    """The initializer a name stands for; initializers and None as they are.

    Raises: ValueError for another name.
    """
    if not isinstance(given, str):
        return given
    return _by_name(given, _INITIALIZERS, "initializer")()


def _by_name(given: Any, known: dict[str, Any], what: str) -> Any:
    if not isinstance(given, str):
        return given
    if given not in known:
        raise ValueError(f"Unknown {what}: {given}")
    return known[given]


# -- sizes -----------------------------------------------------------------------------------------


def as_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """n whole numbers from one or from n of them. Raises: ValueError for anything else."""
    if isinstance(value, int):
        return (value,) * n
    message = f"The `{name}` argument must be a tuple of {n} integers. Received: {value}"
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise ValueError(message)
    entries = tuple(value)
    try:
        whole = tuple(int(v) for v in entries)
    except (TypeError, ValueError):
        raise ValueError(message) from None
    if len(whole) != n:
        raise ValueError(message)
    return whole


def padding_name(value: Any) -> str:
    """The padding in lower case. Raises: ValueError when there is no such padding."""
    name = str(value).lower()
    if name not in ("valid", "same", "causal"):
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", '
            f"only for `Conv1D). Received: {name}"
        )
    return name


def format_name(value: str) -> str:
    """The data format in lower case. Raises: ValueError when it is neither of the two."""
    name = value.lower()
    if name not in ("channels_first", "channels_last"):
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {value}"
        )
    return name


def operation_format(data_format: str, rank: int) -> str:
    """The name operations have for a data format: NWC, NCHW, ..."""
    space = {3: "W", 4: "HW", 5: "DHW"}[rank]
    return f"N{space}C" if data_format == "channels_last" else f"NC{space}"


def output_length(
    length: Any, window: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """How many windows fit; None when that is not known."""
    if length is None:
        return None
    if padding == "valid":
        length -= (window - 1) * dilation
    return (length + stride - 1) // stride


def transposed_length(length: Any, window: int, padding: str, stride: int) -> Any:
    """The length a transposed convolution gives, a number or a tensor; None when not known."""
    if length is None:
        return None
    length = length * stride
    return length + max(window - stride, 0) if padding == "valid" else length


# -- conditions ------------------------------------------------------------------------------------


def known_condition(condition: Any) -> bool | None:
    """The truth of a condition where it is known when the graph is built."""
    if isinstance(condition, Variable):
        return None
    if isinstance(condition, Tensor):
        value = g.known(condition)
        return None if value is None else bool(value)
    if isinstance(condition, bool) or condition in (0, 1):
        return bool(condition)
    raise TypeError(
        f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {type(condition)}"
    )


def smart_cond(
    condition: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None
) -> Any:
    """What one of the functions builds where that is known already, else `tf.cond` of both."""
    known = known_condition(condition)
    if known is None:
        return control_flow.cond(condition, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if known else false_fn()


# -- functions from layers -------------------------------------------------------------------------


def as_function(layer: type, name: str, doc: str) -> Callable[..., Any]:
    """The function that makes a layer and applies it at once: `name(inputs, <arguments>, reuse)`.

    The layer's `name` is the variable scope as well.
    """
    given = list(inspect.signature(layer).parameters.values())
    ours = [p for p in given if p.kind is not p.VAR_KEYWORD]
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    reuse = inspect.Parameter("reuse", keyword, default=None)
    inputs = inspect.Parameter("inputs", keyword)
    signature = inspect.Signature([inputs, *ours, reuse])

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs).arguments
        x, reuse = bound.pop("inputs"), bound.pop("reuse", None)
        scope = bound.get("name")
        return layer(**bound, _reuse=reuse, _scope=scope).apply(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__signature__ = signature
    return function
