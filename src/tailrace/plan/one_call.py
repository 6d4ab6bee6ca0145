"""Recurrent layers with the products of their inputs in one call, on devices whose library does
them so (`OpDef.in_one_call`): where nobody asks for what it keeps to itself.

A layer over all steps is, so far, `gx = x Wx`, then the steps, and backwards the gradient `dz` of
`gx` and what comes from it: those of the weights, the bias and the inputs. All of this goes; what
else needs the gates, or `dz`, or the cell's states but the last one, leaves the layer as it is.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tailrace.devices import Devices
from tailrace.plan.build import Builder
from tailrace.plan.edges import forward, forwarded
from tailrace.plan.edit import Editor
from tailrace.plan.ir import Fused, Plan, Step, Value
from tailrace.plan.state import named_inputs


def one_call(plan: Plan) -> Plan:
    """Comes before products are done otherwise, and before it is chosen what is placed where."""
    if plan.devices is None or not plan.devices.gpus:
        return plan
    editor = Editor(plan)
    for step in list(plan.steps):
        if step.op_def.in_one_call_rule is not None and isinstance(step, Fused):
            found = _Finder(editor, plan.devices).layer(step)
            if found is not None:
                _put(editor, plan.devices, found)
    return editor.done()


@dataclasses.dataclass
class _Gradient:
    """The step of a layer's gradient, and what comes from what it gives for `gx`: weights, as the
    places of their factors among the inputs (-1: the state), biases, and inputs, with the places of
    terms and of the inputs that they are of.
    """

    step: Fused
    kernels: list[tuple[Step, list[int]]] = dataclasses.field(default_factory=list)
    biases: list[Step] = dataclasses.field(default_factory=list)
    inputs: list[tuple[Step, dict[int, int]]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class _Layer:
    step: Fused
    x: list[Value]
    w: list[Value]
    ends: list[tuple[Value, int]]  # what is the last state of an output, by its place
    gradients: list[_Gradient]


class _Finder:
    def __init__(self, editor: Editor, devices: Devices) -> None:
        self.editor = editor
        self.devices = devices

    def layer(self, step: Fused) -> _Layer | None:
        """The layer that a step is of, if it can be one call."""
        gx = step.inputs[0].step
        if gx is None or gx.op_def.of_layer != "inputs" or gx.attrs["M"] or not gx.attrs["N"]:
            return None
        if self.editor.only_user(step.inputs[0]) is not step or not _alike_in(step, gx):
            return None
        count = gx.attrs["N"]
        layer = _Layer(step, gx.inputs[:count], gx.inputs[count:], [], [])
        for place, value in enumerate(step.outputs[1:]):
            if not self._users_of(value, place, layer):
                return None
        if len(step.outputs) == 1 and not self._gradients_of(step.outputs[0], layer):
            return None
        return layer

    def _users(self, value: Value) -> list[Step] | None:
        """Those who take a value; None if it is a result itself."""
        return None if value in self.editor.kept else list(dict.fromkeys(self.editor.users[value]))

    def _users_of(self, value: Value, place: int, layer: _Layer) -> bool:
        """Notes what uses an output other than the states; whether that can be had otherwise."""
        users = self._users(value)
        if users is None:
            return False
        for user in users:
            if user.op_def.in_one_call_rule is not None:
                if not self._gradient(user, layer):
                    return False
                continue
            end = user.outputs[0] if user.op_def.last else self._end(user, value)
            if end is None:
                return False
            layer.ends.append((end, place))
        return True

    def _end(self, cut: Step, states: Value) -> Value | None:
        """The last state, where only that is taken of the slices of all."""
        if not _cuts(cut, states, 1):
            return None
        users = self._users(cut.outputs[0])
        if users is None or len(users) != 1 or not users[0].op_def.unstacks:
            return None
        (step,) = users
        *others, last = step.outputs
        if step.attrs["axis"] or any(self._users(v) != [] for v in others):
            return None
        return last

    def _gradients_of(self, states: Value, layer: _Layer) -> bool:
        """Notes the gradients of a layer that gives nothing but its states."""
        users = list(dict.fromkeys(self.editor.users[states]))
        found = [u for u in users if _is_gradient(u, states)]
        return all(self._gradient(u, layer) for u in found)

    def _gradient(self, step: Step, layer: _Layer) -> bool:
        """Notes a step of the gradient; whether all that comes from it can be had otherwise."""
        if any(gradient.step is step for gradient in layer.gradients):
            return True
        if not isinstance(step, Fused) or step.after:
            return False
        dz = step.outputs[0]
        users = self._users(dz)
        if users is None:
            return False
        gradient = _Gradient(step)
        layer.gradients.append(gradient)
        return all(self._user_of_gradient(user, dz, gradient, layer) for user in users)

    def _user_of_gradient(self, user: Step, dz: Value, gradient: _Gradient, layer: _Layer) -> bool:
        if not _alike_in(user, gradient.step):
            return False
        kind = user.op_def.of_layer
        if kind == "of kernel":
            places = [self._factor(v, layer) for v in user.inputs[:-1]]
            gradient.kernels.append((user, [p for p in places if p is not None]))
            return None not in places
        if kind == "of inputs":
            count = len(user.inputs) // 2
            terms = [i for i, v in enumerate(user.inputs[:count]) if v is dz]
            of = {i: _place(user.inputs[count + i], layer.w) for i in terms}
            gradient.inputs.append((user, {i: p for i, p in of.items() if p is not None}))
            return None not in of.values()
        gradient.biases.append(user)
        return user.op_def.sums and user.inputs[0] is dz and _sums_to_last(user)

    def _factor(self, value: Value, layer: _Layer) -> int | None:
        """The place of the input that a value is; -1 for the states before each step."""
        step = value.step
        if step is not None and _cuts(step, layer.step.outputs[0], 0):
            return -1
        return _place(value, layer.x)


def _is_gradient(step: Step, states: Value) -> bool:
    """Whether a step is the gradient of the layer that gives the states."""
    if step.op_def.in_one_call_rule is None:
        return False
    return any(name == "hs" and value is states for name, value in named_inputs(step))


def _alike_in(step: Step, other: Step) -> bool:
    """Whether steps run together, and wait for nothing but what they take."""
    return step.guards == other.guards and not step.after and not other.after


def _cuts(step: Step, states: Value, begin: int) -> bool:
    """Whether a step takes the states before each step (0) or after it (1)."""
    if not step.op_def.narrows or step.inputs[0] is not states or step.attrs["axis"]:
        return False
    steps = (states.dims or (None,))[0]
    return step.attrs["begin"] == begin and step.attrs["size"] + 1 == steps


def _sums_to_last(step: Step) -> bool:
    """Whether a sum is over all axes but the last."""
    dims = step.inputs[0].dims
    return dims is not None and step.outputs[0].dims == dims[-1:]


def _place(value: Value, among: list[Value]) -> int | None:
    return next((i for i, other in enumerate(among) if _same(value, other)), None)


def _same(value: Value, other: Value) -> bool:
    """Whether values are the same slices of the same."""
    if value is other:
        return True
    steps = value.step, other.step
    if any(step is None or not step.op_def.narrows for step in steps):
        return False
    first, second = (step for step in steps if step is not None)
    names = ("axis", "begin", "size")
    alike = all(first.attrs[name] == second.attrs[name] for name in names)
    return alike and first.inputs[0] is second.inputs[0]


# -- the call in their place -----------------------------------------------------------------------


def _put(editor: Editor, devices: Devices, layer: _Layer) -> None:
    step = layer.step
    device = devices.wanted(step.op, devices.gpus[0])
    rule = step.op_def.in_one_call_rule
    if device.kind == "CPU" or rule is None:
        return
    b = Builder(step.op, step.guards, step.members)
    x, w = _joined(b, layer.x, 2), _joined(b, layer.w, 0)
    training = bool(layer.gradients)
    made = rule(b, device.torch, x, w, step.inputs, step.attrs, training)
    if made is None:
        return
    gradients = [_gradient_in_one_call(gradient, made) for gradient in layer.gradients]
    if not all(found for _, found in gradients):
        return
    instead: dict[Step, Step] = {step: made["states"].step}
    editor.pending(b)
    for gradient, (b, found) in zip(layer.gradients, gradients, strict=True):
        instead[gradient.step] = _put_gradient(editor, editor.pending(b), layer, gradient, found)
    editor.put(step.outputs[0], made["states"])
    for value, place in layer.ends:
        editor.put(value, made["last"][place])
    plan = editor.plan
    forward(plan.steps, instead)
    plan.targets = forwarded(plan.targets, instead)


def _joined(b: Builder, values: list[Value], axis: int) -> Value:
    return values[0] if len(values) == 1 else b.ConcatV2(*values, b.constant(axis))


def _gradient_in_one_call(
    gradient: _Gradient, made: dict[str, Any]
) -> tuple[Builder, dict[str, Any]]:
    """The gradient of the layer that is made, empty where the call gives none of such a kind, and
    the builder to go on with.
    """
    step = gradient.step
    rule = step.op_def.in_one_call_rule
    assert rule is not None
    b = Builder(step.op, step.guards, step.members)
    of_weights = bool(gradient.kernels or gradient.biases)
    return b, rule(b, made, step.inputs, step.attrs, of_weights) or {}


def _put_gradient(
    editor: Editor, b: Builder, layer: _Layer, gradient: _Gradient, found: dict[str, Any]
) -> Step:
    for old, new in zip(gradient.step.outputs[1:], found["first"], strict=True):
        editor.put(old, new)
    for total in gradient.biases:
        editor.put(total.outputs[0], found["bias"])
    for kernel, places in gradient.kernels:
        rows = [_part(b, found, layer, p) for p in places]
        editor.put(kernel.outputs[0], _joined(b, rows, 0))
    for user, terms in gradient.inputs:
        editor.put(user.outputs[0], _sum(b, found["x"], layer, user, terms))
    return found["x"].step


def _part(b: Builder, found: dict[str, Any], layer: _Layer, place: int) -> Value:
    """The gradient of the rows of the weights that belong to one factor."""
    return found["wh"] if place < 0 else _cut(b, found["wx"], layer, place, 0)


def _cut(b: Builder, whole: Value, layer: _Layer, place: int, axis: int) -> Value:
    """What belongs to one of the inputs."""
    if len(layer.x) == 1:
        return whole
    sizes: list[int] = [w.dims[0] for w in layer.w]  # type: ignore[index]
    return b.Narrow(whole, axis=axis, begin=sum(sizes[:place]), size=sizes[place])


def _sum(b: Builder, dx: Value, layer: _Layer, user: Step, terms: dict[int, int]) -> Value:
    """The gradient of an input: what the layer gives, and the terms that are others'."""
    parts = [_cut(b, dx, layer, place, 2) for place in terms.values()]
    count = len(user.inputs) // 2
    others = [i for i in range(count) if i not in terms]
    if others:
        values = [*(user.inputs[i] for i in others), *(user.inputs[count + i] for i in others)]
        parts += b.add(user.op_def, values, N=len(others))
    return parts[0] if len(parts) == 1 else b.AddN(*parts)
