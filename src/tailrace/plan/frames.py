"""Which loop each step of a plan lies in.

Enter nodes lead into a loop and Exit nodes out of it; cut there, each loop's steps hang together.
So copies of a loop that an imported graph has under one frame name are still told apart.
"""

from __future__ import annotations

from typing import Any

from tailrace.plan.ir import Step


class Frame:
    """A loop: the one around it (None for the outermost), its depth, and its steps."""

    __slots__ = ("depth", "parent", "steps")

    def __init__(self, parent: Frame | None) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.steps: list[Step] = []


class _Sets:
    """Disjoint sets of anything."""

    def __init__(self) -> None:
        self._parent: dict[Any, Any] = {}

    def find(self, item: Any) -> Any:
        parent = self._parent
        root = item
        while (above := parent.setdefault(root, root)) is not root:
            root = above
        while parent[item] is not root:
            parent[item], item = root, parent[item]
        return root

    def join(self, a: Any, b: Any) -> None:
        self._parent[self.find(a)] = self.find(b)


def find_frames(steps: list[Step]) -> tuple[Frame, dict[Step, Frame]]:
    """The frame of what lies in no loop, and the frame of every step. An Enter or Exit lies in
    its loop."""
    inside = _Sets()
    for step in steps:
        inside.find(step)
        if _region(step) != "enter":
            for before in _sources(step):
                if _region(before) != "exit":
                    inside.join(step, before)
    loops = {inside.find(step) for step in steps if _region(step) == "enter"}
    sets = _with_surroundings(steps, inside)
    entered = {sets.find(loop): loop for loop in loops}
    root = Frame(None)
    frames: dict[Any, Frame] = {}

    def frame_of(item: Any) -> Frame:
        """The frame of a set's representative; sets without an Enter lie in no loop."""
        loop = entered.get(item)
        if loop is None:
            return root
        if item not in frames:
            frames[item] = Frame(frame_of(sets.find(("around", loop))))
        return frames[item]

    found = {step: frame_of(sets.find(step)) for step in steps}
    for step, frame in found.items():
        frame.steps.append(step)
    return root, found


def _with_surroundings(steps: list[Step], inside: _Sets) -> _Sets:
    """The sets, with what lies around a loop joined: its Enters' inputs and its Exits' users."""
    sets = _Sets()
    loop_of = {step: inside.find(step) for step in steps}
    for step, loop in loop_of.items():
        sets.join(step, loop)
    for step in steps:
        here: Any = ("around", loop_of[step]) if _region(step) == "enter" else step
        for before in _sources(step):
            if _region(before) == "exit":
                sets.join(here, ("around", loop_of[before]))
            elif _region(step) == "enter":
                sets.join(here, before)
    return sets


def _sources(step: Step) -> list[Step]:
    return [*(v.step for v in step.inputs if v.step is not None), *step.after]


def _region(step: Step) -> str:
    return step.op_def.region
