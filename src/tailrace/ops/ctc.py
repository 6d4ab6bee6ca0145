"""Connectionist temporal classification: loss, greedy decoding, beam search.

The last class is the blank. Inputs are logits [T, B, C], time first.

Source: TF 1.15 core/ops/ctc_ops.cc, core/util/ctc/ctc_loss_calculator.h, ctc_beam_search.h,
ctc_decoder.h; Graves et al. 2006.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tailrace.dtypes import float32, float64
from tailrace.errors import invalid
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import agree, with_rank

_FLOAT = type_attr((float32, float64), float32)
_SECOND_DERIVATIVE = (
    "Currently there is no way to take the second  derivative of ctc_loss due to the fused "
    "implementation's interaction  with tf.gradients()"
)


# -- loss ------------------------------------------------------------------------------------------


@op(
    "CTCLoss",
    "inputs: T, labels_indices: int64, labels_values: int32, sequence_length: int32 "
    "-> loss: T, gradient: T",
    preprocess_collapse_repeated=False,
    ctc_merge_repeated=True,
    ignore_longer_outputs_than_inputs=False,
    T=_FLOAT,
    _host=("labels_indices", "labels_values", "sequence_length"),
)
def ctc_loss(
    inputs,
    labels_indices,
    labels_values,
    sequence_length,
    *,
    preprocess_collapse_repeated,
    ctc_merge_repeated,
    ignore_longer_outputs_than_inputs,
):
    """-log P(labels | inputs), summed over all alignments, and its gradient.

    Shapes: inputs [T, B, C], labels sparse [B, any], sequence_length [B] -> loss [B],
    gradient [T, B, C].
    """
    steps, batch, classes = inputs.shape
    _check_lengths(sequence_length, steps, batch)
    labels = _label_lists(labels_indices, labels_values, batch)
    if preprocess_collapse_repeated:
        labels = [[key for key, _ in itertools.groupby(row)] for row in labels]
    ignored = _check_labels(labels, sequence_length, classes, ignore_longer_outputs_than_inputs)
    labels = [[] if skip else row for row, skip in zip(labels, ignored, strict=True)]
    logs = torch.log_softmax(inputs, 2)
    compute = _merged_loss if ctc_merge_repeated else _unmerged_loss
    loss, gradient = compute(logs, labels, sequence_length)
    place = inputs.device
    ends = torch.tensor(sequence_length, device=place)
    after = torch.arange(steps, device=place)[:, None] >= ends[None]
    skipped = torch.tensor(ignored, device=place)
    gradient.masked_fill_((after | skipped[None])[:, :, None], 0)
    return loss.masked_fill(skipped, 0), gradient


def _check_lengths(lengths: Sequence[int], steps: int, batch: int) -> None:
    if len(lengths) != batch:
        raise invalid(f"len(sequence_length) != batch_size: {len(lengths)} vs {batch}")
    if any(length > steps for length in lengths):
        raise invalid(f"sequence_length must be at most {steps}, got {list(lengths)}")


def _label_lists(indices: Any, values: Sequence[int], batch: int) -> list[list[int]]:
    labels: list[list[int]] = [[] for _ in range(batch)]
    for (row, _), value in zip(indices, values, strict=True):
        if not 0 <= row < batch:
            raise invalid(f"labels indices point to batch entry {row} of {batch}")
        labels[row].append(value)
    return labels


def _check_labels(
    labels: list[list[int]], lengths: Sequence[int], classes: int, ignore: bool
) -> list[bool]:
    """Which examples are left out because their labels do not fit into the time there is."""
    ignored = []
    for b, (row, length) in enumerate(zip(labels, lengths, strict=True)):
        if not row:
            raise invalid(f"Labels length is zero in batch {b}")
        if any(not 0 <= label < classes - 1 for label in row):
            raise invalid(
                f"Saw a label out of range in batch {b}: {row}; the last of {classes} classes is "
                "the blank"
            )
        if len(row) > length and not ignore:
            raise invalid(
                f"Not enough time for target transition sequence (required: {len(row)}, available: "
                f"{length}){b}You can turn this error into a warning by using the flag "
                "ignore_longer_outputs_than_inputs"
            )
        ignored.append(len(row) > length)
    return ignored


def _merged_loss(
    logs: torch.Tensor, labels: list[list[int]], lengths: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    blank = logs.shape[2] - 1
    width = max(1, *map(len, labels)) if labels else 1
    padded = [row + [0] * (width - len(row)) for row in labels]
    targets = torch.tensor(padded, device=logs.device).reshape(-1, width)
    sizes = [len(row) for row in labels]
    loss, alphas = torch.ops.aten._ctc_loss(logs, targets, list(lengths), sizes, blank, False)
    gradient = torch.ops.aten._ctc_loss_backward(
        torch.ones_like(loss), logs, targets, list(lengths), sizes, loss, alphas, blank, False
    )
    # where no alignment is possible the loss is infinite and the gradient that of the softmax
    impossible = loss.isinf()[None, :, None]
    return loss, torch.where(impossible, logs.exp(), gradient)


def _unmerged_loss(
    logs: torch.Tensor, labels: list[list[int]], lengths: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """With equal labels one after the other counted as several; example by example."""
    losses, gradient = [], logs.exp()
    for b, (row, length) in enumerate(zip(labels, lengths, strict=True)):
        own = logs[:length, b]
        blank = own.shape[1] - 1
        path = [*(v for label in row for v in (blank, label)), blank]
        states = torch.tensor(path, device=logs.device)
        alphas = _forward(own[:, states])
        betas = _forward(own[:, states].flip(0, 1)).flip(0, 1)
        total = torch.logsumexp(alphas[-1, -2:], 0)
        losses.append(-total)
        if total.isinf():
            continue
        posterior = (alphas + betas - own[:, states] - total).exp()
        gradient[:length, b].index_add_(1, states, -posterior)
    return torch.stack(losses), gradient


def _forward(emissions: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of all ways to each state; even states are blanks and may last.

    Shapes: [T, S] -> [T, S].
    """
    steps, states = emissions.shape
    lasting = torch.arange(states, device=emissions.device) % 2 == 0
    alphas = [emissions.new_full((states,), -math.inf)]
    alphas[0][:2] = emissions[0, :2]
    outside = emissions.new_full((2,), -math.inf)
    for t in range(1, steps):
        padded = torch.cat([outside, alphas[-1]])
        stay = alphas[-1].masked_fill(~lasting, -math.inf)
        skip = padded[:-2].masked_fill(lasting, -math.inf)
        ways = torch.stack([stay, padded[1:-1], skip])
        alphas.append(torch.logsumexp(ways, 0) + emissions[t])
    return torch.stack(alphas)


@ctc_loss.shape
def ctc_loss_shape(inputs, labels_indices, labels_values, sequence_length):
    inputs = with_rank(inputs, 3)
    indices, values = with_rank(labels_indices, 2), with_rank(labels_values, 1)
    agree(indices[0], values[0], "numbers of labels_indices and labels_values")
    batch = agree(inputs[1], with_rank(sequence_length, 1)[0], "batch sizes")
    return [[batch], [inputs[0], batch, inputs[2]]]


@ctc_loss.gradient
def ctc_loss_gradient(g, op, d_loss, _):
    once = g.PreventGradient(op.gradient, message=_SECOND_DERIVATIVE)
    return g.ExpandDims(d_loss, -1) * once, None, None, None


# -- greedy decoding -------------------------------------------------------------------------------


def _sparse(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows of different lengths as the parts of a sparse matrix."""
    indices = [(b, i) for b, row in enumerate(rows) for i in range(len(row))]
    values = [value for row in rows for value in row]
    return (
        torch.tensor(indices, dtype=torch.int64).reshape(-1, 2),
        torch.tensor(values, dtype=torch.int64),
        torch.tensor([len(rows), max(map(len, rows), default=0)]),
    )


@op(
    "CTCGreedyDecoder",
    "inputs: T, sequence_length: int32 -> decoded_indices: int64, decoded_values: int64, "
    "decoded_shape: int64, log_probability: T",
    merge_repeated=False,
    T=_FLOAT,
    _host="sequence_length",
    _host_only=True,
)
def ctc_greedy_decoder(inputs, sequence_length, *, merge_repeated):
    """The most likely class of each step without blanks, and minus the sum of their logits.

    Shapes: inputs [T, B, C], sequence_length [B] -> sparse [B, any], [B, 1].
    """
    steps, batch, classes = inputs.shape
    _check_lengths(sequence_length, steps, batch)
    best, choices = inputs.max(2)
    rows, scores = [], []
    for b, length in enumerate(sequence_length):
        path = choices[:length, b].tolist()
        if merge_repeated:
            path = [key for key, _ in itertools.groupby(path)]
        rows.append([label for label in path if label != classes - 1])
        scores.append(-best[:length, b].sum())
    return (*_sparse(rows), torch.stack(scores).reshape(batch, 1))


ctc_greedy_decoder.no_gradient("classes do not vary smoothly")


@ctc_greedy_decoder.shape
def ctc_greedy_decoder_shape(inputs, sequence_length):
    inputs = with_rank(inputs, 3)
    batch = agree(inputs[1], with_rank(sequence_length, 1)[0], "batch sizes")
    return [[None, 2], [None], [2], [batch, 1]]


# -- beam search -----------------------------------------------------------------------------------


class _Beam:
    """The likeliest prefixes of an example, with the probabilities that they end in a blank or not.

    Prefixes are nodes of a tree, known by number: `parents[n]` and `labels[n]`; node 0 is empty.
    """

    def __init__(self, classes: int, width: int) -> None:
        self.blank = classes - 1
        self.width = width
        self.parents, self.labels = [-1], [-1]
        self.children: dict[tuple[int, int], int] = {}
        self.nodes = [0]
        self.with_blank = np.zeros(1)
        self.with_label = np.full(1, -np.inf)

    @property
    def total(self) -> np.ndarray:
        return np.logaddexp(self.with_blank, self.with_label)

    def step(self, logs: np.ndarray) -> None:
        """Go on by the log-probabilities of the classes. Shapes: logs [C]."""
        places = {node: i for i, node in enumerate(self.nodes)}
        labels = np.array([self.labels[n] for n in self.nodes])
        parents = np.array([places.get(self.parents[n], -1) for n in self.nodes])
        total, blank = self.total, self.with_blank
        new_blank = total + logs[self.blank]
        new_label = self._extended(labels, parents, total, logs)
        grown = total[:, None] + logs[None, : self.blank]
        real = np.flatnonzero(labels >= 0)
        # a label right after itself needs a blank between
        grown[real, labels[real]] = blank[real] + logs[labels[real]]
        present = np.flatnonzero(parents >= 0)
        grown[parents[present], labels[present]] = -np.inf
        self._keep_best(new_blank, new_label, grown)

    def _extended(
        self, labels: np.ndarray, parents: np.ndarray, total: np.ndarray, logs: np.ndarray
    ) -> np.ndarray:
        """Probabilities of the same prefixes ending in their label, said again or just now."""
        result = self.with_label.copy()
        for i in np.flatnonzero(parents >= 0):
            parent = parents[i]
            repeated = labels[i] == labels[parent]
            before = self.with_blank[parent] if repeated else total[parent]
            result[i] = np.logaddexp(result[i], before)
        real = labels >= 0
        result[real] += logs[labels[real]]
        return result

    def _keep_best(self, blank: np.ndarray, label: np.ndarray, grown: np.ndarray) -> None:
        scores = np.concatenate([np.logaddexp(blank, label), grown.reshape(-1)])
        count = int(np.count_nonzero(scores > -np.inf))
        order = np.argsort(-scores, kind="stable")[: min(self.width, count)]
        kept, old = [], len(self.nodes)
        blanks = np.full(len(order), -np.inf)
        ends = np.full(len(order), -np.inf)
        for i, place in enumerate(order.tolist()):
            if place < old:
                kept.append(self.nodes[place])
                blanks[i], ends[i] = blank[place], label[place]
                continue
            parent, symbol = divmod(place - old, self.blank)
            kept.append(self._child(self.nodes[parent], symbol))
            ends[i] = scores[place]
        self.nodes, self.with_blank, self.with_label = kept, blanks, ends

    def _child(self, node: int, label: int) -> int:
        key = (node, label)
        if key not in self.children:
            self.children[key] = len(self.parents)
            self.parents.append(node)
            self.labels.append(label)
        return self.children[key]

    def path(self, rank: int, merge_repeated: bool) -> list[int]:
        """The labels of the prefix that is `rank`-th best."""
        node, labels = self.nodes[rank], []
        while node:
            labels.append(self.labels[node])
            node = self.parents[node]
        labels.reverse()
        return [key for key, _ in itertools.groupby(labels)] if merge_repeated else labels


@op(
    "CTCBeamSearchDecoder",
    "inputs: T, sequence_length: int32 -> decoded_indices: top_paths*int64, "
    "decoded_values: top_paths*int64, decoded_shape: top_paths*int64, log_probability: T",
    beam_width=Attr("int", minimum=1),
    top_paths=Attr("int", minimum=1),
    merge_repeated=True,
    T=_FLOAT,
    _host="sequence_length",
    _host_only=True,
)
def ctc_beam_search_decoder(inputs, sequence_length, *, beam_width, top_paths, merge_repeated):
    """The likeliest label sequences, all their alignments taken together.

    TF: merge_repeated also merges labels that a blank had kept apart.
    Shapes: inputs [T, B, C], sequence_length [B] -> top_paths times sparse [B, any], and
    log-probabilities [B, top_paths].
    """
    steps, batch, classes = inputs.shape
    _check_lengths(sequence_length, steps, batch)
    logs = torch.log_softmax(inputs.double(), 2).numpy()
    paths: list[list[list[int]]] = [[] for _ in range(top_paths)]
    scores = np.empty((batch, top_paths))
    for b, length in enumerate(sequence_length):
        beam = _Beam(classes, beam_width)
        for t in range(length):
            beam.step(logs[t, b])
        if top_paths > len(beam.nodes):
            raise invalid("Less leaves in the beam search than requested.")
        scores[b] = beam.total[:top_paths]
        for rank in range(top_paths):
            paths[rank].append(beam.path(rank, merge_repeated))
    indices, values, shapes = zip(*map(_sparse, paths), strict=True)
    return *indices, *values, *shapes, torch.from_numpy(scores).to(inputs.dtype)


ctc_beam_search_decoder.no_gradient("classes do not vary smoothly")


@ctc_beam_search_decoder.shape
def ctc_beam_search_decoder_shape(inputs, sequence_length, *, top_paths):
    inputs = with_rank(inputs, 3)
    batch = agree(inputs[1], with_rank(sequence_length, 1)[0], "batch sizes")
    return [
        *[[None, 2]] * top_paths,
        *[[None]] * top_paths,
        *[[2]] * top_paths,
        [batch, top_paths],
    ]
