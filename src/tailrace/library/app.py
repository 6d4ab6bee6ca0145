"""`tf.app.run`: flags are parsed, then `main` is called and its result is the exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from absl import app as absl_app
from absl import logging as absl_logging

from tailrace.library.flags import FLAGS
from tailrace.library.logging import get_logger


def run(main: Callable[[Any], Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Calls `main` (by default the program's own) with the arguments that are no flags, and exits.

    Flags that are not defined are left among the arguments instead of being an error.
    """
    chosen = main or getattr(sys.modules["__main__"], "main", None)
    if chosen is None:
        raise AttributeError("tf.app.run(): the program has no function `main`; pass main=...")
    logger = get_logger()
    if logger.handlers:
        # TF: each message would appear twice, in TensorFlow's form and in absl's
        absl_logging.get_absl_handler().addFilter(lambda record: record.name != logger.name)
    absl_app.run(main=chosen, argv=argv, flags_parser=_parse_known)  # pyright: ignore[reportArgumentType]
    raise AssertionError("absl's run exits the program")


def _parse_known(argv: Sequence[str] | None) -> list[str]:
    return FLAGS(sys.argv if argv is None else argv, known_only=True)
