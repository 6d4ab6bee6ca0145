"""`tf.nn`: losses over a sample of the classes.

Source: TF 1.15 python/ops/nn_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, candidate_sampling, indexing, linalg, math
from tailrace.library.embedding import embedding_lookup
from tailrace.library.nn.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
)


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """Noise-contrastive estimation: true classes against sampled ones, each a logistic regression.

    Shapes: weights [V, D] (or its parts), biases [V], labels [B, num_true], inputs [B, D] -> [B].
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name,
    )
    losses = sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """Softmax cross entropy among the true classes and a sample of the others.

    Shapes: weights [V, D] (or its parts), biases [V], labels [B, num_true], inputs [B, D] -> [B].
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name,
        seed=seed,
    )
    targets = array.stop_gradient(targets, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=targets, logits=logits)


def _sampled_logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Tensor,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Any,
    remove_accidental_hits: bool,
    partition_strategy: str,
    name: str | None,
    seed: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Logits of the true and the sampled classes, less the log of their expected counts; targets.

    Shapes: -> [B, num_true + num_sampled] each.
    """
    if hasattr(weights, "_variable_list"):  # a partitioned variable
        weights = list(weights)
    weights = weights if isinstance(weights, list) else [weights]
    with g.name_scope(name, "compute_sampled_logits"):
        labels = arithmetic.cast(labels, dtypes.int64)
        flat = array.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = candidate_sampling.log_uniform_candidate_sampler(
                true_classes=labels,
                num_true=num_true,
                num_sampled=num_sampled,
                unique=True,
                range_max=num_classes,
                seed=seed,
            )
        sampled, true_count, sampled_count = (array.stop_gradient(s) for s in sampled_values)
        sampled = arithmetic.cast(sampled, dtypes.int64)
        ids = array.concat([flat, sampled], 0)
        rows = embedding_lookup(weights, ids, partition_strategy=partition_strategy)
        rows = arithmetic.cast(rows, inputs.dtype)
        true_rows, sampled_rows = _split_rows(rows, flat)
        sampled_logits = linalg.matmul(inputs, sampled_rows, transpose_b=True)
        offsets = embedding_lookup(biases, ids, partition_strategy=partition_strategy)
        offsets = arithmetic.cast(offsets, inputs.dtype)
        true_offsets = indexing.slice(offsets, [0], array.shape(flat))
        sampled_offsets = indexing.slice(offsets, array.shape(flat), [-1])
        true_logits = _row_dots(inputs, true_rows, num_true)
        true_offsets = array.reshape(true_offsets, [-1, num_true])
        true_logits += true_offsets
        sampled_logits += sampled_offsets
        if remove_accidental_hits:
            sampled_logits += _accidental_hits(
                labels, sampled, num_true, num_sampled, sampled_logits.dtype
            )
        true_logits -= math.log(true_count)
        sampled_logits -= math.log(sampled_count)
        logits = array.concat([true_logits, sampled_logits], 1)
        ones = array.ones_like(true_logits) / num_true
        return logits, array.concat([ones, array.zeros_like(sampled_logits)], 1)


def _split_rows(rows: Tensor, flat: Tensor) -> tuple[Tensor, Tensor]:
    """The embeddings of the true classes and those of the sampled ones."""
    true = indexing.slice(rows, [0, 0], array.stack([array.shape(flat)[0], -1]))
    sampled = indexing.slice(rows, array.stack([array.shape(flat)[0], 0]), [-1, -1])
    return true, sampled


def _row_dots(inputs: Tensor, true_rows: Tensor, num_true: int) -> Tensor:
    """Each input times the embeddings of its true classes. Shapes: -> [B, num_true]."""
    width = array.shape(true_rows)[1:2]
    by_example = array.concat([[-1, num_true], width], 0)
    wide = array.expand_dims(inputs, 1)
    products = arithmetic.multiply(wide, array.reshape(true_rows, by_example))
    matrix = array.reshape(products, array.concat([[-1], width], 0))
    return array.reshape(_sum_rows(matrix), [-1, num_true])


def _accidental_hits(
    labels: Tensor, sampled: Tensor, num_true: int, num_sampled: int, dtype: dtypes.DType
) -> Tensor:
    """Large negative numbers where a sampled class is a true one. Shapes: -> [B, num_sampled]."""
    hits = candidate_sampling.compute_accidental_hits(labels, sampled, num_true=num_true)
    rows, columns, weights = hits
    rows = array.reshape(rows, [-1, 1])
    columns = array.reshape(arithmetic.cast(columns, dtypes.int32), [-1, 1])
    places = array.concat([rows, columns], 1, "sparse_indices")
    shape = array.concat([array.shape(labels)[:1], array.expand_dims(num_sampled, 0)], 0)
    weights = arithmetic.cast(weights, dtype)
    return g.SparseToDense(places, shape, weights, 0.0, validate_indices=False)


def _sum_rows(x: Tensor) -> Tensor:
    """The sum of each row, as a product with ones. Shapes: [B, N] -> [B]."""
    columns = array.shape(x)[1]
    ones = array.ones(array.stack([columns, 1]), x.dtype)
    return array.reshape(linalg.matmul(x, ones), [-1])
