"""Gradient descent, momentum, and their proximal form.

Source: TF 1.15 python/training/gradient_descent.py, momentum.py, proximal_gradient_descent.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import IndexedSlices, Tensor, g
from tailrace.library.optimizers.base import KernelOptimizer


class GradientDescentOptimizer(KernelOptimizer):
    """var -= learning_rate·gradient"""

    op_type = "GradientDescent"

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._tensors(alpha__learning_rate=self._learning_rate)

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        rate = g.cast(self._scalars["alpha"], var.dtype.base_dtype)
        delta = IndexedSlices(grad.values * rate, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        step = -grad * self._learning_rate
        return g.ResourceScatterAdd(handle.handle, indices, step)


class ProximalGradientDescentOptimizer(KernelOptimizer):
    """Gradient descent with the proximal step of l1 and l2 penalties (Duchi & Singer 2009)."""

    op_type = "ProximalGradientDescent"

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength

    def _prepare(self) -> None:
        self._tensors(
            alpha__learning_rate=self._learning_rate,
            l1__l1_regularization_strength=self._l1,
            l2__l2_regularization_strength=self._l2,
        )


class MomentumOptimizer(KernelOptimizer):
    """accumulation = momentum·accumulation + gradient;  var -= learning_rate·accumulation

    With `use_nesterov` the gradient is looked at ahead (Sutskever et al. 2013). Slot: momentum.
    """

    op_type = "Momentum"

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov
        self.attrs = {"use_nesterov": use_nesterov}
        self._slot_names = {"accum": "momentum"}

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        self._tensors(lr__learning_rate=self._learning_rate, momentum=self._momentum)


def constant_slot_value(optimizer: Any, var: Any, number: float, slot: str, name: str) -> Any:
    """A slot that starts at a constant, made beside its variable."""
    with var.graph.colocate_with(var.op):
        value = g.constant(number, var.dtype.base_dtype, var.get_shape())
    return optimizer._get_or_make_slot(var, value, slot, name)
