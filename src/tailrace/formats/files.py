"""Files that are there whole or not at all, and the `tf.errors` class of an OS failure."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tailrace import errors

_ERRORS: dict[int, type[errors.OpError]] = {
    errno.ENOENT: errors.NotFoundError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EDQUOT: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.EINVAL: errors.InvalidArgumentError,
    errno.ENAMETOOLONG: errors.InvalidArgumentError,
}


@contextlib.contextmanager
def os_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns an OSError inside the block into the `OpError` TensorFlow raises for it."""
    try:
        yield
    except OSError as error:
        cls = _ERRORS.get(error.errno or 0, errors.UnknownError)
        where = error.filename if error.filename is not None else path
        raise cls(None, None, f"{os.fspath(where)}; {error.strerror or error}") from error


def matching(pattern: str) -> list[str]:
    """The paths that match the pattern, in order; `*` and `?` match a leading dot too.

    Raises: NotFoundError when the folder before the first wildcard is not there.
    """
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    with os_errors(folder):
        os.stat(folder or os.curdir)
    return sorted(glob.glob(pattern, include_hidden=True))


def data_loss(path: str | os.PathLike[str], what: str) -> errors.DataLossError:
    """The error for damaged content: which file, and what is wrong where."""
    return errors.DataLossError(None, None, f"{os.fspath(path)}: {what}")


def temporary_name(path: str) -> str:
    """A name beside `path` that nobody uses; TensorFlow's form for unfinished files."""
    return f"{path}.tempstate{secrets.randbits(64)}"


@contextlib.contextmanager
def atomic_write(path: str) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well and vanishes otherwise."""
    temporary = temporary_name(path)
    try:
        with Path(temporary).open("wb") as file:
            yield file
            flush_to_disk(file)
        replace(temporary, path)
    finally:
        remove_if_there(temporary)


def flush_to_disk(file: BinaryIO) -> None:
    """Returns once the content written so far is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def replace(source: str, target: str) -> None:
    """Renames over `target` in one step and returns once the name is on the disk."""
    Path(source).replace(target)
    sync_folder(Path(target).parent)


def sync_folder(folder: Path) -> None:
    """Brings renames in a folder to the disk, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # a folder may be writable yet not readable; the rename itself has been done
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_if_there(path: str) -> None:
    """Deletes a file; one that is gone already is fine."""
    Path(path).unlink(missing_ok=True)
