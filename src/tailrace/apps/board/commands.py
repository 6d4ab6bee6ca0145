"""`tailrace board`: finds the event files and starts TensorBoard."""

from __future__ import annotations

import argparse
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tailrace.apps.common.display import say, stopping
from tailrace.apps.common.settings import within
from tailrace.apps.errors import UserError

EVENTS = "*tfevents*"


def serve(args: argparse.Namespace) -> int:
    """Serves until Ctrl-C."""
    within("port", args.port, 0, 65536)
    runs = find_runs(args.folders)
    url = start(args.folders, args.host, args.port)
    say(f"{len(runs)} run(s): {', '.join(runs[:8])}{' ...' if len(runs) > 8 else ''}")
    say(f"TensorBoard is at {url} (Ctrl-C ends it)")
    wait_for_end(say)
    return 0


def find_runs(folders: Sequence[str]) -> list[str]:
    """The folders that hold event files.

    Raises: UserError for a folder that is not there, or if none of them has any.
    """
    found = set()
    for name in folders:
        folder = Path(name)
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder")
        found |= {str(file.parent) for file in folder.rglob(EVENTS)}
    if not found:
        raise UserError(
            f"{', '.join(folders)}: no event files; tf.summary.FileWriter writes them, and every "
            "`tailrace ... train` into logs/ of its folder"
        )
    return sorted(found)


def start(folders: Sequence[str], host: str, port: int) -> str:
    """Starts TensorBoard in a thread of this process; returns its address.

    Raises: UserError where it cannot listen.
    """
    try:
        # TensorBoard prints what is wrong with a host before it raises
        socket.getaddrinfo(host, port)
    except OSError as error:
        raise UserError(f"--host {host}: {error.strerror}") from None
    # seconds to load, wanted here only
    from tensorboard import default, program

    server = program.TensorBoard(default.get_plugins())
    several = len(folders) > 1
    # a name that begins with "/" would be taken for a part of the path
    named = [f"{name.strip('/') or name}:{name}" for name in folders]
    where, given = ("--logdir_spec", ",".join(named)) if several else ("--logdir", folders[0])
    address = ["--host", host, "--port", str(port)]
    # its data server tells that it is experimental, on every start
    server.configure(argv=["tensorboard", where, given, *address, "--load_fast", "false"])
    try:
        return server.launch()
    except (program.TensorBoardServerException, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"--host {host} --port {port}: {reason}; --port 0 takes a free one"
        ) from None


def wait_for_end(tell: Callable[[str], None]) -> None:
    """Waits for Ctrl-C."""
    end = threading.Event()
    with stopping(end.set):
        end.wait()
    tell("ended")
