"""Raise TensorFlow's control flow nodes to Python's: loops to `Loop` steps, conditionals to guards.

What depends on one side of a Switch gets a guard, its predicate and side; a Merge drops the guard
its inputs do not share and becomes an assignment at the end of either side. A loop is what lies
between its Enter and Exit nodes; the guard of its LoopCond tells what runs before the test
(`head`), while it is true (`body`) and when it was false. Only the structure of the graph counts,
so imported graphs are raised as well.

Source: TF 1.15 core/common_runtime/executor.cc (for what the nodes mean).
"""

from __future__ import annotations

import collections
from collections.abc import Iterable

from tailrace import dtypes
from tailrace.errors import InvalidArgumentError
from tailrace.plan.frames import Frame, find_frames
from tailrace.plan.ir import Choice, Guards, Join, Loop, Plan, Step, Value, Variable

GuardSet = frozenset[tuple[Value, bool]]
_NONE: GuardSet = frozenset()
_FEW = 8  # steps that may stand for one in `after`


def raise_control_flow(plan: Plan) -> Plan:
    """The plan without Switch, Merge, Enter, Exit, NextIteration and LoopCond.

    Raises: InvalidArgumentError when a value inside of a loop is fetched.
    """
    if not any(step.op_def.region for step in plan.steps):
        return plan
    return _Raiser(plan).raised()


class _Raiser:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.root, self.frame = find_frames(plan.steps)
        self.order = _data_order(plan.steps, self.frame)
        self.loops: dict[Frame, Loop] = {}
        self.guards: dict[Step, GuardSet] = {}
        self.preds: dict[Value, Value] = {}
        self.pred_rank: dict[Value, int] = {}
        self.aliases: dict[Value, Value] = {}
        self.loop_guards: dict[Frame, GuardSet] = {}
        self.joins: dict[Step, Join] = {}
        self.stand_ins: dict[Step, list[Step]] = {}  # for control edges, within a loop's level
        self.makers: dict[
            Value, Step
        ] = {}  # what gives a value in the raised plan, where that changes

    def raised(self) -> Plan:
        for step in self.order:
            self.guards[step] = self._guards_of(step)
        for step in self.order:
            self._note_alias(step)
        self._check_fetches()
        self._make_loops()
        after = {step: list(self._after(step)) for step in self.order}
        for step, steps in after.items():
            step.after = steps
        levels: dict[Frame, list[Step]] = collections.defaultdict(list)
        for step in self.order:
            levels[self.frame[step]].extend(self._kept(step))
        for frame, loop in self.loops.items():
            self._fill(loop, frame, levels[frame])
            levels[frame.parent or self.root].append(loop)
        plan = self.plan
        plan.fetch_guards = [self._sorted(self._value_guards(v)) for v in plan.fetches]
        plan.fetches = [self._real(v) for v in plan.fetches]
        plan.targets = [s for t in plan.targets for s in self._stand_ins(t, self.root)]
        plan.steps = levels[self.root]
        for value, step in self.makers.items():
            value.step = step
        for step in plan.steps:
            if isinstance(step, Loop):
                step.refresh()
        return plan

    def _check_fetches(self) -> None:
        steps = [*self.plan.targets, *(v.step for v in self.plan.fetches if v.step is not None)]
        for step in steps:
            if self.frame[step] is not self.root and step.op_def.region != "exit":
                raise InvalidArgumentError(
                    None,
                    step.op,
                    f"'{step.op.name}' is inside of a loop: only what leaves it can be fetched",
                )

    # -- guards ------------------------------------------------------------------------------------

    def _guards_of(self, step: Step) -> GuardSet:
        """When a step runs, within its loop."""
        region = step.op_def.region
        if region == "enter":
            return _NONE
        if region == "merge":
            return self._merge_guards(step)
        guards: set[tuple[Value, bool]] = set()
        for value in step.inputs:
            guards |= self._value_guards(value)
        for before in step.after:
            guards |= self._step_guards(before)
        if region == "trigger":  # it runs when its inputs do not
            return frozenset(g for g in guards if _is_test(g[0]))
        return frozenset(guards)

    def _merge_guards(self, step: Step) -> GuardSet:
        if _is_loop_merge(step):
            return _NONE
        common = frozenset.intersection(*(self._value_guards(v) for v in step.inputs))
        return common.union(*(self._step_guards(before) for before in step.after))

    def _value_guards(self, value: Value) -> GuardSet:
        """When a value is there, in the loop that uses it."""
        step = value.step
        if step is None:
            return _NONE
        guards = self._step_guards(step)
        if step.op_def.region == "switch":
            pred = self._pred(step.inputs[1])
            self.pred_rank.setdefault(pred, step.op._id)
            guards |= {(pred, step.outputs.index(value) == 1)}
        return guards

    def _step_guards(self, step: Step) -> GuardSet:
        if step.op_def.region == "exit":
            return self._loop_guards(self.frame[step])
        return self.guards.get(step, _NONE)

    def _loop_guards(self, frame: Frame) -> GuardSet:
        """When a loop runs, in the loop around it: when all that enters it is there."""
        if frame in self.loop_guards:
            return self.loop_guards[frame]
        guards: set[tuple[Value, bool]] = set()
        for step in frame.steps:
            if step.op_def.region == "enter":
                for value in step.inputs:
                    guards |= self._value_guards(value)
                for before in step.after:
                    guards |= self._step_guards(before)
        found = self.loop_guards[frame] = frozenset(guards)
        return found

    def _pred(self, value: Value) -> Value:
        """The value that a predicate repeats: what leads to it may be copies on the way into
        branches."""
        found = self.preds.get(value)
        if found is None:
            current = value
            while (source := _copied(current)) is not None:
                current = source
            found = self.preds[value] = current
        return found

    def _sorted(self, guards: Iterable[tuple[Value, bool]]) -> Guards:
        """The guards, outermost first: those that the others' predicates depend on."""

        def rank(guard: tuple[Value, bool]) -> tuple[int, int, bool]:
            pred = guard[0]
            depth = 0 if pred.step is None else len(self._step_guards(pred.step))
            return depth, self.pred_rank.get(pred, 0), guard[1]

        return tuple((self._real(pred), branch) for pred, branch in sorted(guards, key=rank))

    # -- values ------------------------------------------------------------------------------------

    def _note_alias(self, step: Step) -> None:
        """What needs no step: a value that only passes. A copy out of a reference does."""
        region = step.op_def.region
        constant_enter = region == "enter" and step.op.attrs["is_constant"]
        if not (constant_enter or region in ("switch", "next", "test")) or _copies_reference(step):
            return
        for output in step.outputs:
            self.aliases[output] = step.inputs[0]

    def _real(self, value: Value) -> Value:
        while value in self.aliases:
            value = self.aliases[value]
        return value

    # -- steps -------------------------------------------------------------------------------------

    def _kept(self, step: Step) -> list[Step]:
        """The steps that stand for a node of the graph."""
        region = step.op_def.region
        guards = self.guards[step]
        if _contradicts(guards):
            return []
        if region == "merge":
            return [] if _is_loop_merge(step) else self._choices(step)
        if region in ("enter", "exit", "next", "test", "switch") and not self._stays(step):
            return []
        step.inputs = [self._real(v) for v in step.inputs]
        step.guards = self._sorted(guards)
        return [step]

    def _stays(self, step: Step) -> bool:
        """Whether a node is run, to copy a value out of a reference."""
        region = step.op_def.region
        if region == "enter":
            return bool(step.op.attrs["is_constant"]) and _copies_reference(step)
        return region == "switch" and _copies_reference(step)

    def _choices(self, step: Step) -> list[Step]:
        join = self.joins[step]
        join.guards = self._sorted(self.guards[step])
        choices: list[Step] = []
        for position, value in enumerate(step.inputs):
            guards = self._value_guards(value) | self.guards[step]
            if not _contradicts(guards):
                choice = Choice(step.op, [self._real(value)], step.outputs, [], position=position)
                choice.guards = self._sorted(guards)
                choices.append(choice)
        join.after = [*step.after, *choices]
        self.makers.update(dict.fromkeys(step.outputs, join))
        return [*choices, join]

    # -- what comes before -------------------------------------------------------------------------

    def _after(self, step: Step) -> Iterable[Step]:
        found: dict[Step, None] = {}
        for before in step.after:
            found.update(dict.fromkeys(self._stand_ins(before, self.frame[step])))
        found.pop(step, None)
        for pred, _ in self.guards[step]:  # what a guard waits for anyway
            if pred.step is not None:
                found.pop(pred.step, None)
        return found

    def _stand_ins(self, before: Step, frame: Frame) -> list[Step]:
        """The steps at a loop's level that a control edge from a node means."""
        if before.op_def.region == "exit":
            return [self._lifted(self.loops[self.frame[before]], frame)]
        if self.frame[before] is not frame:
            return [self._lifted(before, frame)]
        if before not in self.stand_ins:
            self.stand_ins[before] = self._behind(before, frame)
        return self.stand_ins[before]

    def _behind(self, before: Step, frame: Frame) -> list[Step]:
        """The steps that give what a node passes on; itself for other nodes."""
        passes = self._passes(before)
        if passes and before.op_def.region in ("enter", "merge"):
            return []
        if passes or _is_copy(before):
            sources = [*(v.step for v in before.inputs if v.step is not None), *before.after]
            found: dict[Step, None] = {}
            for source in dict.fromkeys(sources):
                found.update(dict.fromkeys(self._stand_ins(source, frame)))
            if passes or len(found) <= _FEW:
                return list(found)
        return [self.joins.get(before, before)]

    def _passes(self, step: Step) -> bool:
        """Whether a node is none of the raised plan's steps."""
        region = step.op_def.region
        if region == "merge":
            return _is_loop_merge(step)
        return region in ("enter", "next", "test", "switch") and not self._stays(step)

    def _lifted(self, step: Step, frame: Frame) -> Step:
        """The loop of a frame that a step lies in, or the step when it lies directly in it."""
        if isinstance(step, Loop):
            inner = next(f for f, loop in self.loops.items() if loop is step)
            home = inner.parent or self.root
        else:
            home = self.frame[step]
        while home is not frame and home.depth > frame.depth:
            step, home = self.loops[home], home.parent or self.root
        return step

    # -- loops -------------------------------------------------------------------------------------

    def _make_loops(self) -> None:
        """A loop for every frame, inner ones first; a join for every Merge of branches."""
        for step in self.order:
            if step.op_def.region == "merge" and not _is_loop_merge(step):
                self.joins[step] = Join(step.op, [], step.outputs, [])
        frames = {f for f in self.frame.values() if f is not self.root}
        for frame in sorted(frames, key=lambda f: (-f.depth, f.steps[0].op._id)):
            tests = [s for s in frame.steps if s.op_def.region == "test"]
            if len(tests) != 1:
                op = frame.steps[0].op
                raise InvalidArgumentError(
                    None,
                    op,
                    f"'{op.name}' is in a loop with {len(tests)} conditions (LoopCond); one is "
                    "needed",
                )
            loop = self.loops[frame] = Loop(tests[0].op, [], [], [])
            for step in frame.steps:
                if step.op_def.region == "merge" and _is_loop_merge(step):
                    loop.variables.append(self._variable(step))
                    self.makers.update(dict.fromkeys(step.outputs, loop))
                elif step.op_def.region == "exit":
                    loop.outputs.append(step.outputs[0])
                    self.makers[step.outputs[0]] = loop

    def _variable(self, merge: Step) -> Variable:
        enters = [v for v in merge.inputs if _region(v) == "enter"]
        backs = [v for v in merge.inputs if _region(v) == "next"]
        initial = enters[0].step.inputs[0] if enters and enters[0].step else merge.inputs[0]
        value, index = merge.outputs
        return Variable(value, self._real(initial), self._real(backs[0]) if backs else value, index)

    def _fill(self, loop: Loop, frame: Frame, steps: list[Step]) -> None:
        test = next(s for s in frame.steps if s.op_def.region == "test")
        loop.test = self._real(test.outputs[0])
        loop.guards = self._sorted(self._loop_guards(frame))
        for step in frame.steps:
            region = step.op_def.region
            if region == "exit":
                loop.exits.append(self._real(step.inputs[0]))
            if region in ("exit", "next"):
                loop.targets.extend(step.after)
            if region == "enter":
                outside = frame.parent or self.root
                loop.after.extend(s for b in step.after for s in self._outside(b, outside))
        loop.after = list(dict.fromkeys(loop.after))
        for step in steps:
            side = [branch for pred, branch in step.guards if pred is loop.test]
            step.guards = tuple(g for g in step.guards if g[0] is not loop.test)
            part = loop.head if not side else loop.body if side[0] else loop.tail
            part.append(step)

    def _outside(self, step: Step, frame: Frame) -> list[Step]:
        return [step] if isinstance(step, Loop) else self._stand_ins(step, frame)


# -- nodes -----------------------------------------------------------------------------------------


def _region(value: Value) -> str:
    return "" if value.step is None else value.step.op_def.region


def _is_test(pred: Value) -> bool:
    return _region(pred) == "test"


def _is_loop_merge(step: Step) -> bool:
    """Whether a Merge is a loop variable: of an Enter and a NextIteration."""
    regions = {_region(v) for v in step.inputs}
    return "next" in regions or regions == {"enter"}


def _copies_reference(step: Step) -> bool:
    return step.inputs[0].is_ref and not step.outputs[0].is_ref


def _copied(value: Value) -> Value | None:
    """What a truth value repeats, if it does: the input of a Switch, an Enter of a constant, an
    Identity."""
    step = value.step
    if step is None or not step.inputs or step.inputs[0].is_ref:
        return None
    region = step.op_def.region
    if region == "switch" or (region == "enter" and step.op.attrs["is_constant"]):
        return step.inputs[0]
    return step.inputs[0] if _is_copy(step) and value.tensor.dtype is dtypes.bool else None


def _is_copy(step: Step) -> bool:
    """Whether a step gives its only input unchanged (an alias of a scalar is the scalar)."""
    d = step.op_def
    return (
        d.alias
        and not d.region
        and len(step.inputs) == len(step.outputs) == 1
        and not (d.stateful or d.context or d.writes or d.reads or step.inputs[0].is_ref)
    )


def _contradicts(guards: GuardSet) -> bool:
    return any((pred, not branch) in guards for pred, branch in guards)


def _data_order(steps: list[Step], frame: dict[Step, Frame]) -> list[Step]:
    """The steps, each after what it needs, but for the edges that lead back in loops.

    An Exit comes after all that enters its loop.
    """
    enters: dict[Frame, list[Step]] = collections.defaultdict(list)
    for step in steps:
        if step.op_def.region == "enter":
            enters[frame[step]].append(step)
    ordered: dict[Step, None] = {}
    for start in steps:
        stack = [(start, iter(_before(start, frame, enters)))]
        seen = {start}
        while stack:
            step, needs = stack[-1]
            if step in ordered:
                stack.pop()
                continue
            for before in needs:
                if before not in ordered and before not in seen:
                    seen.add(before)
                    stack.append((before, iter(_before(before, frame, enters))))
                    break
            else:
                ordered[step] = None
                stack.pop()
    return list(ordered)


def _before(step: Step, frame: dict[Step, Frame], enters: dict[Frame, list[Step]]) -> list[Step]:
    region = step.op_def.region
    inputs = step.inputs
    if region == "merge":
        inputs = [v for v in inputs if _region(v) != "next"]
    needed = [*(v.step for v in inputs if v.step is not None), *step.after]
    return [*needed, *enters[frame[step]]] if region == "exit" else needed
