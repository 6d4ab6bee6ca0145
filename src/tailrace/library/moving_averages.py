"""Moving averages of variables: `tf.train.ExponentialMovingAverage`.

Source: TF 1.15 python/training/moving_averages.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import convert_to_tensor, g, get_default_graph
from tailrace.library.collections import GraphKeys, add_to_collection
from tailrace.library.initializers import Zeros
from tailrace.library.optimizers.slots import create_slot, create_zeros_slot
from tailrace.library.scopes import init_scope, name_scope
from tailrace.library.state import assign, assign_sub
from tailrace.library.variable_lists import (
    global_variables,
    moving_average_variables,
    trainable_variables,
)
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope
from tailrace.library.variables import Variable


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """variable −= (1 − decay)·(variable − value)

    With `zero_debias` the average is freed of its start at 0, as Adam does (Kingma & Ba 2014).
    """
    with name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rate = convert_to_tensor(1.0 - decay, name="decay")
        if rate.dtype is not variable.dtype.base_dtype:
            rate = g.cast(rate, variable.dtype.base_dtype)
        if zero_debias:
            return _debiased(variable, value, rate)
        return assign_sub(variable, (variable - value) * rate, name=scope)


def _debiased(variable: Any, value: Any, rate: Any) -> Any:
    graph = get_default_graph()
    with (
        variable_scope(variable.name[: -len(":0")], values=[variable, value, rate]),
        graph.colocate_with(variable.op),
    ):
        biased = _own_variable("biased", variable, variable.get_shape())
        local_step = _own_variable("local_step", variable, [])
    update_biased = assign_sub(biased, (biased - value) * rate)
    update_step = local_step.assign_add(1)
    factor = 1 - _pow(1.0 - rate, update_step)
    return assign(variable, update_biased / factor, name=graph.get_name_scope() + "/")


def _pow(x: Any, y: Any) -> Any:
    with g.name_scope("Pow") as scope:
        return g.Pow(x, y, name=scope)


def _own_variable(name: str, beside: Any, shape: Any) -> Any:
    scope = get_variable_scope()
    if not scope.reuse:
        taken = {v.op.name for v in scope.global_variables()}
        base, index = name, 1
        while f"{scope.name}/{name}" in taken:
            name = f"{base}_{index}"
            index += 1
    return get_variable(
        name, initializer=Zeros(), shape=shape, dtype=beside.dtype.base_dtype, trainable=False
    )


class ExponentialMovingAverage:
    """Averages of variables, shadow −= (1 − decay)·(shadow − variable), to evaluate a model with.

    With `num_updates` the decay is min(decay, (1 + num_updates) / (10 + num_updates)).
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        return self._name

    def apply(self, var_list: Any = None) -> Any:
        """An operation that brings the averages forward; makes them on first use."""
        variables = trainable_variables() if var_list is None else list(var_list)
        debiased = set()
        for variable in variables:
            if not variable.dtype.is_floating:
                raise TypeError(f"The variables must be half, float, or double: {variable.name}")
            if variable not in self._averages:
                with init_scope():
                    average = self._make(variable)
                if self._zero_debias and not isinstance(variable, Variable):
                    debiased.add(average)
        with name_scope(self._name) as scope:
            decay = self._current_decay()
            updates = [
                assign_moving_average(self._averages[v], v, decay, self._averages[v] in debiased)
                for v in variables
            ]
            return g.group(*updates, name=scope)

    def _make(self, variable: Any) -> Any:
        if isinstance(variable, Variable):
            average = create_slot(variable, variable.initialized_value(), self._name)
            add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, variable)
        else:
            average = create_zeros_slot(variable, self._name, colocate=variable.op.op_def.once)
        self._averages[variable] = average
        return average

    def _current_decay(self) -> Any:
        decay = convert_to_tensor(self._decay, name="decay")
        if self._num_updates is None:
            return decay
        updates = g.cast(self._num_updates, dtypes.float32, name="num_updates")
        return g.Minimum(decay, (1.0 + updates) / (10.0 + updates))

    def average(self, var: Any) -> Any:
        """The average of a variable, or None."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name of the average of a variable, whether it was made or not."""
        if var in self._averages:
            return self._averages[var].op.name
        return get_default_graph().unique_name(f"{var.op.name}/{self._name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Names to variables, for a Saver that loads the averages into the variables themselves."""
        if moving_avg_variables is None:
            moving_avg_variables = trainable_variables() + moving_average_variables()
        averaged = set(moving_avg_variables)
        names = {self.average_name(v): v for v in averaged}
        taken = {v.name for v in averaged}
        for variable in set(global_variables()):
            if variable.name not in taken and variable.op.name not in names:
                names[variable.op.name] = variable
        return names
