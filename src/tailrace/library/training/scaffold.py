"""`tf.train.Scaffold`: the operations that training needs around a model.

Source: TF 1.15 python/training/monitored_session.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Operation, Tensor, get_default_graph
from tailrace.library import logging, summary
from tailrace.library.array import concat
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.control_flow import group
from tailrace.library.lookup import tables_initializer
from tailrace.library.saver import _get_saver_or_default
from tailrace.library.training.resources import (
    initialize_resources,
    local_resources,
    report_uninitialized_resources,
    shared_resources,
)
from tailrace.library.variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)


def _initial() -> Operation:
    return group(global_variables_initializer(), initialize_resources(shared_resources()))


def _ready() -> Tensor:
    return concat([report_uninitialized_variables(), report_uninitialized_resources()], 0)


def _ready_for_local_init() -> Tensor:
    names = report_uninitialized_variables(global_variables())
    return concat([names, report_uninitialized_resources(shared_resources())], 0)


class Scaffold:
    """Initializers, checks, summaries and the saver; those not given are made by `finalize`.

    `init_fn(scaffold, session)` is called after `init_op`. `copy_from_scaffold` has what is given
    neither here nor to be made.

    Raises: TypeError when `copy_from_scaffold` is no Scaffold.
    """

    def __init__(
        self,
        init_op: Any = None,
        init_feed_dict: Any = None,
        init_fn: Callable[[Any, Any], Any] | None = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        local_init_op: Any = None,
        summary_op: Any = None,
        saver: Any = None,
        copy_from_scaffold: Scaffold | None = None,
    ) -> None:
        other = copy_from_scaffold
        if other is not None and not isinstance(other, Scaffold):
            raise TypeError("copy_from_scaffold is not a Scaffold instance.")

        def chosen(given: Any, name: str) -> Any:
            return given if given is not None or other is None else getattr(other, name)

        self._init_op = chosen(init_op, "_init_op")
        self._init_feed_dict = chosen(init_feed_dict, "_init_feed_dict")
        self._user_init_fn: Any = chosen(init_fn, "_user_init_fn")
        self._ready_op = chosen(ready_op, "_ready_op")
        self._ready_for_local_init_op = chosen(ready_for_local_init_op, "_ready_for_local_init_op")
        self._local_init_op = chosen(local_init_op, "_local_init_op")
        self._summary_op = chosen(summary_op, "_summary_op")
        self._saver: Any = chosen(saver, "_saver")

    def finalize(self) -> Scaffold:
        """Makes what is missing, unless a collection has it, and finalizes the graph."""
        defaults: tuple[tuple[str, str, Callable[[], Any]], ...] = (
            ("init_op", GraphKeys.INIT_OP, _initial),
            ("ready_op", GraphKeys.READY_OP, _ready),
            (
                "ready_for_local_init_op",
                GraphKeys.READY_FOR_LOCAL_INIT_OP,
                _ready_for_local_init,
            ),
            ("local_init_op", GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op),
            ("summary_op", GraphKeys.SUMMARY_OP, summary.merge_all),
        )
        for name, key, make in defaults:
            if getattr(self, f"_{name}") is None:
                setattr(self, f"_{name}", Scaffold.get_or_default(name, key, make))
        if self._saver is None:
            self._saver = _get_saver_or_default()
        self._saver.build()
        get_default_graph().finalize()
        logging.info("Graph was finalized.")
        return self

    @property
    def init_fn(self) -> Callable[[Any], Any] | None:
        """The function to call with a new session, or None."""
        if not self._user_init_fn:
            return None
        return lambda session: self._user_init_fn(self, session)

    @property
    def init_op(self) -> Any:
        """What initializes global variables."""
        return self._init_op

    @property
    def init_feed_dict(self) -> Any:
        """What is fed to `init_op`."""
        return self._init_feed_dict

    @property
    def ready_op(self) -> Any:
        """The names of variables without values."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self) -> Any:
        """The names of global variables without values."""
        return self._ready_for_local_init_op

    @property
    def local_init_op(self) -> Any:
        """What initializes local variables and tables."""
        return self._local_init_op

    @property
    def summary_op(self) -> Any:
        """All summaries; None without any."""
        return self._summary_op

    @property
    def saver(self) -> Any:
        """The saver of checkpoints."""
        return self._saver

    @staticmethod
    def get_or_default(
        arg_name: str, collection_key: str, default_constructor: Callable[[], Any]
    ) -> Any:
        """The one element of a collection; made and put there when it is empty.

        Raises: RuntimeError when there are several.
        """
        elements = get_collection(collection_key)
        if len(elements) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which '
                "one to use by passing it to the tf.Scaffold constructor as:  "
                f"tf.Scaffold({arg_name}=item to use)"
            )
        if elements:
            return elements[0]
        made = default_constructor()
        if made is not None:
            add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Operation:
        """What initializes local variables, tables and local resources."""
        return group(
            local_variables_initializer(),
            tables_initializer(),
            initialize_resources(local_resources()),
        )
