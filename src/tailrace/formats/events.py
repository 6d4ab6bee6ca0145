"""Event files, which TensorBoard reads: TFRecord files of `Event` messages.

Source: TF 1.15 core/util/events_writer.cc, python/summary/writer/event_file_writer.py.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from tailrace.formats import protos
from tailrace.formats.files import os_errors
from tailrace.formats.tf_record import encode_record

_VERSION = "brain.Event:2"


class EventsWriter:
    """Appends events to the file `<prefix>.out.tfevents.<seconds>.<host>`, made with the first.

    What TensorFlow's Python gets from its C++ part, under that name and with those methods; some
    programs write their own events with it.
    """

    def __init__(self, prefix: bytes | str) -> None:
        self._prefix = os.fsdecode(prefix)
        self._suffix = ""
        self._path = ""
        self._file: Any = None

    def InitWithSuffix(self, suffix: bytes | str) -> None:
        """Makes the file, with `suffix` behind its name."""
        self.Close()
        self._suffix = os.fsdecode(suffix)
        self._open()

    def FileName(self) -> bytes:
        """The file's path; the file is made if need be."""
        self._open()
        return os.fsencode(self._path)

    def WriteEvent(self, event: Any) -> None:
        """Appends an `Event`; raises: TypeError for anything else."""
        if not isinstance(event, protos.Event):
            raise TypeError(f"an Event is wanted, not {type(event).__name__}")
        self._open()
        self._append(event)

    def Flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._file is not None:
            self._file.flush()

    def Close(self) -> None:
        """Finishes the file; what is written after that begins another."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        if self._file is None:
            stamp = f"out.tfevents.{int(time.time()):010d}.{socket.gethostname()}"
            self._path = f"{self._prefix}.{stamp}{self._suffix}"
            with os_errors(self._path):
                self._file = open(self._path, "ab")  # noqa: SIM115 (closed by Close)
            self._append(protos.Event(wall_time=time.time(), file_version=_VERSION))
            self._file.flush()

    def _append(self, event: Any) -> None:
        self._file.write(encode_record(event.SerializeToString()))


class EventFileWriter:
    """Appends events to a new file in a folder, which is made if need be.

    Several threads may write. Events reach the disk when `max_queue` of them wait, when the last
    flush is `flush_secs` seconds ago, on `flush` and on `close`.
    """

    def __init__(
        self,
        logdir: Any,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str | None = None,
    ) -> None:
        self._logdir = os.fsdecode(logdir)
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        self._suffix = filename_suffix or ""
        self._lock = threading.Lock()
        self._file: EventsWriter | None = None
        self._path = ""
        self._waiting = 0
        self._flushed_s = time.monotonic()
        self.reopen()

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    def reopen(self) -> None:
        """Goes on in another file after `close`; nothing while the file is open."""
        with self._lock, os_errors(self._logdir):
            if self._file is not None:
                return
            Path(self._logdir).mkdir(parents=True, exist_ok=True)
            self._file = EventsWriter(os.path.join(self._logdir, "events"))
            self._file.InitWithSuffix(self._suffix)
            self._path = os.fsdecode(self._file.FileName())

    def add_event(self, event: Any) -> None:
        """Appends an `Event`; nothing once the writer is closed."""
        with self._lock, os_errors(self._path):
            if self._file is None:
                return
            self._file.WriteEvent(event)
            self._waiting += 1
            late = time.monotonic() - self._flushed_s >= self._flush_secs
            if late or self._waiting >= self._max_queue:
                self._flush(self._file)

    def flush(self) -> None:
        """Hands what was added to the operating system."""
        with self._lock, os_errors(self._path):
            if self._file is not None:
                self._flush(self._file)

    def close(self) -> None:
        """Finishes the file."""
        with self._lock, os_errors(self._path):
            if self._file is not None:
                self._file.Close()
                self._file = None

    def _flush(self, file: EventsWriter) -> None:
        file.Flush()
        self._waiting = 0
        self._flushed_s = time.monotonic()
