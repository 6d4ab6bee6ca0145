"""How good vectors are, where no questions with answers are at hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.parts import generator
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.text import Text, neighbours

# pairs that are looked at
MOST_PAIRS = 20_000


def held_out_auc(
    vectors: NDArray[np.float32], text: Text, counts: NDArray[np.int64], settings: Settings
) -> float:
    """How probable it is that neighbours in a held-out text are nearer than a word and a drawn one.

    The drawn word comes by the neighbours' frequency, so frequency alone gives 0.5. Pairs of a word
    with itself are left out.
    """
    random = generator(0, 5)
    reach = np.full(len(text.numbers), settings.window)
    centres, others = neighbours(text, settings.window, reach)
    kept = text.numbers[centres] != text.numbers[others]
    centres, others = text.numbers[centres[kept]], text.numbers[others[kept]]
    if not len(centres):
        return 0.5
    rows = random.choice(len(centres), min(MOST_PAIRS, len(centres)), replace=False)
    centres, others = centres[rows], others[rows]
    drawn = others[random.permutation(len(others))]
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    near = (unit[centres] * unit[others]).sum(1)
    far = (unit[centres] * unit[drawn]).sum(1)
    fair = centres != drawn
    wins = (near > far)[fair].mean() + 0.5 * (near == far)[fair].mean()
    return float(wins)
