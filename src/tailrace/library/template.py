"""`tf.make_template`: a function that makes its variables once and uses them again afterwards.

Source: TF 1.15 python/ops/template.py.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

from tailrace.library import logging
from tailrace.library.collections import GraphKeys, get_collection, get_collection_ref
from tailrace.library.variable_scope import (
    VariableScope,
    _unique_scope,
    pure_variable_scope,
    variable_scope,
)


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> Template:
    """`func_` with `kwargs` given, whose variables are shared by all calls.

    Its variables are in the scope `unique_name_`, or `name_` made unique, opened at the first call
    or, with `create_scope_now_`, at once. Raises: ValueError when `name_` is None.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now_, unique_name_, custom_getter_)


class Template:
    """What `make_template` gives: call it as the function."""

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Callable[..., Any] | None = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._name = name
        self._func = func
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._made_at = traceback.format_stack()[:-2]
        self._variable_scope: VariableScope | None = None
        self._first_call = True
        self._variables_created = False
        if create_scope_now:
            scope_name = unique_name or _unique_scope(name)
            with pure_variable_scope(scope_name, custom_getter=custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result. Raises: ValueError for trainable variables made anew."""
        if self._variable_scope is not None:
            with variable_scope(self._variable_scope, reuse=not self._first_call):
                return self._called(args, kwargs)
        getter = self._custom_getter
        with variable_scope(self._unique_name, self._name, custom_getter=getter) as scope:
            self._variable_scope = scope
            return self._called(args, kwargs)

    def _called(self, args: Any, kwargs: Any) -> Any:
        try:
            if self._variables_created:
                return self._called_again(args, kwargs)
            if not self._first_call:  # a call of the template inside its own first call
                return self._func(*args, **kwargs)
            self._first_call = False
            try:
                result = self._func(*args, **kwargs)
            except BaseException:
                self._first_call = True
                raise
            self._variables_created = True
            return result
        except Exception as error:
            self._explain(error)
            raise

    def _called_again(self, args: Any, kwargs: Any) -> Any:
        trainable = get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        variables = get_collection_ref(GraphKeys.GLOBAL_VARIABLES)
        before = len(trainable), len(variables)
        result = self._func(*args, **kwargs)
        hint = "perhaps you used tf.Variable when you meant tf.get_variable"
        if len(trainable) != before[0]:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, "
                f"{hint}: {trainable[before[0] :]}"
            )
        if len(variables) != before[1]:
            logging.info(
                "New variables created when calling a template after the first time, %s: %s",
                hint,
                variables[before[1] :],
            )
        return result

    def _explain(self, error: Exception) -> None:
        """Adds the place where the template was made to the message of an error."""
        now = traceback.format_stack()
        same = 0
        for ours, theirs in zip(self._made_at, now, strict=False):
            if ours != theirs:
                break
            same += 1
        place = "".join(self._made_at[same:] or self._made_at[-1:])
        first, *rest = error.args or ("",)
        error.args = (f"{first}\n\noriginally defined at:\n{place}", *rest)

    # -- what it holds -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function."""
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of its variables; None before the first call opens it."""
        return self._variable_scope

    var_scope = variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The scope's name, ending in "/"; None before the first call."""
        if self._variable_scope is None:
            return None
        name = self._variable_scope.name
        return name if not name or name.endswith("/") else f"{name}/"

    def _collected(self, key: str) -> list[Any]:
        if not self._variables_created:
            return []
        return get_collection(key, self.variable_scope_name)

    @property
    def global_variables(self) -> list[Any]:
        """Its variables that are saved."""
        return self._collected(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        """Its variables that are not saved."""
        return self._collected(GraphKeys.LOCAL_VARIABLES)

    @property
    def trainable_variables(self) -> list[Any]:
        """Its variables that are trained."""
        return self._collected(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def variables(self) -> list[Any]:
        """All of its variables."""
        return self.global_variables + self.local_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Its saved variables that are not trained."""
        trained = set(map(id, self.trainable_variables))
        return [v for v in self.global_variables if id(v) not in trained]

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables
