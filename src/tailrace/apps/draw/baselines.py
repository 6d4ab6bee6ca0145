"""What DRAW is compared with: pixels drawn independently, and mixtures of such pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.parts import generator
from tailrace.apps.draw.data import Values

Floats = NDArray[np.float64]

COMPONENTS = (10, 20, 50, 100, 200)
# passes of expectation and maximisation, and how often each number of components is begun anew
PASSES, STARTS = 60, 2
# white and black pixels that each component is given beside those it has
GIVEN = 0.5
# what random numbers are for
MIXTURE = 4


@dataclass(frozen=True)
class Mixture:
    """Kinds of pictures, each with a probability for every pixel to be white."""

    shares: Floats  # [K]
    white: Floats  # [K, P]

    def nats(self, pictures: Values) -> Floats:
        """-log p of each picture [N]."""
        return -_total(self._joint(pictures))

    def _joint(self, pictures: Values) -> Floats:
        """log p(kind, picture) [N, K]."""
        lit, dark = np.log(self.white), np.log1p(-self.white)
        return pictures @ (lit - dark).T + dark.sum(1) + np.log(self.shares)

    def learnt(self, pictures: Values) -> Mixture:
        """The mixture after a pass of expectation and maximisation."""
        joint = self._joint(pictures)
        return _fitted(np.exp(joint - _total(joint)[:, None]), pictures)


def independent(train: Values) -> Mixture:
    """One kind of picture: every pixel by itself."""
    return _fitted(np.ones((len(train), 1)), train)


def mixture(train: Values, validation: Values, seed: int) -> Mixture:
    """A mixture with as many kinds as do best on the validation part."""
    random = generator(seed, MIXTURE)
    best, least = independent(train), np.inf
    for kinds in (k for k in COMPONENTS if k <= len(train)):
        for _ in range(STARTS):
            found = _fitted(random.dirichlet(np.full(kinds, 0.1), len(train)), train)
            for _ in range(PASSES):
                found = found.learnt(train)
            nats = float(found.nats(validation).mean())
            if nats < least:
                best, least = found, nats
    return best


def _fitted(belongs: Floats, pictures: Values) -> Mixture:
    """The mixture whose kinds have these parts of the pictures [N, K]."""
    sizes = belongs.sum(0)
    white = (belongs.T @ pictures + GIVEN) / (sizes[:, None] + 2 * GIVEN)
    return Mixture((sizes + GIVEN) / (len(pictures) + GIVEN * len(sizes)), white)


def _total(logarithms: Floats) -> Floats:
    """log sum exp of each row."""
    most = logarithms.max(1)
    return most + np.log(np.exp(logarithms - most[:, None]).sum(1))
