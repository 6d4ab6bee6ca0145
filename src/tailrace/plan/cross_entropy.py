"""Cross entropies whose gradient is wanted only times the gradient of the loss: loss and product in
one pass, with the bias of the logits and its gradient, over the memory of the logits.

Where the gradient is not wanted at all, the loss alone. `OpDef.scored` names the operations.
"""

from __future__ import annotations

import dataclasses

from tailrace.plan.build import Builder
from tailrace.plan.edges import Users, following, forward, forwarded, results_of, users_of
from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.prune import sweep
from tailrace.registry import FUSED


def cross_entropy(plan: Plan) -> Plan:
    """Comes when sizes are known and the steps that repeat their input are gone."""
    found = _Finder(plan)
    if not found.scored:
        return plan
    for step in found.scored:
        found.fuse(step)
    plan.steps = [s for step in plan.steps for s in (*found.instead.get(step, ()), step)]
    for step in plan.steps:
        step.replace(found.values)
    forward(plan.steps, found.steps)
    plan.targets = forwarded(plan.targets, found.steps)
    plan.fetches = [found.values.get(v, v) for v in plan.fetches]
    return sweep(plan)


@dataclasses.dataclass
class _Logits:
    """A matrix and perhaps a row added to it."""

    matrix: Value
    bias: Value | None


class _Finder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users: Users = users_of(plan.steps)
        self.kept = {*plan.fetches, *results_of(plan.steps)}
        self.waited = {s for step in plan.steps for s in _waits(step)} | set(plan.targets)
        self.scored = [s for s in plan.steps if s.op_def.scored and not isinstance(s, Loop)]
        self.instead: dict[Step, list[Step]] = {}
        self.values: dict[Value, Value] = {}
        self.steps: dict[Step, Step] = {}

    def fuse(self, step: Step) -> None:
        features, labels = step.inputs
        loss, gradient = step.outputs
        dims = features.dims
        if step.op_def.scored is None or dims is None or len(dims) != 2 or None in dims:
            return
        if labels.dims not in (dims, dims[:1]):
            return
        alone, scaled = step.op_def.scored
        builder = Builder(step.op, step.guards, (step.op,))
        if not self.users[gradient] and gradient not in self.kept:
            made = builder.add(FUSED[alone], [features, labels])
            self._put(step, builder, {loss: made[0]}, (step,))
            return
        product = self._product(step, gradient)
        if product is None:
            return
        multiplied, factor = product
        logits = self._logits(features, dims, step)
        builder.members = (step.op, multiplied.op)
        inputs = [logits.matrix, labels, factor]
        if logits.bias is not None:
            inputs.append(logits.bias)
        made = builder.add(FUSED[scaled], inputs, in_place=self._free(logits, features, step))
        values = dict(zip((loss, multiplied.outputs[0]), made, strict=False))
        if logits.bias is not None:
            values |= dict.fromkeys(self._sums(multiplied.outputs[0]), made[2])
        self._put(step, builder, values, (step, multiplied))

    def _put(
        self, step: Step, builder: Builder, values: dict[Value, Value], members: tuple[Step, ...]
    ) -> None:
        made = builder.steps[-1]
        made.after = list(dict.fromkeys(b for m in members for b in m.after))
        self.instead[step] = builder.steps
        self.values |= values
        self.steps |= dict.fromkeys(members, made)

    def _product(self, step: Step, gradient: Value) -> tuple[Step, Value] | None:
        """The step that alone uses the gradient, to multiply its rows, and with what."""
        users = self.users[gradient]
        if len(users) != 1 or gradient in self.kept or gradient.dims is None:
            return None
        (user,) = users
        if not user.op_def.multiplies or user.guards != step.guards or user not in self.plan.steps:
            return None
        factor = next((v for v in user.inputs if v is not gradient), gradient)
        if factor.dims not in ((), (1, 1), (gradient.dims[0], 1)):
            return None
        later = following([step], self.plan.steps)
        waits = [*user.after, *([] if factor.known or factor.step is None else [factor.step])]
        if any(s is step or s in later for s in waits):
            return None
        return user, factor

    def _logits(self, features: Value, dims: tuple[int | None, ...], step: Step) -> _Logits:
        plain = _Logits(features, None)
        total = features.step
        if total is None or features.known or len(total.inputs) != 2:
            return plain
        if not (total.op_def.adds or total.op_def.biases):
            return plain
        if self._shared(features, step) or total in self.waited or total.guards != step.guards:
            return plain
        for matrix, bias in (total.inputs, total.inputs[::-1]):
            if matrix.dims == dims and bias.dims == dims[1:]:
                return _Logits(matrix, bias)
        return plain

    def _shared(self, value: Value, user: Step) -> bool:
        """Whether anybody else asks for a value."""
        return value in self.kept or any(u is not user for u in self.users[value])

    def _free(self, logits: _Logits, features: Value, step: Step) -> bool:
        """Whether the gradient may take the memory of the matrix."""
        matrix = logits.matrix
        maker = matrix.step
        user = step if logits.bias is None else features.step
        return (
            maker is not None
            and user is not None
            and not matrix.known
            and not isinstance(maker, Loop)
            and maker in self.plan.steps
            and maker.foldable
            and not maker.op_def.alias
            and not self._shared(matrix, user)
        )

    def _sums(self, gradient: Value) -> list[Value]:
        """The sums of the gradient's rows."""
        dims = gradient.dims
        return [
            user.outputs[0]
            for user in self.users[gradient]
            if dims is not None
            and dims[0] != dims[1]
            and user.op_def.sums
            and user.inputs[0] is gradient
            and user.outputs[0].dims == dims[1:]
            and not user.after
        ]


def _waits(step: Step) -> list[Step]:
    inner = [s for i in step.steps() for s in _waits(i)] if isinstance(step, Loop) else []
    return [*step.after, *inner]
