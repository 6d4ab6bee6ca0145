"""Analogies with answers, from a file."""

from __future__ import annotations

from tailrace.apps.common.files import read_text
from tailrace.apps.embed.space import Question
from tailrace.apps.errors import UserError


def read_questions(path: str) -> dict[str, list[Question]]:
    """Groups of analogies as word2vec's questions-words.txt has them.

    A line `: NAME` begins a group, other lines are four words "a b c d": a is to b as c is to d.

    Raises: UserError where the file has another form.
    """
    found: dict[str, list[Question]] = {}
    group = found.setdefault("analogies", [])
    for number, line in enumerate(read_text(path).split("\n"), 1):
        cells = line.split()
        if line.startswith(":"):
            group = found.setdefault(line[1:].strip(), [])
        elif len(cells) == 4:
            group.append((cells[0], cells[1], cells[2], cells[3]))
        elif cells:
            raise UserError(f"{path}: line {number} has {len(cells)} words; an analogy has four")
    return {name: rows for name, rows in found.items() if rows}
