"""The categorical distribution of vectors with a single one.

Source: TF 1.15 contrib/distributions/python/ops/onehot_categorical.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, checks
from tailrace.library import random as random_
from tailrace.library.array_more import matrix_set_diag
from tailrace.library.control_flow import with_dependencies
from tailrace.library.distributions import parameters as given
from tailrace.library.distributions.base import NOT_REPARAMETERIZED
from tailrace.library.distributions.classes import OfLogits
from tailrace.library.distributions.divergence import RegisterKL
from tailrace.library.linalg import matmul
from tailrace.library.nn.activations import log_softmax, softmax
from tailrace.library.nn.cross_entropy import softmax_cross_entropy_with_logits
from tailrace.library.reductions import argmax, reduce_logsumexp, reduce_sum
from tailrace.shapes import TensorShape


class OneHotCategorical(OfLogits):
    """One of k classes as a vector. Shapes: logits or probs [*batch, k] -> samples [*batch, k]."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = dtypes.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "OneHotCategorical",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            self._logits, self._probs = given.logits_and_probs(
                logits, probs, name, validate_args, classes=True
            )
            rank = self._logits.shape.with_rank_at_least(1).ndims
            if rank is not None:
                self._batch_rank = convert_to_tensor(rank - 1, dtypes.int32, name="batch_rank")
            else:
                with g.name_scope("batch_rank"):
                    self._batch_rank = array.rank(self._logits) - 1
            with g.name_scope("event_size"):
                sizes: Any = array.shape(self._logits)
                self._event_size = sizes[-1]
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    @property
    def event_size(self) -> Tensor:
        """The number of classes, a scalar."""
        return self._event_size

    def _batch_shape_tensor(self) -> Tensor:
        sizes: Any = array.shape(self.logits)
        return sizes[:-1]

    def _batch_shape(self) -> TensorShape:
        return self.logits.shape[:-1]

    def _event_shape_tensor(self) -> Tensor:
        sizes: Any = array.shape(self.logits)
        return sizes[-1:]

    def _event_shape(self) -> TensorShape:
        return self.logits.shape.with_rank_at_least(1)[-1:]

    def _rows(self, x: Tensor) -> Tensor:
        return array.reshape(x, [-1, self.event_size])

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], array.shape(self.logits)], 0)
        rows = self.logits if self.logits.shape.ndims == 2 else self._rows(self.logits)
        drawn = array.transpose(random_.multinomial(rows, n, seed=seed))
        return array.reshape(array.one_hot(drawn, self.event_size, dtype=self.dtype), shape)

    def _log_prob(self, x: Tensor) -> Tensor:
        if self.validate_args:
            total = reduce_logsumexp(x, axis=[-1])
            checked = [
                checks.assert_non_positive(x),
                checks.assert_near(array.zeros([], self.dtype), total),
            ]
            x = with_dependencies(checked, x)
        logits = self.logits
        if not g.same_static_shape(x, logits):
            logits = array.ones_like(x, dtype=logits.dtype) * logits
            x = array.ones_like(logits, dtype=x.dtype) * x
        shape = array.shape(reduce_sum(logits, -1))
        rows = self._rows(logits)
        loss = softmax_cross_entropy_with_logits(labels=self._rows(x), logits=rows)
        return array.reshape(-loss, shape)

    def _entropy(self) -> Tensor:
        return -reduce_sum(log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self) -> Tensor:
        best = argmax(self.logits, axis=self._batch_rank)
        mode = array.one_hot(best, self.event_size, dtype=self.dtype)
        mode.set_shape(self.logits.shape)
        return mode

    def _covariance(self) -> Tensor:
        p: Any = self.probs
        column = p[..., None]
        product = -matmul(column, p[..., None, :])
        return matrix_set_diag(product, self._variance())

    def _variance(self) -> Tensor:
        return self.probs * (1.0 - self.probs)


@RegisterKL(OneHotCategorical, OneHotCategorical)
def _kl_one_hot(a: OneHotCategorical, b: OneHotCategorical, name: str | None = None) -> Tensor:
    with g.name_scope(name, "kl_categorical_categorical"):
        p = softmax(a.logits)
        return reduce_sum(p * (log_softmax(a.logits) - log_softmax(b.logits)), axis=-1)
