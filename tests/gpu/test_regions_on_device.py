"""Recurrent programs on the device that is none give what they give on the host: every cell, loop
and wrapper at least once. On a real GPU all combinations are run (`test_cuda.py`).
"""

import pytest
import regions
from fake_device import present

PROGRAMS = [
    (title, row, column)
    for title, (rows, columns, _) in regions.TABLES.items()
    for i, row in enumerate(rows)
    for j, column in enumerate(columns)
    if not (i - j) % min(len(rows), len(columns))  # diagonals of the table
]


@pytest.mark.parametrize("place", PROGRAMS, ids=["-".join(place) for place in PROGRAMS])
def test_program(place: tuple[str, str, str]):
    with present():
        regions.compare(place, 1e-9)
