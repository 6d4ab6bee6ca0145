"""`tf.contrib.training.HParams`: named settings, with values that keep their types.

Source: TF 1.15 contrib/training/python/training/hparam.py.
"""

from __future__ import annotations

import json
import numbers
import re
from collections.abc import Callable
from typing import Any

from tailrace.formats import protos
from tailrace.library.collection_protos import register_proto_function

_SETTING = re.compile(
    r"(?P<name>[a-zA-Z][\w\.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"((?P<val>[^,\[]*)|\[(?P<vals>[^\]]*)\])($|,\s*)"
)
_BOOLS = {"true": True, "True": True, "false": False, "False": False}


def _as_bool(text: str) -> bool:
    return _BOOLS[text] if text in _BOOLS else bool(int(text))


class _Parser:
    """Reads `name=value,name=[value,value],name[index]=value`."""

    def __init__(self, text: str, type_map: dict[str, type], ignore_unknown: bool) -> None:
        self._text = text
        self._types = type_map
        self._ignores = ignore_unknown
        self._found: dict[str, Any] = {}

    def parse(self) -> dict[str, Any]:
        position = 0
        while position < len(self._text):
            match = _SETTING.match(self._text, position)
            if match is None:
                raise ValueError(f"Malformed hyperparameter value: {self._text[position:]}")
            position = match.end()
            name = match["name"]
            if name in self._types:
                self._take(name, match)
            elif not self._ignores:
                raise ValueError(f"Unknown hyperparameter type for {name}")
        return self._found

    def _take(self, name: str, match: re.Match[str]) -> None:
        kind = self._types[name]
        convert: Callable[[str], Any] = _as_bool if kind is bool else kind
        several = match["val"] is None
        if several and match["index"] is not None:
            raise ValueError("Assignment of a list to a list index.")
        texts = [t for t in re.split("[ ,]", match["vals"]) if t] if several else [match["val"]]
        try:
            values = [convert(text) for text in texts]
        except ValueError:
            raise ValueError(
                f"Could not parse hparam '{name}' of type '{kind.__name__}' with value "
                f"'{match['vals'] if several else match['val']}' in {self._text}"
            ) from None
        if match["index"] is None:
            self._set(self._found, name, values if several else values[0], name)
            return
        index = int(match["index"])
        entries = self._found.setdefault(name, {})
        if not isinstance(entries, dict):
            self._assigned_before(name)
        self._set(entries, index, values[0], f"{name}[{index}]")

    def _set(self, found: dict[Any, Any], key: Any, value: Any, what: str) -> None:
        if key in found:
            self._assigned_before(what)
        found[key] = value

    def _assigned_before(self, what: str) -> None:
        raise ValueError(f"Multiple assignments to variable '{what}' in {self._text}")


def parse_values(
    values: str, type_map: dict[str, type], ignore_unknown: bool = False
) -> dict[str, Any]:
    """The values in a text like `name=value,list=[1,2],other[0]=x`, as the types tell.

    Raises: ValueError for a text that cannot be read, a name without type, a name twice.
    """
    return _Parser(values, type_map, ignore_unknown).parse()


def _cast(name: str, kind: type, value: Any) -> Any:
    """The value as that type. Raises: ValueError where it would not keep its meaning."""
    if type(value) is kind or issubclass(kind, type(None)):
        return value
    text = (str, bytes)
    wrong = (
        (issubclass(kind, text) and not isinstance(value, text))
        or issubclass(kind, bool) != isinstance(value, bool)
        or (issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral))
        or (issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number))
    )
    if wrong:
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    convert: Any = kind
    return convert(value)


class HParams:
    """Settings as attributes; a value may only be replaced by one of its type.

    Raises: ValueError for a name that is reserved and an empty list.
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        if hparam_def and kwargs:
            raise ValueError("hparam_def and initialization values are mutually exclusive")
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in (_values_of(hparam_def) if hparam_def else kwargs).items():
            self.add_hparam(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a setting."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        several = isinstance(value, (list, tuple))
        if several and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = (type(value[0] if several else value), several)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Replaces a value. Raises: ValueError for one of another type, KeyError without one."""
        kind, several = self._hparam_types[name]
        if isinstance(value, list) and not several:
            raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
        if several and not isinstance(value, list):
            raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
        cast = [_cast(name, kind, v) for v in value] if several else _cast(name, kind, value)
        setattr(self, name, cast)

    def del_hparam(self, name: str) -> None:
        """Removes a setting, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Replaces values as a text tells; see `parse_values`."""
        types = {name: kind for name, (kind, _) in self._hparam_types.items()}
        return self.override_from_dict(parse_values(values, types))

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Replaces values."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: dict[str, Any]) -> HParams:
        """The older name of `override_from_dict`."""
        return self.override_from_dict(values_map)

    def set_model_structure(self, model_structure: Any) -> None:
        """Keeps an object along with the settings."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """The object that is kept."""
        return self._model_structure

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """The values as JSON."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json: str) -> HParams:
        """Replaces values as JSON tells."""
        return self.override_from_dict(json.loads(values_json))

    def values(self) -> dict[str, Any]:
        """The values by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or `default`, which must be of its type. Raises: ValueError otherwise."""
        if key not in self._hparam_types:
            return default
        if default is not None:
            kind, several = self._hparam_types[key]
            what = f"Hparam '{key}' of type '{kind}' is incompatible with default={default}"
            if several != isinstance(default, list):
                raise ValueError(what)
            for value in default if several else [default]:
                try:
                    _cast(key, kind, value)
                except ValueError as error:
                    raise ValueError(f"{what}. {error}") from None
        return getattr(self, key)

    def __contains__(self, key: object) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The HParamDef. Raises: ValueError for values other than bools, numbers and texts."""
        result = protos.HParamDef()
        for name, (kind, several) in self._hparam_types.items():
            value, field = getattr(self, name), _field_of(kind)
            values = [
                v.encode() if isinstance(v, str) else v for v in (value if several else [value])
            ]
            if several:
                getattr(result.hparam[name], f"{field}_list").value.extend(values)
            else:
                setattr(result.hparam[name], f"{field}_value", values[0])
        return result

    @staticmethod
    def from_proto(hparam_def: Any, import_scope: str | None = None) -> HParams:
        """The settings of an HParamDef."""
        return HParams(hparam_def=hparam_def)


def _field_of(kind: type) -> str:
    fields = ((bool, "bool"), (int, "int64"), ((str, bytes), "bytes"), (float, "float"))
    for types, field in fields:
        if issubclass(kind, types):
            return field
    raise ValueError(f"Unsupported parameter type: {kind}")


def _values_of(proto: Any) -> dict[str, Any]:
    found = {}
    for name, entry in proto.hparam.items():
        kind = entry.WhichOneof("kind")
        stored = getattr(entry, kind)
        values = list(stored.value) if kind.endswith("_list") else [stored]
        if kind.startswith("bytes"):
            values = [value.decode() for value in values]
        found[name] = values if kind.endswith("_list") else values[0]
    return found


register_proto_function("hparams", lambda: protos.HParamDef, HParams.to_proto, HParams.from_proto)
