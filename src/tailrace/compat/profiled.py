"""`tailrace run --profile`: where the time of a program's sessions went."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailrace.compat.errors import ProgramError


@contextmanager
def profiled(trace: Path) -> Iterator[None]:
    """Measures every operation that runs inside the block.

    At the end, however it ends, a table by type of operation goes to stderr and a Chrome trace to
    the file.
    """
    from tailrace.tf.internal import Profiler

    try:
        file = trace.open("w", encoding="utf-8")
    except OSError as error:
        raise ProgramError(f"cannot write the trace {trace}: {error.strerror}") from None
    with file, Profiler() as profiler:
        try:
            yield
        finally:
            file.write(profiler.chrome_trace())
            sys.stdout.flush()
            said = f"(each step: {trace}, for chrome://tracing or ui.perfetto.dev)"
            sys.stderr.write(f"{profiler.table()}\n{said}\n")
