"""`tf.gfile` and `tf.io.gfile`: files and folders, with the errors of `tf.errors`.

Local files only: a path with a scheme (`gs://`, `hdfs://`) raises `UnimplementedError`.

Source: TF 1.15 python/lib/io/file_io.py.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from tailrace import errors
from tailrace.formats.files import matching, os_errors
from tailrace.library.arguments import renamed
from tailrace.library.compat_names import as_bytes, as_str_any

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9.]+)://")
_READABLE = {"r", "r+", "a+", "w+"}
_WRITABLE = {"a", "w", "r+", "a+", "w+"}


def _local(path: Any) -> str:
    """The path as text, without `file://`."""
    text = as_str_any(os.fspath(path))
    scheme = _SCHEME.match(text)
    if scheme is None:
        return text
    if scheme[1] == "file":
        return text[scheme.end() :]
    message = f"File system scheme '{scheme[1]}' not implemented (file: '{text}')"
    raise errors.UnimplementedError(None, None, message)


class GFile:
    """A file that opens when it is first read or written.

    Modes are "r", "w", "a", "r+", "w+" and "a+", with "b" for bytes; without it what is read is
    UTF-8 text. Text and bytes are both accepted for writing. Positions and counts are in bytes.
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        plain = mode.replace("b", "")
        if plain not in _READABLE | _WRITABLE:
            message = "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'"
            raise errors.InvalidArgumentError(None, None, message)
        self._name = name
        self._path = _local(name)
        self._mode = mode
        self._plain_mode = plain
        self._reader: IO[bytes] | None = None
        self._writer: IO[bytes] | None = None

    @property
    def name(self) -> Any:
        """The file's name as it was given."""
        return self._name

    @property
    def mode(self) -> str:
        """The mode as it was given."""
        return self._mode

    def _reading(self) -> IO[bytes]:
        if self._reader is None:
            if self._plain_mode not in _READABLE:
                raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
            with os_errors(self._path):
                self._reader = open(self._path, "rb")  # noqa: SIM115 (closed by close)
        return self._reader

    def _writing(self) -> IO[bytes]:
        if self._writer is None:
            if self._plain_mode not in _WRITABLE:
                raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
            kind = {"a": "ab", "a+": "ab", "r+": "r+b"}.get(self._plain_mode, "wb")
            with os_errors(self._path):
                self._writer = open(self._path, kind)  # noqa: SIM115 (closed by close)
        return self._writer

    def _value(self, content: bytes) -> Any:
        return content if "b" in self._mode else content.decode("utf-8")

    def size(self) -> int:
        """Length of the file in bytes."""
        return stat(self._path).length

    def write(self, file_content: str | bytes) -> None:
        """Appends to what was written so far."""
        writer = self._writing()
        with os_errors(self._path):
            writer.write(as_bytes(file_content))

    def read(self, n: int = -1) -> Any:
        """The next `n` bytes, or all that is left."""
        reader = self._reading()
        with os_errors(self._path):
            return self._value(reader.read(n))

    def readline(self) -> Any:
        """The next line with its newline; empty at the end."""
        reader = self._reading()
        with os_errors(self._path):
            return self._value(reader.readline())

    def readlines(self) -> list[Any]:
        """The lines that are left."""
        return list(iter(self))

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Moves the reading position; `position` is the old name of `offset`."""
        place = position if offset is None else offset
        if place is None or (offset is not None and position is not None):
            raise TypeError("seek(): give either offset or position")
        if whence not in (0, 1, 2):
            message = f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2."
            raise errors.InvalidArgumentError(None, None, message)
        reader = self._reading()
        with os_errors(self._path):
            reader.seek(place, whence)

    def tell(self) -> int:
        """The current position in bytes."""
        return (self._reading() if self._plain_mode in _READABLE else self._writing()).tell()

    def seekable(self) -> bool:
        """Always true."""
        return True

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._writer is not None:
            with os_errors(self._path):
                self._writer.flush()

    def close(self) -> None:
        """Closes the file; a file opened for writing that was never written stays absent."""
        for file in (self._reader, self._writer):
            if file is not None:
                with os_errors(self._path):
                    file.close()
        self._reader = self._writer = None

    def __del__(self) -> None:
        # TF: files left open are closed with their object, without a warning
        for file in (getattr(self, "_reader", None), getattr(self, "_writer", None)):
            if file is not None:
                file.close()


class FastGFile(GFile):
    """The same as `GFile`; old programs read frozen graphs with it."""


class FileStatistics(NamedTuple):
    """Length in bytes, time of the last change in nanoseconds, whether it is a folder."""

    length: int
    mtime_nsec: int
    is_directory: bool


def exists(path: Any) -> bool:
    """Whether there is a file or folder of that name."""
    return os.path.exists(_local(path))


def isdir(path: Any) -> bool:
    """Whether there is a folder of that name."""
    return os.path.isdir(_local(path))


def stat(path: Any) -> FileStatistics:
    """Facts about a file or folder."""
    local = _local(path)
    with os_errors(local):
        found = os.stat(local)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(local))


def remove(path: Any) -> None:
    """Deletes a file."""
    local = _local(path)
    with os_errors(local):
        os.unlink(local)


def rmtree(path: Any) -> None:
    """Deletes a folder with all that is in it, or a file."""
    local = _local(path)
    with os_errors(local):
        if os.path.isdir(local):
            shutil.rmtree(local)
        else:
            os.unlink(local)


def mkdir(path: Any) -> None:
    """Makes a folder in one that exists."""
    local = _local(path)
    # TF: a folder, or a file, that is there already is no error
    with os_errors(local), contextlib.suppress(FileExistsError):
        os.mkdir(local)


def makedirs(path: Any) -> None:
    """Makes a folder and those above it, as far as they are missing."""
    local = _local(path)
    with os_errors(local):
        os.makedirs(local, exist_ok=True)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies a file's contents."""
    source, target = _local(src), _target(dst, overwrite)
    with os_errors(source):
        shutil.copyfile(source, target)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Renames or moves a file or folder."""
    source, target = _local(src), _target(dst, overwrite)
    with os_errors(source):
        os.replace(source, target)


def _target(path: Any, overwrite: bool) -> str:
    local = _local(path)
    if not overwrite and os.path.exists(local):
        raise errors.AlreadyExistsError(None, None, f"{local}: file already exists")
    return local


def glob(pattern: Any) -> list[str]:
    """Paths that match the pattern, or one of several, in order of their names.

    `*` and `?` match within a folder and match a leading dot too.
    Raises: NotFoundError when the folder before the first of them is not there.
    """
    if isinstance(pattern, str | bytes | os.PathLike):
        return matching(_local(pattern))
    return [path for single in pattern for path in glob(single)]


def listdir(path: Any) -> list[str]:
    """Names of what is in a folder."""
    local = _local(path)
    if not os.path.isdir(local):
        raise errors.NotFoundError(None, None, f"Could not find directory {local}")
    return os.listdir(local)


def walk(
    top: Any, topdown: bool = True, onerror: Callable[[errors.OpError], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """(folder, its folders, its files) for `top` and everything below it."""
    folder = _local(top)
    try:
        names = listdir(folder)
    except errors.NotFoundError as error:
        if onerror is not None:
            onerror(error)
        return
    folders = [name for name in names if isdir(Path(folder, name))]
    here = (folder, folders, [name for name in names if name not in folders])
    if topdown:
        yield here
    for name in folders:
        yield from walk(os.path.join(folder, name), topdown, onerror)
    if not topdown:
        yield here


# -- `tf.gfile`, which calls some arguments otherwise --------------------------------------------

Copy = renamed(copy, "Copy", oldpath="src", newpath="dst")
DeleteRecursively = renamed(rmtree, "DeleteRecursively", dirname="path")
Exists = renamed(exists, "Exists", filename="path")
Glob = renamed(glob, "Glob", filename="pattern")
IsDirectory = renamed(isdir, "IsDirectory", dirname="path")
ListDirectory = renamed(listdir, "ListDirectory", dirname="path")
MakeDirs = renamed(makedirs, "MakeDirs", dirname="path")
MkDir = renamed(mkdir, "MkDir", dirname="path")
Remove = renamed(remove, "Remove", filename="path")
Rename = renamed(rename, "Rename", oldname="src", newname="dst")
Stat = renamed(stat, "Stat", filename="path")


def Walk(top: Any, in_order: bool = True) -> Iterable[tuple[str, list[str], list[str]]]:
    """As `walk`, without a word of folders that cannot be read."""
    return walk(top, in_order)
