"""Optimizers' steps on devices other than the host, for several variables by few calls.

Each argument is a list with an entry for every variable, or a scalar: a tensor of the device, so
that nothing waits for its value. The rules are those of `ops.training`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_lists: Any = torch  # these functions are not among those its types tell of
add, add_, sub, sub_ = (getattr(_lists, f"_foreach_{n}") for n in ("add", "add_", "sub", "sub_"))
mul, mul_, div, div_ = (getattr(_lists, f"_foreach_{n}") for n in ("mul", "mul_", "div", "div_"))
sqrt, addcmul_ = _lists._foreach_sqrt, _lists._foreach_addcmul_

Tensors = list[Tensor]


def gradient_descent(var: Tensors, alpha: Tensor, delta: Tensors) -> None:
    """var -= alpha·delta"""
    sub_(var, mul(delta, alpha))


def momentum(
    var: Tensors, accum: Tensors, lr: Tensor, grad: Tensors, momentum: Tensor, *, use_nesterov: bool
) -> None:
    """accum = momentum·accum + grad;  var -= lr·accum, or lr·(grad + momentum·accum)"""
    mul_(accum, momentum)
    add_(accum, grad)
    step = add(grad, mul(accum, momentum)) if use_nesterov else accum
    sub_(var, mul(step, lr))


def adagrad(var: Tensors, accum: Tensors, lr: Tensor, grad: Tensors, *, update_slots: bool) -> None:
    """accum += grad²;  var -= lr·grad / √accum"""
    if update_slots:
        addcmul_(accum, grad, grad)
    sub_(var, div(mul(grad, lr), sqrt(accum)))


def rmsprop(
    var: Tensors,
    ms: Tensors,
    mom: Tensors,
    lr: Tensor,
    rho: Tensor,
    momentum: Tensor,
    epsilon: Tensor,
    grad: Tensors,
) -> None:
    """ms decaying average of grad²;  mom = momentum·mom + lr·grad / √(ms + ε);  var -= mom"""
    _towards(ms, mul(grad, grad), 1 - rho)
    mul_(mom, momentum)
    add_(mom, div(mul(grad, lr), sqrt(_plus(ms, epsilon))))
    sub_(var, mom)


def adam(
    var: Tensors,
    m: Tensors,
    v: Tensors,
    beta1_power: Tensor,
    beta2_power: Tensor,
    lr: Tensor,
    beta1: Tensor,
    beta2: Tensor,
    epsilon: Tensor,
    grad: Tensors,
    *,
    use_nesterov: bool,
) -> None:
    """m, v decaying averages of grad, grad²;  var -= lr·√(1−β₂ᵗ)/(1−β₁ᵗ)·m / (√v + ε)"""
    rate = lr * (1 - beta2_power).sqrt() / (1 - beta1_power)
    _towards(m, grad, 1 - beta1)
    _towards(v, mul(grad, grad), 1 - beta2)
    step = add(mul(m, beta1), mul(grad, 1 - beta1)) if use_nesterov else m
    change = mul(step, rate)
    div_(change, _plus(sqrt(v), epsilon))
    sub_(var, change)


def _plus(values: Tensors, number: Tensor) -> Tensors:
    """Each plus a number."""
    # without `alpha`, PyTorch takes the form whose number is Python's, and waits for it
    return add(values, number, alpha=1)


def _towards(average: Tensors, value: Tensors, part: Tensor) -> None:
    """Move averages a part of the way to values."""
    add_(average, mul(sub(value, average), part))
