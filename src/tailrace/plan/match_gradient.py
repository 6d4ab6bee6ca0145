"""Find the steps that together are the gradient of one step of a cell; see `plan.match`."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from tailrace.plan.edges import Users
from tailrace.plan.equations import Call, Expression, Word, equations, read_expression
from tailrace.plan.found import Affine, AffineGradient, CellMatch, GradientMatch, Product
from tailrace.plan.gates import columns_of, gradient_of_source
from tailrace.plan.ir import Step, Value
from tailrace.plan.match import Matcher, Same, transposes
from tailrace.registry import CELLS


@functools.cache
def gradient_anchors(cell_name: str) -> dict[str, int]:
    """Words of the forward equations whose users begin the gradient, and by how many steps they
    come to its root. One for each way to write the root.
    """
    cell = CELLS[cell_name]
    forward, backward = equations(cell.forward), equations(cell.backward)

    def first(expression: Expression, seen: frozenset[str], steps: int) -> tuple[str, int] | None:
        if isinstance(expression, Call):
            inner = (first(e, seen, steps + 1) for e in expression.args)
            return next(filter(None, inner), None)
        name = expression.name
        if name in forward or name in seen:
            return (name, steps) if name in forward else None
        choices = (first(e, seen | {name}, steps) for e in backward.get(name, ()))
        return next(filter(None, choices), None)

    found = [first(e, frozenset(), 0) for e in backward[cell.roots[0]]]
    assert all(found), f"the gradient of {cell_name} has no word of its forward equations"
    return dict(filter(None, found))


def match_cell_gradient(
    match: CellMatch, same: Same, candidates: Iterable[Value], users: Users
) -> GradientMatch | None:
    """The gradient of a cell's step, with `users` of all values of the backward part.

    `same(value, forward)` tells whether a value of the backward part stands for one of the forward
    part. `candidates` are the values among which the gradient of the step's first affine sum is.
    """
    cell = match.cell
    rules = equations(cell.backward)
    root = cell.roots[0]
    types = {
        t for e in rules[root] if isinstance(e, Call) for t in cell.groups.get(e.type, (e.type,))
    }
    for value in candidates:
        step = value.step
        if step is None or value.known or step.op_def.name not in types:
            continue
        matcher = Matcher(cell, rules, same, step.guards)
        matcher.bound.update(match.roles)
        matcher.affine.update(match.affine)
        for _ in matcher.match(Word(root), value):
            for _ in _other_roots(matcher, cell.roots, users):
                if _put_sources_together(match, matcher, users):
                    return _gradient(match, matcher, users)
    return None


def _other_roots(matcher: Matcher, roots: tuple[str, ...], users: Users) -> Iterator[None]:
    """Match the roots that the first one does not lead to: they are near what it leads to."""
    missing = [name for name in roots if name not in matcher.bound]
    if not missing:
        yield
        return
    for value in _near(matcher, users):
        for _ in matcher.match(Word(missing[0]), value):
            yield from _other_roots(matcher, roots, users)


def _near(matcher: Matcher, users: Users) -> list[Value]:
    """What is computed from gradients by a few steps."""
    found = dict.fromkeys(v for word, v in matcher.bound.items() if word[0] == "d")
    layer = list(found)
    for _ in range(3):
        steps = dict.fromkeys(step for value in layer for step in users.get(value, ()))
        layer = [v for step in steps for v in step.outputs if v not in found]
        found.update(dict.fromkeys(layer))
    return list(found)


def _put_sources_together(match: CellMatch, matcher: Matcher, users: Users) -> bool:
    """Find the gradients of the gates' sources; whether there are all."""
    for source in dict.fromkeys(gate.source for gate in match.gates.values()):
        found = gradient_of_source(match.gates, source, matcher.bound, users, matcher.is_a)
        if found is None:
            return False
        matcher.bound[f"d{source}"] = found[0]
        matcher.steps += found[1]
    return True


def _gradient(match: CellMatch, matcher: Matcher, users: Users) -> GradientMatch:
    cell = match.cell
    outgoing: dict[str, list[Value]] = {name: [] for name in cell.states}
    affine = {}
    for name, z in match.affine.items():
        affine[name] = found = _affine_gradient(matcher, z, matcher.bound[f"d{name}"], users)
        for state in cell.states:
            if z.word == f"{state}_prev":
                assert z.state is not None
                outgoing[state].extend(found.products.get(z.state, ()))
    shared = _shared(matcher, match, users)
    for value, parts in shared.items():
        for state in cell.states:
            if all(p is match.affine[n].state for n, p in parts) and (
                match.affine[parts[0][0]].word == f"{state}_prev"
            ):
                outgoing[state].append(value)
    for state, texts in cell.outgoing.items():
        for text in texts:
            outgoing[state].extend(_sent(matcher, read_expression(text), users))
    totals = {name: matcher.bound.get(f"d{name}") for name in cell.states}
    terms = {}
    for name, total in totals.items():
        if total is None or matcher.is_zero(total):
            terms[name] = []
        elif f"{name}_terms" in matcher.rests:
            terms[name] = matcher.rests[f"{name}_terms"]
        else:
            terms[name] = _terms(matcher, total)
    sums = {text: _row_totals(matcher, read_expression(text), users) for text in cell.sums}
    members = list(dict.fromkeys(matcher.steps))
    roles = {n: v for n, v in matcher.bound.items() if n not in match.roles}
    found = GradientMatch(match, roles, terms, totals, outgoing, affine, members, shared)
    found.sums = sums
    return found


def _terms(matcher: Matcher, total: Value) -> list[Value]:
    step = matcher.step(total)
    return list(step.inputs) if step is not None and step.op_def.adds else [total]


def _sent(matcher: Matcher, expression: Expression, users: Users) -> list[Value]:
    """The values that an expression of bound words stands for."""
    assert isinstance(expression, Call)
    start = next(a for a in expression.args if isinstance(a, Word) and a.name[0] == "d")
    if start.name not in matcher.bound:
        return []
    found = []
    for step in dict.fromkeys(users.get(matcher.bound[start.name], ())):
        for value in step.outputs:
            since = len(matcher.steps)
            for _ in matcher.match(expression, value):
                found.append(value)
                members = matcher.steps[since:]
                break
            else:
                continue
            matcher.steps[since:] = members
    return found


def _row_totals(matcher: Matcher, expression: Expression, users: Users) -> list[Value]:
    """Where the rows of what an expression stands for are added up."""
    if isinstance(expression, Word):
        found = [matcher.bound[expression.name]] if expression.name in matcher.bound else []
    else:
        found = _sent(matcher, expression, users)
    totals = []
    for step in dict.fromkeys(s for value in found for s in users.get(value, ())):
        if step.outputs and matcher.step(step.outputs[0]) and _sums_rows(matcher, step):
            totals.append(step.outputs[0])
            matcher.steps.append(step)
    return totals


def _affine_gradient(matcher: Matcher, z: Affine, dz: Value, users: Users) -> AffineGradient:
    found = AffineGradient(dz)
    for step in dict.fromkeys(users.get(dz, ())):
        if matcher.step(step.outputs[0] if step.outputs else dz) is None:
            continue
        if matcher.is_a(step, "Product"):
            _of_product(matcher, z, step, found, users)
        elif z.biases and _sums_rows(matcher, step):
            found.biases.append(step.outputs[0])
            matcher.steps.append(step)
    return found


def _of_product(
    matcher: Matcher, z: Affine, step: Step, found: AffineGradient, users: Users
) -> None:
    left, right = step.inputs
    products = z.products
    if transposes(step) == (True, False) and right is found.dz:
        for product in products:
            if matcher.same(left, product.joined):
                found.weights.append((product.weight, step.outputs[0]))
                matcher.steps.append(step)
                return
    elif transposes(step) == (False, True) and left is found.dz:
        values = [step.outputs[0]]
        values += [u.outputs[0] for u in users.get(values[0], ()) if matcher.is_a(u, "Part")]
        for value in dict.fromkeys(values):
            decoded = matcher.decode(value)
            for product in products:
                if decoded == (found.dz, product.weight, product.row, product.rows):
                    found.products.setdefault(product, []).append(value)
                    matcher.steps.append(value.step)  # type: ignore[arg-type]


def _shared(
    matcher: Matcher, match: CellMatch, users: Users
) -> dict[Value, list[tuple[str, Product]]]:
    """Gradients of what is a factor of several sums, where these are added before they are cut."""
    of_sum: dict[Value, str] = {}
    for name in match.affine:
        dz = matcher.bound[f"d{name}"]
        for step in dict.fromkeys(users.get(dz, ())):
            if matcher.is_a(step, "Product") and step.inputs[0] is dz:
                of_sum[step.outputs[0]] = name
    found: dict[Value, list[tuple[str, Product]]] = {}
    for total in dict.fromkeys(s for value in of_sum for s in users.get(value, ())):
        names = [of_sum.get(value) for value in total.inputs]
        if total.op_def.adds and len(names) > 1 and None not in names:
            for cut in dict.fromkeys(users.get(total.outputs[0], ())):
                if matcher.is_a(cut, "Part"):
                    parts = _cut_of_all(matcher, match, total, names, cut)  # type: ignore[arg-type]
                    if parts:
                        found[cut.outputs[0]] = parts
                        matcher.steps += [cut, total, *(v.step for v in total.inputs)]
    return found


def _cut_of_all(
    matcher: Matcher, match: CellMatch, total: Step, names: list[str], cut: Step
) -> list[tuple[str, Product]]:
    """The factors, by sum, whose gradient is columns of a sum of such."""
    columns = columns_of(cut)
    parts: list[tuple[str, Product]] = []
    for name, value in zip(names, total.inputs, strict=True):
        decoded, z = matcher.decode(value), match.affine[name]
        parts += (
            (name, product)
            for product in z.products
            if decoded is not None
            and decoded[1] is product.weight
            and columns == (product.row, product.rows)
        )
    return parts if len(parts) == len(names) == len(dict(parts)) else []


def _sums_rows(matcher: Matcher, step: Step) -> bool:
    """Whether a step sums the rows of a matrix."""
    if matcher.is_a(step, "BiasGradient"):
        return True
    if not matcher.is_a(step, "Total") or step.attrs["keep_dims"]:
        return False
    axes = step.inputs[1]
    return axes.known and axes.constant.reshape(-1).tolist() == [0]
