"""Vectors beside those of another kind, by the same measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.parts import generator, mean_and_deviation
from tailrace.apps.embed.baseline import ppmi_vectors
from tailrace.apps.embed.embedding import Parts
from tailrace.apps.embed.measures import held_out_auc
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.space import Floats, Question, Space

# the larger one of the counted spaces has so many times the numbers
LARGER = 3


@dataclass(frozen=True)
class Entry:
    """What one set of vectors came to."""

    name: str
    space: Space
    seconds: float  # processor time
    auc: float
    # relation -> how many right, of how many
    answers: dict[str, tuple[int, int]]

    @property
    def right(self) -> float | None:
        """The part of all analogies that is answered rightly; None where none can be asked."""
        asked = sum(count for _, count in self.answers.values())
        return sum(right for right, _ in self.answers.values()) / asked if asked else None


class Contest:
    """Sets of vectors of the same words, asked the same."""

    def __init__(
        self, parts: Parts, settings: Settings, questions: Mapping[str, Sequence[Question]]
    ) -> None:
        self.parts, self.settings, self.questions = parts, settings, questions
        self.entries: list[Entry] = []

    def add(self, name: str, vectors: Floats, seconds: float) -> Entry:
        """One more set of vectors [V, D], perhaps of a name that is there with another seed."""
        space = Space(self.parts.vocabulary.symbols, vectors)
        auc = held_out_auc(vectors, self.parts.test, self.parts.counts, self.settings)
        entry = Entry(name, space, seconds, auc, space.answer(self.questions))
        self.entries.append(entry)
        return entry

    def add_baselines(self, clock: Any) -> None:
        """Vectors by counting, of the same size and larger; and drawn ones."""
        number, used = len(self.parts.vocabulary), self.settings
        for size in dict.fromkeys(min(n * used.size, number - 1) for n in (1, LARGER)):
            begun = clock()
            vectors = ppmi_vectors(self.parts.train, used.window, number, size)
            self.add(f"PPMI + SVD, {size} numbers", vectors, clock() - begun)
        drawn = generator(0, 3).standard_normal((number, used.size)).astype(np.float32)
        self.add("drawn by lot", drawn, 0.0)

    def groups(self) -> dict[str, list[Entry]]:
        """Entries by name."""
        names = list(dict.fromkeys(entry.name for entry in self.entries))
        return {name: [e for e in self.entries if e.name == name] for name in names}

    def relations(self) -> list[str]:
        """The groups of analogies that can be asked."""
        return [name for name, (_, count) in self.entries[0].answers.items() if count]

    def table(self) -> Table:
        """A row for each; of several seeds mean and deviation."""
        asked = bool(self.relations())
        rows = []
        for name, group in self.groups().items():
            row = [name]
            if asked:
                row.append(mean_and_deviation([entry.right or 0.0 for entry in group]))
            row.append(mean_and_deviation([entry.auc for entry in group]))
            rows.append([*row, f"{np.mean([entry.seconds for entry in group]):.1f}"])
        columns = ["", *(["analogies"] if asked else []), "held-out neighbours", "seconds"]
        return Table(columns, rows)

    def relations_table(self) -> Table:
        """Analogies answered rightly, by relation."""
        rows = []
        for name, group in self.groups().items():
            parts = [np.mean([_part(entry, r) for entry in group]) for r in self.relations()]
            rows.append([name, *(f"{part:.2f}" for part in parts)])
        return Table(["analogies", *self.relations()], rows)

    def figures(self) -> dict[str, Figure]:
        """Those of the learnt vectors, beside counted ones of the same size."""
        groups = list(self.groups().values())
        learnt, counted = groups[0], groups[1][0]
        found = {
            "held-out neighbours": Figure([e.auc for e in learnt], (counted.name, counted.auc))
        }
        if counted.right is not None:
            values = [entry.right or 0.0 for entry in learnt]
            found["analogies"] = Figure(values, (counted.name, counted.right))
        return found

    def results(self) -> dict[str, Any]:
        """The figures as JSON has them."""
        return {
            "sets": [
                {"name": e.name, "auc": e.auc, "analogies": e.right, "answers": e.answers}
                for e in self.entries
            ]
        }


def _part(entry: Entry, relation: str) -> float:
    right, count = entry.answers[relation]
    return right / count
