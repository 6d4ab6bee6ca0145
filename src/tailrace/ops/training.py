"""The steps of the optimizers: `ApplyAdam` and its kin change variables and their slots in place.

Each rule is one function on tensors. It is registered four times: for reference and resource
variables, for dense gradients and (`SparseApply…`) for gradients of single rows, where the rule is
applied to the rows of the variable and slots that `indices` names. Scalars (learning rate, powers)
reach the rules as Python numbers.

What updates many variables in one plan is one call of a fused operation, `Apply<name>Batch`; rules
the native library knows (`native`) then make one pass over memory.

Source: TF 1.15 core/kernels/training_ops.cc, core/ops/training_ops.cc.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import torch

from tailrace.dtypes import INDEX, NUMERIC
from tailrace.errors import FailedPreconditionError, KernelError, invalid
from tailrace.native import device_updates, updates
from tailrace.registry import OpDef, Pattern, fused, op
from tailrace.shapes import merge


@dataclasses.dataclass(frozen=True)
class _Rule:
    """An optimizer's step. `inputs` are its inputs in TensorFlow's order: slots, scalars, the
    gradient.

    `slots` are the variables it changes, first the one that is optimized.
    """

    function: Callable[..., None]
    slots: tuple[str, ...]
    inputs: tuple[str, ...]
    gradient: str
    attrs: dict[str, Any]
    native: Callable[..., _Native | None] | None = None
    lists: Callable[..., None] | None = None


# A rule as the native library knows it: its name there and the scalars it asks for. None stands for
# attributes it does not know.
_Native = tuple[str, list[float]]


def _read(cell: Any) -> torch.Tensor:
    if cell.value is None:
        raise KernelError(
            FailedPreconditionError, f"Attempting to use uninitialized value {cell.name}"
        )
    return cell.value


def _check_same_shape(var: torch.Tensor, grad: torch.Tensor) -> None:
    if var.shape != grad.shape:
        raise invalid(
            f"var and grad do not have the same shape {list(var.shape)} {list(grad.shape)}"
        )


def _kernel(rule: _Rule, sparse: bool) -> Callable[..., Any]:
    """The kernel of a rule: cells and values in, the first cell out."""
    names = (*rule.slots, *rule.inputs)
    count = len(rule.slots)
    at = rule.inputs.index(rule.gradient)

    def dense_kernel(*args: Any, **attrs: Any) -> Any:
        tensors = [_read(cell) for cell in args[:count]]
        _check_same_shape(tensors[0], args[count + at])
        rule.function(*tensors, *args[count:], **attrs)
        return args[0]

    def sparse_kernel(*args: Any, **attrs: Any) -> Any:
        arguments = list(args)
        indices = arguments.pop(count + at + 1)
        buffers = [_read(cell) for cell in args[:count]]
        index = _checked_rows(indices, buffers[0])
        rows = [buffer.index_select(0, index) for buffer in buffers]
        rule.function(*rows, *arguments[count:], **attrs)
        for buffer, row in zip(buffers, rows, strict=True):
            buffer.index_copy_(0, index, row)
        return args[0]

    kernel = sparse_kernel if sparse else dense_kernel
    kernel.__doc__ = (rule.function.__doc__ or "") + (
        "\n\n    Of the rows `indices` names." if sparse else ""
    )
    kernel.__name__ = f"{rule.function.__name__}_{'rows' if sparse else 'dense'}"
    assert len(set(names)) == len(names)
    return kernel


def _checked_rows(indices: torch.Tensor, var: torch.Tensor) -> torch.Tensor:
    if indices.numel():
        low, high = int(indices.min()), int(indices.max())
        if low < 0 or high >= var.shape[0]:
            bad = low if low < 0 else high
            raise invalid(f"Index {bad} is not in range [0, {var.shape[0]})")
    return indices.long()


def _without_resource(kernel: Callable[..., Any]) -> Callable[..., None]:
    """The kernel of a resource form: it has no output."""

    def resource_kernel(*args: Any, **attrs: Any) -> None:
        kernel(*args, **attrs)

    resource_kernel.__doc__ = kernel.__doc__
    return resource_kernel


def _register(name: str, rule: _Rule, resource: bool, sparse: bool) -> None:
    kind = "resource" if resource else "Ref(T)"
    items = [f"{slot}: {kind}" for slot in rule.slots]
    for item in rule.inputs:
        items.append(f"{item}: {'int64' if item == 'global_step' else 'T'}")
        if sparse and item == rule.gradient:
            items.append("indices: Tindices")
    signature = ", ".join(items) + ("" if resource else " -> out: Ref(T)")
    facts: dict[str, Any] = {"T": NUMERIC, "use_locking": False, **rule.attrs}
    if sparse:
        facts["Tindices"] = INDEX
    kernel = _kernel(rule, sparse)
    scalars = tuple(item for item in rule.inputs if item != rule.gradient)
    definition = op(
        name,
        signature,
        **facts,
        _writes=rule.slots,
        _host=scalars,
        _stateful=resource,
        _batch=None if sparse else _batch_name(name),
    )(_without_resource(kernel) if resource else kernel)
    definition.kernel_attrs = tuple(rule.attrs)
    definition.shape(_no_shape if resource else _shape_of_slots(len(rule.slots), sparse))
    definition.missing_gradient("an optimizer's step has no derivative")
    if not sparse:
        _register_batch(name, rule, resource, scalars)
    if rule.lists is not None and not sparse:
        _on_device(definition, rule, resource, _single(_lists_kernel(rule, rule.lists), rule))


def _batch_name(name: str) -> str:
    return f"{name}Batch"


def _register_batch(name: str, rule: _Rule, resource: bool, scalars: tuple[str, ...]) -> None:
    """The fused operation that takes the step for N variables, `scale` times their gradients where
    it is given.
    """
    items = [f"{slot}: N*Ref(T)" for slot in rule.slots]
    for item in rule.inputs:
        kind = "int64" if item == "global_step" else "N*T" if item == rule.gradient else "T"
        items.append(f"{item}: {kind}")
    items.append("scale: S*T")
    signature = ", ".join(items) + ("" if resource else " -> out: N*Ref(T)")
    kernel = _batch_kernel(rule)
    definition = fused(
        _batch_name(name),
        signature,
        T=NUMERIC,
        **rule.attrs,
        _writes=rule.slots,
        _host=scalars,
        _stateful=resource,
        _scales=rule.gradient,
    )(_without_resource(kernel) if resource else kernel)
    definition.kernel_attrs = tuple(rule.attrs)
    if rule.lists is not None:
        _on_device(definition, rule, resource, _lists_kernel(rule, rule.lists))


def _on_device(definition: OpDef, rule: _Rule, resource: bool, kernel: Callable[..., Any]) -> None:
    """Declare the kernel of devices other than the host."""
    definition.on_device(host=())(_without_resource(kernel) if resource else kernel)
    definition.device_kernel_attrs = tuple(rule.attrs)


def _single(kernel: Callable[..., Any], rule: _Rule) -> Callable[..., Any]:
    """The kernel of one variable, from that of several."""
    count = len(rule.slots)
    at = count + rule.inputs.index(rule.gradient)

    def single_kernel(*args: Any, **attrs: Any) -> Any:
        values = [[a] if i < count or i == at else a for i, a in enumerate(args)]
        return kernel(*values, [], **attrs)[0]

    return single_kernel


def _lists_kernel(rule: _Rule, function: Callable[..., None]) -> Callable[..., Any]:
    """The kernel of a rule for several variables on a device other than the host."""
    count = len(rule.slots)
    at = rule.inputs.index(rule.gradient)

    def lists_kernel(*args: Any, **attrs: Any) -> Any:
        tensors = [[_read(cell) for cell in cells] for cells in args[:count]]
        inputs = list(args[count:-1])
        for variable, gradient in zip(tensors[0], inputs[at], strict=True):
            _check_same_shape(variable, gradient)
        if args[-1]:
            inputs[at] = device_updates.mul(inputs[at], args[-1][0])
        function(*tensors, *inputs, **attrs)
        return args[0]

    return lists_kernel


def _batch_kernel(rule: _Rule) -> Callable[..., Any]:
    """The kernel of a rule for several variables: lists of cells and values in, the first list
    out.
    """
    count = len(rule.slots)
    at = rule.inputs.index(rule.gradient)

    def batch_kernel(*args: Any, **attrs: Any) -> Any:
        tensors = [[_read(cell) for cell in cells] for cells in args[:count]]
        inputs = list(args[count:-1])
        gradients = inputs.pop(at)
        scale = args[-1][0] if args[-1] else None
        for variable, gradient in zip(tensors[0], gradients, strict=True):
            _check_same_shape(variable, gradient)
        known = rule.native(*inputs, **attrs) if rule.native else None
        if known and updates.update(known[0], tensors[0], tensors[1:], gradients, known[1], scale):
            return args[0]
        for slots, gradient in zip(zip(*tensors, strict=True), gradients, strict=True):
            step = gradient if scale is None else gradient * scale
            rule.function(*slots, *inputs[:at], step, *inputs[at:], **attrs)
        return args[0]

    batch_kernel.__doc__ = (rule.function.__doc__ or "") + "\n\n    For every variable."
    batch_kernel.__name__ = f"{rule.function.__name__}_batch"
    return batch_kernel


def _no_shape(*_: Any) -> list[Any]:
    return []


def _shape_of_slots(count: int, sparse: bool) -> Callable[..., list[Any]]:
    def rule(*inputs: Any) -> list[Any]:
        shape = inputs[0]
        for other in inputs[1:count]:
            shape = merge(shape, other, "shapes of the variable and its slot")
        return [shape]

    return rule


def _optimizer(
    name: str,
    slots: str,
    inputs: str,
    gradient: str = "grad",
    only: str = "",
    native: Callable[..., _Native | None] | None = None,
    lists: Callable[..., None] | None = None,
    **attrs: Any,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator: register a rule as `Apply<name>` in its forms.

    `only` restricts the forms: "dense" has no sparse form, "resource" no form for reference
    variables. `native` is called like the rule, but with scalars and attributes alone; `lists` does
    it on devices where scalars are tensors, for several variables: it takes a list for each.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        names = tuple(slots.split()), tuple(inputs.split())
        rule = _Rule(function, *names, gradient, attrs, native, lists)
        if "resource" not in only:
            _register(f"Apply{name}", rule, resource=False, sparse=False)
        _register(f"ResourceApply{name}", rule, resource=True, sparse=False)
        if "dense" in only:
            return function
        sparse = _Rule(
            function,
            rule.slots,
            tuple(i if i != gradient else "grad" for i in rule.inputs),
            "grad",
            attrs,
        )
        if "resource" not in only:
            _register(f"SparseApply{name}", sparse, resource=False, sparse=True)
        _register(f"ResourceSparseApply{name}", sparse, resource=True, sparse=True)
        return function

    return register


@_optimizer(
    "GradientDescent",
    "var",
    "alpha delta",
    gradient="delta",
    only="dense",
    native=lambda alpha: ("gradient_descent", [alpha]),
    lists=device_updates.gradient_descent,
)
def gradient_descent(var, alpha, delta):
    """var -= alpha·delta"""
    var.sub_(delta, alpha=alpha)


@_optimizer("ProximalGradientDescent", "var", "alpha l1 l2 delta", gradient="delta")
def proximal_gradient_descent(var, alpha, l1, l2, delta):
    """A step of gradient descent, then the proximal step of l1 and l2 (Duchi & Singer 2009)."""
    var.sub_(delta, alpha=alpha)
    _shrink(var, alpha, l1, l2)


def _shrink(var: torch.Tensor, rate: Any, l1: float, l2: float) -> None:
    """Towards zero by rate·l1, then by the factor 1 / (1 + rate·l2)."""
    if l1 > 0:
        var.copy_(var.sign() * (var.abs() - rate * l1).clamp_(min=0))
    var.div_(1.0 + rate * l2)


def _native_momentum(lr, momentum, *, use_nesterov):
    return "nesterov" if use_nesterov else "momentum", [lr, momentum]


@_optimizer(
    "Momentum",
    "var accum",
    "lr grad momentum",
    native=_native_momentum,
    lists=device_updates.momentum,
    use_nesterov=False,
)
def momentum(var, accum, lr, grad, momentum, *, use_nesterov):
    """accum = momentum·accum + grad;  var -= lr·accum,
    or with Nesterov's look ahead lr·(grad + momentum·accum)
    """
    accum.mul_(momentum).add_(grad)
    if use_nesterov:
        var.sub_(grad, alpha=lr).sub_(accum, alpha=lr * momentum)
    else:
        var.sub_(accum, alpha=lr)


@_optimizer("KerasMomentum", "var accum", "lr grad momentum", only="resource", use_nesterov=False)
def keras_momentum(var, accum, lr, grad, momentum, *, use_nesterov):
    """accum = momentum·accum − lr·grad;  var += accum, or with Nesterov momentum·accum − lr·grad"""
    accum.mul_(momentum).sub_(grad, alpha=lr)
    if use_nesterov:
        var.add_(accum, alpha=momentum).sub_(grad, alpha=lr)
    else:
        var.add_(accum)


def _native_adagrad(lr, *, update_slots):
    return ("adagrad", [lr]) if update_slots else None


@_optimizer(
    "Adagrad",
    "var accum",
    "lr grad",
    native=_native_adagrad,
    lists=device_updates.adagrad,
    update_slots=True,
)
def adagrad(var, accum, lr, grad, *, update_slots):
    """accum += grad²;  var -= lr·grad / √accum  (Duchi et al. 2011)"""
    if update_slots:
        accum.addcmul_(grad, grad)
    var.addcdiv_(grad, accum.sqrt(), value=-lr)


@_optimizer("AdagradV2", "var accum", "lr epsilon grad", update_slots=True)
def adagrad_v2(var, accum, lr, epsilon, grad, *, update_slots):
    """accum += grad²;  var -= lr·grad / (√accum + ε)"""
    if update_slots:
        accum.addcmul_(grad, grad)
    var.addcdiv_(grad, accum.sqrt().add_(epsilon), value=-lr)


@_optimizer("ProximalAdagrad", "var accum", "lr l1 l2 grad")
def proximal_adagrad(var, accum, lr, l1, l2, grad):
    """A step of Adagrad, then the proximal step of l1 and l2 with its learning rates."""
    accum.addcmul_(grad, grad)
    rate = accum.rsqrt() * lr
    var.sub_(grad * rate)
    _shrink(var, rate, l1, l2)


@_optimizer(
    "AdagradDA",
    "var gradient_accumulator gradient_squared_accumulator",
    "grad lr l1 l2 global_step",
)
def adagrad_da(var, total, squares, grad, lr, l1, l2, global_step):
    """Adagrad with dual averaging: var = −lr·shrunk(Σgrad) / (l2·t·lr + √Σgrad²)"""
    total.add_(grad)
    squares.addcmul_(grad, grad)
    gradient = total
    if l1 > 0:
        gradient = total.sign() * (total.abs() - l1 * global_step).clamp_(min=0)
    var.copy_(-lr * gradient / (l2 * global_step * lr + squares.sqrt()))


@_optimizer(
    "Adadelta",
    "var accum accum_update",
    "lr rho epsilon grad",
    native=lambda lr, rho, epsilon: ("adadelta", [lr, rho, epsilon]),
)
def adadelta(var, accum, accum_update, lr, rho, epsilon, grad):
    """update = √(accum_update + ε) / √(accum + ε)·grad,
    both averages decaying by ρ (Zeiler 2012)
    """
    accum.mul_(rho).addcmul_(grad, grad, value=1 - rho)
    update = (accum_update + epsilon).sqrt_() * (accum + epsilon).rsqrt_() * grad
    var.sub_(update, alpha=lr)
    accum_update.mul_(rho).addcmul_(update, update, value=1 - rho)


def _corrected(lr: float, beta1_power: float, beta2_power: float) -> float:
    """The learning rate, corrected for averages that started from zero."""
    return lr * math.sqrt(1 - beta2_power) / (1 - beta1_power)


def _native_adam(beta1_power, beta2_power, lr, beta1, beta2, epsilon, *, use_nesterov):
    if use_nesterov:
        return None
    return "adam", [_corrected(lr, beta1_power, beta2_power), beta1, beta2, epsilon]


@_optimizer(
    "Adam",
    "var m v",
    "beta1_power beta2_power lr beta1 beta2 epsilon grad",
    only="dense",
    native=_native_adam,
    lists=device_updates.adam,
    use_nesterov=False,
)
def adam(var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad, *, use_nesterov):
    """m, v decaying averages of grad, grad²;  var -= lr·√(1−β₂ᵗ)/(1−β₁ᵗ)·m / (√v + ε)  (Kingma & Ba
    2014)
    """
    rate = _corrected(lr, beta1_power, beta2_power)
    m.add_(grad - m, alpha=1 - beta1)
    v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    step = m * beta1 + grad * (1 - beta1) if use_nesterov else m
    var.addcdiv_(step, v.sqrt().add_(epsilon), value=-rate)


# TF: where the gradient has only some rows, Adam is made of operations that touch all of a slot
_ADAM_ROWS = """
    step = RealDiv(Mul(rate, m_after), AddV2(Sqrt(v_after), epsilon))
    m_gain = Mul(grad, rest1)
    v_gain = Mul(Mul(grad, grad), rest2)
"""
_ADAM_ROWS_OF_REFERENCES = Pattern(
    "AssignSub",
    ("var", "step"),
    f"""{_ADAM_ROWS}
    m_after = After(ScatterAdd(m, indices, m_gain), Assign(m, Mul(Identity(m), beta1)))
    v_after = After(ScatterAdd(v, indices, v_gain), Assign(v, Mul(Identity(v), beta2)))
    """,
)
_ADAM_ROWS_OF_RESOURCES = Pattern(
    "AssignSubVariableOp",
    ("var", "step"),
    f"""{_ADAM_ROWS}
    m_read = After(ReadVariableOp(m), ResourceScatterAdd(m, indices, m_gain))
    v_read = After(ReadVariableOp(v), ResourceScatterAdd(v, indices, v_gain))
    m_after = After(m_read, AssignVariableOp(m, Mul(ReadVariableOp(m), beta1)))
    v_after = After(v_read, AssignVariableOp(v, Mul(ReadVariableOp(v), beta2)))
    """,
)


def _adam_rows(var, m, v, indices, grad, rate, beta1, rest1, beta2, rest2, epsilon):
    """Adam's step with a gradient of the rows `indices` alone; `rest` is what a gradient, or its
    square, counts in the average.
    """
    slots = [_read(cell) for cell in (var, m, v)]
    places = _checked_rows(indices, slots[0])
    if not updates.adam_rows(slots, places, grad, [rate, beta1, rest1, beta2, rest2, epsilon]):
        value, mean, square = slots
        mean.mul_(beta1).index_add_(0, places, grad, alpha=rest1)
        square.mul_(beta2).index_add_(0, places, grad * grad, alpha=rest2)
        value.addcdiv_(mean, square.sqrt().add_(epsilon), value=-rate)
    return var


for _name, _pattern in (
    ("AdamRows", _ADAM_ROWS_OF_REFERENCES),
    ("ResourceAdamRows", _ADAM_ROWS_OF_RESOURCES),
):
    _of_references = _pattern is _ADAM_ROWS_OF_REFERENCES
    fused(
        _name,
        "var: Ref(T), m: Ref(T), v: Ref(T), indices: Tindices, grad: T, rate: T, beta1: T, "
        "rest1: T, beta2: T, rest2: T, epsilon: T" + (" -> out: Ref(T)" if _of_references else ""),
        T=NUMERIC,
        Tindices=INDEX,
        _rows=True,
        _writes=("var", "m", "v"),
        _host=("rate", "beta1", "rest1", "beta2", "rest2", "epsilon"),
        _stateful=not _of_references,
    )(_adam_rows if _of_references else _without_resource(_adam_rows)).pattern = _pattern


@_optimizer(
    "AdamWithAmsgrad",
    "var m v vhat",
    "beta1_power beta2_power lr beta1 beta2 epsilon grad",
    only="dense resource",
)
def adam_with_amsgrad(var, m, v, vhat, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad):
    """Adam that divides by the largest v so far (Reddi et al. 2018)"""
    rate = _corrected(lr, beta1_power, beta2_power)
    m.add_(grad - m, alpha=1 - beta1)
    v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    torch.maximum(vhat, v, out=vhat)
    var.addcdiv_(m, vhat.sqrt().add_(epsilon), value=-rate)


@_optimizer("AdaMax", "var m v", "beta1_power lr beta1 beta2 epsilon grad", only="dense")
def adamax(var, m, v, beta1_power, lr, beta1, beta2, epsilon, grad):
    """Adam with the largest gradient, decaying, in place of the root mean square"""
    m.add_(grad - m, alpha=1 - beta1)
    torch.maximum(v.mul_(beta2), grad.abs(), out=v)
    var.addcdiv_(m, v + epsilon, value=-lr / (1 - beta1_power))


def _native_rmsprop(lr, rho, momentum, epsilon):
    return "rmsprop", [lr, rho, momentum, epsilon]


@_optimizer(
    "RMSProp",
    "var ms mom",
    "lr rho momentum epsilon grad",
    native=_native_rmsprop,
    lists=device_updates.rmsprop,
)
def rmsprop(var, ms, mom, lr, rho, momentum, epsilon, grad):
    """ms decaying average of grad²;  mom = momentum·mom + lr·grad / √(ms + ε);
    var -= mom  (Hinton 2012)
    """
    ms.add_(grad * grad - ms, alpha=1 - rho)
    mom.mul_(momentum).add_(grad * (ms + epsilon).rsqrt_(), alpha=lr)
    var.sub_(mom)


@_optimizer(
    "CenteredRMSProp",
    "var mg ms mom",
    "lr rho momentum epsilon grad",
    native=lambda *scalars: ("centered_rmsprop", list(scalars)),
)
def centered_rmsprop(var, mg, ms, mom, lr, rho, momentum, epsilon, grad):
    """RMSProp divided by the variance: √(ms − mg² + ε),
    mg the decaying average of grad  (Graves 2013)
    """
    ms.add_(grad * grad - ms, alpha=1 - rho)
    mg.add_(grad - mg, alpha=1 - rho)
    mom.mul_(momentum).add_(grad * (ms - mg * mg + epsilon).rsqrt_(), alpha=lr)
    var.sub_(mom)


def _ftrl_step(var, accum, linear, grad, shrunk, lr, l1, l2, lr_power):
    new = accum + grad * grad
    if lr_power == -0.5:
        linear.add_(shrunk - (new.sqrt() - accum.sqrt()) / lr * var)
        quadratic = new.sqrt() / lr + 2 * l2
    else:
        linear.add_(shrunk - (new**-lr_power - accum**-lr_power) / lr * var)
        quadratic = new**-lr_power / lr + 2 * l2
    pre = linear.clamp(min=-l1, max=l1) - linear
    var.copy_(torch.where(linear.abs() > l1, pre / quadratic, torch.zeros_like(var)))
    accum.copy_(new)


@_optimizer("Ftrl", "var accum linear", "grad lr l1 l2 lr_power")
def ftrl(var, accum, linear, grad, lr, l1, l2, lr_power):
    """Follow the regularized leader (McMahan et al. 2013)"""
    _ftrl_step(var, accum, linear, grad, grad, lr, l1, l2, lr_power)


@_optimizer("FtrlV2", "var accum linear", "grad lr l1 l2 l2_shrinkage lr_power")
def ftrl_v2(var, accum, linear, grad, lr, l1, l2, l2_shrinkage, lr_power):
    """Ftrl with a penalty on the magnitude of the variable"""
    _ftrl_step(var, accum, linear, grad, grad + 2 * l2_shrinkage * var, lr, l1, l2, lr_power)


@_optimizer("PowerSign", "var m", "lr logbase sign_decay beta grad", only="dense")
def power_sign(var, m, lr, logbase, sign_decay, beta, grad):
    """var -= lr·exp(logbase·sign_decay·sign(grad)·sign(m))·grad  (Bello et al. 2017)"""
    m.mul_(beta).add_(grad, alpha=1 - beta)
    var.sub_((logbase * sign_decay * grad.sign() * m.sign()).exp_() * grad, alpha=lr)


@_optimizer("AddSign", "var m", "lr alpha sign_decay beta grad", only="dense")
def add_sign(var, m, lr, alpha, sign_decay, beta, grad):
    """var -= lr·(alpha + sign_decay·sign(grad)·sign(m))·grad  (Bello et al. 2017)"""
    m.mul_(beta).add_(grad, alpha=1 - beta)
    var.sub_((alpha + sign_decay * grad.sign() * m.sign()) * grad, alpha=lr)
