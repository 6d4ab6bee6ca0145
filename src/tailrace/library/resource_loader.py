"""`tf.resource_loader`: data files beside the program."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path


def _folder_of_caller() -> str:
    return str(Path(inspect.getfile(sys._getframe(2))).parent)


def get_data_files_path() -> str:
    """The folder of the file that calls this."""
    return _folder_of_caller()


def get_root_dir_with_all_resources() -> str:
    """The folder of the file that calls this."""
    return _folder_of_caller()


def get_path_to_datafile(path: str) -> str:
    """`path` beside the file that calls this."""
    return str(Path(_folder_of_caller()) / path)


def load_resource(path: str) -> bytes:
    """Contents of a file given relative to this package; raises OSError when there is none."""
    return (Path(__file__).parents[1] / path).read_bytes()


def readahead_file_path(path: str, readahead: str = "128M") -> str:
    """`path`, as it is."""
    del readahead
    return path
