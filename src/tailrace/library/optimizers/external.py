"""Optimizers that live outside the graph, SciPy's among them, steering a session.

Source: TF 1.15 contrib/opt/python/training/external_optimizer.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tailrace.gradients import gradients
from tailrace.graph import Tensor, get_default_session
from tailrace.library import array, logging
from tailrace.library.variable_lists import trainable_variables

# (loss, gradient) or one value of constraints, of all variables in one vector
Evaluated = Callable[[np.ndarray], list[Any]]


class ExternalOptimizerInterface:
    """Minimises a loss by an algorithm that sees vectors of NumPy: a subclass's `_minimize`.

    Args:
        loss: scalar tensor.
        var_list: the variables, of known shapes; all trainable ones by default.
        equalities, inequalities: scalar tensors to be held at zero, and not below it.
        var_to_bounds: from variables to `(low, high)`, numbers or arrays that broadcast to the
            variable's shape; infinities where there is no bound.
        optimizer_kwargs: for the algorithm.
    """

    def __init__(
        self,
        loss: Tensor,
        var_list: Any = None,
        equalities: Sequence[Tensor] | None = None,
        inequalities: Sequence[Tensor] | None = None,
        var_to_bounds: dict[Any, Any] | None = None,
        **optimizer_kwargs: Any,
    ) -> None:
        self._loss = loss
        self._equalities = list(equalities or [])
        self._inequalities = list(inequalities or [])
        self._vars = trainable_variables() if var_list is None else list(var_list)
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_bounds = None if var_to_bounds is None else self._bounds(var_to_bounds)
        self._update_placeholders = [array.placeholder(variable.dtype) for variable in self._vars]
        self._var_updates = [
            variable.assign(array.reshape(value, _sizes(variable)))
            for variable, value in zip(self._vars, self._update_placeholders, strict=True)
        ]
        wanted = [[loss], self._equalities, self._inequalities]
        slopes = [[self._slopes(tensor) for tensor in tensors] for tensors in wanted]
        self._packed_var = _packed(self._vars)
        packed = [[_packed(of_each) for of_each in of_kind] for of_kind in slopes]
        (self._packed_loss_grad,), self._equality_grads, self._inequality_grads = packed
        ends = itertools.accumulate((math.prod(_sizes(v)) for v in self._vars), initial=0)
        self._packing_slices = [slice(*pair) for pair in itertools.pairwise(ends)]

    def minimize(
        self,
        session: Any = None,
        feed_dict: dict[Any, Any] | None = None,
        fetches: Sequence[Any] | None = None,
        step_callback: Callable[[np.ndarray], Any] | None = None,
        loss_callback: Callable[..., Any] | None = None,
        **run_kwargs: Any,
    ) -> None:
        """Minimises at once, and leaves the variables at what was found.

        `loss_callback` gets the values of `fetches` each time that the loss is computed,
        `step_callback` all variables in one vector [n] after each step; `run_kwargs` are for the
        last `session.run`, which assigns the variables.
        """
        session = session or get_default_session()
        run = _Runs(session, feed_dict or {}, list(fetches or []), self._vars, self._packing_slices)

        def each(tensors: Sequence[Any]) -> list[Evaluated]:
            return [run.function([tensor]) for tensor in tensors]

        found = self._minimize(
            initial_val=session.run(self._packed_var),
            loss_grad_func=run.function([self._loss, self._packed_loss_grad], loss_callback),
            equality_funcs=each(self._equalities),
            equality_grad_funcs=each(self._equality_grads),
            inequality_funcs=each(self._inequalities),
            inequality_grad_funcs=each(self._inequality_grads),
            packed_bounds=self._packed_bounds,
            step_callback=step_callback or (lambda values: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        values = [found[part] for part in self._packing_slices]
        feeds = dict(zip(self._update_placeholders, values, strict=True))
        session.run(self._var_updates, feed_dict=feeds, **run_kwargs)

    def _minimize(
        self,
        initial_val: np.ndarray,
        loss_grad_func: Evaluated,
        equality_funcs: list[Evaluated],
        equality_grad_funcs: list[Evaluated],
        inequality_funcs: list[Evaluated],
        inequality_grad_funcs: list[Evaluated],
        packed_bounds: list[tuple[float, float]] | None,
        step_callback: Callable[[np.ndarray], Any],
        optimizer_kwargs: dict[str, Any],
    ) -> np.ndarray:
        """The best vector [n], from `initial_val` [n]. For subclasses."""
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() "
            "method."
        )

    def _bounds(self, of: dict[Any, Any]) -> list[tuple[float, float]]:
        given = [of.get(variable, (-np.inf, np.inf)) for variable in self._vars]
        sides = [
            np.concatenate(
                [
                    np.broadcast_to(bounds[side], _sizes(variable)).ravel()
                    for bounds, variable in zip(given, self._vars, strict=True)
                ]
            )
            for side in (0, 1)
        ]
        return list(zip(*sides, strict=True))

    def _slopes(self, tensor: Tensor) -> list[Tensor]:
        found = gradients(tensor, self._vars)
        return [
            array.zeros_like(variable) if slope is None else slope
            for variable, slope in zip(self._vars, found, strict=True)
        ]


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimises by `scipy.optimize.minimize`: L-BFGS-B, or the `method` named.

    Other keyword arguments go to SciPy, such as `options={"maxiter": 100}`.
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self,
        initial_val: np.ndarray,
        loss_grad_func: Evaluated,
        equality_funcs: list[Evaluated],
        equality_grad_funcs: list[Evaluated],
        inequality_funcs: list[Evaluated],
        inequality_grad_funcs: list[Evaluated],
        packed_bounds: list[tuple[float, float]] | None,
        step_callback: Callable[[np.ndarray], Any],
        optimizer_kwargs: dict[str, Any],
    ) -> np.ndarray:
        """What SciPy finds.

        Raises: ValueError for arguments of SciPy that are set here.
        """
        from scipy import optimize  # takes a while to load

        def double(values: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slope = loss_grad_func(values)
            return float(loss), slope.astype(np.float64)

        def constraints(kind: str, functions: Any, slopes: Any) -> list[dict[str, Any]]:
            return [
                {"type": kind, "fun": _only(function), "jac": _only(slope)}
                for function, slope in zip(functions, slopes, strict=True)
            ]

        ours: dict[str, Any] = {
            "jac": True,
            "callback": step_callback,
            "constraints": [
                *constraints("eq", equality_funcs, equality_grad_funcs),
                *constraints("ineq", inequality_funcs, inequality_grad_funcs),
            ],
            "bounds": packed_bounds,
        }
        for name in sorted(ours.keys() & optimizer_kwargs.keys()):
            if name == "bounds":
                raise ValueError("Bounds must be set using the var_to_bounds argument")
            raise ValueError(
                f"Optimizer keyword arg '{name}' is set automatically and cannot be injected "
                "manually"
            )
        options = {"method": self._DEFAULT_METHOD, **optimizer_kwargs, **ours}
        result = optimize.minimize(double, initial_val.astype(np.float64), **options)
        logging.info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n"
            "  Number of iterations: %s\n  Number of functions evaluations: %s",
            result.message,
            result.fun,
            result.get("nit"),
            result.get("nfev"),
        )
        return result.x


class _Runs:
    """Makes functions of all variables in one vector from tensors, by feeding the variables."""

    def __init__(
        self,
        session: Any,
        feed_dict: dict[Any, Any],
        fetches: list[Any],
        variables: list[Any],
        slices: list[slice],
    ) -> None:
        self._session = session
        self._feeds = feed_dict
        self._fetches = fetches
        self._places = list(zip(variables, slices, strict=True))

    def function(
        self, tensors: list[Tensor], callback: Callable[..., Any] | None = None
    ) -> Evaluated:
        """The values of tensors; `callback` gets those of the fetches."""

        def evaluate(values: np.ndarray) -> list[Any]:
            feeds = {v: values[part].reshape(_sizes(v)) for v, part in self._places}
            found = self._session.run([*tensors, *self._fetches], {**feeds, **self._feeds})
            if callback is not None:
                callback(*found[len(tensors) :])
            return found[: len(tensors)]

        return evaluate


def _only(function: Evaluated) -> Callable[[np.ndarray], Any]:
    return lambda values: function(values)[0]


def _packed(tensors: list[Any]) -> Any:
    """All elements in one vector [n]; None of none."""
    flat = [array.reshape(tensor, [-1]) for tensor in tensors]
    if len(flat) < 2:
        return flat[0] if flat else None
    return array.concat(flat, 0)


def _sizes(variable: Any) -> tuple[int, ...]:
    return tuple(variable.get_shape().as_list())
