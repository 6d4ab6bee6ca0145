"""Find the steps of cells that follow one another in an unrolled graph."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from tailrace.plan.dropped import Dropped, maskable, product_of, products
from tailrace.plan.edges import Users
from tailrace.plan.ended import Ended, find_ended
from tailrace.plan.found import CellMatch, Product
from tailrace.plan.ir import Loop, Step, Value
from tailrace.plan.match import match_cell
from tailrace.plan.row_by_row import Rows, key_of

SHORTEST = 2  # steps that are worth a layer

Chain = list[CellMatch]


def find_chains(steps: list[Step], users: Users, kept: set[Value]) -> list[Chain]:
    """The chains, in the order in which the first steps of them were built."""
    matches = dict(_matches(steps))
    dropped = _dropped(matches, users)
    for match in matches.values():
        _complete(match, users, dropped)
    by_state = {tuple(m.ends.values()): m for m in matches.values()}

    def follows(match: CellMatch) -> bool:
        earlier = by_state.get(tuple(match.previous.values()))
        return earlier is not None and _first_like(earlier, match) is not None

    for value, match in matches.items():
        if not follows(match):
            matches[value] = _complete(match_cell(value, follows), users, dropped) or match
    by_state = {tuple(m.ends.values()): m for m in matches.values()}
    before: dict[CellMatch, CellMatch] = {}
    after: dict[CellMatch, CellMatch] = {}
    for match in matches.values():
        earlier = by_state.get(tuple(match.previous.values()))
        if earlier is None or earlier in after:
            continue
        earlier = _complete(_first_like(earlier, match), users, dropped)
        if earlier is None or not _go_on(earlier, match):
            continue
        before[match], after[earlier] = earlier, match
    for match in matches.values():
        earlier = by_state.get(tuple(match.previous.values()))
        if earlier is not None and earlier not in after and match not in after:
            earlier = _complete(_first_like(earlier, match), users, dropped)
            if earlier is not None and _is_last(earlier, match, users, kept):
                before[match], after[earlier] = earlier, match
    heads = [m for m in after if m not in before]
    found = [list(_followed(head, after)) for head in heads]
    return [
        c for c in found if len(c) >= SHORTEST and _is_whole(c) and _is_confined(c, users, kept)
    ]


def _is_last(earlier: CellMatch, match: CellMatch, users: Users, kept: set[Value]) -> bool:
    """Whether sequences end at a step that gives no states to choose from, as nothing needs them,
    and so the next one would be."""
    if earlier.ended is None or match.ended is not None:
        return False
    match.ended = Ended(earlier.ended.lengths, earlier.ended.time + 1, {}, {})
    if _go_on(earlier, match) and _is_confined([match], users, kept):
        return True
    match.ended = None
    return False


def _is_confined(chain: Chain, users: Users, kept: set[Value]) -> bool:
    """Whether steps may give something else where sequences have ended."""
    return all(
        m.ended is None
        or Rows(m.cell, (m.ended.lengths, m.ended.time)).confine(m.following.values(), users, kept)
        for m in chain
    )


def _is_whole(chain: Chain) -> bool:
    """Whether sequences end from the first step on, and factors are missing at the last at most."""
    ended, dropped = chain[0].ended, [m.dropped is not None for m in chain]
    return (ended is None or not ended.time) and (all(dropped[:-1]) or not any(dropped))


def _complete(
    match: CellMatch | None, users: Users, dropped: dict[Value, Dropped]
) -> CellMatch | None:
    """The match, with what goes on of what it gives, and what is chosen where sequences end."""
    if match is not None:
        match.dropped = dropped.get(match.following[match.cell.states[-1]])
        match.ended = find_ended(match, users)
    return match


def _dropped(matches: dict[Value, CellMatch], users: Users) -> dict[Value, Dropped]:
    """The products that next steps begin with, by what the steps before them give."""
    found: dict[Value, Dropped] = {}
    for value, match in matches.items():
        before = match.previous[match.cell.states[-1]]
        for base, product in _earlier(before):
            earlier = matches.get(base)
            if earlier is not None and earlier.kind == match.kind and _is_masked(match, product):
                found.setdefault(base, product)
        for step in users.get(before, ()):
            if key_of(step) is not None and step.inputs[1] is before:
                product = product_of(step.inputs[2], value)
                if product is not None and _is_masked(match, product):
                    found[value] = product
    return found


def _is_masked(match: CellMatch, product: Dropped) -> bool:
    """Whether there are layers of a cell with such factors."""
    return match.cell.maskable and maskable(product.factors)


def _earlier(state: Value) -> Iterator[tuple[Value, Dropped]]:
    """What a state may be the product of, where sequences go on."""
    if state.step is not None and not state.known and key_of(state.step) is not None:
        state = state.step.inputs[2]
    yield from ((base, Dropped(state, factors)) for base, factors in products(state))


def _go_on(earlier: CellMatch, match: CellMatch) -> bool:
    """Whether sequences of the same lengths, or none, end at the next step, and what goes on is
    multiplied with as many factors."""
    if match.dropped is not None and (
        earlier.dropped is None or earlier.dropped.form != match.dropped.form
    ):
        return False
    before, now = earlier.ended, match.ended
    if before is None or now is None:
        return before is now
    return before.lengths is now.lengths and before.time + 1 == now.time


def _matches(steps: list[Step]) -> Iterator[tuple[Value, CellMatch]]:
    for step in steps:
        if not isinstance(step, Loop) and len(step.outputs) == 1:
            match = match_cell(step.outputs[0])
            if match is not None:
                yield step.outputs[0], match


def _first_like(match: CellMatch, second: CellMatch) -> CellMatch | None:
    """A step read as the one after it is, as far as it is not clear which factor the state is."""
    wanted = _signature(second)
    if _signature(match) == wanted:
        return match
    value = match.following[match.cell.states[-1]]
    return match_cell(value, lambda m: _signature(m) == wanted)


def _followed(match: CellMatch | None, after: dict[CellMatch, CellMatch]) -> Iterator[CellMatch]:
    while match is not None:
        yield match
        match = after.get(match)


def _signature(match: CellMatch) -> Hashable:
    """What is equal for steps of one layer."""
    sums = tuple(
        (
            name,
            tuple(map(_place, z.products)),
            frozenset(z.biases),
            len(z.addends),
            z.value.dims,
        )
        for name, z in match.affine.items()
    )
    attributes = tuple(match.attributes.items())
    gates = tuple(match.gates.items())
    return match.kind, attributes, sums, gates, tuple(map(_weight, vectors(match))), match.guards


def _weight(value: Value) -> Hashable:
    """What is equal for equal numbers, and of other weights for the same one."""
    return value.constant.item() if value.known and value.dims == () else value


def vectors(match: CellMatch) -> list[Value]:
    """The further weights of a cell."""
    return [match.roles[name] for name in match.cell.vectors]


def _place(product: Product) -> Hashable:
    return product.weight, product.row, product.rows
