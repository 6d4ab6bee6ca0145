"""Every operation is declared as TensorFlow 1.15.5 declares it.

`tests/data/tf115_ops.csv` is TensorFlow's own registry, a row per operation type: inputs and
outputs as `name:type`, attributes as `name:kind=default>=minimum`, what they allow, and whether
Python has a gradient.
"""

import csv
import functools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tailrace.tf  # noqa: F401 - registers the operations and the library's gradients
from tailrace.dtypes import INEXACT, DType, as_dtype, float32, resource, variant
from tailrace.gradients.registered import is_registered
from tailrace.registry import OPS, Arg, Attr, OpDef
from tailrace.shapes import TensorShape

TABLE = Path(__file__).parents[2] / "data" / "tf115_ops.csv"
_ATTR = re.compile(r"^(?P<name>\w+):(?P<kind>[a-z]+(?:\([a-z]+\))?)(?P<rest>.*)$", re.DOTALL)
_LIMIT = re.compile(r"^(.*?)(?:>=(-?\d+))?$", re.DOTALL)


@functools.cache
def table() -> dict[str, dict[str, str]]:
    with TABLE.open(newline="") as file:
        return {row["op"]: row for row in csv.DictReader(file)}


def _type_name(dtype: DType) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def _spelled(arg: Arg) -> str:
    """An input or output as the table writes it."""
    if arg.list_attr:
        kind = f"list({arg.list_attr})"
    else:
        kind = arg.type_attr or _type_name(arg.dtype or float32)
        kind = f"ref({kind})" if arg.is_ref else kind
        kind = f"{arg.number_attr}*{kind}" if arg.number_attr else kind
    return f"{arg.name}:{kind}"


def _args(text: str) -> list[str]:
    return [item.strip() for item in text.split(";") if item.strip()]


def _split_attrs(text: str) -> list[str]:
    """The items between semicolons, none of which is inside quotes or brackets."""
    items, depth, quoted, current = [], 0, False, ""
    for char in text:
        quoted ^= char == "'"
        depth += (char in "[(") - (char in "])")
        if char == ";" and not quoted and not depth:
            items.append(current.strip())
            current = ""
        else:
            current += char
    return [item for item in [*items, current.strip()] if item]


def _allowed(text: str) -> dict[str, set[str]]:
    pairs = re.findall(r"(\w+):\{([^}]*)\}", text)
    return {name: set(values.split(",")) for name, values in pairs}


def expected_attrs(row: dict[str, str]) -> dict[str, tuple[str, str | None, str | None]]:
    """Name -> kind, default as text or None, minimum as text or None."""
    found = {}
    for item in _split_attrs(row["attrs"]):
        match = _ATTR.match(item)
        assert match is not None, item
        value, minimum = _LIMIT.match(match["rest"]).groups()  # type: ignore[union-attr]
        default = value[1:] if value.startswith("=") else None
        found[match["name"]] = (match["kind"], default, minimum)
    return found


def _same_default(attr: Attr, text: str | None) -> bool:
    if attr.required or text is None:
        return attr.required and text is None
    value = attr.default
    if attr.kind.startswith("list("):
        inner = attr.kind[5:-1]
        items = [t for t in text.strip("[]").split(",") if t]
        return len(items) == len(value) and all(
            _same_scalar(inner, v, t) for v, t in zip(value, items, strict=True)
        )
    return _same_scalar(attr.kind, value, text)


def _same_scalar(kind: str, value: Any, text: str) -> bool:
    match kind:
        case "type":
            return _type_name(value) == text
        case "bool":
            return str(value).lower() == text
        case "int":
            return value == int(text)
        case "float":
            return math.isclose(value, float(text), rel_tol=1e-5)
        case "string":
            plain = value.decode() if isinstance(value, bytes) else value
            return plain == text.strip("'").encode().decode("unicode_escape")
        case "shape":
            dims = TensorShape(value)._dims
            return (text == "unknown") if dims is None else str(list(dims)).replace(" ", "") == text
        case "tensor":
            return isinstance(value, np.ndarray)
    raise AssertionError(f"unexpected kind {kind}")


def _in_table(definition: OpDef) -> dict[str, str]:
    assert definition.name in table(), f"TensorFlow 1.15.5 has no operation {definition.name}"
    return table()[definition.name]


@pytest.fixture(params=sorted(OPS))
def definition(request: pytest.FixtureRequest) -> OpDef:
    return OPS[request.param]


def test_docstring(definition: OpDef) -> None:
    assert (definition.__doc__ or "").strip()


def test_inputs_and_outputs(definition: OpDef) -> None:
    row = _in_table(definition)
    assert [_spelled(arg) for arg in definition.inputs] == _args(row["inputs"])
    assert [_spelled(arg) for arg in definition.outputs] == _args(row["outputs"])


def test_attributes(definition: OpDef) -> None:
    row = _in_table(definition)
    expected = expected_attrs(row)
    assert set(definition.attrs) == set(expected)
    for name, (kind, default, _) in expected.items():
        attr = definition.attrs[name]
        assert attr.kind == kind, name
        shown = None if attr.required else attr.default
        assert _same_default(attr, default), (
            f"default of {name}: {shown!r}, TensorFlow's is {default}"
        )


def test_attribute_limits(definition: OpDef) -> None:
    row = _in_table(definition)
    allowed = _allowed(row["attr_allowed"])
    for name, (_, _, minimum) in expected_attrs(row).items():
        attr = definition.attrs[name]
        shown = {_shown(value) for value in attr.allowed}
        assert shown == allowed.get(name, set()), f"what {name} allows"
        assert (attr.minimum or 0) == int(minimum or 0), f"minimum of {name}"


def _shown(value: Any) -> str:
    if isinstance(value, DType):
        return _type_name(value)
    return value.decode() if isinstance(value, bytes) else str(value)


def test_gradient(definition: OpDef) -> None:
    """A rule where TensorFlow has one, a reason where it declares none, neither where it raises."""
    expected = _in_table(definition)["has_gradient"]
    rule, reason = definition.gradient_rule, definition.no_gradient_reason
    if expected == "yes":
        assert rule or reason or is_registered(definition.name), "TensorFlow has a gradient"
    elif expected == "NotDifferentiable":
        assert reason
        assert rule is None
    else:
        assert rule is None, "TensorFlow has no gradient"
        passes = _differentiable(definition, definition.inputs) and _differentiable(
            definition, definition.outputs
        )
        message = "TensorFlow raises LookupError: declare it by missing_gradient, not no_gradient"
        assert reason is None or not passes, message


def _differentiable(definition: OpDef, args: tuple[Arg, ...]) -> bool:
    """Whether one of the inputs or outputs can be of a type that gradients are of."""
    for arg in args:
        attr = definition.attrs.get(arg.type_attr or arg.list_attr or "")
        if attr is not None and not attr.allowed:
            return True
        types = attr.allowed if attr is not None else (arg.dtype,)
        if any(as_dtype(t) in (*INEXACT, resource, variant) for t in types):
            return True
    return False


def test_stateful(definition: OpDef) -> None:
    """What is stateful in TensorFlow is so here, or marked as fed from outside."""
    if _in_table(definition)["is_stateful"] == "yes":
        assert definition.stateful or definition.varies


def test_shape_rule(definition: OpDef) -> None:
    """Operations without one would leave the shapes of their outputs unknown."""
    assert definition.shape_rule is not None or not definition.outputs
