"""`tf.logging`: the logger named "tensorflow", with TensorFlow's format on stderr.

Source: TF 1.15 python/platform/tf_logging.py.
"""

from __future__ import annotations

import collections
import functools
import logging
import sys
from logging import DEBUG, ERROR, FATAL, INFO, WARN
from typing import Any

__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "TaskLevelStatusMessage",
    "debug",
    "error",
    "fatal",
    "flush",
    "get_logger",
    "get_verbosity",
    "info",
    "log",
    "log_every_n",
    "log_first_n",
    "log_if",
    "set_verbosity",
    "vlog",
    "warn",
    "warning",
]

_calls_from: collections.Counter[tuple[str, int]] = collections.Counter()


@functools.cache
def get_logger() -> logging.Logger:
    """The logger of TensorFlow's messages; a program's own logging set-up is respected."""
    logger = logging.getLogger("tensorflow")
    if not logging.getLogger().handlers:
        interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
        if interactive:
            logger.setLevel(INFO)
        handler = logging.StreamHandler(sys.stdout if interactive else sys.stderr)
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logger.addHandler(handler)
    return logger


def log(level: int, msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args`."""
    get_logger().log(level, msg, *args, stacklevel=2, **kwargs)


vlog = log


def debug(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs at level DEBUG."""
    get_logger().debug(msg, *args, stacklevel=2, **kwargs)


def info(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs at level INFO."""
    get_logger().info(msg, *args, stacklevel=2, **kwargs)


def warning(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs at level WARN."""
    get_logger().warning(msg, *args, stacklevel=2, **kwargs)


warn = warning


def error(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs at level ERROR."""
    get_logger().error(msg, *args, stacklevel=2, **kwargs)


TaskLevelStatusMessage = error


def fatal(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs at level FATAL; the program goes on."""
    get_logger().fatal(msg, *args, stacklevel=2, **kwargs)


def log_if(level: int, msg: object, condition: Any, *args: Any) -> None:
    """Logs if the condition holds."""
    if condition:
        get_logger().log(level, msg, *args, stacklevel=2)


def log_every_n(level: int, msg: object, n: int, *args: Any) -> None:
    """Logs the first, (n+1)th, (2n+1)th, ... call from this line of the program."""
    if _count_call() % n == 0:
        get_logger().log(level, msg, *args, stacklevel=2)


def log_first_n(level: int, msg: object, n: int, *args: Any) -> None:
    """Logs the first `n` calls from this line of the program."""
    if _count_call() < n:
        get_logger().log(level, msg, *args, stacklevel=2)


def _count_call() -> int:
    """How often the line that called our caller did so before."""
    frame = sys._getframe(2)
    place = (frame.f_code.co_filename, frame.f_lineno)
    _calls_from[place] += 1
    return _calls_from[place] - 1


def flush() -> None:
    """Writes out what the handlers hold back."""
    # TF: raises NotImplementedError here
    for handler in get_logger().handlers:
        handler.flush()


def get_verbosity() -> int:
    """The level from which on messages are shown."""
    return get_logger().getEffectiveLevel()


def set_verbosity(v: int | str) -> None:
    """Shows messages of level `v` and above."""
    get_logger().setLevel(v)
