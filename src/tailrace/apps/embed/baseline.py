"""Vectors by counting: positive pointwise mutual information, and its largest components.

Levy, Goldberg, "Neural word embedding as implicit matrix factorization" (2014); Levy, Goldberg,
Dagan, "Improving distributional similarity with lessons learned from word embeddings" (2015), from
which the smoothed frequency of neighbours is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.embed.model import POWER
from tailrace.apps.embed.text import Text, neighbours


def ppmi_vectors(text: Text, window: int, number: int, size: int) -> NDArray[np.float32]:
    """Vectors [V, D] of V words from their neighbours within the window, near ones weighing more.

    A neighbour at distance d counts 1 - (d - 1) / window, which is how often word2vec takes it.
    """
    # a second to load, wanted here only
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import svds

    reach = np.full(len(text.numbers), window)
    centres, others = neighbours(text, window, reach)
    weights = 1 - (np.abs(centres - others) - 1) / window
    pairs = (text.numbers[centres], text.numbers[others])
    counts = coo_matrix((weights, pairs), shape=(number, number)).tocsr()
    words = np.asarray(counts.sum(1)).ravel()
    contexts = words**POWER
    contexts /= contexts.sum()
    found = counts.tocoo()
    information = np.log(found.data / (words[found.row] * contexts[found.col]))
    positive = np.maximum(information, 0.0)
    matrix = coo_matrix((positive, (found.row, found.col)), shape=counts.shape).tocsr()
    left, values, _ = svds(matrix, k=min(size, number - 1), rng=0)
    return (left * values).astype(np.float32)
