"""Files and folders: read with a clear word, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailrace.apps.errors import UserError


def read_bytes(path: str | Path) -> bytes:
    """A file's bytes. Raises: UserError where it is missing or cannot be read."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; name the files in it") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error


def read_text(path: str | Path) -> str:
    """A file's text, line ends made `\\n`, without a byte order mark.

    Raises: UserError for a file that is missing, unreadable, empty, binary or not UTF-8.
    """
    data = read_bytes(path)
    if b"\0" in data:
        raise UserError(f"{path}: is a binary file (byte 0 at {data.index(0)}); text is needed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}: is not UTF-8 text (byte {data[error.start]:#04x} in line {line}); "
            "convert it first, for example with iconv -t utf-8"
        ) from None
    if not text.strip():
        raise UserError(f"{path}: is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all.

    Raises: UserError where it cannot be written.
    """
    with saying_why(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp's files are the user's alone
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


@contextmanager
def saying_why(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write into one line."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def free_folder(name: str) -> Path:
    """`name`, or the first of `name-2`, `name-3`, ... that does not exist."""
    folder, number = Path(name), 1
    while folder.exists():
        number += 1
        folder = Path(f"{name}-{number}")
    return folder


def check_free(folder: Path, *, hint: str = "") -> None:
    """Raises UserError where a new folder is a file, or holds something already.

    `hint` says what else could be done, such as "or go on with --resume".
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder}: is a file; a folder is needed")
    if any(folder.iterdir()):
        also = f", {hint}" if hint else ""
        raise UserError(f"{folder}: holds something already; name another folder{also}")


def make_folder(folder: Path, *, hint: str = "") -> None:
    """Makes a new folder; raises as `check_free`, and where it cannot be made."""
    check_free(folder, hint=hint)
    with saying_why(folder):
        folder.mkdir(parents=True, exist_ok=True)
