"""What is in a checkpoint, printed.

Source: TF 1.15 python/tools/inspect_checkpoint.py.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Sequence
from typing import Any

from tailrace.errors import OpError
from tailrace.library.checkpoint_utils import NewCheckpointReader


def _say(text: Any) -> None:
    sys.stdout.write(f"{text}\n")


def _count_total_params(reader: Any, count_exclude_pattern: str = "") -> int:
    """How many numbers the tensors have together, but for those whose name matches."""
    shapes = reader.get_variable_to_shape_map()
    if count_exclude_pattern:
        pattern = re.compile(count_exclude_pattern)
        left_out = [math.prod(shapes.pop(name)) for name in [*shapes] if pattern.search(name)]
        _say(
            f"# Excluding {len(left_out)} tensors ({sum(left_out)} params) that match "
            f"{count_exclude_pattern} when counting."
        )
    return sum(map(math.prod, shapes.values()))


def print_tensors_in_checkpoint_file(
    file_name: str,
    tensor_name: str | None,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Prints a checkpoint's names and shapes, the value of one tensor, or all names and values.

    What is wrong with the file is printed, too.
    """
    try:
        reader = NewCheckpointReader(file_name)
        if all_tensors or all_tensor_names:
            for name in sorted(reader.get_variable_to_shape_map()):
                _say(f"tensor_name:  {name}")
                if all_tensors:
                    _say(reader.get_tensor(name))
        elif not tensor_name:
            _say(reader.debug_string().decode())
        else:
            _say(f"tensor_name:  {tensor_name}")
            _say(reader.get_tensor(tensor_name))
        total = _count_total_params(reader, count_exclude_pattern)
        _say(f"# Total number of params: {total}")
    except OpError as error:
        _say(error)
        prefix, _, suffix = file_name.rpartition(".")
        if suffix.partition("-")[0] in ("index", "meta", "data"):
            _say(
                "\nIt's likely that this is a V2 checkpoint and you need to provide the filename\n"
                "*prefix*.  Try removing the '.' and extension.  Try:\n"
                f"inspect checkpoint --file_name = {prefix}"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Gives its exit status."""
    parser = argparse.ArgumentParser(prog="inspect_checkpoint", description=main.__doc__)
    parser.add_argument("--file_name", default="", help="checkpoint: the files' common prefix")
    parser.add_argument("--tensor_name", default="", help="tensor to print")
    for name, what in (("all_tensors", "names and values"), ("all_tensor_names", "names")):
        parser.add_argument(
            f"--{name}",
            nargs="?",
            const=True,
            type=lambda text: text.lower() == "true",
            default=False,
            help=f"print the {what} of all tensors",
        )
    parser.add_argument("--count_exclude_pattern", default="", help="names not to count")
    given = parser.parse_args(arguments)
    if not given.file_name:
        _say(
            "Usage: inspect_checkpoint --file_name=checkpoint_file_name "
            "[--tensor_name=tensor_to_print] [--all_tensors] [--all_tensor_names]"
        )
        return 1
    print_tensors_in_checkpoint_file(
        given.file_name,
        given.tensor_name,
        given.all_tensors,
        given.all_tensor_names,
        given.count_exclude_pattern,
    )
    return 0
