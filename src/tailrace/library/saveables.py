"""What a Saver saves: which tensors of which object under which names, and how they are restored.

Source: TF 1.15 python/training/saving/saveable_object.py, saveable_object_util.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tailrace.graph import DeviceSpec, Operation, Tensor, convert_to_tensor, g, get_default_graph
from tailrace.library.variables import ResourceVariable, Variable, is_resource_variable


def set_cpu0(device: str) -> str:
    """The first CPU of the machine of `device`."""
    spec = DeviceSpec.from_string(device)
    spec.device_type, spec.device_index = "CPU", 0
    return spec.to_string()


class SaveSpec:
    """A tensor (or function that gives it) to save: its slice, name, type and device."""

    def __init__(
        self, tensor: Any, slice_spec: str, name: str, dtype: Any = None, device: str | None = None
    ) -> None:
        """Raises: AssertionError for a function without `dtype` and `device`."""
        if callable(tensor) and (dtype is None or device is None):
            raise AssertionError(
                "When passing a callable `tensor` to a SaveSpec, an explicit dtype and device must "
                "be provided."
            )
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        self.dtype = dtype if callable(tensor) else tensor.dtype
        self.device: Any = device if callable(tensor) else tensor.device

    @property
    def tensor(self) -> Any:
        """The tensor to save."""
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Something to save: `specs` are its tensors, `op` what it stands for."""

    full_name = ""  # the variable's name, where it is saved under another

    def __init__(self, op: Any, specs: list[Any], name: str) -> None:
        """All tensors lie on one device."""
        self.op = op
        self.specs = specs
        self.name = name

    @property
    def optional_restore(self) -> bool:
        """Whether a checkpoint may lack it."""
        return False

    @property
    def device(self) -> str:
        """The device of the tensors."""
        return self.specs[0].device

    def restore(self, restored_tensors: list[Tensor], restored_shapes: list[Any] | None) -> Any:
        """An operation that takes over the tensors read, reshaped where shapes are given."""
        raise ValueError("Calling an abstract method.")


def _reshaped(tensors: list[Tensor], shapes: list[Any] | None) -> Tensor:
    return tensors[0] if shapes is None else g.Reshape(tensors[0], shapes[0])


class ReferenceVariableSaveable(SaveableObject):
    """A reference variable."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        """`var` is the variable or its reference."""
        super().__init__(var, [SaveSpec(var, slice_spec, name, dtype=var.dtype)], name)

    def restore(self, restored_tensors: list[Tensor], restored_shapes: list[Any] | None) -> Any:
        """Assigns; the shape is checked where it is known and not to be changed."""
        value = _reshaped(restored_tensors, restored_shapes)
        checked = restored_shapes is None and self.op.get_shape().is_fully_defined()
        return g.Assign(self.op, value, validate_shape=checked)


class ResourceVariableSaveable(SaveableObject):
    """A resource variable."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        """`var` is the variable or a read of it. Raises: ValueError for anything else."""
        self._var_device = var.device
        self._var_shape = var.shape
        if isinstance(var, Tensor):
            self.handle_op = var.op.inputs[0]
            tensor: Any = var
        elif is_resource_variable(var):
            self.handle_op = var.handle
            tensor = _reader_of(var)
        else:
            raise ValueError(
                f"Saveable is neither a resource variable nor a read operation. Got: {var!r}"
            )
        spec = SaveSpec(tensor, slice_spec, name, dtype=var.dtype, device=var.device)
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors: list[Tensor], restored_shapes: list[Any] | None) -> Any:
        """Assigns to the handle. Raises: ValueError for a static shape that does not fit."""
        value = _reshaped(restored_tensors, restored_shapes)
        with get_default_graph().device(self._var_device):
            value = g.Identity(value)
            self._var_shape.assert_is_compatible_with(value.get_shape())
            return g.AssignVariableOp(self.handle_op, value)


def _reader_of(variable: ResourceVariable) -> Callable[[], Tensor]:
    def read() -> Tensor:
        graph = get_default_graph()
        with graph.device(variable.device):
            value = variable.read_value()
            with graph.device("/device:CPU:0"):
                return g.Identity(value)

    return read


def _is_variable_tensor(value: Any) -> bool:
    """Whether a tensor is a variable's reference, handle or read."""
    if not isinstance(value, Tensor):
        return False
    definition = value.op.op_def
    return definition.once or bool(definition.reads)


def _saveable_of_variable(value: Any, slice_spec: str, name: str) -> SaveableObject:
    if value.dtype._is_ref_dtype:
        return ReferenceVariableSaveable(value, slice_spec, name)
    return ResourceVariableSaveable(value, slice_spec, name)


def saveable_objects_for_op(op: Any, name: str) -> Iterator[SaveableObject]:
    """What saves a variable, a list of slices, or an object that says itself how.

    Raises: TypeError for a name that is no string and for what is no variable.
    """
    if not isinstance(name, str):
        raise TypeError(
            "names_to_saveables must be a dict mapping string names to trackable operations. "
            f"Name is not a string: {name}"
        )
    if isinstance(op, SaveableObject):
        yield op
    elif isinstance(op, (list, tuple)) or _is_partitioned(op):
        yield from _saveables_of_slices(list(op), name)
    elif _is_trackable(op):
        for attr, factory in _parts_of(op).items():
            own_name = name if attr == "VARIABLE_VALUE" else f"{name}_{attr}"
            part: Any = factory(own_name) if callable(factory) else factory
            yield from saveable_objects_for_op(part, part.name)
    elif isinstance(op, ResourceVariable):
        yield ResourceVariableSaveable(op._graph_element, "", name)
    else:
        value = convert_to_tensor(op, as_ref=True) if not isinstance(op, Operation) else op
        if not _is_variable_tensor(value):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to Tensors/Variables. "
                f"Not a variable: {value}"
            )
        yield _saveable_of_variable(value, "", name)


def _saveables_of_slices(slices: list[Any], name: str) -> Iterator[SaveableObject]:
    whole = None
    for variable in slices:
        if not isinstance(variable, Variable):
            raise ValueError(f"Slices must all be Variables: {variable}")
        info = variable._save_slice_info
        if info is None:
            raise ValueError(f"Slices must all be slices: {variable}")
        whole = whole or info.full_name
        if whole != info.full_name:
            raise ValueError(
                f"Slices must all be from the same tensor: {whole} != {info.full_name}"
            )
        yield _saveable_of_variable(variable, info.spec, name)


def _is_partitioned(value: Any) -> bool:
    """A `PartitionedVariable`: several variables that are slices of one tensor."""
    return not isinstance(value, Variable) and hasattr(value, "as_tensor")


def _is_trackable(value: Any) -> bool:
    return not isinstance(value, Variable) and hasattr(value, "_gather_saveables_for_checkpoint")


def _parts_of(value: Any) -> dict[str, Any]:
    """What an object that is no variable consists of, by name."""
    return value._gather_saveables_for_checkpoint()


def op_list_to_dict(op_list: Any, convert_variable_to_tensor: bool = True) -> dict[str, Any]:
    """Variables by the name they are saved under; slices of one tensor in a list.

    Raises: TypeError for what cannot be saved, ValueError for two of one name.
    """
    if not isinstance(op_list, (list, tuple, set)):
        raise TypeError(f"Variables to save should be passed in a dict or a list: {op_list}")
    found: dict[str, Any] = {}
    for variable in sorted(op_list, key=lambda v: v.name):
        if isinstance(variable, SaveableObject):
            found[variable.name] = variable
        elif _is_partitioned(variable):
            _add_once(found, variable.name, variable)
        elif isinstance(variable, Variable) and variable._save_slice_info:
            _add_slice(found, variable)
        elif _is_trackable(variable):
            parts = _parts_of(variable).values()
            found.update(op_list_to_dict([p() if callable(p) else p for p in parts]))
        else:
            tensor = variable
            if convert_variable_to_tensor:
                tensor = _tensor_of(variable)
            _add_once(found, _saved_name(tensor), tensor)
    return found


def _tensor_of(variable: Any) -> Any:
    if isinstance(variable, ResourceVariable):
        return variable._graph_element
    tensor = convert_to_tensor(variable, as_ref=True)
    if not _is_variable_tensor(tensor):
        raise TypeError(f"Variable to save is not a Variable: {tensor}")
    return tensor


def _saved_name(tensor: Any) -> str:
    op = tensor.op
    return op.inputs[0].op.name if op.op_def.reads else op.name


def _add_once(found: dict[str, Any], name: str, variable: Any) -> None:
    if name in found:
        raise ValueError(f"At least two variables have the same name: {name}")
    found[name] = variable


def _add_slice(found: dict[str, Any], variable: Any) -> None:
    name = variable._save_slice_info.full_name
    group = found.setdefault(name, [])
    if not isinstance(group, list):
        raise ValueError(f"Mixing slices and non-slices with the same name: {name}")
    group.append(variable)


def validate_and_slice_inputs(names_to_saveables: Any) -> list[SaveableObject]:
    """The saveables of a list or dict of variables, ordered by name.

    Raises: TypeError and ValueError as `op_list_to_dict`; ValueError for one under two names.
    """
    if not isinstance(names_to_saveables, dict):
        names_to_saveables = op_list_to_dict(names_to_saveables)
    saveables: list[SaveableObject] = []
    seen: set[int] = set()
    for name, value in sorted(names_to_saveables.items(), key=lambda item: item[0]):
        for saveable in saveable_objects_for_op(value, name):
            if id(saveable.op) in seen:
                raise ValueError(
                    f"The same saveable will be restored with two names: {saveable.name}"
                )
            seen.add(id(saveable.op))
            saveables.append(saveable)
    return saveables
