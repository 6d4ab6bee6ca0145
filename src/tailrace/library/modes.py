"""The switches between TensorFlow 1 and 2: here the 1.x behaviour is the only one.

Switching to what is there already does nothing; switching to what is not raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def executing_eagerly() -> bool:
    """Whether operations run when they are written: never."""
    return False


def control_flow_v2_enabled() -> bool:
    """Whether loops are function calls in the graph: never, they are TensorFlow 1's."""
    return False


def _already_so(what: str) -> Callable[[], None]:
    def switch() -> None:
        pass

    switch.__doc__ = f"{what} is what there is, so this does nothing."
    return switch


def _not_there(what: str) -> Callable[..., None]:
    def switch(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            f"{what} is not supported by Tailrace: it runs TensorFlow 1 graphs in sessions."
        )

    switch.__doc__ = f"Raises: NotImplementedError; there is no {what.lower()}."
    return switch


disable_eager_execution = _already_so("Graph mode")
disable_v2_behavior = _already_so("TensorFlow 1's behaviour")
disable_v2_tensorshape = _already_so("TensorFlow 1's TensorShape")
disable_control_flow_v2 = _already_so("TensorFlow 1's control flow")
disable_tensor_equality = _already_so("Comparing tensors by identity")
enable_eager_execution = _not_there("Eager execution")
enable_v2_behavior = _not_there("TensorFlow 2's behaviour")
enable_v2_tensorshape = _not_there("TensorFlow 2's TensorShape")
enable_control_flow_v2 = _not_there("Control flow by functions")
enable_tensor_equality = _not_there("Comparing tensors by value")
