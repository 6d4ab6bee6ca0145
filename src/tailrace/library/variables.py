"""Variables: `tf.Variable`, kept by reference (the default) or by resource handle.

A reference variable `w` is the nodes `w/initial_value` (or an initializer's), `w`, `w/Assign` and
`w/read`; a resource variable has `w/IsInitialized`, `w/Assign` and `w/Read` around its handle `w`.

Source: TF 1.15 python/ops/variables.py, resource_variable_ops.py.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import (
    Graph,
    Operation,
    Tensor,
    convert_to_tensor,
    g,
    get_default_graph,
    register_tensor_conversion_function,
)
from tailrace.library.collections import GraphKeys
from tailrace.library.indexing import getitem
from tailrace.library.scopes import init_scope, name_scope
from tailrace.library.tracking.base import VARIABLE_VALUE, Trackable
from tailrace.library.variable_guard import guarded_initial_value
from tailrace.library.variable_scatter import ScatterMethods, check_slices
from tailrace.shapes import TensorShape


class VariableSynchronization(enum.Enum):
    """When copies of a variable are brought in step; there is one copy here."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How copies of a variable are combined; there is one copy here."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3  # as it was called before


VariableAggregationV2 = VariableAggregation


class SaveSliceInfo:
    """Which slice of a larger tensor a variable is, for checkpoints of partitioned variables."""

    def __init__(
        self,
        full_name: str | None = None,
        full_shape: list[int] | None = None,
        var_offset: list[int] | None = None,
        var_shape: list[int] | None = None,
    ) -> None:
        self.full_name = full_name
        self.full_shape = full_shape or []
        self.var_offset = var_offset or []
        self.var_shape = var_shape or []

    @property
    def spec(self) -> str:
        """As in checkpoints: the full shape, then `offset,length` of each dimension."""
        shape = " ".join(str(d) for d in self.full_shape)
        slices = ":".join(f"{o},{s}" for o, s in zip(self.var_offset, self.var_shape, strict=True))
        return f"{shape} {slices}"


class _VariableMeta(type):
    """Makes `tf.Variable(...)` the kind of variable asked for."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        return _make_variable(*args, **kwargs)


def _make_variable(
    initial_value: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    validate_shape: bool = True,
    caching_device: Any = None,
    name: str | None = None,
    variable_def: Any = None,
    dtype: Any = None,
    expected_shape: Any = None,
    import_scope: str | None = None,
    constraint: Callable[..., Any] | None = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
    shape: Any = None,
) -> Any:
    from tailrace.library.variable_scope import creating_function  # builds on this

    arguments = {
        "initial_value": initial_value,
        "trainable": trainable,
        "collections": collections,
        "validate_shape": validate_shape,
        "caching_device": caching_device,
        "name": name,
        "dtype": dtype,
        "constraint": constraint,
        "use_resource": use_resource,
        "shape": shape,
        "synchronization": synchronization,
        "aggregation": aggregation,
    }
    if variable_def is not None:
        return from_proto(variable_def, import_scope)
    return creating_function(_create)(**arguments)


def _create(
    use_resource: bool | None = None,
    synchronization: Any = None,
    aggregation: Any = None,
    trainable: bool | None = None,
    **arguments: Any,
) -> Any:
    from tailrace.library.variable_scope import resource_by_default  # builds on this

    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    use_resource = resource_by_default() if use_resource is None else use_resource
    kind = ResourceVariable if use_resource else RefVariable
    variable = kind(trainable=trainable, **arguments)
    variable._synchronization = synchronization
    variable._aggregation = aggregation
    return variable


class Variable(ScatterMethods, Trackable, metaclass=_VariableMeta):
    """A value that lives in a session from run to run, changed by `assign` and by optimizers.

    `tf.Variable(initial_value, trainable=None, collections=None, validate_shape=True,
    caching_device=None, name=None, variable_def=None, dtype=None, expected_shape=None,
    import_scope=None, constraint=None, use_resource=None, synchronization=AUTO, aggregation=NONE,
    shape=None)`. `initial_value` is a tensor, what can become one, or a function that gives it.
    Raises: ValueError without initial value, or when its shape is unknown though `validate_shape`.
    """

    SaveSliceInfo = SaveSliceInfo
    __array_priority__ = 100

    _variable: Tensor
    _snapshot: Tensor
    _initial_value: Any
    _initializer_op: Operation
    _trainable: bool
    _constraint: Callable[..., Any] | None
    _save_slice_info: SaveSliceInfo | None = None
    _synchronization: Any = None
    _aggregation: Any = None
    _caching_device: Any = None

    # -- what it is --------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._variable.name

    @property
    def _shared_name(self) -> str:
        return self.name[: self.name.index(":")]

    @property
    def op(self) -> Operation:
        return self._variable.op

    @property
    def graph(self) -> Graph:
        return self._variable.graph

    @property
    def device(self) -> str:
        return self._variable.device

    @property
    def dtype(self) -> DType:
        return self._variable.dtype

    @property
    def shape(self) -> TensorShape:
        return self._variable.get_shape()

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def trainable(self) -> bool:
        return self._trainable

    @property
    def constraint(self) -> Callable[..., Any] | None:
        return self._constraint

    @property
    def synchronization(self) -> Any:
        return self._synchronization

    @property
    def aggregation(self) -> Any:
        return self._aggregation

    @property
    def initial_value(self) -> Any:
        return self._initial_value

    @property
    def initializer(self) -> Operation:
        return self._initializer_op

    def initialized_value(self) -> Any:
        """The value, or the initial value while the variable has none."""
        from tailrace.library.control_flow import cond  # it builds on this module

        with init_scope():
            return cond(is_variable_initialized(self), self.read_value, lambda: self.initial_value)

    def _gather_saveables_for_checkpoint(self) -> dict[str, Any]:
        return {VARIABLE_VALUE: self}

    def _set_save_slice_info(self, info: SaveSliceInfo) -> None:
        self._save_slice_info = info

    def _get_save_slice_info(self) -> SaveSliceInfo | None:
        return self._save_slice_info

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _ref(self) -> Tensor:
        return self._variable

    def set_shape(self, shape: Any) -> None:
        self._ref().set_shape(shape)
        self.value().set_shape(shape)

    # -- values ------------------------------------------------------------------------------------

    def value(self) -> Tensor:
        raise NotImplementedError

    def read_value(self) -> Tensor:
        raise NotImplementedError

    def eval(self, session: Any = None) -> Any:
        """The value in `session` or the default session."""
        return (
            self._variable.eval(session=session)
            if isinstance(self, RefVariable)
            else self._graph_eval(session)
        )

    def _graph_eval(self, session: Any) -> Any:
        return self._as_graph_element().eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Set the value in `session` or the default session, without adding nodes."""
        session = self.graph._default_session(session, "load a variable")
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        raise NotImplementedError

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        raise NotImplementedError

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        raise NotImplementedError

    def count_up_to(self, limit: int) -> Tensor:
        """The value, which then grows by one until it reaches `limit`."""
        raise NotImplementedError

    def experimental_ref(self) -> Any:
        """The variable itself, which can be a key."""
        return self

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The VariableDef proto; None when the variable lies outside `export_scope`."""
        from tailrace.library.variable_protos import to_proto  # loads protobuf

        return to_proto(self, export_scope)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
        return from_proto(variable_def, import_scope)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"


def _operator_on_value(operator: str) -> Callable[..., Any]:
    def run_op(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(Tensor, operator)(self.value(), *args, **kwargs)

    run_op.__name__ = operator
    return run_op


for _operator in Tensor.OVERLOADABLE_OPERATORS:
    setattr(Variable, _operator, _operator_on_value(_operator))


def _part(variable: Any, key: Any) -> Tensor:
    """A part of the value, with a method `assign`."""
    return getitem(variable.value(), key, variable)


Variable.__getitem__ = _part  # type: ignore[attr-defined]


class _Arguments:
    """What both kinds check of their arguments."""

    def __init__(
        self, initial_value: Any, collections: Any, trainable: bool, constraint: Any
    ) -> None:
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError(
                "collections argument to Variable constructor must be a list, tuple, or set. "
                f"Got {collections} of type {type(collections)}"
            )
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        self.collections = collections
        self.from_function = callable(initial_value)


class RefVariable(Variable):
    """A variable kept by reference."""

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        dtype: Any = None,
        constraint: Any = None,
        shape: Any = None,
        expected_shape: Any = None,
    ) -> None:
        arguments = _Arguments(initial_value, collections, trainable, constraint)
        self._trainable = trainable
        self._constraint = constraint
        self._caching_device = caching_device
        wanted = None if dtype is None else as_dtype(dtype)
        with (
            init_scope(),
            name_scope(
                name, "Variable", [] if arguments.from_function else [initial_value]
            ) as scope,
        ):
            if arguments.from_function:
                self._make_from_function(initial_value, wanted, validate_shape, shape, scope)
            else:
                self._initial_value = convert_to_tensor(initial_value, wanted, name="initial_value")
                self._make(validate_shape, shape, scope)
            self._make_assign_and_read(validate_shape, caching_device, scope)
            get_default_graph().add_to_collections(arguments.collections, self)

    def _make_from_function(
        self, function: Any, dtype: Any, validate: bool, shape: Any, scope: str
    ) -> None:
        graph = get_default_graph()
        colocated = [b"loc:@" + scope.rstrip("/").encode()]
        with graph._attr_scope({"_class": colocated}):
            with graph.name_scope("Initializer"), graph.device(None):
                self._initial_value = convert_to_tensor(function(), dtype, name="initial_value")
            self._make(validate, shape, scope)

    def _make(self, validate_shape: bool, shape: Any, scope: str) -> None:
        if shape is None:
            shape = self._initial_value.get_shape() if validate_shape else TensorShape(None)
        base = self._initial_value.dtype.base_dtype
        self._variable = g.VariableV2(shape=shape, dtype=base, name=scope)

    def _make_assign_and_read(self, validate_shape: bool, caching_device: Any, scope: str) -> None:
        value = self._initial_value
        if validate_shape and not value.get_shape().is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {value}")
        assigned = _assign(
            self._variable, guarded_initial_value(scope, value), validate_shape=validate_shape
        )
        self._initializer_op = assigned.op
        graph = get_default_graph()
        place = (
            graph.device(caching_device)
            if caching_device is not None
            else graph.colocate_with(self._variable.op)
        )
        with place:
            self._snapshot = g.Identity(self._variable, name="read")

    def value(self) -> Tensor:
        """The value as last read; a node that exists already."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """The value, read anew where control dependencies say."""
        return g.Identity(self._variable, name="read")

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Set the value; gives the reference, whose value is the new one."""
        assigned = _assign(self._variable, value, use_locking=use_locking, name=name)
        return assigned if read_value else assigned.op

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add to the value."""
        assigned = g.AssignAdd(self._variable, delta, use_locking=use_locking, name=name)
        return assigned if read_value else assigned.op

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract from the value."""
        assigned = g.AssignSub(self._variable, delta, use_locking=use_locking, name=name)
        return assigned if read_value else assigned.op

    def count_up_to(self, limit: int) -> Tensor:
        """The value, which then grows by one until it reaches `limit`."""
        return g.CountUpTo(self._variable, limit=limit)

    def _scatter(self, action: str, slices: Any, use_locking: bool, name: str | None) -> Tensor:
        check_slices(slices)
        change = getattr(g, "Scatter" + action)
        return change(
            self._variable, slices.indices, slices.values, use_locking=use_locking, name=name
        )

    def _scatter_nd(
        self, action: str, indices: Any, updates: Any, name: str | None, use_locking: bool = True
    ) -> Tensor:
        change = getattr(g, "ScatterNd" + action)
        return change(self._variable, indices, updates, use_locking=use_locking, name=name)

    def _strided_slice_assign(self, value: Any, name: str | None, **slice_of: Any) -> Tensor:
        return g.StridedSliceAssign(self._variable, value=value, name=name, **slice_of)


def _assign(
    ref: Tensor,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Tensor:
    return g.Assign(ref, value, validate_shape=validate_shape, use_locking=use_locking, name=name)


class ResourceVariable(Variable):
    """A variable behind a resource handle: every read is a node,
    ordered by control dependencies.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        dtype: Any = None,
        constraint: Any = None,
        shape: Any = None,
        expected_shape: Any = None,
    ) -> None:
        arguments = _Arguments(initial_value, collections, trainable, constraint)
        self._trainable = trainable
        self._constraint = constraint
        self._caching_device = caching_device
        graph = get_default_graph()
        wanted = None if dtype is None else as_dtype(dtype)
        with (
            init_scope(),
            name_scope(
                name, "Variable", [] if arguments.from_function else [initial_value]
            ) as scope,
        ):
            self._handle_name = scope.rstrip("/")
            with graph._attr_scope({"_class": [b"loc:@" + self._handle_name.encode()]}):
                with graph.name_scope("Initializer"), graph.device(None):
                    value = initial_value() if arguments.from_function else initial_value
                    value = convert_to_tensor(value, wanted, name="initial_value")
                self._shape = TensorShape(shape) if shape is not None else value.get_shape()
                if not value.get_shape().is_compatible_with(self._shape):
                    raise ValueError(
                        f"The initial value's shape ({value.get_shape()}) is not compatible with "
                        f"the explicitly supplied `shape` argument ({shape})."
                    )
                self._dtype = value.dtype.base_dtype
                self._handle = g.VarHandleOp(
                    shape=self._shape, dtype=self._dtype, shared_name=self._handle_name, name=scope
                )
            self._initial_value = value
            self._make_nodes(scope)
            graph.add_to_collections(arguments.collections, self)

    def _make_nodes(self, scope: str) -> None:
        graph, handle, value = get_default_graph(), self._handle, self._initial_value
        if value.op._get_control_flow_context() is not None:
            raise ValueError(
                f"Initializer for variable {scope} is from inside a control-flow construct, such "
                "as a loop or conditional. When creating a variable inside a loop or conditional, "
                "use a lambda as the initializer."
            )
        with graph.name_scope("IsInitialized"):
            self._is_initialized_op = g.VarIsInitializedOp(handle)
        with (
            graph.name_scope("Assign") as name,
            graph.colocate_with(None, ignore_existing=True),
            graph.device(handle.device),
        ):
            self._initializer_op = g.AssignVariableOp(
                handle, guarded_initial_value(scope, value), name=name
            )
        with graph.name_scope("Read"), graph.device(handle.device):
            self._graph_element = g.ReadVariableOp(handle, dtype=self._dtype)
        self._cached_value = None
        if self._caching_device is not None:
            with (
                graph.colocate_with(None, ignore_existing=True),
                graph.device(self._caching_device),
            ):
                self._cached_value = g.Identity(self._graph_element)

    @property
    def handle(self) -> Tensor:
        return self._handle

    @property
    def name(self) -> str:
        return self._handle_name + ":0"

    @property
    def _shared_name(self) -> str:
        return self._handle_name

    @property
    def op(self) -> Operation:
        return self._handle.op

    @property
    def graph(self) -> Graph:
        return self._handle.graph

    @property
    def device(self) -> str:
        return self._handle.device

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def _ref(self) -> Tensor:
        return self._graph_element

    def value(self) -> Tensor:
        """The value, as a new node that reads it."""
        if self._cached_value is not None:
            return self._cached_value
        with (
            get_default_graph().colocate_with(None, ignore_existing=True),
            get_default_graph().device(self._handle.device),
        ):
            return self._read()

    def _read(self) -> Tensor:
        return g.ReadVariableOp(self._handle, dtype=self._dtype)

    def read_value(self) -> Tensor:
        """The value, read where control dependencies say."""
        with (
            get_default_graph().name_scope("Read"),
            get_default_graph().device(self._handle.device),
        ):
            value = self._read()
        return g.Identity(value)

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """Rows of the value. Shapes: indices [...], result indices.shape + value.shape[1:]."""
        with get_default_graph().name_scope("Gather" if name is None else name) as scope:
            rows = g.ResourceGather(self._handle, indices, dtype=self._dtype, name=scope)
        return g.Identity(rows)

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The slices of the value at the places that index vectors name."""
        with get_default_graph().name_scope("GatherNd" if name is None else name) as scope:
            parts = g.ResourceGatherNd(self._handle, indices, dtype=self._dtype, name=scope)
        return g.Identity(parts)

    def is_initialized(self, name: str | None = None) -> Tensor:
        return g.VarIsInitializedOp(self._handle, name=name)

    def _changed(self, op: Operation, read_value: bool) -> Any:
        return _UnreadVariable(self, op) if read_value else op

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Set the value; gives a variable whose reads see it."""
        value = convert_to_tensor(value, self._dtype)
        self._shape.assert_is_compatible_with(value.get_shape())
        return self._changed(g.AssignVariableOp(self._handle, value, name=name), read_value)

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add to the value."""
        delta = convert_to_tensor(delta, self._dtype)
        return self._changed(g.AssignAddVariableOp(self._handle, delta, name=name), read_value)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract from the value."""
        delta = convert_to_tensor(delta, self._dtype)
        return self._changed(g.AssignSubVariableOp(self._handle, delta, name=name), read_value)

    def count_up_to(self, limit: int) -> Tensor:
        """The value, which then grows by one until it reaches `limit`."""
        return g.ResourceCountUpTo(self._handle, limit=limit, T=self._dtype)

    def _scatter(self, action: str, slices: Any, use_locking: bool, name: str | None) -> Any:
        check_slices(slices)
        values = convert_to_tensor(slices.values, self._dtype)
        change = getattr(g, "ResourceScatter" + action)
        return self._changed(change(self._handle, slices.indices, values, name=name), True)

    def _scatter_nd(
        self, action: str, indices: Any, updates: Any, name: str | None, use_locking: bool = True
    ) -> Any:
        change = getattr(g, "ResourceScatterNd" + action)
        values = convert_to_tensor(updates, self._dtype)
        return self._changed(change(self._handle, indices, values, name=name), True)

    def _strided_slice_assign(self, value: Any, name: str | None, **slice_of: Any) -> Any:
        value = convert_to_tensor(value, self._dtype)
        op = g.ResourceStridedSliceAssign(self._handle, value=value, name=name, **slice_of)
        return self._changed(op, True)

    def _tensor(self, dtype: Any, as_ref: bool) -> Tensor:
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of "
                f"type '{self.dtype.name}'"
            )
        return self.read_value().op.inputs[0] if as_ref else self.value()


class _UnreadVariable(ResourceVariable):
    """A resource variable after an assignment: its reads come after it,
    and none happens unless asked for.
    """

    def __init__(self, variable: ResourceVariable, parent: Operation) -> None:
        vars(self).update(vars(variable))
        self._parent_op = parent
        self._cached_value = None
        with get_default_graph().control_dependencies([parent]):
            self._graph_element = self._read_now()

    def _read_now(self) -> Tensor:
        return g.ReadVariableOp(self._handle, dtype=self._dtype)

    @property
    def name(self) -> str:
        return self._parent_op.name

    @property
    def op(self) -> Operation:
        return self._parent_op

    def _read(self) -> Tensor:
        with get_default_graph().control_dependencies([self._parent_op]):
            return self._read_now()

    def value(self) -> Tensor:
        return self._read()

    def read_value(self) -> Tensor:
        return self._read()


def _convert_ref(
    value: RefVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
            f"'{value.dtype.name}'"
        )
    return value._ref() if as_ref else value.value()


def _convert_resource(
    value: ResourceVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    return value._tensor(dtype, as_ref)


register_tensor_conversion_function(RefVariable, _convert_ref)
register_tensor_conversion_function(ResourceVariable, _convert_resource)


def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
    """The variable a VariableDef describes, whose nodes are in the default graph already."""
    from tailrace.library.variable_protos import from_proto as read  # loads protobuf

    return read(variable_def, import_scope)


def is_variable_initialized(variable: Any, name: str | None = None) -> Tensor:
    """Whether a variable has a value."""
    if isinstance(variable, ResourceVariable):
        return variable.is_initialized(name=name)
    ref = variable._ref() if isinstance(variable, RefVariable) else variable
    if ref.dtype is dtypes.resource:
        return g.VarIsInitializedOp(ref, name=name)
    return g.IsVariableInitialized(ref, name=name)


def is_resource_variable(value: Any) -> bool:
    """Whether `value` is a variable behind a resource."""
    return isinstance(value, ResourceVariable)
