"""Graph: the operations a program has built, with names, scopes and collections.

Source: TF 1.15 python/framework/ops.py (Graph).
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tailrace import registry
from tailrace.dtypes import resource
from tailrace.errors import UnsupportedOpError
from tailrace.graph import devices, inference
from tailrace.graph.operation import Operation
from tailrace.graph.scopes import ControlDependencies, NameScope
from tailrace.graph.tensor import Tensor

_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\-/]*$")
_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\-/]*$")


class Graph:
    """A dataflow graph. Operations are added to the default graph: see `as_default`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._nodes: dict[str, Operation] = {}
        self._last_id = 0
        self._mutations = 0  # changes to nodes that exist; plans made before are void
        self._names_in_use: dict[str, int] = {}
        self._scope = threading.local()
        self._name_stack = ""
        self._collections: dict[Any, list[Any]] = {}
        self._finalized = False
        self._seed: int | None = None
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Operation] = set()
        self._gradient_override: dict[str, str] = {}
        self._attr_scopes: dict[str, Any] = {}
        self._kernel_labels: dict[str, str] = {}
        self._py_functions: dict[str, Callable[..., Any]] = {}  # token -> what PyFunc calls
        self._original_op: Operation | None = None
        self._container = ""
        self._control_flow_context: Any = None
        # set with the first context; refuses inputs from other loops
        self._context_check: Any = None
        self._outer_context: Any = None
        self.graph_def_versions_producer = 134

    # -- nodes -------------------------------------------------------------------------------------

    def _next_id(self) -> int:
        self._check_not_finalized()
        self._last_id += 1
        return self._last_id

    def create_op(
        self,
        op_type: str,
        inputs: Iterable[Tensor],
        dtypes: Any = None,
        input_types: Any = None,
        name: str | None = None,
        attrs: dict[str, Any] | None = None,
        op_def: Any = None,
        compute_shapes: bool = True,
        compute_device: bool = True,
    ) -> Operation:
        """Add an operation; attributes may be Python values or AttrValue protos.

        A name that ends in `/` is taken as it is, any other is made unique in the current name
        scope.
        Raises: UnsupportedOpError for a type that is not known, ValueError for shapes that do not
        fit.
        """
        definition = registry.lookup(op_type)
        if definition is None:
            raise UnsupportedOpError(op_type)
        tensors = [self.as_graph_element(t, allow_operation=False) for t in inputs]
        values = inference.complete_attrs(definition, tensors, attrs or {}, dtypes)
        return self._add(definition, tensors, values, name or op_type, compute_device)

    def _add(
        self,
        op_def: registry.OpDef,
        inputs: list[Tensor],
        attrs: dict[str, Any],
        name: str,
        compute_device: bool = True,
    ) -> Operation:
        """Add an operation whose attributes are complete."""
        self._check_not_finalized()
        name = name[:-1] if name.endswith("/") else self.unique_name(name)
        if not _OP_NAME.match(name):
            raise ValueError(f"'{name}' is not a valid node name")
        if self._attr_scopes or self._gradient_override or self._kernel_labels:
            self._apply_attr_scopes(op_def, attrs)
        if self._container and op_def.stateful and attrs.get("container") == b"":
            attrs["container"] = self._container.encode()
        control_inputs = self._control_dependencies_for_inputs(inputs)
        types = inference.output_types(op_def, attrs)
        op = Operation(self, op_def, name, inputs, control_inputs, attrs, types)
        if op_def.shape_rule is not None:
            inference.set_shapes(op)
        if resource in types:
            inference.set_handles(op)
        self._nodes[name] = op
        self._place(op, compute_device)
        context = self._control_flow_context
        op._control_flow_context = context
        if self._context_check is not None:
            self._context_check(op)
        if context is not None:
            # TF: what the context adds is named after the node; constants are added without a scope
            scope = self._name_stack if op_def.name == "Const" else name
            with self._attribute("_name_stack", scope):
                context.AddOp(op)
        return op

    def _apply_attr_scopes(self, op_def: registry.OpDef, attrs: dict[str, Any]) -> None:
        for key, value in self._attr_scopes.items():
            computed = value(op_def) if callable(value) else value
            if computed is not None and key not in attrs:
                attrs[key] = computed
        if op_def.name in self._gradient_override:
            attrs["_gradient_op_type"] = self._gradient_override[op_def.name].encode()
        if op_def.name in self._kernel_labels:
            attrs["_kernel"] = self._kernel_labels[op_def.name].encode()

    def _place(self, op: Operation, compute_device: bool) -> None:
        op._original_op = self._original_op
        for controller in self._stack("control"):
            controller.add_op(op)
        if compute_device and self._stack("devices"):
            devices.apply_scopes(op, self._stack("devices"))
        if self._stack("colocation"):
            self._colocate(op)

    def _colocate(self, op: Operation) -> None:
        groups: set[bytes] = set()
        for other in self._stack("colocation"):
            groups.update(other.colocation_groups())
            if other.device:
                op._set_device(other.device)
        op.attrs["_class"] = sorted(groups)

    def _stack(self, which: str) -> list[Any]:
        """A per-thread stack of scopes: control, devices, colocation."""
        stack = self._scope.__dict__.get(which)
        if stack is None:
            stack = self._scope.__dict__[which] = []
        return stack

    def _control_dependencies_for_inputs(self, inputs: list[Tensor]) -> list[Operation]:
        """The control inputs of the current scopes, less those the inputs imply."""
        controllers = self._stack("control")
        if not controllers:
            return []
        needed: list[Operation] = []
        for controller in controllers:
            if not any(controller.op_in_group(t._op) for t in inputs):
                needed.extend(
                    op for op in controller.control_inputs if all(op is not t._op for t in inputs)
                )
        return list(dict.fromkeys(needed))

    def _check_not_finalized(self) -> None:
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def finalize(self) -> None:
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    @property
    def finalized(self) -> bool:
        return self._finalized

    @property
    def version(self) -> int:
        return self._last_id

    @property
    def seed(self) -> int | None:
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        self._seed = seed

    @property
    def building_function(self) -> bool:
        return False

    # -- looking things up -------------------------------------------------------------------------

    def get_operations(self) -> list[Operation]:
        return list(self._nodes.values())

    def get_operation_by_name(self, name: str) -> Operation:
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name: str) -> Tensor:
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Any:
        """The tensor or operation of this graph that `obj` is, names, or stands for.

        Raises: TypeError for what cannot be one, KeyError for a name that is not in the graph,
        ValueError for a malformed name or an element of another graph.
        """
        wanted = " or ".join([*["Tensor"] * allow_tensor, *["Operation"] * allow_operation])
        convert = getattr(obj, "_as_graph_element", None)
        if convert is not None:
            obj = convert()
        if isinstance(obj, bytes):
            obj = obj.decode()
        if isinstance(obj, str):
            return self._element_by_name(obj, allow_tensor, allow_operation, wanted)
        if (isinstance(obj, Tensor) and allow_tensor) or (
            isinstance(obj, Operation) and allow_operation
        ):
            if obj.graph is not self:
                raise ValueError(f"{obj} is not an element of this graph.")
            return obj
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")

    def _element_by_name(
        self, name: str, allow_tensor: bool, allow_operation: bool, wanted: str
    ) -> Any:
        if ":" not in name:
            op = self._nodes.get(name)
            if op is not None and allow_operation:
                return op
            if allow_operation:
                raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
            what = (
                "looks like an (invalid) Operation name" if op is None else "refers to an Operation"
            )
            raise ValueError(
                f"The name {name!r} {what}, not a {wanted}. "
                'Tensor names must be of the form "<op_name>:<output_index>".'
            )
        if not allow_tensor:
            raise ValueError(
                f"The name {name!r} looks like a tensor name, but is not a valid one for an "
                "Operation."
            )
        op_name, _, index = name.partition(":")
        if not index.isdigit():
            raise ValueError(
                f"The name {name!r} looks like a tensor name, but is not a valid one. "
                'Tensor names must be of the form "<op_name>:<output_index>".'
            )
        op = self._nodes.get(op_name)
        if op is None or int(index) >= len(op.outputs):
            why = "does not exist" if op is None else f"has only {len(op.outputs)} outputs"
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist. The operation, "
                f"{op_name!r}, {why}."
            )
        return op.outputs[int(index)]

    def is_feedable(self, tensor: Tensor) -> bool:
        return tensor not in self._unfeedable

    def prevent_feeding(self, tensor: Tensor) -> None:
        self._unfeedable.add(tensor)

    def is_fetchable(self, element: Any) -> bool:
        return (element.op if isinstance(element, Tensor) else element) not in self._unfetchable

    def prevent_fetching(self, op: Operation) -> None:
        self._unfetchable.add(op)

    # -- scopes ------------------------------------------------------------------------------------

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """A name no operation has yet: `name` within the current scope, with `_1`,
        `_2`… when needed.
        """
        if self._name_stack:
            name = f"{self._name_stack}/{name}"
        names = self._names_in_use
        key = name.lower()
        count = names.get(key, 0)
        if mark_as_used:
            names[key] = count + 1
        if count:
            base = key
            while key in names:
                key = f"{base}_{count}"
                count += 1
            if mark_as_used:
                names[key] = 1
            name = f"{name}_{count - 1}"
        return name

    def name_scope(self, name: str | None) -> NameScope:
        """A context in which names start with `name/`;
        a name ending in `/` reopens a scope as it is.
        """
        if name:
            pattern = _SCOPE_NAME if self._name_stack else _OP_NAME
            if not isinstance(name, str) or not pattern.match(name):
                raise ValueError(f"'{name}' is not a valid scope name")
        return NameScope(self, name)

    def get_name_scope(self) -> str:
        return self._name_stack

    @contextlib.contextmanager
    def as_default(self) -> Iterator[Graph]:
        stack = default_graphs()
        stack.append(self)
        try:
            yield self
        finally:
            stack.remove(self)

    def control_dependencies(self, control_inputs: Any) -> ControlDependencies:
        """A context whose operations run after `control_inputs`; None clears the dependencies."""
        if control_inputs is None:
            return ControlDependencies(self, None)
        ops: list[Operation] = []
        for element in control_inputs:
            if not isinstance(element, (Tensor, Operation, str, bytes)):
                # the operation of a variable or of slices, not one that reads them
                element = getattr(element, "op", element)
            element = self.as_graph_element(element)
            ops.append(element.op if isinstance(element, Tensor) else element)
        return ControlDependencies(self, list(dict.fromkeys(ops)))

    @contextlib.contextmanager
    def _pushed(self, which: str, entry: Any, clear: bool = False) -> Iterator[None]:
        stack = self._stack(which)
        saved = list(stack)
        if clear:
            stack.clear()
        if entry is not _NOTHING:
            stack.append(entry)
        try:
            yield
        finally:
            stack[:] = saved

    def device(self, device: Any) -> Any:
        """A context whose operations are placed on `device`: a name, a function of the op,
        or None.
        """
        if isinstance(device, str):
            devices.DeviceSpec.from_string(device)  # a bad name is reported where it was written
        return self._pushed("devices", device)

    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Any:
        """A context whose operations are placed where `op` is."""
        if op is None and not ignore_existing:
            raise ValueError(
                "Trying to reset colocation (op is None) but ignore_existing is not True"
            )
        if op is None:
            return self._pushed("colocation", _NOTHING, clear=True)
        # tensors, variables and IndexedSlices (whose values it is) have an `op`
        element = self.as_graph_element(getattr(op, "op", op))
        return self._colocated(
            element.op if isinstance(element, Tensor) else element, ignore_existing
        )

    @contextlib.contextmanager
    def _colocated(self, op: Operation, ignore_existing: bool) -> Iterator[None]:
        # TF: the devices of the program's scopes do not apply inside, the operation's does.
        with (
            self._pushed("devices", _NOTHING, clear=True),
            self._pushed("colocation", op, ignore_existing),
        ):
            yield

    @contextlib.contextmanager
    def _attribute(self, name: str, value: Any) -> Iterator[None]:
        saved = getattr(self, name)
        setattr(self, name, value)
        try:
            yield
        finally:
            setattr(self, name, saved)

    def container(self, container_name: str) -> Any:
        """What keeps state, if it is added inside and names no container, is kept in this one."""
        return self._attribute("_container", container_name)

    def gradient_override_map(self, op_type_map: dict[str, str]) -> Any:
        """A context in which the gradient of an op type is the one registered by another name."""
        return self._attribute("_gradient_override", {**self._gradient_override, **op_type_map})

    def _kernel_label_map(self, op_to_kernel_label_map: dict[str, str]) -> Any:
        return self._attribute("_kernel_labels", {**self._kernel_labels, **op_to_kernel_label_map})

    def _attr_scope(self, attr_map: dict[str, Any]) -> Any:
        return self._attribute("_attr_scopes", {**self._attr_scopes, **attr_map})

    def _get_control_flow_context(self) -> Any:
        return self._control_flow_context

    def _set_control_flow_context(self, context: Any) -> None:
        self._control_flow_context = context

    def _default_session(self, session: Any, doing: str) -> Any:
        """The session given or the default one, which must be of this graph."""
        chosen = (
            session
            if session is not None
            else (default_sessions()[-1] if default_sessions() else None)
        )
        if chosen is None:
            raise ValueError(
                f"Cannot {doing} using the default session: No default session is registered. Use "
                "`with sess.as_default()` or pass an explicit session."
            )
        if chosen.graph is not self:
            raise ValueError(
                f"Cannot {doing}: the session's graph is different from the graph it belongs to. "
                "Pass an explicit session of its graph."
            )
        return chosen

    # -- collections -------------------------------------------------------------------------------

    def add_to_collection(self, name: Any, value: Any) -> None:
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        for name in [names] if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list[Any]:
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        """The values collected under `name`, those whose name matches the regular expression
        `scope`.
        """
        values = self._collections.get(name, [])
        if scope is None:
            return list(values)
        pattern = re.compile(scope)
        return [v for v in values if hasattr(v, "name") and pattern.match(v.name)]

    def get_all_collection_keys(self) -> list[str]:
        return [k for k in self._collections if isinstance(k, str)]

    @property
    def collections(self) -> list[Any]:
        return list(self._collections)

    def clear_collection(self, name: Any) -> None:
        self._check_not_finalized()
        self._collections.pop(name, None)

    # -- protos ------------------------------------------------------------------------------------

    def _node_def(self, op: Operation) -> Any:
        from tailrace.graph import export  # protobuf is loaded when it is needed

        return export.node_def(op)

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """The GraphDef proto, of the operations added after `from_version` if given."""
        from tailrace.graph import export  # protobuf is loaded when it is needed

        return export.graph_def(self, from_version or 0, add_shapes)


_NOTHING = object()
_threads = threading.local()


def default_graphs() -> list[Graph]:
    """This thread's stack of default graphs; empty when the global default is current."""
    stack = _threads.__dict__.get("graphs")
    if stack is None:
        stack = _threads.__dict__["graphs"] = []
    return stack


def default_sessions() -> list[Any]:
    """This thread's stack of default sessions."""
    stack = _threads.__dict__.get("sessions")
    if stack is None:
        stack = _threads.__dict__["sessions"] = []
    return stack


_global_default: list[Graph] = []


def get_default_graph() -> Graph:
    """The innermost graph of `Graph.as_default`, else the global default graph."""
    stack = default_graphs()
    if stack:
        return stack[-1]
    if not _global_default:
        _global_default.append(Graph())
    return _global_default[0]


def reset_default_graph() -> None:
    """Start a new global default graph. Raises: AssertionError inside `Graph.as_default`."""
    if default_graphs():
        raise AssertionError("Do not use tf.reset_default_graph() to clear nested graphs.")
    _global_default[:] = [Graph()]


def get_default_session() -> Any:
    """The session of the innermost `with session.as_default()`, or None."""
    return default_sessions()[-1] if default_sessions() else None
