"""Operation: a node of a graph.

Source: TF 1.15 python/framework/ops.py (Operation).
"""

from __future__ import annotations

import linecache
import os
import sys
from typing import TYPE_CHECKING, Any

from tailrace.dtypes import DType
from tailrace.graph.devices import canonical_name
from tailrace.graph.tensor import Tensor
from tailrace.registry import OpDef

if TYPE_CHECKING:
    from tailrace.graph.graph import Graph

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def user_frame() -> tuple[str, int, str]:
    """File, line and function of the innermost frame that is not Tailrace's own."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


class Operation:
    """A node: a type, inputs, attributes, and the tensors it gives.

    `attrs` holds every attribute as a Python value: types as `DType`, shapes as `TensorShape`,
    tensors as arrays, strings as bytes. `origin` is the user's file, line and function that made
    it.
    """

    __slots__ = (
        "__weakref__",
        "_control_flow_context",
        "_control_inputs",
        "_control_outputs",
        "_device",
        "_graph",
        "_id",
        "_inputs",
        "_name",
        "_original_op",
        "attrs",
        "op_def",
        "origin",
        "outputs",
    )

    def __init__(
        self,
        graph: Graph,
        op_def: OpDef,
        name: str,
        inputs: list[Tensor],
        control_inputs: list[Operation],
        attrs: dict[str, Any],
        output_types: list[DType],
    ) -> None:
        self._graph = graph
        self.op_def = op_def
        self._name = name
        self._inputs = inputs
        self._control_inputs = control_inputs
        self._control_outputs: list[Operation] = []
        self.attrs = attrs
        self.outputs = [Tensor(self, i, dtype) for i, dtype in enumerate(output_types)]
        self._device = ""
        self._control_flow_context: Any = None
        self._original_op: Operation | None = None
        self.origin = user_frame()
        self._id = graph._next_id()
        for tensor in inputs:
            tensor._consumers.append(self)
        for before in control_inputs:
            before._control_outputs.append(self)

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def name(self) -> str:
        return self._name

    @property
    def type(self) -> str:
        return self.op_def.name

    @property
    def device(self) -> str:
        return self._device

    @property
    def inputs(self) -> list[Tensor]:
        return self._inputs

    @property
    def control_inputs(self) -> list[Operation]:
        return self._control_inputs

    @property
    def _control_output_ops(self) -> list[Operation]:
        return self._control_outputs

    @property
    def _input_types(self) -> list[DType]:
        return [t._dtype for t in self._inputs]

    @property
    def _output_types(self) -> list[DType]:
        return [t._dtype for t in self.outputs]

    @property
    def _id_value(self) -> int:
        return self._id

    def values(self) -> tuple[Tensor, ...]:
        return tuple(self.outputs)

    def get_attr(self, name: str) -> Any:
        """Raises: ValueError when the operation has no such attribute."""
        try:
            return self.attrs[name]
        except KeyError:
            raise ValueError(f"Operation '{self._name}' has no attr named '{name}'.") from None

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run in `session` or the default session."""
        self._graph._default_session(session, "execute operation").run(self, feed_dict)

    @property
    def node_def(self) -> Any:
        """The NodeDef proto."""
        return self._graph._node_def(self)

    @property
    def traceback(self) -> list[tuple[str, int, str, str]]:
        """One entry: where the user's program made this operation."""
        file, line, function = self.origin
        return [(file, line, function, linecache.getline(file, line).strip())]

    def colocation_groups(self) -> list[bytes]:
        groups = self.attrs.get("_class") or []
        own = [g for g in groups if g.startswith(b"loc:@")]
        return own or [b"loc:@" + self._name.encode()]

    def _set_device(self, device: Any) -> None:
        self._device = canonical_name(device if isinstance(device, str) else device.to_string())

    def _set_attr(self, name: str, value: Any) -> None:
        self.attrs[name] = value
        self._graph._mutations += 1

    def _update_input(self, index: int, tensor: Tensor) -> None:
        """Replace an input, as building loops and conditionals needs."""
        self._inputs[index]._consumers.remove(self)
        self._inputs[index] = tensor
        tensor._consumers.append(self)
        self._graph._mutations += 1

    def _add_control_input(self, op: Operation) -> None:
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops: list[Operation]) -> None:
        for op in ops:
            if op not in self._control_inputs:
                self._control_inputs.append(op)
                op._control_outputs.append(self)
        self._graph._mutations += 1

    def _remove_all_control_inputs(self) -> None:
        for op in self._control_inputs:
            op._control_outputs.remove(self)
        self._control_inputs.clear()
        self._graph._mutations += 1

    def _get_control_flow_context(self) -> Any:
        return self._control_flow_context

    def _set_control_flow_context(self, context: Any) -> None:
        self._control_flow_context = context

    def __str__(self) -> str:
        return str(self.node_def)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self._name}' type={self.type}>"


def describe_origin(op: Operation) -> str:
    """The lines of a message that say where the program made an operation."""
    file, line, _ = op.origin
    source = linecache.getline(file, line).strip()
    return f"  created at: {file}:{line}" + (f"\n      {source}" if source else "")


def describe_op(op: Operation) -> str:
    """The lines of a message that say which operation, on what inputs, made where."""
    shapes = ", ".join(
        f"{t.name} {list(t._dims) if t._dims is not None else '<unknown>'}" for t in op._inputs
    )
    inputs = f", inputs {shapes}" if shapes else ""
    return f"  operation: '{op._name}' ({op.type}){inputs}\n{describe_origin(op)}"
