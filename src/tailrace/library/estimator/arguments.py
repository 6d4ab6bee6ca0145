"""What an estimator is given: functions of the program, folders, hooks.

Source: TF 1.15 tensorflow_estimator/python/estimator/{estimator,model_fn}.py.
"""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace.library import gfile, logging
from tailrace.library.estimator.config import RunConfig
from tailrace.library.saved_model import constants
from tailrace.library.training.run_hook import SessionRunHook
from tailrace.library.training.saving_hooks import CheckpointSaverListener

_MODEL_ARGUMENTS = {"features", "labels", "mode", "params", "self", "config"}


class WarmStartSettings(NamedTuple):
    """Where variables start from; see `tf.train.warm_start`."""

    ckpt_to_initialize_from: Any
    vars_to_warm_start: Any = ".*"
    var_name_to_vocab_info: dict[str, Any] | None = None
    var_name_to_prev_var_name: dict[str, str] | None = None


def arguments(function: Callable[..., Any]) -> list[str]:
    """The names that a function can be called with, those that `partial` has set left out."""
    set_already = getattr(function, "keywords", {})
    return [name for name in inspect.signature(function).parameters if name not in set_already]


def check_model_function(model_fn: Callable[..., Any], params: Any) -> None:
    """Raises: ValueError for a model function that cannot be called as an estimator's is."""
    taken = set(arguments(model_fn))
    if "features" not in taken:
        raise ValueError(f"model_fn ({model_fn}) must include features argument.")
    if params is not None and "params" not in taken:
        raise ValueError(
            f"model_fn ({model_fn}) does not include params argument, but params ({params}) is "
            "passed to Estimator."
        )
    if params is None and "params" in taken:
        logging.warning(
            f"Estimator's model_fn ({model_fn}) includes params argument, but params are not "
            "passed to Estimator."
        )
    others = sorted(taken - _MODEL_ARGUMENTS)
    if others:
        raise ValueError(f"model_fn ({model_fn}) has following not expected args: {others}")


def with_folder(config: RunConfig | None, model_dir: Any) -> RunConfig:
    """The settings with their folder. Raises: ValueError for two different ones."""
    if config is None:
        logging.info("Using default config.")
        config = RunConfig()
    if not isinstance(config, RunConfig):
        raise ValueError(f"config must be an instance of `RunConfig`, but provided {config}.")
    model_dir = None if model_dir is None else os.fsdecode(model_dir)
    if model_dir is not None and config.model_dir not in (None, model_dir):
        raise ValueError(
            "`model_dir` are set both in constructor and `RunConfig`, but with different values. "
            f"In constructor: '{model_dir}', in `RunConfig`: '{config.model_dir}' "
        )
    if model_dir:
        return config.replace(model_dir=model_dir)
    if config.model_dir is not None:
        return config
    model_dir = tempfile.mkdtemp()
    logging.warning(f"Using temporary folder as model directory: {model_dir}")
    return config.replace(model_dir=model_dir)


def warm_start_settings(warm_start_from: Any) -> WarmStartSettings | None:
    """Settings of what may be a path. Raises: ValueError for anything else."""
    if warm_start_from is None or isinstance(warm_start_from, WarmStartSettings):
        return warm_start_from
    if not isinstance(warm_start_from, (str, bytes, os.PathLike)):
        raise ValueError(
            "warm_start_from must be a string or a WarmStartSettings, instead got "
            f"{warm_start_from}"
        )
    path = os.fsdecode(warm_start_from)
    variables = os.path.join(path, constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME)
    return WarmStartSettings(variables if gfile.exists(f"{variables}.index") else path)


def checked_hooks(hooks: Any) -> list[SessionRunHook]:
    """Hooks as a list. Raises: TypeError for what is none."""
    found = list(hooks or [])
    for hook in found:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"Hooks must be a SessionRunHook, given: {hook}")
    return found


def checked_listeners(listeners: Any) -> list[CheckpointSaverListener]:
    """Listeners as a list. Raises: TypeError for what is none."""
    found = list(listeners or [])
    for listener in found:
        if not isinstance(listener, CheckpointSaverListener):
            raise TypeError(
                f"saving_listeners must be a list of CheckpointSaverListener, given: {listener}"
            )
    return found
