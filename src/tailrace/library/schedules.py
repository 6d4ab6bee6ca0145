"""Learning rates that change with the step: `tf.train.exponential_decay` and the other schedules.

Source: TF 1.15 python/training/learning_rate_decay.py,
python/keras/optimizer_v2/learning_rate_schedule.py.
"""

from __future__ import annotations

import math
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.control_flow import case, cond
from tailrace.library.random import random_normal
from tailrace.library.scopes import name_scope


def _start(learning_rate: Any, global_step: Any) -> Tensor:
    if global_step is None:
        raise ValueError("global_step is required")
    return convert_to_tensor(learning_rate, name="initial_learning_rate")


def _exponential(
    rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool,
    name: str | None,
) -> Tensor:
    with name_scope(name, "ExponentialDecay") as scope:
        initial = _start(rate, global_step)
        steps, decay = g.cast(decay_steps, initial.dtype), g.cast(decay_rate, initial.dtype)
        p = g.cast(global_step, initial.dtype) / steps
        return g.Mul(initial, _pow(decay, g.Floor(p) if staircase else p), name=scope)


def _pow(x: Any, y: Any) -> Tensor:
    with name_scope(None, "Pow") as scope:
        return g.Pow(x, y, name=scope)


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate · decay_rate^(global_step / decay_steps),
    the exponent rounded down for a staircase.
    """
    return _exponential(learning_rate, global_step, decay_steps, decay_rate, staircase, name)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate · exp(−decay_rate · global_step / decay_steps)"""
    rate = g.Exp(g.Neg(decay_rate))
    return _exponential(learning_rate, global_step, decay_steps, rate, staircase, name)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate / (1 + decay_rate · global_step / decay_steps)"""
    with name_scope(name, "InverseTimeDecay") as scope:
        initial = _start(learning_rate, global_step)
        steps, decay = g.cast(decay_steps, initial.dtype), g.cast(decay_rate, initial.dtype)
        p = g.cast(global_step, initial.dtype) / steps
        p = g.Floor(p) if staircase else p
        one = g.cast(g.constant(1), initial.dtype)
        return g.RealDiv(initial, g.Add(one, g.Mul(decay, p)), name=scope)


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """From learning_rate to end_learning_rate within decay_steps, along (1 −
    step/decay_steps)^power.

    With `cycle`, decay_steps is multiplied so that the step never lies beyond it.
    """
    with name_scope(name, "PolynomialDecay") as scope:
        initial = _start(learning_rate, global_step)
        dtype = initial.dtype
        end, exponent = g.cast(end_learning_rate, dtype), g.cast(power, dtype)
        step = g.cast(global_step, dtype)
        steps = g.cast(decay_steps, dtype)
        if cycle:
            times = cond(g.Equal(step, 0), lambda: 1.0, lambda: g.Ceil(step / decay_steps))
            steps = g.Mul(steps, times)
        else:
            step = g.Minimum(step, decay_steps)
        p = step / steps
        return g.Add(g.Mul(initial - end, _pow(1 - p, exponent)), end, name=scope)


def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Tensor:
    """values[0] up to boundaries[0], values[1] up to boundaries[1], and so on.

    Raises: ValueError when types differ or there is not one value more than boundaries.
    """
    if len(values) != len(boundaries) + 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    limits = [convert_to_tensor(b) for b in boundaries]
    rates = [convert_to_tensor(v) for v in values]
    step = convert_to_tensor(x)
    limits = [_as_type_of(step, b) for b in limits]
    for value in rates[1:]:
        if value.dtype is not rates[0].dtype:
            raise ValueError(
                f"Values must have elements all with the same dtype ({rates[0].dtype} vs "
                f"{value.dtype})."
            )
    with name_scope(name, "PiecewiseConstant"):
        pairs = [
            (step <= limits[0], lambda: rates[0]),
            (step > limits[-1], lambda: rates[-1]),
        ]
        for low, high, value in zip(limits[:-1], limits[1:], rates[1:-1], strict=True):
            inside = (step > low) & (step <= high)
            pairs.append((inside, lambda v=value: v))
        return case(pairs, lambda: rates[0], exclusive=True)


piecewise_constant_decay = piecewise_constant


def _as_type_of(x: Tensor, boundary: Tensor) -> Tensor:
    wanted, got = x.dtype.base_dtype, boundary.dtype.base_dtype
    if wanted is got:
        return boundary
    if got is dtypes.int32 and wanted is dtypes.int64:
        return g.cast(boundary, wanted)
    raise ValueError(f"Boundaries ({got}) must have the same dtype as x ({wanted}).")


def _cosine(fraction: Any) -> Tensor:
    return 1.0 + g.Cos(g.constant(math.pi) * fraction)


def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Half a cosine from learning_rate down to alpha·learning_rate  (Loshchilov & Hutter 2016)"""
    with name_scope(name, "CosineDecay"):
        initial = _start(learning_rate, global_step)
        steps = g.cast(decay_steps, initial.dtype)
        done = g.Minimum(g.cast(global_step, initial.dtype), steps) / steps
        decayed = (1 - alpha) * (0.5 * _cosine(done)) + alpha
        return g.Mul(initial, decayed)


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Cosine decay that starts anew, each time t_mul longer and m_mul as high  (Loshchilov & Hutter
    2016)
    """
    with name_scope(name, "SGDRDecay") as scope:
        initial = _start(learning_rate, global_step)
        dtype = initial.dtype
        first = g.cast(first_decay_steps, dtype)
        floor_rate, longer, lower = g.cast(alpha, dtype), g.cast(t_mul, dtype), g.cast(m_mul, dtype)
        done = g.cast(global_step, dtype) / first

        def even() -> tuple[Any, Any]:
            restart = g.Floor(done)
            return restart, done - restart

        def geometric() -> tuple[Any, Any]:
            restart = g.Floor(g.Log(1.0 - done * (1.0 - longer)) / g.Log(longer))
            before = (1.0 - longer**restart) / (1.0 - longer)
            return restart, (done - before) / longer**restart

        restart, fraction = cond(g.Equal(longer, 1.0), even, geometric)
        height = lower**restart
        decayed = (1 - floor_rate) * (0.5 * height * _cosine(fraction)) + floor_rate
        return g.Mul(initial, decayed, name=scope)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """(alpha + linear decay)·cosine + beta  (Bello et al. 2017)"""
    with name_scope(name, "LinearCosineDecay") as scope:
        initial = _start(learning_rate, global_step)
        steps, periods, low, offset = (
            g.cast(v, initial.dtype) for v in (decay_steps, num_periods, alpha, beta)
        )
        step = g.Minimum(g.cast(global_step, initial.dtype), steps)
        linear = (steps - step) / steps
        decayed = (low + linear) * (0.5 * _cosine(2.0 * periods * (step / steps))) + offset
        return g.Mul(initial, decayed, name=scope)


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """`linear_cosine_decay` with noise on the linear part,
    of decaying variance  (Bello et al. 2017)
    """
    with name_scope(name, "NoisyLinearCosineDecay") as scope:
        initial = _start(learning_rate, global_step)
        given = (decay_steps, initial_variance, variance_decay, num_periods, alpha, beta)
        steps, variance, variance_rate, periods, low, offset = (
            g.cast(v, initial.dtype) for v in given
        )
        step = g.Minimum(g.cast(global_step, initial.dtype), steps)
        linear = (steps - step) / steps
        stddev = g.Sqrt(variance / _pow(1.0 + step, variance_rate))
        noisy = linear + random_normal(linear.get_shape(), stddev=stddev)
        cosine = 0.5 * _cosine(2.0 * periods * (step / steps))
        return g.Mul(initial, (low + noisy) * cosine + offset, name=scope)
