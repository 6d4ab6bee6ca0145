"""What the network reads at each step, as numbers: symbol, groups that end there, match."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.matches import KINDS, Matches, encode_training
from tailrace.apps.lm.settings import Settings

Ids = NDArray[np.int64]


class Inputs(NamedTuple):
    """Gives texts as arrays [T, n]: rows of symbol and groups, then the match's symbol and kind."""

    groups: SymbolGroups
    matches: Matches | None

    @classmethod
    def of(cls, groups: SymbolGroups, ids: Ids, settings: Settings) -> Inputs:
        """Inputs of a model that learns the text `ids` [T], with groups of it."""
        longest = settings.match_length
        size = groups.vocabulary_size
        return cls(groups, Matches(ids, size, longest) if longest else None)

    @property
    def reach(self) -> int:
        """How many symbols before the last one matter."""
        return max(self.groups.longest, self.matches.longest if self.matches else 1) - 1

    def encode(self, ids: Ids, context: Ids | None = None) -> NDArray[np.int32]:
        """Inputs per position of `ids` [T], which follow on `context`: [T, n]."""
        rows = self.groups.encode(ids, context)
        if self.matches is None:
            return rows
        return _joined(rows, self.matches.encode(ids, context))

    def encode_training(self, ids: Ids) -> NDArray[np.int32]:
        """Inputs of the text that was fitted, for learning it."""
        rows = self.groups.encode(ids)
        if self.matches is None:
            return rows
        codes = encode_training(ids, self.groups.vocabulary_size, self.matches.longest)
        return _joined(rows, codes)


def _joined(rows: NDArray[np.int32], codes: Ids) -> NDArray[np.int32]:
    match = np.stack(np.divmod(codes, KINDS), axis=1)
    return np.concatenate([rows, match.astype(np.int32)], axis=1)
