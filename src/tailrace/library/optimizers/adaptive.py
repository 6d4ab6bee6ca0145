"""Optimizers with a step size per weight: Adagrad, Adadelta, RMSProp, Adam, Ftrl.

Source: TF 1.15 python/training/adagrad.py, adagrad_da.py, adadelta.py, rmsprop.py, adam.py,
ftrl.py, proximal_adagrad.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import IndexedSlices, Tensor, g, get_default_graph
from tailrace.library.initializers import Constant, Ones
from tailrace.library.optimizers.base import KernelOptimizer
from tailrace.library.optimizers.classic import constant_slot_value
from tailrace.library.scopes import init_scope


def _positive(name: str, value: float) -> float:
    if value <= 0.0:
        raise ValueError(f"{name} must be positive: {value}")
    return value


class AdagradOptimizer(KernelOptimizer):
    """accumulator += gradient²;  var -= learning_rate·gradient / √accumulator  (Duchi 2011)"""

    op_type = "Adagrad"

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        self._initial = _positive("initial_accumulator_value", initial_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._slot_names = {"accum": "accumulator"}

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            dtype = var.dtype.base_dtype
            start: Any = Constant(self._initial, dtype)
            if not var.get_shape().is_fully_defined():
                start = self._filled_like(var, dtype)
            self._get_or_make_slot_with_initializer(
                var, start, var.get_shape(), dtype, "accumulator", self._name
            )

    def _filled_like(self, var: Any, dtype: Any) -> Callable[[], Any]:
        return lambda: g.cast(g.Fill(g.shape(var), self._initial), dtype)

    def _prepare(self) -> None:
        self._tensors(lr__learning_rate=self._learning_rate)


class ProximalAdagradOptimizer(KernelOptimizer):
    """Adagrad with the proximal step of l1 and l2 penalties (Duchi & Singer 2009)."""

    op_type = "ProximalAdagrad"

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        self._initial = _positive("initial_accumulator_value", initial_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._slot_names = {"accum": "accumulator"}

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            constant_slot_value(self, var, self._initial, "accumulator", self._name)

    def _prepare(self) -> None:
        self._tensors(
            lr__learning_rate=self._learning_rate,
            l1__l1_regularization_strength=self._l1,
            l2__l2_regularization_strength=self._l2,
        )


class AdagradDAOptimizer(KernelOptimizer):
    """Adagrad with dual averaging: gradients add up from the start,
    so that penalties make weights exactly 0.
    """

    op_type = "AdagradDA"

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        self._initial = _positive(
            "initial_gradient_squared_accumulator_value", initial_gradient_squared_accumulator_value
        )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._global_step = global_step
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        slots = ("gradient_accumulator", "gradient_squared_accumulator")
        self._slot_names = {slot: slot for slot in slots}

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            with get_default_graph().colocate_with(var.op):
                dtype, shape = var.dtype.base_dtype, var.get_shape()
                total = g.constant(0.0, dtype, shape)
                squares = g.constant(self._initial, dtype, shape)
            self._get_or_make_slot(var, total, "gradient_accumulator", self._name)
            self._get_or_make_slot(var, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._tensors(lr__learning_rate=self._learning_rate)
        with get_default_graph().colocate_with(self._scalars["lr"].op):
            self._next_step = g.Identity(self._global_step) + 1

    def _step(self, form: str, var: Any, grad: Any, indices: Any, dtype: Any) -> Any:
        with get_default_graph().device(var.device):
            self._own_step = g.Identity(self._next_step)
        return super()._step(form, var, grad, indices, dtype)

    def _scalar(self, name: str, dtype: Any) -> Any:
        if name == "global_step":
            return self._own_step
        if name in ("l1", "l2"):
            return g.cast(self._l1 if name == "l1" else self._l2, dtype)
        return super()._scalar(name, dtype)


class AdadeltaOptimizer(KernelOptimizer):
    """Steps in the units of the weights: √(average step²) / √(average gradient²)·gradient  (Zeiler
    2012)
    """

    op_type = "Adadelta"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr, self._rho, self._epsilon = learning_rate, rho, epsilon
        self._slot_names = {"accum": "accum", "accum_update": "accum_update"}

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self) -> None:
        self._tensors(lr=self._lr, rho=self._rho, epsilon=self._epsilon)


class RMSPropOptimizer(KernelOptimizer):
    """Gradients divided by the root of their average square  (Hinton 2012; centered: Graves 2013)

    Slots: rms, momentum, and mg when `centered`.
    """

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._decay = learning_rate, decay
        self._momentum, self._epsilon = momentum, epsilon
        self._centered = centered
        self.op_type = "CenteredRMSProp" if centered else "RMSProp"
        self._slot_names = {"ms": "rms", "mom": "momentum", "mg": "mg"}

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            shape, dtype = var.get_shape(), var.dtype.base_dtype
            start = Ones(dtype) if shape.is_fully_defined() else g.ones_like(var)
            self._get_or_make_slot_with_initializer(var, start, shape, dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        self._tensors(
            lr__learning_rate=self._learning_rate,
            rho__decay=self._decay,
            momentum=self._momentum,
            epsilon=self._epsilon,
        )

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._step("SparseApply", var, grad.values, grad.indices, var.dtype.base_dtype)


class AdamOptimizer(KernelOptimizer):
    """Averages m of gradients and v of their squares, both freed of their start at 0  (Kingma & Ba
    2014)

    learning_rateₜ = learning_rate·√(1−β₂ᵗ)/(1−β₁ᵗ);  var -= learning_rateₜ·m / (√v + ε)
    Slots: m, v; beside them the variables beta1_power and beta2_power.
    """

    op_type = "Adam"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr, self._beta1, self._beta2, self._epsilon = learning_rate, beta1, beta2, epsilon
        self._slot_names = {"m": "m", "v": "v"}

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        with init_scope():
            graph = get_default_graph()
            return (
                self._get_non_slot_variable("beta1_power", graph),
                self._get_non_slot_variable("beta2_power", graph),
            )

    def _create_slots(self, var_list: list[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", first)
        self._create_non_slot_variable(self._beta2, "beta2_power", first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self) -> None:
        self._tensors(
            lr__learning_rate=self._lr, beta1=self._beta1, beta2=self._beta2, epsilon=self._epsilon
        )
        powers = self._get_beta_accumulators()
        self._scalars["beta1_power"], self._scalars["beta2_power"] = powers

    def _apply_sparse_shared(
        self, grad: Tensor, var: Any, indices: Tensor, scatter_add: Any
    ) -> Any:
        """Adam on rows: the averages of all rows decay, the rows named gain, all weights move."""
        dtype = var.dtype.base_dtype
        power1, power2 = self._scalar("beta1_power", dtype), self._scalar("beta2_power", dtype)
        rate, beta1 = self._scalar("lr", dtype), self._scalar("beta1", dtype)
        beta2, epsilon = self._scalar("beta2", dtype), self._scalar("epsilon", dtype)
        rate = rate * g.Sqrt(1 - power2) / (1 - power1)
        m = self._decayed(var, "m", grad * (1 - beta1), beta1, indices, scatter_add)
        v = self._decayed(var, "v", (grad * grad) * (1 - beta2), beta2, indices, scatter_add)
        root = g.Sqrt(v)
        update = var.assign_sub(rate * m / (root + epsilon), use_locking=self._use_locking)
        return g.group(update, m, v)

    def _decayed(
        self, var: Any, name: str, gain: Any, beta: Any, indices: Tensor, scatter_add: Any
    ) -> Any:
        slot = self.get_slot(var, name)
        decayed = slot.assign(slot * beta, use_locking=self._use_locking)
        with g.control_dependencies([decayed]):
            return scatter_add(slot, indices, gain)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        def scatter_add(x: Any, indices: Any, values: Any) -> Any:
            return g.ScatterAdd(x, indices, values, use_locking=self._use_locking)

        return self._apply_sparse_shared(grad.values, var, grad.indices, scatter_add)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        def scatter_add(x: Any, indices: Any, values: Any) -> Any:
            with g.control_dependencies([g.ResourceScatterAdd(x.handle, indices, values)]):
                return x.value()

        return self._apply_sparse_shared(grad, handle, indices, scatter_add)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        power1, power2 = self._get_beta_accumulators()
        with g.control_dependencies(update_ops), get_default_graph().colocate_with(power1.op):
            update1 = power1.assign(power1 * self._scalars["beta1"], use_locking=self._use_locking)
            update2 = power2.assign(power2 * self._scalars["beta2"], use_locking=self._use_locking)
        return g.group(*update_ops, update1, update2, name=name_scope)


class FtrlOptimizer(KernelOptimizer):
    """Follow the (proximally) regularized leader  (McMahan et al. 2013). Slots: accum, linear."""

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        limits = {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for key, value in limits.items():
            if value < 0.0:
                raise ValueError(f"{key} {value} needs to be positive or zero")
        if learning_rate_power > 0.0:
            raise ValueError(
                f"learning_rate_power {learning_rate_power} needs to be negative or zero"
            )
        self._limits = limits
        self._learning_rate, self._power = learning_rate, learning_rate_power
        self._accum_name, self._linear_name = accum_name or name, linear_name or name
        self._slot_names = {"accum": "accum", "linear": "linear"}
        self.op_type = "FtrlV2" if l2_shrinkage_regularization_strength > 0.0 else "Ftrl"

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            with get_default_graph().colocate_with(var.op):
                start = g.constant(
                    self._limits["initial_accumulator_value"], var.dtype.base_dtype, var.get_shape()
                )
                self._get_or_make_slot(var, start, "accum", self._accum_name)
                self._zeros_slot(var, "linear", self._linear_name)

    def _prepare(self) -> None:
        limits = self._limits
        self._tensors(
            lr__learning_rate=self._learning_rate,
            l1__l1_regularization_strength=limits["l1_regularization_strength"],
            l2__l2_regularization_strength=limits["l2_regularization_strength"],
            l2_shrinkage__l2_shrinkage_regularization_strength=limits[
                "l2_shrinkage_regularization_strength"
            ],
            lr_power__learning_rate_power=self._power,
        )
