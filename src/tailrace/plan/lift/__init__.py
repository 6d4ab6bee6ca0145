"""Lift loops: what a loop does in each iteration is done for all iterations at once.

`counting` finds how often a loop runs, `arrays` what tensor arrays and stacks carry, `loop` does
the loop; `mapped` is for operations that can only be done one iteration after the other.
"""

from __future__ import annotations

from tailrace.plan import sizes
from tailrace.plan.build import Builder
from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.lift.arrays import Arrays
from tailrace.plan.lift.counting import Counters, Known
from tailrace.plan.lift.loop import LoopLifter, Stays
from tailrace.plan.prune import sweep
from tailrace.plan.state import root


def lift(plan: Plan) -> Plan:
    """Put array operations and recurrent kernels in the place of loops, where that is possible.

    A loop that stays says why (`Loop.stays`).
    """
    if not any(isinstance(step, Loop) for step in plan.steps):
        return plan
    return _Lifting(plan).lifted()


class _Lifting:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.arrays = Arrays()
        self.steps: list[Step] = []
        self.replaced: dict[Value, Value] = {}
        self.instead: dict[Step, list[Step]] = {}  # of loops that are gone
        self.lifters: list[LoopLifter] = []
        self.ends: Known = {}  # what counters of loops that stay end with
        self.used = {v for step in plan.steps for v in step.inputs} | set(plan.fetches)

    def lifted(self) -> Plan:
        plan = self.plan
        for step in sizes.in_order(plan.steps):
            step.replace(self.replaced)
            if isinstance(step, Loop):
                self._loop(step)
                continue
            if step.op_def.array == "scatter":
                self.arrays.note_scatter(step)
            elif step.op_def.array == "gather" and self._gather(step):
                continue
            self.steps.append(step)
        for step in self.steps:
            step.after = [s for before in step.after for s in self.instead.get(before, [before])]
        plan.steps = self.steps
        plan.fetches = [self.replaced.get(v, v) for v in plan.fetches]
        plan.targets = [s for t in plan.targets for s in self.instead.get(t, [t])]
        return sweep(plan)

    def _gather(self, step: Step) -> bool:
        """Whether a gather is not needed, because what it gathers is there as a whole."""
        handle, indices, flow = step.inputs
        key = self.arrays.key(handle)
        writes = None if key is None else self.arrays.at(flow, key)
        if not writes or not indices.known:
            return False
        builder = Builder(step.op, step.guards, (step.op,))
        array = self.arrays.read(builder, writes, indices.constant.tolist())
        if array is None:
            return False
        self._emit(builder.steps, step.after)
        self.replaced[step.outputs[0]] = array
        self.instead[step] = [*builder.steps, *step.after]
        return True

    def _emit(self, steps: list[Step], after: list[Step]) -> None:
        for step in steps:
            step.after.extend(after)
        self.steps.extend(steps)

    def _loop(self, loop: Loop) -> None:
        lifter = LoopLifter(loop, self.arrays, self.used, self.ends)
        try:
            outputs = lifter.run()
        except Stays as reason:
            loop.stays = str(reason)
            self._keep(loop, lifter.counters)
        else:
            self.lifters.append(lifter)
            self.replaced.update(outputs)
            self.instead[loop] = list(loop.after)
        self._flush(loop)

    def _flush(self, loop: Loop) -> None:
        """Take over the steps that lifters have made since the last loop."""
        for lifter in self.lifters:
            self._emit(lifter.builder.steps, lifter.loop.after)
            lifter.builder.steps = []
        if loop.stays:
            self.steps.append(loop)

    def _keep(self, loop: Loop, counters: Counters) -> None:
        """A loop stays: fill the stacks it takes from, and note what is known of its end."""
        for output, inner in zip(loop.outputs, loop.exits, strict=True):
            if inner in counters.final:
                self.ends[output] = counters.final[inner]
        for step in loop.steps():
            cell = root(step.inputs[0]) if step.op_def.array == "pop" else None
            if cell is None or cell not in self.arrays.pushed:
                continue
            lifter, value = self.arrays.pushed.pop(cell)
            lifter.builder.PushSteps(step.inputs[0], lifter.every(value), lifter.iterations())
            loop.after.append(lifter.builder.steps[-1])
