"""`tf.contrib.opt`: variants of Adam, steps by the agreement of signs, decoupled weight decay.

Source: TF 1.15 contrib/opt/python/training/{adamax,lazy_adam_optimizer,nadam_optimizer,addsign,
powersign,weight_decay_optimizers}.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tailrace.graph import IndexedSlices, Tensor, convert_to_tensor, g, get_default_graph
from tailrace.library.optimizers.adaptive import AdamOptimizer
from tailrace.library.optimizers.base import KernelOptimizer
from tailrace.library.optimizers.classic import MomentumOptimizer

_Scatter = Callable[[Any, Any, Any], Any]


def _hyperparameters(optimizer: AdamOptimizer, dtype: Any) -> list[Any]:
    """beta1_power, beta2_power, lr, beta1, beta2, epsilon."""
    names = ("beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon")
    return [optimizer._scalar(name, dtype) for name in names]


class LazyAdamOptimizer(AdamOptimizer):
    """Adam whose averages decay only in the rows that a sparse gradient names."""

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        locking = self._use_locking
        power1, power2, lr, beta1, beta2, epsilon = _hyperparameters(self, var.dtype.base_dtype)
        lr = lr * g.Sqrt(1 - power2) / (1 - power1)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        rows = beta1 * g.gather(m, grad.indices) + (1 - beta1) * grad.values
        m = g.ScatterUpdate(m, grad.indices, rows, use_locking=locking)
        rows = beta2 * g.gather(v, grad.indices) + (1 - beta2) * g.Square(grad.values)
        v = g.ScatterUpdate(v, grad.indices, rows, use_locking=locking)
        m_rows, v_rows = g.gather(m, grad.indices), g.gather(v, grad.indices)
        root = g.Sqrt(v_rows) + epsilon
        update = g.ScatterSub(var, grad.indices, lr * m_rows / root, use_locking=locking)
        return g.group(update, m, v)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        power1, power2, lr, beta1, beta2, epsilon = _hyperparameters(self, handle.dtype.base_dtype)
        lr = lr * g.Sqrt(1 - power2) / (1 - power1)
        m, v = self.get_slot(handle, "m"), self.get_slot(handle, "v")
        m_rows = beta1 * m.sparse_read(indices) + (1 - beta1) * grad
        m_update = g.ResourceScatterUpdate(m.handle, indices, m_rows)
        v_rows = beta2 * v.sparse_read(indices) + (1 - beta2) * g.Square(grad)
        v_update = g.ResourceScatterUpdate(v.handle, indices, v_rows)
        rows = lr * m_rows / (g.Sqrt(v_rows) + epsilon)
        update = g.ResourceScatterSub(handle.handle, indices, rows)
        return g.group(update, m_update, v_update)


class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum  (Dozat 2015)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attrs = {"use_nesterov": True}

    def _apply_sparse_shared(
        self, grad: Tensor, var: Any, indices: Tensor, scatter_add: _Scatter
    ) -> Any:
        power1, power2, lr, beta1, beta2, epsilon = _hyperparameters(self, var.dtype.base_dtype)
        lr = lr * g.Sqrt(1 - power2) / (1 - power1)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        gain = grad * (1 - beta1)
        decayed = m.assign(m * beta1, use_locking=self._use_locking)
        with g.control_dependencies([decayed]):
            m = scatter_add(m, indices, gain)
            ahead = gain + beta1 * g.gather(m, indices)
        gain = (grad * grad) * (1 - beta2)
        decayed = v.assign(v * beta2, use_locking=self._use_locking)
        with g.control_dependencies([decayed]):
            v = scatter_add(v, indices, gain)
        root = g.Sqrt(g.gather(v, indices))
        update = scatter_add(var, indices, -lr * ahead / (root + epsilon))
        return g.group(update, ahead, v)


class AdaMaxOptimizer(AdamOptimizer):
    """Adam with the largest gradient of late in place of the average square  (Kingma & Ba 2014)

    v = max(β₂·v, |gradient|);  var -= learning_rate / (1−β₁ᵗ)·m / (v + ε).  Slots: m, v.
    """

    op_type = "AdaMax"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _power(self) -> Any:
        return self._get_non_slot_variable("beta1_power", get_default_graph())

    def _create_slots(self, var_list: list[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self) -> None:
        self._tensors(
            lr__learning_rate=self._lr, beta1=self._beta1, beta2=self._beta2, epsilon=self._epsilon
        )
        self._scalars["beta1_power"] = self._power()

    def _rows(self, grad: Any, var: Any, indices: Any, add: _Scatter, update: _Scatter) -> Any:
        dtype = var.dtype.base_dtype
        names = ("beta1_power", "lr", "beta1", "beta2", "epsilon")
        power, lr, beta1, beta2, epsilon = (self._scalar(name, dtype) for name in names)
        m = self.get_slot(var, "m")
        m_rows = g.gather(m, indices) * beta1 + grad * (1 - beta1)
        with g.control_dependencies([m_rows]):
            m = update(m, indices, m_rows)
        v = self.get_slot(var, "v")
        v_rows = g.Maximum(g.gather(v, indices) * beta2, g.Abs(grad))
        with g.control_dependencies([v_rows]):
            v = update(v, indices, v_rows)
        rows = -lr / (1 - power) * (m_rows / (v_rows + epsilon))
        with g.control_dependencies([rows]):
            changed = add(var, indices, rows)
        return g.group(changed, m, v)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        def add(x: Any, indices: Any, values: Any) -> Any:
            return g.ScatterAdd(x, indices, values, use_locking=self._use_locking)

        def update(x: Any, indices: Any, values: Any) -> Any:
            return g.ScatterUpdate(x, indices, values, use_locking=self._use_locking)

        return self._rows(grad.values, var, grad.indices, add, update)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with g.control_dependencies(update_ops):
            power = self._power()
            with get_default_graph().colocate_with(power.op):
                update = power.assign(power * self._scalars["beta1"], use_locking=self._use_locking)
        return g.group(*update_ops, update, name=name_scope)


class _SignOptimizer(KernelOptimizer):
    """Steps that are larger where the gradient and its average have one sign. Slot: m."""

    def __init__(self, sign_decay_fn: Any, use_locking: bool, name: str) -> None:
        super().__init__(use_locking, name)
        self._sign_decay_fn = sign_decay_fn
        self._sign_decay: Any = 1.0
        self._slot_names = {"m": "m"}

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """As any optimizer; the sign's weight is a function of the global step."""
        if self._sign_decay_fn is not None:
            decay = self._sign_decay_fn(global_step)
            self._sign_decay = convert_to_tensor(decay, name="sign_decay")
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "m", self._name)


class AddSignOptimizer(_SignOptimizer):
    """m = β·m + (1−β)·gradient;  var -= learning_rate·(α + decay·sign(m·gradient))·gradient

    (Bello et al. 2017)
    """

    op_type = "AddSign"

    def __init__(
        self,
        learning_rate: Any = 0.1,
        alpha: Any = 1.0,
        beta: Any = 0.9,
        sign_decay_fn: Any = None,
        use_locking: bool = False,
        name: str = "AddSignOptimizer",
    ) -> None:
        super().__init__(sign_decay_fn, use_locking, name)
        self._lr, self._alpha, self._beta = learning_rate, alpha, beta

    def _prepare(self) -> None:
        self._tensors(
            lr__learning_rate=self._lr,
            beta=self._beta,
            alpha=self._alpha,
            sign_decay=self._sign_decay,
        )


class PowerSignOptimizer(_SignOptimizer):
    """m = β·m + (1−β)·gradient;  var -= learning_rate·base^(decay·sign(m·gradient))·gradient

    (Bello et al. 2017)
    """

    op_type = "PowerSign"

    def __init__(
        self,
        learning_rate: Any = 0.1,
        base: float = math.e,
        beta: Any = 0.9,
        sign_decay_fn: Any = None,
        use_locking: bool = False,
        name: str = "PowerSignOptimizer",
    ) -> None:
        super().__init__(sign_decay_fn, use_locking, name)
        self._lr, self._logbase, self._beta = learning_rate, math.log(base), beta

    def _prepare(self) -> None:
        self._tensors(
            lr__learning_rate=self._lr,
            beta=self._beta,
            logbase=self._logbase,
            sign_decay=self._sign_decay,
        )


class DecoupledWeightDecayExtension(KernelOptimizer):
    """Takes weight_decay·var off each variable before the optimizer's own step.

    The base of the optimizers made by `extend_with_decoupled_weight_decay`.
    Source: Loshchilov & Hutter, Decoupled Weight Decay Regularization (2017).
    """

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._weight_decay = weight_decay
        self._decay_var_list: list[Any] | None = None
        super().__init__(**kwargs)

    def minimize(self, *args: Any, decay_var_list: Any = None, **kwargs: Any) -> Any:
        """As any optimizer; all variables decay.

        TF: `decay_var_list` is forgotten on the way; give it to `apply_gradients`.
        """
        return super().minimize(*args, **kwargs)

    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        decay_var_list: Any = None,
    ) -> Any:
        """As any optimizer; `decay_var_list` are the variables that decay, all by default."""
        self._decay_var_list = list(decay_var_list) if decay_var_list else None
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _prepare(self) -> None:
        decay = self._weight_decay
        convert_to_tensor(decay() if callable(decay) else decay, name="weight_decay")
        super()._prepare()

    def _decays(self, var: Any) -> bool:
        chosen = self._decay_var_list
        return chosen is None or any(var is other for other in chosen)

    def _weights_decayed(self, var: Any) -> Any:
        if not self._decays(var):
            return g.NoOp()
        return var.assign_sub(self._weight_decay * var, self._use_locking)

    def _rows_decayed(self, var: Any, indices: Any) -> Any:
        if not self._decays(var):
            return g.NoOp()
        if hasattr(var, "handle"):
            rows = -self._weight_decay * var.sparse_read(indices)
            with g.control_dependencies([g.ResourceScatterAdd(var.handle, indices, rows)]):
                return var.value()
        rows = -self._weight_decay * g.gather(var, indices)
        return g.ScatterAdd(var, indices, rows, use_locking=self._use_locking)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        with g.control_dependencies([self._weights_decayed(var)]):
            return super()._apply_dense(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        with g.control_dependencies([self._weights_decayed(handle)]):
            return super()._resource_apply_dense(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        with g.control_dependencies([self._rows_decayed(var, grad.indices)]):
            return super()._apply_sparse(grad, var)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        with g.control_dependencies([self._rows_decayed(handle, indices)]):
            return super()._resource_apply_sparse(grad, handle, indices)


def extend_with_decoupled_weight_decay(base_optimizer: Any) -> Any:
    """The optimizer class with weight decay: `weight_decay` is its first argument."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):
        """The optimizer with weight decay before its step."""

        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(weight_decay, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """Momentum with decoupled weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """Adam with decoupled weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )
