"""What can be known of an operation when it is built: its attributes,
output types and output shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tailrace.dtypes import DType, as_dtype, resource
from tailrace.errors import ShapeError
from tailrace.registry import Arg, Attr, OpDef, keyword_names, single
from tailrace.shapes import Shape, TensorShape, UnknownRank, as_shape

if TYPE_CHECKING:
    from tailrace.graph.operation import Operation
    from tailrace.graph.tensor import Tensor


class InputShape(Shape):
    """What a shape rule sees of an input: its shape,
    and behind it what else is known of the tensor.
    """

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.dims = tensor._dims
        self.tensor = tensor

    @property
    def dtype(self) -> DType:
        return self.tensor._dtype.base_dtype

    @property
    def value(self) -> np.ndarray | None:
        """The value, when it is the same in every run."""
        from tailrace.graph.constants import evaluate  # it builds on this module

        return evaluate(self.tensor)

    @property
    def handle(self) -> tuple[DType, Any] | None:
        """Element type and dimensions behind a resource handle."""
        return self.tensor._handle

    def as_shape(self) -> Shape:
        """This vector of sizes read as a shape; entries that vary, or are -1, are unknown."""
        from tailrace.graph.constants import evaluate_as_shape  # as above

        if self.dims is not None and len(self.dims) > 1:
            raise ShapeError(f"Shape must be rank 1 but is rank {len(self.dims)}: {self}")
        return evaluate_as_shape(self.tensor)


def split_inputs(op_def: OpDef, values: list[Any], attrs: dict[str, Any]) -> list[Any]:
    """Group a flat list by the arguments of the declaration: a value,
    or a list for a list argument.
    """
    return _split(op_def.inputs, values, attrs)


def split_outputs(op_def: OpDef, values: list[Any], attrs: dict[str, Any]) -> list[Any]:
    """One entry per declared output: a value, or a list where the output is one."""
    return _split(op_def.outputs, values, attrs)


def _split(args: tuple[Arg, ...], values: list[Any], attrs: dict[str, Any]) -> list[Any]:
    if not any(arg.is_list for arg in args):
        return values
    groups: list[Any] = []
    start = 0
    for arg in args:
        if not arg.is_list:
            groups.append(values[start])
            start += 1
            continue
        count = attrs[arg.number_attr] if arg.number_attr else len(attrs[arg.list_attr or ""])
        groups.append(list(values[start : start + count]))
        start += count
    return groups


def output_types(op_def: OpDef, attrs: dict[str, Any]) -> list[DType]:
    """The element type of each output tensor, as declared and given by `attrs`."""
    types: list[DType] = []
    for arg in op_def.outputs:
        if arg.list_attr:
            types.extend(attrs[arg.list_attr])
            continue
        dtype = arg.dtype or attrs[arg.type_attr or ""]
        types.extend(
            [dtype._as_ref if arg.is_ref else dtype]
            * (attrs[arg.number_attr] if arg.number_attr else 1)
        )
    return types


def set_shapes(op: Operation) -> None:
    """Set the static shapes of an operation's outputs by its shape rule.

    Raises: ValueError, with operation, input shapes and the user's line, when the inputs do not
    fit.
    """
    op_def = op.op_def
    rule = op_def.shape_rule
    if rule is None:
        return
    inputs = split_inputs(op_def, [InputShape(t) for t in op._inputs], op.attrs)
    try:
        shapes = rule(*inputs, **{name: op.attrs[name] for name in op_def.shape_attrs})
    except UnknownRank:
        return
    except ShapeError as error:
        raise _explained(error, op) from None
    assert len(shapes) == len(op.outputs), f"shape rule of {op.type}: {len(shapes)} shapes"
    for tensor, shape in zip(op.outputs, shapes, strict=True):
        tensor._dims = as_shape(shape).dims


def set_handles(op: Operation) -> None:
    """Set what is known behind the resource handles an operation gives."""
    rule = op.op_def.handle_rule
    if rule is not None:
        inputs = split_inputs(op.op_def, [InputShape(t) for t in op._inputs], op.attrs)
        known = rule(*inputs, **{name: op.attrs[name] for name in keyword_names(rule)})
        op.outputs[0]._handle = None if known is None else (known[0], as_shape(known[1]).dims)
        return
    passed = next((t._handle for t in op._inputs if t._dtype is resource), None)
    for tensor in op.outputs:
        if tensor._dtype is resource:
            tensor._handle = passed


def _explained(error: ShapeError, op: Operation) -> ShapeError:
    from tailrace.graph.operation import describe_op  # it builds on this module

    message, _, hint = str(error).partition("\n")
    lines = [f"{op.type}: {message}", describe_op(op), hint]
    return ShapeError("\n".join(filter(None, lines)))


def complete_attrs(
    op_def: OpDef, inputs: list[Tensor], given: dict[str, Any], output_dtypes: Any = None
) -> dict[str, Any]:
    """All attributes of an operation: those given (values or protos), those the inputs imply,
    defaults.

    Raises: ValueError when one is missing, TypeError when inputs disagree about one.
    """
    attrs = {name: attr_value(value) for name, value in given.items()}
    _attrs_of_inputs(op_def, inputs, attrs)
    if output_dtypes is not None:
        _attrs_of_outputs(op_def, output_dtypes, attrs)
    for name, attr in op_def.attrs.items():
        if name in attrs:
            attrs[name] = checked(op_def, name, attr, attrs[name])
        elif attr.required:
            raise ValueError(f"NodeDef missing attr '{name}' from Op<name={op_def.name}>")
        else:
            attrs[name] = attr.default
    return attrs


def attr_value(value: Any) -> Any:
    """An attribute given as AttrValue proto, as a Python value."""
    if hasattr(value, "WhichOneof"):
        from tailrace.formats.graph_def import attr_from_proto  # loads protobuf

        return attr_from_proto(value)
    return value


def _attrs_of_inputs(op_def: OpDef, inputs: list[Tensor], attrs: dict[str, Any]) -> None:
    position = 0
    for arg in op_def.inputs:
        count = _count(arg, op_def, attrs, len(inputs) - position)
        types = [t._dtype.base_dtype for t in inputs[position : position + count]]
        position += count
        if arg.number_attr:
            attrs.setdefault(arg.number_attr, count)
        if arg.list_attr:
            attrs.setdefault(arg.list_attr, types)
        elif arg.type_attr and types:
            attrs.setdefault(arg.type_attr, types[0])
        wanted = arg.dtype or (attrs.get(arg.type_attr) if arg.type_attr else None)
        wrong = [d for d in types if wanted is not None and d is not wanted.base_dtype]
        if wrong:
            raise TypeError(
                f"Input '{arg.name}' of '{op_def.name}' Op has type {wrong[0].name} that does not "
                f"match type {wanted.name} wanted."  # type: ignore[union-attr]
            )


def _count(arg: Arg, op_def: OpDef, attrs: dict[str, Any], rest: int) -> int:
    if arg.number_attr in attrs:
        return attrs[arg.number_attr]
    if arg.list_attr in attrs:
        return len(attrs[arg.list_attr])
    if arg.is_list:
        return rest - sum(
            1 for other in op_def.inputs[op_def.inputs.index(arg) + 1 :] if not other.is_list
        )
    return 1


def _attrs_of_outputs(op_def: OpDef, types: Any, attrs: dict[str, Any]) -> None:
    if any(arg.is_list for arg in op_def.outputs):
        for arg in op_def.outputs:
            if arg.list_attr and len(op_def.outputs) == 1:
                attrs.setdefault(arg.list_attr, [as_dtype(d).base_dtype for d in types])
        return
    for arg, dtype in zip(op_def.outputs, types, strict=False):
        if arg.type_attr:
            attrs.setdefault(arg.type_attr, as_dtype(dtype).base_dtype)


_CONVERT: dict[str, Any] = {
    "type": lambda v: as_dtype(v).base_dtype,
    "list(type)": lambda v: [as_dtype(d).base_dtype for d in v],
    "int": lambda v: v if type(v) is int else _as_int(v),
    "float": single,
    "bool": bool,
    "string": lambda v: v.encode() if isinstance(v, str) else v,
    "shape": lambda v: v if isinstance(v, TensorShape) else TensorShape(v),
    "list(int)": lambda v: [_as_int(i) for i in v],
    "list(float)": lambda v: [single(f) for f in v],
    "list(bool)": lambda v: [bool(b) for b in v],
    "list(string)": lambda v: [s.encode() if isinstance(s, str) else s for s in v],
    "list(shape)": lambda v: [TensorShape(s) for s in v],
    "tensor": lambda v: v,
    "func": lambda v: v,
    "list(func)": list,
    "list(tensor)": list,
}


def _as_int(value: Any) -> int:
    if isinstance(value, (float, np.floating, str, bytes)):
        raise TypeError(f"Expected int, not {value!r}")
    return int(value)


def checked(op_def: OpDef, name: str, attr: Attr, value: Any) -> Any:
    """An attribute's value as its Python type, within the limits the declaration sets."""
    try:
        value = _CONVERT[attr.kind](value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Expected {attr.kind} for argument '{name}' of '{op_def.name}', not {value!r}."
        ) from error
    if attr.allowed:
        each = value if attr.kind.startswith("list") else [value]
        bad = [v for v in each if v not in attr.allowed]
        if bad:
            raise _not_allowed(op_def, name, attr, bad[0])
    if attr.minimum is not None:
        size = len(value) if attr.kind.startswith("list") else value
        if size < attr.minimum:
            raise ValueError(
                f"Attr '{name}' of '{op_def.name}' Op passed {size} less than minimum "
                f"{attr.minimum}."
            )
    return value


def _not_allowed(op_def: OpDef, name: str, attr: Attr, value: Any) -> Exception:
    def show(v: Any) -> str:
        return v.name if isinstance(v, DType) else repr(v.decode() if isinstance(v, bytes) else v)

    options = ", ".join(show(v) for v in attr.allowed)
    if attr.kind.endswith(("type", "type)")):
        return TypeError(
            f"Value passed to parameter '{_inputs_of(op_def, name)}' of '{op_def.name}' has "
            f"DataType {show(value)} not in list of allowed values: {options}"
        )
    return ValueError(
        f"Value for attr '{name}' of {op_def.name} {show(value)} is not in the list of allowed "
        f"values: {options}"
    )


def _inputs_of(op_def: OpDef, attr: str) -> str:
    return (
        ", ".join(arg.name for arg in op_def.inputs if attr in (arg.type_attr, arg.list_attr))
        or attr
    )
