"""How far sequences are apart: the edit distance.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/edit_distance_op.cc.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import arrays, errors
from tailrace.dtypes import ANY
from tailrace.errors import ShapeError
from tailrace.registry import op
from tailrace.shapes import UNKNOWN


def _sequences(indices, values, shape, what):
    """Place in the leading dimensions of a sparse tensor -> the elements there."""
    if indices.ndim != 2 or len(indices) != len(values) or indices.shape[1] != len(shape):
        raise errors.invalid(
            f"{what}: indices {list(indices.shape)}, values {list(values.shape)} and shape {shape} "
            "do not go together"
        )
    found: dict[tuple[int, ...], list[object]] = {}
    items = arrays.to_numpy(values).tolist()
    for place, item in zip(indices.tolist(), items, strict=True):
        found.setdefault(tuple(place[:-1]), []).append(item)
    return found


def levenshtein(a, b):
    """The least number of insertions, deletions and substitutions that make b of a."""
    if not a or not b:
        return len(a) or len(b)
    numbers = {item: i for i, item in enumerate(dict.fromkeys([*a, *b]))}
    row_items = np.array([numbers[item] for item in b])
    steps = np.arange(len(b) + 1)
    row = steps
    for i, item in enumerate(a, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (row_items != numbers[item]))
        # an insertion costs one more than its left neighbour: a running minimum along the row
        row = np.minimum.accumulate(np.concatenate([[i], best]) - steps) + steps
    return int(row[-1])


def _normalized(distance, length):
    if length:
        return distance / length
    return float("inf") if distance else 0.0


@op(
    "EditDistance",
    "hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, "
    "truth_indices: int64, truth_values: T, truth_shape: int64 -> output: float32",
    normalize=True,
    T=ANY,
    _host=("hypothesis_shape", "truth_shape"),
)
def edit_distance(
    hypothesis_indices,
    hypothesis_values,
    hypothesis_shape,
    truth_indices,
    truth_values,
    truth_shape,
    *,
    normalize,
):
    """The Levenshtein distance of sequences, divided by the length of the truth if `normalize`.

    Shapes: sparse [..., longest] each -> [...].
    """
    if len(hypothesis_shape) != len(truth_shape):
        raise errors.invalid(
            f"Expected hypothesis_shape and truth_shape of one size, but they are "
            f"{hypothesis_shape} and {truth_shape}"
        )
    guesses = _sequences(hypothesis_indices, hypothesis_values, hypothesis_shape, "hypothesis")
    truths = _sequences(truth_indices, truth_values, truth_shape, "truth")
    dims = [max(m, n) for m, n in zip(hypothesis_shape[:-1], truth_shape[:-1], strict=True)]
    result = torch.zeros(dims, dtype=torch.float32)
    for group in guesses.keys() | truths.keys():
        guess, truth = guesses.get(group, []), truths.get(group, [])
        distance = levenshtein(guess, truth)
        result[group] = _normalized(distance, len(truth)) if normalize else distance
    return result


@edit_distance.shape
def edit_distance_shape(
    hypothesis_indices,
    hypothesis_values,
    hypothesis_shape,
    truth_indices,
    truth_values,
    truth_shape,
):
    guess, truth = hypothesis_shape.value, truth_shape.value
    if guess is None or truth is None:
        return [UNKNOWN]
    if len(guess) != len(truth):
        raise ShapeError(f"shapes {guess.tolist()} and {truth.tolist()} have different ranks")
    return [np.maximum(guess, truth)[:-1].tolist()]


edit_distance.no_gradient("a count of edits does not vary smoothly")
