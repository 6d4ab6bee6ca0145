"""`g`: adds operations by their type, `g.MatMul(a, b, transpose_a=True)`.

Inputs that are not tensors become constants inside a scope of the operation's name, as TensorFlow's
generated functions make them (`MatMul/b`), so that node names and counts are TensorFlow's.

Source: TF 1.15 python/framework/op_def_library.py (_apply_op_helper).
"""

from __future__ import annotations

import contextlib
from typing import Any

from tailrace import registry
from tailrace.dtypes import DType
from tailrace.errors import UnsupportedOpError
from tailrace.graph import inference
from tailrace.graph.convert import _has_conversion, convert_to_tensor
from tailrace.graph.graph import Graph, get_default_graph
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor
from tailrace.registry import Arg, OpDef


def build(op_def: OpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Add an operation to the default graph; gives what `Builder` says."""
    name = keywords.pop("name", None) or op_def.name
    values = _input_values(op_def, args, keywords)
    graph = _graph_of(values)
    attrs = {
        key: value for key, value in keywords.items() if value is not None or key.startswith("_")
    }
    for key in attrs:
        if key not in op_def.attrs and not key.startswith("_"):
            raise TypeError(f"{op_def.name}() got an unexpected keyword argument '{key}'")
    for key, value in attrs.items():
        if key in op_def.attrs:
            attrs[key] = inference.checked(
                op_def, key, op_def.attrs[key], inference.attr_value(value)
            )
    if all(type(v) is Tensor for v in values):
        tensors, scope = _convert_inputs(op_def, values, attrs), name
    else:
        with graph.name_scope(name) as scope:
            tensors = _convert_inputs(op_def, values, attrs)
    attrs = _completed(op_def, attrs)
    if not op_def.takes_refs:
        return _result(graph._add(op_def, tensors, attrs, scope))
    with contextlib.ExitStack() as places:
        # TF: what changes a reference variable is placed where the variable is.
        for tensor in _refs(op_def, tensors):
            places.enter_context(graph.colocate_with(tensor.op))
        return _result(graph._add(op_def, tensors, attrs, scope))


def _refs(op_def: OpDef, tensors: list[Tensor]) -> list[Tensor]:
    # TF: pairs declared inputs with tensors although one may stand for several
    return [t for arg, t in zip(op_def.inputs, tensors, strict=False) if arg.is_ref]


def _input_values(op_def: OpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> list[Any]:
    if len(args) > len(op_def.inputs):
        raise TypeError(
            f"{op_def.name} takes {len(op_def.inputs)} inputs but {len(args)} were given"
        )
    values = list(args)
    for arg in op_def.inputs[len(args) :]:
        if arg.name not in keywords:
            raise TypeError(f"{op_def.name}: No argument for input {arg.name}")
        values.append(keywords.pop(arg.name))
    return values


def _graph_of(values: list[Any]) -> Graph:
    """The default graph, which every tensor given must belong to."""
    graph = get_default_graph()
    for value in values:
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, Tensor) and item._op._graph is not graph:
                return _other_graph(item, values)
    return graph


def _other_graph(item: Tensor, values: list[Any]) -> Graph:
    from tailrace.graph.graph import default_graphs  # keeps the common path's names few

    graph = get_default_graph()
    if graph.building_function:
        return graph  # it takes tensors from outside as inputs of the function
    if not default_graphs() and all(
        t._op._graph is item._op._graph for t in values if isinstance(t, Tensor)
    ):
        return item._op._graph
    raise ValueError(f"{item} must be from the same graph as the current one ({graph}).")


def _convert_inputs(op_def: OpDef, values: list[Any], attrs: dict[str, Any]) -> list[Tensor]:
    tensors: list[Tensor] = []
    for arg, value in zip(op_def.inputs, values, strict=True):
        if arg.is_list:
            tensors.extend(_convert_list(op_def, arg, value, attrs))
        else:
            tensors.append(_convert_one(op_def, arg, value, attrs))
    return tensors


def _convert_one(op_def: OpDef, arg: Arg, value: Any, attrs: dict[str, Any]) -> Tensor:
    wanted = arg.dtype or attrs.get(arg.type_attr)  # type: ignore[arg-type]
    preferred = None
    if wanted is None and arg.type_attr:
        default = op_def.attrs[arg.type_attr].default
        preferred = None if default is registry.REQUIRED else default
    try:
        tensor = convert_to_tensor(
            value, wanted, name=arg.name, as_ref=arg.is_ref, preferred_dtype=preferred
        )
    except ValueError:
        if isinstance(value, Tensor) and wanted is not None:
            raise _mismatch(op_def, arg, value._dtype, wanted) from None
        raise
    except TypeError as error:
        if wanted is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"Expected {wanted.name} passed to parameter '{arg.name}' of op '{op_def.name}', "
                f"got {value!r} of type '{type(value).__name__}' instead. Error: {error}"
            ) from None
        raise
    if arg.is_ref and not tensor._dtype._is_ref_dtype:
        raise TypeError(
            f"'{op_def.name}' Op requires that input '{arg.name}' be a mutable tensor (e.g.: a "
            "tf.Variable)"
        )
    _note_type(op_def, arg, tensor._dtype.base_dtype, attrs)
    return tensor


def _mismatch(op_def: OpDef, arg: Arg, got: DType, wanted: DType) -> TypeError:
    other = next(
        (a.name for a in op_def.inputs if a.type_attr == arg.type_attr and a is not arg), None
    )
    of = (
        f"type {wanted.name} of argument '{other}'"
        if other and arg.type_attr
        else f"expected type of {wanted.name}"
    )
    return TypeError(
        f"Input '{arg.name}' of '{op_def.name}' Op has type {got.base_dtype.name} that does not "
        f"match {of}."
    )


def _note_type(op_def: OpDef, arg: Arg, dtype: DType, attrs: dict[str, Any]) -> None:
    if arg.type_attr and arg.type_attr not in attrs:
        attrs[arg.type_attr] = inference.checked(
            op_def, arg.type_attr, op_def.attrs[arg.type_attr], dtype
        )


def _convert_list(op_def: OpDef, arg: Arg, value: Any, attrs: dict[str, Any]) -> list[Tensor]:
    if isinstance(value, (str, bytes, Tensor)) or not hasattr(value, "__iter__"):
        raise TypeError(
            f"Expected list for '{arg.name}' argument to '{op_def.name}' Op, not {value!r}."
        )
    items = list(value)
    wanted = arg.dtype or attrs.get(arg.type_attr)  # type: ignore[arg-type]
    if wanted is None and arg.type_attr:
        wanted = next(
            (v.dtype.base_dtype for v in items if isinstance(v, Tensor) or _has_conversion(v)), None
        )
    types = attrs.get(arg.list_attr) if arg.list_attr else None
    tensors: list[Tensor] = []
    for i, item in enumerate(items):
        dtype = types[i] if types is not None and i < len(types) else wanted
        try:
            tensor = convert_to_tensor(item, dtype, name=f"{arg.name}_{i}", as_ref=arg.is_ref)
        except (TypeError, ValueError) as error:
            raise _list_error(op_def, arg, items, error) from None
        tensors.append(tensor)
        if wanted is None and arg.type_attr:
            wanted = tensor._dtype.base_dtype
    if arg.number_attr:
        if attrs.setdefault(arg.number_attr, len(tensors)) != len(tensors):
            raise ValueError(
                f"List argument '{arg.name}' to '{op_def.name}' Op with length {len(tensors)} must "
                f"match length {attrs[arg.number_attr]} of the other lists."
            )
        minimum = op_def.attrs[arg.number_attr]
        inference.checked(op_def, arg.number_attr, minimum, len(tensors))
    if arg.list_attr:
        attrs.setdefault(arg.list_attr, [t._dtype.base_dtype for t in tensors])
    if tensors:
        _note_type(op_def, arg, tensors[0]._dtype.base_dtype, attrs)
    return tensors


def _list_error(op_def: OpDef, arg: Arg, items: list[Any], error: Exception) -> Exception:
    if not any(isinstance(i, Tensor) for i in items):
        return error
    types = ", ".join(i.dtype.name if isinstance(i, Tensor) else type(i).__name__ for i in items)
    return TypeError(
        f"Tensors in list passed to '{arg.name}' of '{op_def.name}' Op have types [{types}] that "
        "don't all match."
    )


def _completed(op_def: OpDef, attrs: dict[str, Any]) -> dict[str, Any]:
    for name, attr in op_def.attrs.items():
        if name not in attrs:
            if attr.required:
                raise TypeError(f"{op_def.name}: No argument for attr {name}")
            attrs[name] = attr.default
    return attrs


def _result(op: Operation) -> Any:
    if not op.outputs:
        return op
    groups = inference.split_outputs(op.op_def, list(op.outputs), op.attrs)
    return groups[0] if len(groups) == 1 else groups


class Builder:
    """`g.Type(*inputs, name=None, **attributes)` adds an operation of a type to the default graph.

    Gives the Operation when it has no outputs, its tensor (or list) when it has one, else a list of
    them.
    """

    def __getattr__(self, op_type: str) -> Any:
        op_def = registry.lookup(op_type)
        if op_def is None:
            if op_type.startswith("_"):
                raise AttributeError(op_type)
            raise UnsupportedOpError(op_type)

        def add(*args: Any, **keywords: Any) -> Any:
            return build(op_def, args, keywords)

        add.__name__ = op_type
        setattr(self, op_type, add)
        return add


class OpView:
    """What a gradient rule sees of an operation: the declaration's names as attributes.

    `op.x` is an input (a list for a list input), `op.y` an output, `op.transpose_a` an attribute;
    `op.node` the Operation itself.
    """

    __slots__ = ("_names", "node")

    def __init__(self, node: Operation) -> None:
        self.node = node
        definition = node.op_def
        names: dict[str, Any] = dict(node.attrs)
        outputs = inference.split_outputs(definition, list(node.outputs), node.attrs)
        names.update(zip((a.name for a in definition.outputs), outputs, strict=True))
        inputs = inference.split_inputs(definition, list(node._inputs), node.attrs)
        names.update(zip((a.name for a in definition.inputs), inputs, strict=True))
        self._names = names

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(
                f"{self.node.type} has no input, output or attribute '{name}'"
            ) from None
