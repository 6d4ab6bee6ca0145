"""The map as a TensorFlow program.

D dimensions, N vectors, U units. The weights [U,D] are a variable; a vector belongs to the unit
whose weights are closest, its best matching unit.

    online   for each vector x, in random order:  w += alpha h(d, sigma) (x - w)
    batch    all vectors at once:                 w = sum h(d, sigma) x / sum h(d, sigma)

d is the distance on the grid between a unit and the best matching unit of x. Values that are
missing (`known` is 0 there) count neither in distances nor in changes.

Source: T. Kohonen, Self-Organizing Maps, 3rd edition, Springer 2001, chapter 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.som.grid import Grid
from tailrace.apps.som.settings import Settings

Values = NDArray[np.float32]


def decay(kind: str, start: float, end: float, progress: tf.Tensor) -> tf.Tensor:
    """A quantity that goes from `start` to `end` while `progress` goes from 0 to 1."""
    if kind == "exponential":
        return start * tf.pow(end / start, progress)
    if kind == "linear":
        return start + (end - start) * progress
    if kind == "inverse":
        return start / (1.0 + (start / end - 1.0) * progress)
    return start + 0.0 * progress


def neighbourhood(kind: str, squared: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """How much of a change reaches units at these squared distances."""
    if kind == "bubble":
        return tf.cast(squared <= tf.square(sigma) * 1.00001, tf.float32)
    x = squared / (2.0 * tf.square(sigma))
    if kind == "mexican-hat":
        return (1.0 - x) * tf.exp(-x)
    return tf.exp(-x)


class Model:
    """The graph of a map and its session; all arrays are scaled, missing values are 0."""

    def __init__(self, settings: Settings, grid: Grid, dimensions: int, *, masked: bool) -> None:
        self._settings = settings
        self.masked = masked
        self._units, self._dimensions = grid.units, dimensions
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.weights = tf.get_variable(
                "weights", [grid.units, dimensions], initializer=tf.zeros_initializer()
            )
            self._lateral = tf.constant(grid.squared.astype(np.float32), name="lateral")
            self._vectors = tf.placeholder(tf.float32, [None, dimensions], name="vectors")
            self._known = (
                tf.placeholder(tf.float32, [None, dimensions], name="known") if masked else None
            )
            # of the training that is done, from 0 to 1; one per step
            self._progress = tf.placeholder(tf.float32, [None], name="progress")
            sigma = decay(settings.sigma_decay, settings.sigma, settings.sigma_end, self._progress)
            self._match()
            self._given = tf.placeholder(tf.float32, [grid.units, dimensions], name="given")
            self._put = tf.assign(self.weights, self._given)
            if settings.training == "batch":
                learnt = self._batch(sigma[0])
            else:
                alpha = decay(
                    settings.alpha_decay, settings.alpha, settings.alpha_end, self._progress
                )
                learnt = self._online(sigma, alpha)
            with tf.control_dependencies([self.winners, self.errors]):
                self._learn = tf.assign(self.weights, learnt)
            self.session = tf.Session(config=_one_thread())
            self.session.run(tf.global_variables_initializer())

    def _match(self) -> None:
        """Best matching units [N], their distances [N], and the second best units."""
        x, w, known = self._vectors, self.weights, self._known
        product = tf.matmul(x, -2.0 * w, transpose_b=True)
        if known is None:
            part = tf.reduce_sum(tf.square(w), 1)
            share = 1.0
        else:
            part = tf.matmul(known, tf.square(w), transpose_b=True)
            # as if the values known stood for all, as in R's package kohonen
            share = self._dimensions / tf.maximum(tf.reduce_sum(known, 1), 1.0)
        # without the squares of x, which are the same for all units
        closeness = product + part
        self.winners = tf.argmin(closeness, axis=1, name="winners")
        offsets = x - tf.gather(w, self.winners)
        if known is not None:
            offsets = offsets * known
        self.errors = tf.sqrt(tf.reduce_sum(tf.square(offsets), 1) * share, name="errors")
        self._best_two = tf.nn.top_k(-closeness, k=2).indices
        squares = tf.reduce_sum(tf.square(x), 1, keepdims=True)
        scale = share if known is None else tf.expand_dims(share, 1)
        self._distances = tf.sqrt(tf.maximum((closeness + squares) * scale, 0.0))

    def _batch(self, sigma: tf.Tensor) -> tf.Tensor:
        """Each unit becomes the mean of all vectors, weighted by how near their units are."""
        reach = neighbourhood(self._settings.neighbourhood, self._lateral, sigma)
        sums = tf.unsorted_segment_sum(self._vectors, self.winners, self._units)
        present = tf.ones_like(self._vectors[:, :1]) if self._known is None else self._known
        counts = tf.unsorted_segment_sum(present, self.winners, self._units)
        mass = tf.matmul(reach, counts)
        mean = tf.matmul(reach, sums) / tf.maximum(mass, 1e-12)
        # units that no vector reaches stay what they are
        reached = tf.logical_and(mass > 1e-12, tf.ones_like(mean, dtype=tf.bool))
        return tf.where(reached, mean, tf.identity(self.weights))

    def _online(self, sigma: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
        """One vector after the other: the best matching unit and those around it follow it."""
        vectors, known = self._vectors, self._known
        kind = self._settings.neighbourhood
        # without this the units that a Mexican hat pushes away would never stop
        low, high = tf.reduce_min(vectors, 0), tf.reduce_max(vectors, 0)

        def step(i: tf.Tensor, w: tf.Tensor) -> list[tf.Tensor]:
            offsets = vectors[i] - w
            if known is not None:
                offsets = offsets * known[i]
            winner = tf.argmin(tf.reduce_sum(tf.square(offsets), 1))
            reach = neighbourhood(kind, tf.gather(self._lateral, winner), sigma[i])
            w = w + tf.expand_dims(alpha[i] * reach, 1) * offsets
            if kind == "mexican-hat":
                w = tf.clip_by_value(w, low, high)
            return [i + 1, w]

        count = tf.shape(vectors)[0]
        _, learnt = tf.while_loop(lambda i, w: i < count, step, [0, tf.identity(self.weights)])
        return learnt

    def put(self, weights: Values) -> None:
        """Gives the units their weights."""
        self.session.run(self._put, {self._given: weights})

    def read(self) -> Values:
        """The units' weights [U,D]."""
        return self.session.run(self.weights)

    def learn(self, vectors: Values, known: Values, progress: Values) -> tuple[Values, Any, Any]:
        """One iteration; `progress` per step. Returns weights, units and errors before it."""
        feed = {**self._feed(vectors, known), self._progress: progress}
        before = self.read().copy()
        winners, errors, _ = self.session.run([self.winners, self.errors, self._learn.op], feed)
        return before, winners, errors

    def map(self, vectors: Values, known: Values) -> tuple[Any, Values]:
        """Each vector's best matching unit and its distance to it."""
        return self.session.run([self.winners, self.errors], self._feed(vectors, known))

    def best_two(self, vectors: Values, known: Values) -> Any:
        """Each vector's best and second best unit, [N,2]."""
        return self.session.run(self._best_two, self._feed(vectors, known))

    def distances(self, vectors: Values, known: Values) -> Values:
        """Each vector's distance to each unit, [N,U]."""
        return self.session.run(self._distances, self._feed(vectors, known))

    def _feed(self, vectors: Values, known: Values) -> dict[Any, Any]:
        if self._known is None:
            return {self._vectors: vectors}
        return {self._vectors: vectors, self._known: known}


def _one_thread() -> tf.ConfigProto:
    return tf.ConfigProto(intra_op_parallelism_threads=1)
