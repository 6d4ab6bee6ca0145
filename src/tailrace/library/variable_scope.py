"""`tf.get_variable` and `tf.variable_scope`: variables by name, shared where a scope is reused.

Source: TF 1.15 python/ops/variable_scope.py.
"""

from __future__ import annotations

import contextlib
import copy
import enum
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import g, get_default_graph
from tailrace.graph.operation import describe_origin
from tailrace.library import initializers
from tailrace.library.collections import GraphKeys
from tailrace.library.scopes import init_scope, name_scope
from tailrace.library.variables import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
)
from tailrace.shapes import TensorShape, as_tensor_shape


class _ReuseMode(enum.Enum):
    """`tf.AUTO_REUSE`: take a variable that exists, make one that does not."""

    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE
VARIABLE_CREATORS = ("__variable_creators",)  # no strings, so that no MetaGraph has them
_STORE = ("__variable_store",)
_SCOPES = ("__varscope",)
_resource_default = [False]


def enable_resource_variables() -> None:
    """Make resource variables the default."""
    _resource_default[0] = True


def disable_resource_variables() -> None:
    """Make reference variables the default, as it is from the start."""
    _resource_default[0] = False


def resource_variables_enabled() -> bool:
    """Whether variables that do not say are behind resources."""
    return _resource_default[0]


def resource_by_default() -> bool:
    """Whether a variable that does not say is one behind a resource: by scope, else by default."""
    scope = get_variable_scope().use_resource
    return _resource_default[0] if scope is None else scope


def creating_function(create: Callable[..., Any]) -> Callable[..., Any]:
    """`create` inside the `tf.variable_creator_scope`s of the moment."""
    for creator in get_default_graph().get_collection(VARIABLE_CREATORS):
        create = functools.partial(creator, create)
    return create


@contextlib.contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """A context in which `variable_creator(next_creator, **arguments)` makes the variables."""
    creators = get_default_graph().get_collection_ref(VARIABLE_CREATORS)
    creators.append(variable_creator)
    try:
        yield
    finally:
        creators.remove(variable_creator)


# -- the store of a graph --------------------------------------------------------------------------


# of `_true_getter`, after `partitioner`
_LAST_ARGUMENTS = (
    "validate_shape",
    "use_resource",
    "constraint",
    "synchronization",
    "aggregation",
)


def _takes_constraint(getter: Callable[..., Any]) -> bool:
    """Whether a custom getter knows of constraints, which came after the first of its kind."""
    parameters = inspect.signature(getter).parameters.values()
    return any(p.name == "constraint" or p.kind is p.VAR_KEYWORD for p in parameters)


class _VariableStore:
    """The variables of a graph by full name."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.partitioned: dict[str, Any] = {}

    def get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = dtypes.float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        custom_getter: Callable[..., Any] | None = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        """The variable of a name, made if `reuse` allows. See `get_variable`."""
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        arguments = {
            "name": name,
            "shape": shape,
            "dtype": as_dtype(dtype).base_dtype,
            "initializer": initializer,
            "regularizer": regularizer,
            "reuse": reuse,
            "trainable": _trainable(trainable, synchronization),
            "collections": collections,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "constraint": constraint,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        if custom_getter is None:
            return self._true_getter(**arguments)
        if not _takes_constraint(custom_getter):
            del arguments["constraint"]
        return custom_getter(getter=self._true_getter, **arguments)

    def _true_getter(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = dtypes.float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        *more: Any,
        **arguments: Any,
    ) -> Any:
        """What custom getters call, with arguments by place or by name."""
        from tailrace.library.partitioned import get_partitioned  # builds on this

        arguments |= dict(zip(_LAST_ARGUMENTS, more, strict=False))
        arguments |= {
            "shape": shape,
            "dtype": dtype,
            "initializer": initializer,
            "regularizer": regularizer,
            "reuse": reuse,
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
        }
        is_scalar = shape is not None and as_tensor_shape(shape).rank == 0
        reused = partitioner is None and reuse is True and name in self.partitioned
        if (partitioner is not None and not is_scalar) or reused:
            return get_partitioned(self, name, partitioner, **arguments)
        if f"{name}/part_0" in self.variables:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                f"{name}/part_0. Perhaps a variable of the same name was already created with "
                "partitioning?"
            )
        return self.get_single(name, **arguments)

    def get_single(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = dtypes.float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        partition_info: Any = None,
        **arguments: Any,
    ) -> Any:
        """A variable that is not split."""
        from_value = initializer is not None and not callable(initializer)
        if shape is not None and from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        dtype = as_dtype(dtype)
        shape = as_tensor_shape(shape)
        if name in self.variables:
            return self._existing(name, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did "
                "you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        variable = self._new(name, shape, dtype, initializer, from_value, partition_info, arguments)
        self.variables[name] = variable
        if regularizer:
            self._regularize(name, variable, regularizer)
        return variable

    def _existing(self, name: str, shape: TensorShape, dtype: DType, reuse: Any) -> Any:
        found = self.variables[name]
        if reuse is False:
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope? Originally defined "
                f"at:\n\n{describe_origin(found.op)}"
            )
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape "
                f"{found.get_shape()}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found "
                f"dtype {found.dtype.name}."
            )
        return found

    def _new(
        self,
        name: str,
        shape: TensorShape,
        dtype: DType,
        initializer: Any,
        from_value: bool,
        partition_info: Any,
        arguments: dict[str, Any],
    ) -> Any:
        if initializer is None:
            initializer = _default_initializer(name, dtype)
        variable_dtype: DType | None = None
        with init_scope():
            if from_value:
                value = initializer
            else:
                initializer = initializer() if inspect.isclass(initializer) else initializer
                value, variable_dtype = _initial_value(initializer, shape, dtype, partition_info)
        if arguments.get("use_resource") is None:
            arguments["use_resource"] = _resource_default[0]
        return Variable(initial_value=value, name=name, dtype=variable_dtype, **arguments)

    def _regularize(self, name: str, variable: Any, regularizer: Any) -> None:
        graph = get_default_graph()
        with (
            graph.colocate_with(variable.op),
            graph.name_scope(name + "/Regularizer/"),
            init_scope(),
        ):
            loss = regularizer(variable)
        if loss is not None:
            graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)


def _trainable(trainable: bool | None, synchronization: Any) -> bool:
    if synchronization is VariableSynchronization.ON_READ:
        if trainable:
            raise ValueError(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                "non-trainable variables."
            )
        return False
    return True if trainable is None else trainable


def _default_initializer(name: str, dtype: DType) -> Any:
    if dtype.is_floating:
        return initializers.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype is dtypes.string:
        return initializers.zeros_initializer()
    raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")


def _initial_value(
    initializer: Callable[..., Any], shape: TensorShape, dtype: DType, partition_info: Any
) -> tuple[Callable[[], Any], DType | None]:
    if shape.is_fully_defined():

        def value() -> Any:
            return initializer(shape.as_list(), dtype=dtype, partition_info=partition_info)

        return value, dtype.base_dtype
    if _callable_without_arguments(initializer):
        return initializer, None
    raise ValueError(
        "The initializer passed is not valid. It should be a callable with no arguments and the "
        "shape should not be provided or an instance of `tf.keras.initializers.*' and `shape` "
        "should be fully defined."
    )


def _callable_without_arguments(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return all(
        p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters
    )


# -- scopes ----------------------------------------------------------------------------------------


class VariableScope:
    """The defaults `get_variable` uses: a name prefix, reuse, an initializer and so on."""

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = dtypes.float32,
        use_resource: bool | None = None,
        constraint: Any = None,
    ) -> None:
        self._name = name
        self._name_scope = name_scope
        self._reuse = reuse
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    name = property(lambda self: self._name)
    original_name_scope = property(lambda self: self._name_scope)
    reuse = property(lambda self: self._reuse)
    initializer = property(lambda self: self._initializer)
    regularizer = property(lambda self: self._regularizer)
    caching_device = property(lambda self: self._caching_device)
    partitioner = property(lambda self: self._partitioner)
    custom_getter = property(lambda self: self._custom_getter)
    dtype = property(lambda self: self._dtype)
    use_resource = property(lambda self: self._use_resource)
    constraint = property(lambda self: self._constraint)

    def reuse_variables(self) -> None:
        """Take variables that exist from here on."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        self._custom_getter = custom_getter

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool) -> None:
        self._use_resource = use_resource

    def get_collection(self, name: str) -> list[Any]:
        """What a collection holds of this scope."""
        return get_default_graph().get_collection(name, self._name + "/" if self._name else None)

    def trainable_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self,
        var_store: _VariableStore,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        custom_getter: Any = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        """The variable `name` of this scope, with this scope's defaults."""
        # the variable's name is the scope's, whatever name scope is open
        with get_default_graph().name_scope(None):
            if initializer is not None and not callable(initializer) and dtype is not None:
                self._check_constant(initializer, dtype)
            return var_store.get(
                f"{self._name}/{name}" if self._name else name,
                shape=shape,
                dtype=self._dtype if dtype is None else dtype,
                initializer=self._initializer if initializer is None else initializer,
                regularizer=self._regularizer if regularizer is None else regularizer,
                reuse=self._reuse if reuse is None else reuse,
                trainable=trainable,
                collections=collections,
                caching_device=self._caching_device if caching_device is None else caching_device,
                partitioner=self._partitioner if partitioner is None else partitioner,
                validate_shape=validate_shape,
                use_resource=self._use_resource if use_resource is None else use_resource,
                custom_getter=self._custom_getter if custom_getter is None else custom_getter,
                constraint=self._constraint if constraint is None else constraint,
                synchronization=synchronization,
                aggregation=aggregation,
            )

    def _check_constant(self, initializer: Any, dtype: Any) -> None:
        # TF: the constant made to learn the type stays in the graph.
        found = g.convert(initializer).dtype.base_dtype
        if found is not as_dtype(dtype).base_dtype:
            raise ValueError(
                f"Initializer type '{found.name}' and explicit dtype '{as_dtype(dtype).name}' "
                "don't match."
            )


class _ScopeState:
    """The current scope of a graph, and how often each scope name was opened."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.current = VariableScope(False)

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_inside(self, name: str | None) -> None:
        """Forget how often the scopes inside were opened, so that reopening counts anew."""
        for key in self.counts:
            if not name or key.startswith(name + "/"):
                self.counts[key] = 0


def _kept(key: tuple[str], make: Callable[[], Any]) -> Any:
    values = get_default_graph().get_collection_ref(key)
    if not values:
        values.append(make())
    return values[0]


def _store() -> _VariableStore:
    return _kept(_STORE, _VariableStore)


def _state() -> _ScopeState:
    return _kept(_SCOPES, _ScopeState)


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _state().current


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """The variable `name` of the current scope: a new one, or where the scope is reused the
    existing one.

    Args: initializer, a function `(shape, dtype, partition_info)`, a class of such, or a constant;
    Glorot's uniform initializer by default. Raises: ValueError when it exists and must not, or the
    other way round.
    """
    return get_variable_scope().get_variable(
        _store(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def get_local_variable(name: str, *args: Any, **kwargs: Any) -> Any:
    """As `get_variable`, for variables that are neither trained nor saved."""
    kwargs["trainable"] = False
    kwargs["collections"] = [*(kwargs.get("collections") or []), GraphKeys.LOCAL_VARIABLES]
    return get_variable(name, *args, **kwargs)


@contextlib.contextmanager
def pure_variable_scope(
    name_or_scope: Any, old_name_scope: str | None = None, reuse: Any = None, **defaults: Any
) -> Iterator[VariableScope]:
    """A variable scope without its name scope."""
    state = _state()
    old = state.current
    counts = dict(state.counts)
    reopened = isinstance(name_or_scope, VariableScope)
    base = name_or_scope if reopened else old
    scope = copy.copy(base)
    if reopened:
        scope._reuse = reuse or base.reuse
        scope._name_scope = (
            old_name_scope if old_name_scope is not None else base.original_name_scope
        )
    else:
        scope._name = f"{old.name}/{name_or_scope}" if old.name else name_or_scope
        scope._reuse = reuse or old.reuse
        scope._name_scope = name_or_scope if old_name_scope is None else old_name_scope
    scope._constraint = defaults.pop("constraint", None)
    getter = defaults.pop("custom_getter", None)
    if getter is not None:
        scope._custom_getter = _wrapped_getter(getter, base.custom_getter)
    for key, value in defaults.items():
        if value is not None:
            setattr(scope, "_" + key, value)
    state.open(scope.name)
    state.current = scope
    try:
        yield scope
    finally:
        if state.current is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        if reopened:
            state.counts = counts
        else:
            state.close_inside(scope.name)
        state.current = old


def _wrapped_getter(
    outer: Callable[..., Any], inner: Callable[..., Any] | None
) -> Callable[..., Any]:
    if inner is None:
        return outer

    def wrapped(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return outer(functools.partial(inner, getter), *args, **kwargs)

    return wrapped


def _unique_scope(prefix: str) -> str:
    """`prefix`, or `prefix_1`… where scopes of that name were opened here before."""
    state = _state()
    name = f"{state.current.name}/{prefix}" if state.current.name else prefix
    if not state.counts.get(name, 0):
        return prefix
    index = 1
    while state.counts.get(f"{name}_{index}", 0):
        index += 1
    return f"{prefix}_{index}"


class variable_scope:  # TensorFlow's name
    """`with tf.variable_scope("name", reuse=…) as scope`: opens a variable scope and a name scope.

    `name_or_scope` may be a scope to reopen; `default_name`, made unique, serves when it is None.
    Raises: ValueError for `reuse` without a name, TypeError for a name that is none.
    """

    def __init__(
        self,
        name_or_scope: Any,
        default_name: str | None = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse not in (None, True, False, AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                "The auxiliary_name_scope must be `True` or `False`, while get "
                f"{auxiliary_name_scope}"
            )
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._values = values or []
        self._reuse = reuse or None
        self._defaults = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
        }
        self._auxiliary_name_scope = auxiliary_name_scope
        self._entered: list[contextlib.ExitStack] = []

    def __enter__(self) -> VariableScope:
        stack = contextlib.ExitStack()
        try:
            stack.enter_context(self._graph().as_default())
            scope = self._enter(stack)
        except BaseException:
            stack.close()
            raise
        self._entered.append(stack)
        return scope

    def __exit__(self, *details: Any) -> None:
        self._entered.pop().__exit__(*details)

    def _graph(self) -> Any:
        for value in self._values:
            graph = getattr(value, "graph", None)
            if graph is not None:
                return graph
        return get_default_graph()

    def _enter(self, stack: contextlib.ExitStack) -> VariableScope:
        if self._name_or_scope is None:
            return self._enter_default(stack)
        if not isinstance(self._name_or_scope, (VariableScope, str)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        if isinstance(self._name_or_scope, str):
            old = opened = self._open_names(stack, self._name_or_scope)
        else:
            opened = self._open_names(stack, self._name_or_scope.name.split("/")[-1])
            old = self._name_or_scope.original_name_scope
        if opened is None:
            old = None
        return stack.enter_context(
            pure_variable_scope(self._name_or_scope, old, reuse=self._reuse, **self._defaults)
        )

    def _enter_default(self, stack: contextlib.ExitStack) -> VariableScope:
        if self._reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        assert self._default_name is not None
        opened = self._open_names(stack, self._default_name)
        unique = _unique_scope(self._default_name)
        return stack.enter_context(pure_variable_scope(unique, opened, **self._defaults))

    def _open_names(self, stack: contextlib.ExitStack, name: str) -> str | None:
        """Open the name scope; the second time, the same one."""
        if not self._auxiliary_name_scope:
            current = get_default_graph().get_name_scope()
            return stack.enter_context(name_scope(current + "/" if current else current))
        return stack.enter_context(name_scope(name)) if name else None


def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, **kwargs: Any
) -> Any:
    """The form of `variable_scope` before 1.0."""
    return variable_scope(name_or_scope, default_name=default_name, values=values, **kwargs)


def no_regularizer(_: Any) -> None:
    """A regularizer that gives nothing, to leave a variable out of the scope's."""
    return
