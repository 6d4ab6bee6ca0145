"""Runs a program file as Python would, with `tensorflow` being Tailrace."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

import tailrace as tf
from tailrace.compat import era
from tailrace.compat.advice import advice
from tailrace.compat.era_arrays import restore_arrays
from tailrace.compat.era_libraries import restore_libraries
from tailrace.compat.errors import ProgramError
from tailrace.compat.hook import install

_INTERRUPTED = 130


def run_program(script: str, arguments: Sequence[str]) -> int:
    """Executes the script as `__main__` with those arguments; returns its exit status.

    The traceback of an uncaught exception begins in the program. `SystemExit` passes through.

    Raises: ProgramError when the file cannot be read or is not Python 3.
    """
    path = Path(script)
    code = _compiled(path)
    install()
    era.restore()
    restore_arrays()
    restore_libraries()
    main = ModuleType("__main__")
    main.__dict__.update(__file__=script, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    # what Python put there is the folder of this command's own script
    sys.path[0] = str(path.resolve().parent)
    soft = tf.config.get_soft_device_placement()
    # written where there was a GPU, maybe, and meant to run here
    tf.config.set_soft_device_placement(True)
    try:
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = _without_ours(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        what = advice(error)
        if what:
            sys.stderr.write(f"tailrace: {what}\n")
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    finally:
        tf.config.set_soft_device_placement(soft)
    return 0


def _compiled(path: Path) -> CodeType:
    try:
        source = path.read_bytes()
    except IsADirectoryError:
        raise ProgramError(f"{path} is a folder, not a program") from None
    except OSError as error:
        raise ProgramError(f"cannot read {path}: {error.strerror}") from None
    try:
        return compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        place = f"{path}:{error.lineno}"
        raise ProgramError(f"{place}: {describe_syntax_error(error)}") from None
    except ValueError as error:
        raise ProgramError(f"{path} is not a Python program: {error}") from None


def describe_syntax_error(error: SyntaxError) -> str:
    """What is wrong and, where that is known, what to do."""
    said = error.msg or "invalid syntax"
    what = advice(error)
    return f"{said} ({what})" if what else said


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace
