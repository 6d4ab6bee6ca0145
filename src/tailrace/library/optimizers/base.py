"""Optimizer: gradients of a loss, and the operations that change variables by them.

Source: TF 1.15 python/training/optimizer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType
from tailrace.gradients import gradients
from tailrace.graph import (
    IndexedSlices,
    Operation,
    Tensor,
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    g,
    get_default_graph,
)
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.optimizers.slots import create_slot, create_zeros_slot
from tailrace.library.scopes import init_scope, name_scope
from tailrace.library.tracking.base import Trackable, TrackableReference
from tailrace.library.variable_lists import trainable_variables
from tailrace.library.variables import ResourceVariable, Variable


def _refuse_value(variable: Any) -> None:
    if isinstance(variable, Tensor) and not variable.dtype._is_ref_dtype:
        raise NotImplementedError(f"Trying to update a Tensor {variable}")


class Optimizer(Trackable):
    """What optimizers share. A subclass says how a gradient changes a variable.

    A subclass overrides `_apply_dense(grad, var)` and, as needed, `_apply_sparse(grad, var)`,
    `_resource_apply_dense(grad, var)`, `_resource_apply_sparse(grad, var, indices)`,
    `_create_slots(var_list)`, `_prepare()` and `_finish(update_ops, name_scope)`.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot: dict[Any, Any] = {}
        # (slot name, variable) -> positions in checkpoints that wait for the slot
        self._waiting_slots: dict[Any, list[Any]] = {}

    def get_name(self) -> str:
        return self._name

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Operation:
        """An operation that changes the variables to lessen `loss`, and counts `global_step` up.

        Raises: ValueError when the loss depends on none of the variables.
        """
        pairs = self.compute_gradients(
            loss,
            var_list,
            gate_gradients,
            aggregation_method,
            colocate_gradients_with_ops,
            grad_loss,
        )
        if all(grad is None for grad, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {[str(v) for _, v in pairs]} and loss "
                f"{loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """(gradient, variable) pairs, for all trainable variables unless told otherwise."""
        if callable(loss):
            loss = loss()
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                f"Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        variables = self._variables_to_optimize(var_list)
        if not variables:
            raise ValueError("No variables to optimize.")
        grads = gradients(
            loss,
            [_target(v) for v in variables],
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == self.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == self.GATE_GRAPH:
            grads = g.tuple(grads)
        pairs = list(zip(grads, variables, strict=True))
        self._assert_valid_dtypes(
            [v for grad, v in pairs if grad is not None and v.dtype is not dtypes.resource]
        )
        return pairs

    def _variables_to_optimize(self, var_list: Any) -> list[Any]:
        if var_list is None:
            return trainable_variables() + get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
        return list(_flatten(var_list))

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Any, Any]],
        global_step: Any = None,
        name: str | None = None,
    ) -> Any:
        """An operation that changes the variables by their gradients; None gradients are passed
        over.

        Raises: ValueError when there is no gradient at all, TypeError for one that is no tensor.
        """
        pairs = [(_as_gradient(grad), v) for grad, v in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        variables = [v for grad, v in pairs if grad is not None]
        if not variables:
            raise ValueError(
                f"No gradients provided for any variable: {[str(v) for _, v in pairs]}."
            )
        with init_scope():
            self._create_slots(variables)
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = [self._update(grad, v) for grad, v in pairs if grad is not None]
            applied = self._counted(updates, global_step, scope)
        applied = applied.op if isinstance(applied, Tensor) else applied
        collected = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
        if applied not in collected:
            collected.append(applied)
        return applied

    def _update(self, grad: Any, variable: Any) -> Any:
        graph = get_default_graph()
        with graph.name_scope("update_" + variable.op.name), graph.colocate_with(variable.op):
            _refuse_value(variable)
            resource = isinstance(variable, ResourceVariable)
            if isinstance(grad, IndexedSlices):
                return self._update_rows(grad, variable, resource)
            step = (
                self._resource_apply_dense(grad, variable)
                if resource
                else self._apply_dense(grad, variable)
            )
            constraint = getattr(variable, "constraint", None)
            if constraint is None:
                return step
            with graph.control_dependencies([step]):
                return variable.assign(constraint(variable))

    def _update_rows(self, grad: IndexedSlices, variable: Any, resource: bool) -> Any:
        if getattr(variable, "constraint", None) is not None:
            raise RuntimeError("Cannot use a constraint function on a sparse variable.")
        if resource:
            return self._resource_apply_sparse_duplicate_indices(
                grad.values, variable, grad.indices
            )
        return self._apply_sparse_duplicate_indices(grad, variable)

    def _counted(self, updates: list[Any], global_step: Any, scope: str) -> Any:
        if global_step is None:
            return self._finish(updates, scope)
        graph = get_default_graph()
        with (
            graph.control_dependencies([self._finish(updates, "update")]),
            graph.colocate_with(_op_of(global_step)),
        ):
            if isinstance(global_step, ResourceVariable):
                one = convert_to_tensor(1, global_step.dtype)
                return g.AssignAddVariableOp(global_step.handle, one, name=scope)
            return g.AssignAdd(global_step, 1, name=scope)

    # -- slots -------------------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Any:
        """The slot `name` of a variable, or None."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """All variables the optimizer keeps in the default graph."""
        graph = get_default_graph()
        own = [
            *self._non_slot.values(),
            *(s for slots in self._slots.values() for s in slots.values()),
        ]
        return sorted((v for v in own if v.op.graph is graph), key=lambda v: v.name)

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = create_slot(var, val, op_name)
            self._restore_slot_variable(slot_name, var)
        return slots[_key(var)]

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = create_slot(var, initializer, op_name, shape, dtype)
            self._restore_slot_variable(slot_name, var)
        return slots[_key(var)]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = create_zeros_slot(var, op_name)
            self._restore_slot_variable(slot_name, var)
        return slots[_key(var)]

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        """A variable of the optimizer's own, such as Adam's powers of beta."""
        graph = colocate_with.graph
        key = (name, graph)
        if key not in self._non_slot:
            with graph.colocate_with(colocate_with.op):
                variable = Variable(
                    initial_value,
                    name=name,
                    trainable=False,
                    use_resource=isinstance(colocate_with, ResourceVariable),
                )
            self._handle_deferred_dependencies(name, variable)
            self._non_slot[key] = variable
        return self._non_slot[key]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slot.get((name, graph))

    def _non_slot_variables(self) -> list[Any]:
        return list(self._non_slot.values())

    # -- checkpoints by objects --------------------------------------------------------------------

    @property
    def _checkpoint_dependencies(self) -> list[TrackableReference]:
        """The variables of its own in the default graph; slots are saved with their variables."""
        own = super()._checkpoint_dependencies
        graph = get_default_graph()
        here = [(name, v) for (name, where), v in self._non_slot.items() if where is graph]
        return own + [TrackableReference(*each) for each in sorted(here, key=lambda e: e[0])]

    def _lookup_dependency(self, name: str) -> Any:
        found = super()._lookup_dependency(name)
        return self._get_non_slot_variable(name, get_default_graph()) if found is None else found

    def _create_or_restore_slot_variable(
        self, position: Any, slot_name: str, variable: Any
    ) -> None:
        """Restore a slot from a position in a checkpoint, at once or when it is made."""
        slot = self.get_slot(variable, slot_name)
        if slot is None:
            self._waiting_slots.setdefault((slot_name, _key(variable)), []).append(position)
        else:
            position.restore(slot)

    def _restore_slot_variable(self, slot_name: str, variable: Any) -> None:
        waiting = self._waiting_slots.pop((slot_name, _key(variable)), [])
        slot = self.get_slot(variable, slot_name)
        for position in sorted(waiting, key=lambda each: each.restoration.number, reverse=True):
            position.restore(slot)

    # -- what subclasses override ------------------------------------------------------------------

    def _valid_dtypes(self) -> set[DType]:
        """The types a loss and variables may have."""
        return set(dtypes.FLOATS)

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        valid = self._valid_dtypes()
        for tensor in tensors:
            dtype = tensor.dtype.base_dtype
            if dtype not in valid:
                names = sorted(d.name for d in valid)
                raise ValueError(f"Invalid type {dtype!r} for {tensor.name}, expected: {names}.")

    def _create_slots(self, var_list: list[Any]) -> None:
        """Make the slots of the variables."""

    def _prepare(self) -> None:
        """Make the tensors all updates use, such as the learning rate."""

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        raise NotImplementedError

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        raise NotImplementedError

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """Apply rows whose indices are unique."""
        raise NotImplementedError

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        raise NotImplementedError

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        values, indices = _deduplicated(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        values, unique = _deduplicated(grad, indices)
        return self._resource_apply_sparse(values, handle, unique)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """An operation that is done when all updates are."""
        return g.group(*update_ops, name=name_scope)

    @staticmethod
    def _call_if_callable(param: Any) -> Any:
        return param() if callable(param) else param


def _target(variable: Any) -> Any:
    """What the gradient of a variable is taken with respect to."""
    if isinstance(variable, Variable):
        return variable if isinstance(variable, ResourceVariable) else variable._ref()
    if isinstance(variable, Tensor):
        return variable
    raise NotImplementedError(f"Trying to optimize unsupported type {variable}")


def _op_of(variable: Any) -> Any:
    return variable.op


def _key(variable: Any) -> Any:
    return variable.op.graph, variable.op.name


def _flatten(values: Any) -> Iterable[Any]:
    if isinstance(values, (list, tuple, set)):
        for value in values:
            yield from _flatten(value)
    elif isinstance(values, dict):
        for key in sorted(values):
            yield from _flatten(values[key])
    else:
        yield values


def _as_gradient(grad: Any) -> Any:
    if grad is None:
        return None
    try:
        return convert_to_tensor_or_indexed_slices(grad)
    except TypeError:
        raise TypeError(
            f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}"
        ) from None


def _deduplicated(values: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of equal indices added up, and the indices once each."""
    unique, positions = g.Unique(indices)
    count = g.shape(unique)[0]
    return g.UnsortedSegmentSum(values, positions, count), unique


class KernelOptimizer(Optimizer):
    """An optimizer whose step is one operation per variable: `Apply<op_type>` and its forms.

    Subclasses set `op_type`, and in `_scalars` (by the operation's input names) and `_slot_names`
    what to give it.
    """

    op_type: str
    attrs: dict[str, Any]

    def __init__(self, use_locking: bool, name: str) -> None:
        super().__init__(use_locking, name)
        self.attrs = {}
        self._scalars: dict[str, Any] = {}
        self._slot_names: dict[str, str] = {}

    def _tensors(self, **hyperparameters: Any) -> None:
        """Make the constants of the hyperparameters, in order; keys are `input__name`,
        or the name of both.
        """
        for key, value in hyperparameters.items():
            input_name, _, name = key.partition("__")
            self._scalars[input_name] = convert_to_tensor(
                self._call_if_callable(value), name=name or input_name
            )

    def _scalar(self, name: str, dtype: DType) -> Any:
        value = self._scalars[name]
        if isinstance(value, ResourceVariable) and value.dtype.base_dtype is dtype:
            return value
        return g.cast(value, dtype)

    def _step(self, form: str, var: Any, grad: Any, indices: Any, dtype: DType) -> Any:
        """Add the operation, its inputs in the order of its declaration."""
        from tailrace.registry import OPS  # the declaration is read

        op_type = f"{form}{self.op_type}"
        resource = form.startswith("Resource")
        given: dict[str, Any] = {"var": var, "grad": grad, "delta": grad, "indices": indices}
        given.update((arg, self.get_slot(var, slot)) for arg, slot in self._slot_names.items())
        inputs = []
        for arg in OPS[op_type].inputs:
            value = given[arg.name] if arg.name in given else self._scalar(arg.name, dtype)
            by_handle = resource and arg.name not in self._scalars
            inputs.append(
                value.handle if by_handle and isinstance(value, ResourceVariable) else value
            )
        return getattr(g, op_type)(*inputs, use_locking=self._use_locking, **self.attrs)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._step("Apply", var, grad, None, var.dtype.base_dtype).op

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._step("ResourceApply", handle, grad, None, grad.dtype.base_dtype)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._step("SparseApply", var, grad.values, grad.indices, var.dtype.base_dtype).op

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._step("ResourceSparseApply", handle, grad, indices, grad.dtype.base_dtype)


Hyperparameter = float | Tensor | Callable[[], Any]
