"""The graph that a program builds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tailrace as tf
from tailrace.compat.program import run_program


class _Built(SystemExit):
    """Ends a program whose graph is there."""


def graph_of_program(
    script: str, arguments: Sequence[str], *, to_the_end: bool = False
) -> tuple[tf.Graph, int]:
    """The graph that a program has built when its first session runs, and the exit status.

    With `to_the_end` the program runs on, and the graph is what it is then. A program without a
    session is asked for its default graph. Raises: ProgramError as `run_program`.
    """
    found: list[tf.Graph] = []
    with _watched(found, to_the_end=to_the_end):
        try:
            status = run_program(script, arguments)
        except _Built:
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return (found[-1] if found else tf.get_default_graph()), status


@contextmanager
def _watched(found: list[tf.Graph], *, to_the_end: bool) -> Iterator[None]:
    """Notes the graph of every session that runs; the first one ends the program."""
    names = ("run", "partial_run_setup", "make_callable")
    before = {name: getattr(tf.Session, name) for name in names}

    def noting(name: str) -> Any:
        def noted(self: tf.Session, *args: Any, **kwargs: Any) -> Any:
            found.append(self.graph)
            if not to_the_end:
                raise _Built
            return before[name](self, *args, **kwargs)

        return noted

    for name in names:
        setattr(tf.Session, name, noting(name))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(tf.Session, name, function)
