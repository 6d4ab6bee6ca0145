"""How the gradient of the last character's loss fares on its way back through a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.compare.data import Data
from tailrace.apps.compare.engines import tf_program
from tailrace.apps.compare.race import Weights
from tailrace.apps.compare.settings import Settings


class Flow:
    """A network of a cell unrolled step by step, so that every state is a tensor of the graph."""

    def __init__(self, cell: str, data: Data, settings: Settings) -> None:
        self._batch = data.held_out[0]
        vocabulary, size = data.vocabulary, settings.size
        self._graph = tf.Graph()
        with self._graph.as_default():
            self._x = tf.placeholder(tf.int32, [None, settings.steps], name="x")
            self._y = tf.placeholder(tf.int32, [None], name="y")
            steps = tf.unstack(tf_program.embedded(tf, self._x, vocabulary, size), axis=1)
            layers = tf_program.cells(tf, cell, size, settings.layers)
            state, states = layers.zero_state(tf.shape(self._x)[0], tf.float32), []
            output = steps[0]
            for step in steps:
                output, state = layers(step, state)
                states.append(state)
            logits = tf_program.scores(tf, output, vocabulary, size)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=self._y)
            flow = tf.contrib.diagnostics.gradient_flow(tf.reduce_mean(losses), states)
            self._flow = flow
            self._variables = tf.trainable_variables()
            self._session = tf.Session()

    def norms(self, weights: Weights) -> NDArray[np.float32]:
        """Norms of the gradient by the state of each layer after each step [layers, T]."""
        for variable, value in zip(self._variables, weights, strict=True):
            variable.load(value, self._session)
        feed = {self._x: self._batch[:, :-1], self._y: self._batch[:, -1]}
        return self._session.run(self._flow, feed)
