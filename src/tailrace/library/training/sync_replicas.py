"""`tf.train.SyncReplicasOptimizer`: gradients of several replicas, applied as one.

In one process, whose sessions' threads may be the replicas.

Source: TF 1.15 python/training/sync_replicas_optimizer.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import IndexedSlices, Tensor, g, get_default_graph
from tailrace.library import logging
from tailrace.library.accumulators import ConditionalAccumulator
from tailrace.library.collections import GraphKeys
from tailrace.library.control_flow import group, no_op
from tailrace.library.coordinator import QueueRunner
from tailrace.library.optimizers import Optimizer
from tailrace.library.queues import FIFOQueue
from tailrace.library.state import assign
from tailrace.library.training.run_hook import SessionRunHook
from tailrace.library.training.session_manager import _ready
from tailrace.library.variable_lists import global_variables, report_uninitialized_variables
from tailrace.library.variables import Variable


class SyncReplicasOptimizer(Optimizer):
    """Applies the mean of `replicas_to_aggregate` gradients by `opt`, with a queue runner.

    Gradients of past steps are dropped. A replica waits for a token before its next step.
    """

    def __init__(
        self,
        opt: Optimizer,
        replicas_to_aggregate: int,
        total_num_replicas: int | None = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        total = replicas_to_aggregate if total_num_replicas is None else total_num_replicas
        super().__init__(use_locking, name)
        logging.info(
            f"SyncReplicasV2: replicas_to_aggregate={replicas_to_aggregate}; "
            f"total_num_replicas={total}"
        )
        self._opt = opt
        self._needed = replicas_to_aggregate
        self._total = total
        self._averages = variable_averages
        self._averaged = variables_to_average
        self._applied = False
        self._accumulators: list[tuple[ConditionalAccumulator, str]] = []

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer that is wrapped."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """The operation of a replica's step.

        Raises: ValueError without variables or step, NotImplementedError for IndexedSlices.
        """
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        # TF: the step lies where this operation does
        with g.colocate_with(no_op()):
            self._local_step = Variable(
                initial_value=0,
                trainable=False,
                collections=[GraphKeys.LOCAL_VARIABLES],
                dtype=global_step.dtype.base_dtype,
                name="sync_rep_local_step",
            )
        self.local_step_init_op = assign(self._local_step, global_step)
        self.ready_for_local_init_op = report_uninitialized_variables(global_variables())
        device = get_default_graph().device
        with g.name_scope(None, self._name):
            sums, puts = self._accumulated(grads_and_vars)
            with device(global_step.device), g.name_scope(""):
                update = self._opt.apply_gradients(sums, global_step)
            with device(global_step.device), g.name_scope(""):
                self._queues(global_step.dtype.base_dtype)
            with device(global_step.device), g.name_scope(""):
                step = self._after_token(puts)
                self._runner(update)
            inits = [self.local_step_init_op]
            for accumulator, where in self._accumulators:
                with device(where):
                    inits.append(accumulator.set_global_step(global_step, name="SetGlobalStep"))
            self.chief_init_op = group(*inits)
            self._applied = True
            return step

    def _accumulated(self, grads_and_vars: Any) -> tuple[list[Any], list[Any]]:
        """The means of gradients with their variables, and what adds gradients."""
        sums, puts = [], []
        for grad, var in grads_and_vars:
            with get_default_graph().device(var.device):
                if grad is None:
                    sums.append((None, var))
                    continue
                if isinstance(grad, IndexedSlices):
                    raise NotImplementedError(
                        f"SyncReplicasOptimizer: the gradient of {var.op.name} is an IndexedSlices,"
                        " which accumulators do not take here: use tf.convert_to_tensor(gradient)"
                    )
                if not isinstance(grad, Tensor):
                    raise ValueError("Unknown grad type!")
                accumulator = ConditionalAccumulator(
                    grad.dtype, shape=var.get_shape(), shared_name=f"{var.name}/grad_accum"
                )
                puts.append(accumulator.apply_grad(grad, local_step=self._local_step))
                sums.append((accumulator.take_grad(self._needed), var))
                self._accumulators.append((accumulator, var.device))
        return sums, puts

    def _queues(self, dtype: Any) -> None:
        self._tokens = FIFOQueue(
            -1, dtype, shapes=(), name="sync_token_q", shared_name="sync_token_q"
        )
        self._dummy = FIFOQueue(
            1, dtypes.int32, shapes=(), name="dummy_queue", shared_name="dummy_queue"
        )

    def _after_token(self, puts: list[Any]) -> Any:
        with g.control_dependencies(puts):
            token = self._tokens.dequeue()
        return assign(self._local_step, token)

    def _runner(self, update: Any) -> None:
        """What applies the means and hands out tokens, as a queue runner."""
        with g.control_dependencies([update]):
            tokens = g.Fill([max(self._total, self._needed)], self._global_step)
            done: Any = self._tokens.enqueue_many((tokens,))
        if self._averages is not None:
            with g.control_dependencies([done]), g.name_scope(""):
                done = self._averages.apply(self._averaged)
        self._queue_runner = QueueRunner(self._dummy, [done])

    def _check_applied(self, what: str) -> None:
        if not self._applied:
            raise ValueError(f"{what} should be called after apply_gradients().")

    def get_chief_queue_runner(self) -> QueueRunner:
        """The runner that applies gradients. Raises: ValueError before `apply_gradients`."""
        self._check_applied("get_chief_queue_runner()")
        return self._queue_runner

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer that is wrapped."""
        return self._opt.get_slot(*args, **kwargs)

    def variables(self) -> list[Any]:
        """As the optimizer that is wrapped."""
        return self._opt.variables()

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        """As the optimizer that is wrapped."""
        return self._opt.get_slot_names(*args, **kwargs)

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """An operation that hands out the first tokens.

        Raises: ValueError before `apply_gradients` and for too few.
        """
        self._check_applied("get_init_tokens_op()")
        needed = self._needed - self._total
        count = self._needed if num_tokens == -1 else num_tokens
        if count < needed:
            raise ValueError(
                f"Too few tokens to finish the first step: {count} (given) vs {needed} (needed)"
            )
        if count <= 0:
            return no_op(name="no_init_tokens")
        with get_default_graph().device(self._global_step.device), g.name_scope(""):
            tokens = g.Fill([count], self._global_step)
            return self._tokens.enqueue_many((tokens,))

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """The hook that initializes and, on the chief, starts the queue runner."""
        return _SyncHook(self, is_chief, num_tokens)


class _SyncHook(SessionRunHook):
    """Initializes the local step and accumulators; starts the chief's queue runner."""

    def __init__(self, optimizer: SyncReplicasOptimizer, is_chief: bool, num_tokens: int) -> None:
        self._optimizer = optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens

    def begin(self) -> None:
        """Makes the operations."""
        optimizer = self._optimizer
        optimizer._check_applied("The hook's session")
        self._init: Any = optimizer.local_step_init_op
        self._runner = self._first = None
        if self._is_chief:
            self._init = optimizer.chief_init_op
            self._runner = optimizer.get_chief_queue_runner()
            self._first = optimizer.get_init_tokens_op(self._num_tokens)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Runs them."""
        ready, message = _ready(
            self._optimizer.ready_for_local_init_op,
            session,
            "Model is not ready for SyncReplicasOptimizer local init.",
        )
        if not ready:
            raise RuntimeError(
                "Init operations did not make model ready for SyncReplicasOptimizer local_init. "
                f"Init op: {self._init.name}, error: {message}"
            )
        session.run(self._init)
        if self._first is not None:
            session.run(self._first)
        if self._runner is not None:
            self._runner.create_threads(session, coord=coord, daemon=True, start=True)
