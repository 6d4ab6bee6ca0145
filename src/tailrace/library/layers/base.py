"""Layer: an object that makes its variables on the first call and reuses them on later ones.

`build(input_shape)` makes variables with `add_weight`, `call(inputs, …)` the result. RNN cells are
layers too. The variable scope is found on the first call: the name given, or the class's name in
snake case made unique.

Source: TF 1.15 python/layers/base.py, python/keras/engine/base_layer.py, input_spec.py.
"""

from __future__ import annotations

import collections
import copy
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import Graph, Operation, Tensor, convert_to_tensor, g, get_default_graph, nest
from tailrace.library.collections import GraphKeys
from tailrace.library.initializers import GlorotUniform, Zeros
from tailrace.library.scopes import name_scope
from tailrace.library.tracking.base import Trackable
from tailrace.library.variable_lists import global_variables, trainable_variables
from tailrace.library.variable_scope import VariableScope, get_variable, variable_scope
from tailrace.library.variables import VariableAggregation, VariableSynchronization
from tailrace.shapes import as_tensor_shape

_names: WeakKeyDictionary[Graph, dict[str, int]] = WeakKeyDictionary()


class InputSpec:
    """What a layer asks of an input: type, shape, rank, sizes of some axes."""

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}

    def check(self, index: int, tensor: Any, layer: str) -> None:
        """Raises: ValueError when the tensor is not what is asked for."""
        dims = tensor.get_shape().dims
        wanted = (self.ndim, self.max_ndim, self.min_ndim)
        if dims is None:
            if any(w is not None for w in wanted):
                raise ValueError(
                    f"Input {index} of layer {layer} is incompatible with the layer: its rank is "
                    "undefined, but the layer requires a defined rank."
                )
            return
        sizes = tensor.get_shape().as_list()
        for name, bad in (
            ("ndim", self.ndim is not None and len(sizes) != self.ndim),
            ("max_ndim", self.max_ndim is not None and len(sizes) > self.max_ndim),
            ("min_ndim", self.min_ndim is not None and len(sizes) < self.min_ndim),
        ):
            if bad:
                raise ValueError(
                    f"Input {index} of layer {layer} is incompatible with the layer: expected "
                    f"{name}={getattr(self, name)}, found ndim={len(sizes)}. Full shape received: "
                    f"{sizes}"
                )
        self._check_sizes(index, sizes, layer)

    def _check_sizes(self, index: int, sizes: list[int | None], layer: str) -> None:
        for axis, value in self.axes.items():
            if value is not None and sizes[int(axis)] not in (value, None):
                raise ValueError(
                    f"Input {index} of layer {layer} is incompatible with the layer: expected axis "
                    f"{axis} of input shape to have value {value} but received input with shape "
                    f"{sizes}"
                )
        for want, have in zip(self.shape or (), sizes, strict=False):
            if want is not None and have is not None and want != have:
                raise ValueError(
                    f"Input {index} is incompatible with layer {layer}: expected "
                    f"shape={self.shape}, found shape={sizes}"
                )


def _depends(item: Any, inputs: list[Any]) -> bool:
    """Whether a tensor or operation is computed from one of the inputs."""
    sources = {x.op for x in inputs if isinstance(x, Tensor)}
    stack = [item.op if isinstance(item, Tensor) else item]
    seen = set(stack)
    while stack:
        operation = stack.pop()
        if operation in sources:
            return True
        before = [x.op for x in operation.inputs] + list(operation.control_inputs)
        fresh = [op for op in dict.fromkeys(before) if op not in seen]
        seen.update(fresh)
        stack += fresh
    return False


def _snake_case(name: str) -> str:
    partly = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    snake = re.sub("([a-z])([A-Z])", r"\1_\2", partly).lower()
    return "private" + snake if snake[0] == "_" else snake


def unique_layer_name(base: str) -> str:
    """`base_1`, `base_2`…: layers of the default graph count from one."""
    counts = _names.setdefault(get_default_graph(), collections.Counter())
    counts[base] += 1
    return f"{base}_{counts[base]}"


class Layer(Trackable):
    """What layers share: the variable scope, `add_weight`, losses and updates.

    Args: name, of the layer and its variable scope; dtype, of the variables (that of the first
    input by default); `_scope` and `_reuse`, the variable scope and whether its variables are
    taken.
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._activity_regularizer = kwargs.pop("activity_regularizer", None)
        self._dtype = None if dtype is None else as_dtype(dtype)
        unknown = set(kwargs) - {
            "autocast",
            "dynamic",
            "input_shape",
            "batch_input_shape",
            "batch_size",
            "weights",
        }
        if unknown:
            raise TypeError(f"Keyword argument not understood: {sorted(unknown)[0]}")
        self._trainable = trainable
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._losses: list[Any] = []
        self._loss_functions: list[tuple[Callable[[], Any], bool]] = []
        self._updates: list[Any] = []
        # those of them that depend on the inputs of a call
        self._conditional: set[Any] = set()
        self._call_inputs: list[Any] = []
        self._use_resource_variables = False
        self.built = False
        self.input_spec: Any = None
        self.supports_masking = False
        self.stateful = False
        self._set_name(name)
        self._scope: VariableScope | None = None
        self._current_scope: Any = None
        self._always_reuse: Any = None
        if scope:
            with variable_scope(scope) as captured:
                self._scope = captured

    def _set_name(self, name: Any) -> None:
        own = _snake_case(type(self).__name__)
        if isinstance(name, VariableScope):
            self._name, self._base_name = unique_layer_name(own), name.name
        elif name:
            self._name = self._base_name = name
        else:
            self._name, self._base_name = unique_layer_name(own), own

    # -- what it is --------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> str | None:
        return None if self._dtype is None else self._dtype.name

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value

    @property
    def activity_regularizer(self) -> Any:
        return self._activity_regularizer

    @property
    def scope_name(self) -> str:
        if not self._scope:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been '
                "used yet. The scope name is determined the first time the layer instance is "
                "called. You must therefore call the layer before querying `scope_name`."
            )
        return self._scope.name

    @property
    def graph(self) -> None:
        return None

    @property
    def trainable_weights(self) -> list[Any]:
        return self._trainable_weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        if self.trainable:
            return self._non_trainable_weights
        return self._trainable_weights + self._non_trainable_weights

    @property
    def weights(self) -> list[Any]:
        return self.trainable_weights + self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.non_trainable_weights

    @property
    def losses(self) -> list[Any]:
        """The losses it added."""
        # TF: those of functions are built anew each time
        return [*self._losses, *self._built_losses(self._loss_functions)]

    def _built_losses(self, functions: list[tuple[Callable[[], Any], bool]]) -> list[Any]:
        built = []
        for function, conditional in functions:
            loss = function()
            if loss is None:
                continue
            loss = convert_to_tensor(loss)
            if conditional:
                self._conditional.add(loss)
            built.append(loss)
        return built

    @property
    def updates(self) -> list[Any]:
        return list(self._updates) if self.trainable or self.stateful else []

    def count_params(self) -> int:
        return sum(int(np.prod(v.get_shape().as_list())) for v in self.weights)

    def get_config(self) -> dict[str, Any]:
        """What the constructor needs to make the layer again."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.dtype is not None:
            config["dtype"] = self.dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)

    # -- what it adds ------------------------------------------------------------------------------

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Collect operations to run with each training step, as `UPDATE_OPS`."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            update = (
                update()
                if callable(update) and not isinstance(update, (Tensor, Operation))
                else update
            )
            update = (
                update if isinstance(update, Operation) or not hasattr(update, "op") else update.op
            )
            if isinstance(update, (Tensor, Operation)):
                self._updates.append(update)
                if _depends(update, self._call_inputs):
                    self._conditional.add(update)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Updates that depend on the inputs; for None those that depend on no call's inputs."""
        return self._relevant(self.updates, inputs)

    def _relevant(self, items: list[Any], inputs: Any) -> list[Any]:
        if inputs is None:
            return [item for item in items if item not in self._conditional]
        given = nest.flatten(inputs)
        conditional = [item for item in items if item in self._conditional]
        return [item for item in conditional if _depends(item, given)]

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Collect losses, or functions that build them, as `REGULARIZATION_LOSSES`."""
        listed = losses if isinstance(losses, (list, tuple)) else [losses]
        functions = [
            (loss, inputs is not None)
            for loss in listed
            if callable(loss) and not isinstance(loss, Tensor)
        ]
        tensors = [
            convert_to_tensor(loss)
            for loss in listed
            if loss is not None and (isinstance(loss, Tensor) or not callable(loss))
        ]
        self._losses.extend(tensors)
        self._loss_functions.extend(functions)
        if inputs is not None:
            self._conditional.update(tensors)
        _collect([*tensors, *self._built_losses(functions)], GraphKeys.REGULARIZATION_LOSSES)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Losses that depend on the inputs; for None those that were added without any."""
        return self._relevant(self.losses, inputs)

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """The older name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def add_weight(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        partitioner: Any = None,
    ) -> Any:
        """A variable of the layer, from its variable scope."""
        trainable = (
            synchronization is not VariableSynchronization.ON_READ
            if trainable is None
            else trainable
        )
        existing = set(global_variables())
        wanted = as_dtype(dtype or self._dtype or dtypes.float32)
        self._set_scope(None)
        assert self._scope is not None
        reuse = self.built or self._reuse
        with variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            with name_scope(self._name_scope()):
                variable = get_variable(
                    name,
                    shape=() if shape is None else shape,
                    dtype=wanted,
                    initializer=_initializer(initializer, scope, wanted, name),
                    trainable=trainable and self.trainable,
                    constraint=constraint,
                    partitioner=partitioner,
                    use_resource=use_resource or self._use_resource_variables or scope.use_resource,
                    synchronization=synchronization,
                    aggregation=aggregation,
                )
                if regularizer and not existing.issuperset(_parts(variable)):
                    self._regularize(name, variable, regularizer)
        # a variable that another layer made may be one that is not trained
        # TF: of a partitioned variable only the parts are noted as trained, not the whole
        noted = any(variable is v for v in trainable_variables())
        trained = trainable and self.trainable and noted
        (self._trainable_weights if trained else self._non_trainable_weights).append(variable)
        if isinstance(variable, Trackable):
            self._track_trackable(variable, name, overwrite=True)
        return variable

    def _regularize(self, name: str, variable: Any, regularizer: Callable[..., Any]) -> None:
        for part in _parts(variable):
            self.add_loss(functools.partial(_regularization, name, part, regularizer))

    # -- calling it --------------------------------------------------------------------------------

    def _name_scope(self) -> str:
        return self._current_scope.original_name_scope

    def _set_scope(self, scope: Any = None) -> None:
        if self._scope is not None:
            return
        if self._reuse:
            opened = variable_scope(scope if scope is not None else self._base_name)
        else:
            opened = variable_scope(scope, default_name=self._base_name)
        with opened as captured:
            self._scope = captured

    def build(self, input_shape: Any, /) -> None:
        """Make the variables; called once, with the shapes of the inputs."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The result; what subclasses define."""
        return inputs

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, then `call`, in the layer's variable scope."""
        scope = kwargs.pop("scope", None)
        self._set_scope(scope)
        with self._opened() as opened:
            self._current_scope = opened
            if "scope" in self._call_arguments():
                kwargs["scope"] = opened
            outputs = self._build_and_call(inputs, args, kwargs)
        _collect(self.updates, GraphKeys.UPDATE_OPS)
        return outputs

    def _opened(self) -> Any:
        if not self.built:
            return variable_scope(self._scope, reuse=self._reuse, auxiliary_name_scope=False)
        if self._always_reuse is None:
            self._always_reuse = variable_scope(self._scope, reuse=True, auxiliary_name_scope=False)
        return self._always_reuse

    def _call_arguments(self) -> Iterable[str]:
        return inspect.signature(self.call).parameters

    def _build_and_call(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = nest.map_structure(
            lambda x: convert_to_tensor(x) if isinstance(x, (np.ndarray, float, int)) else x, inputs
        )
        self._check_inputs(inputs)
        with name_scope(self._name_scope()):
            self._maybe_build(inputs)
            self._call_inputs = nest.flatten(inputs)
            outputs = self.call(inputs, *args, **kwargs)
            self._call_inputs = []
            if outputs is None:
                raise ValueError(
                    "A layer's `call` method should return a Tensor or a list of Tensors, not "
                    f"None (layer: {self.name})."
                )
            self._regularize_activity(inputs, outputs)
        return outputs

    def _check_inputs(self, inputs: Any) -> None:
        if self.input_spec is None:
            return
        specs, tensors = nest.flatten(self.input_spec), nest.flatten(inputs)
        if len(specs) != len(tensors):
            raise ValueError(
                f"Layer {self.name} expects {len(specs)} inputs, but it received {len(tensors)} "
                "input tensors."
            )
        for index, (spec, tensor) in enumerate(zip(specs, tensors, strict=True)):
            if spec is not None:
                spec.check(index, tensor, self.name)

    def _maybe_build(self, inputs: Any) -> None:
        if self.built:
            return
        flat = nest.flatten(inputs)
        if flat and self._dtype is None and hasattr(flat[0], "dtype"):
            self._dtype = flat[0].dtype.base_dtype
        shapes = None
        if all(hasattr(x, "get_shape") for x in flat):
            shapes = nest.map_structure(lambda x: x.get_shape(), inputs)
        self.build(shapes)
        self.built = True

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if self._activity_regularizer is None:
            return
        with name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                batch = g.cast(g.shape(output)[0], loss.dtype)
                self.add_loss(loss / batch, inputs=inputs)

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as calling it."""
        return self(inputs, *args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not tell its output shape")

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A copy with its own attributes, of the same scopes and tensors."""
        result = type(self).__new__(type(self))
        memo[id(self)] = result
        for key, value in self.__dict__.items():
            if key in ("_scope", "_always_reuse", "_current_scope"):
                result.__dict__[key] = copy.copy(value)
            elif _holds_tensors(value):
                result.__dict__[key] = value
            else:
                result.__dict__[key] = copy.deepcopy(value, memo)
        return result


def _holds_tensors(value: Any) -> bool:
    flat = value if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(v, Tensor) or hasattr(v, "_as_graph_element") for v in flat)


def _initializer(given: Any, scope: VariableScope, dtype: DType, name: str) -> Any:
    chosen = scope.initializer if given is None else given
    if chosen is not None:
        return chosen
    if dtype.is_floating:
        return GlorotUniform()
    if dtype.is_integer or dtype.is_bool:
        return Zeros()
    raise ValueError(f"An initializer for variable {name} of type {dtype.base_dtype} is required")


def _parts(variable: Any) -> list[Any]:
    """The variables a partitioned variable consists of; one otherwise."""
    return list(variable) if hasattr(variable, "_variable_list") else [variable]


def _regularization(name: str, variable: Any, regularizer: Callable[..., Any]) -> Any:
    with name_scope(name + "/Regularizer"):
        return regularizer(variable)


def _collect(elements: list[Any], name: str) -> None:
    collected = get_default_graph().get_collection_ref(name)
    collected.extend(e for e in elements if all(e is not c for c in collected))


def static_shape(shape: Any) -> list[int | None]:
    """A shape as `build` gets it, as a list."""
    return as_tensor_shape(shape).as_list()
