"""How an estimator runs: where it saves, how often, with which seed.

Source: TF 1.15 tensorflow_estimator/python/estimator/run_config.py.
"""

from __future__ import annotations

import copy
import inspect
import json
import os
from collections.abc import Callable
from typing import Any

from tailrace.formats import protos
from tailrace.library.training.servers import ClusterSpec

_DEFAULT: Any = object()


class RunConfig:
    """The settings of one machine's run; each is an attribute too.

    Without `save_checkpoints_steps` and `save_checkpoints_secs` a checkpoint is saved every ten
    minutes. The environment's TF_CONFIG may name `model_dir`.

    Raises: ValueError for a value that cannot be, NotImplementedError for several machines.
    """

    def __init__(
        self,
        model_dir: Any = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = _DEFAULT,
        save_checkpoints_secs: Any = _DEFAULT,
        session_config: Any = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Callable[..., Any] | None = None,
        protocol: str | None = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: float | None = None,
        session_creation_timeout_secs: float = 7200,
    ) -> None:
        if train_distribute or eval_distribute or experimental_distribute:
            raise NotImplementedError("RunConfig: Tailrace trains on one machine, without strategy")
        if save_checkpoints_steps is _DEFAULT and save_checkpoints_secs is _DEFAULT:
            save_checkpoints_steps, save_checkpoints_secs = None, 600
        environment = json.loads(os.environ.get("TF_CONFIG", "{}"))
        if environment.get("cluster"):
            raise NotImplementedError("TF_CONFIG names a cluster: Tailrace trains on one machine")
        self.model_dir = _folder(environment, model_dir)
        self.tf_random_seed = tf_random_seed
        self.save_summary_steps = save_summary_steps
        steps, secs = save_checkpoints_steps, save_checkpoints_secs
        self.save_checkpoints_steps = None if steps is _DEFAULT else steps
        self.save_checkpoints_secs = None if secs is _DEFAULT else secs
        self.session_config = session_config
        self.keep_checkpoint_max = keep_checkpoint_max
        self.keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self.log_step_count_steps = log_step_count_steps
        self.train_distribute, self.eval_distribute = train_distribute, eval_distribute
        self.device_fn = device_fn
        self.protocol = protocol
        self.experimental_max_worker_delay_secs = experimental_max_worker_delay_secs
        self.session_creation_timeout_secs = session_creation_timeout_secs
        self.cluster_spec = ClusterSpec({})
        self.task_type, self.task_id, self.global_id_in_cluster = "worker", 0, 0
        self.master = self.evaluation_master = ""
        self.is_chief = True
        self.num_ps_replicas, self.num_worker_replicas = 0, 1
        self.service = None
        self._check()

    def replace(self, **kwargs: Any) -> RunConfig:
        """A copy with other settings. Raises: ValueError for what is no setting."""
        known = list(inspect.signature(RunConfig.__init__).parameters)[1:]
        changed = copy.copy(self)
        for name, value in kwargs.items():
            if name not in known:
                raise ValueError(
                    f"Replacing {name} is not supported. Allowed properties are {known}."
                )
            setattr(changed, name, value)
        changed._check()
        return changed

    def _check(self) -> None:
        if self.model_dir == "":
            raise ValueError("model_dir should be non-empty.")
        if self.save_checkpoints_steps is not None and self.save_checkpoints_secs is not None:
            raise ValueError(
                "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set."
            )
        for name in ("save_summary_steps", "save_checkpoints_steps", "save_checkpoints_secs"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} should be >= 0, given {value}")
        if self.keep_checkpoint_max is not None and self.keep_checkpoint_max < 0:
            raise ValueError("keep_checkpoint_max should be >= 0")
        if self.keep_checkpoint_every_n_hours <= 0:
            raise ValueError("keep_checkpoint_every_n_hours should be > 0")
        if self.log_step_count_steps is not None and self.log_step_count_steps <= 0:
            raise ValueError("log_step_count_steps should be > 0")
        seed = self.tf_random_seed
        if seed is not None and not isinstance(seed, int):
            raise ValueError("tf_random_seed must be integer.")
        config = self.session_config
        if config is not None and not isinstance(config, protos.ConfigProto):
            raise ValueError("session_config must be instance of ConfigProto")
        if self.device_fn is not None and not callable(self.device_fn):
            raise ValueError('device_fn must be callable with exactly one argument "op".')


def _folder(environment: dict[str, Any], model_dir: Any) -> Any:
    named = environment.get("model_dir")
    if model_dir is not None:
        model_dir = os.fsdecode(model_dir)
    if model_dir and named and named != model_dir:
        raise ValueError(
            "`model_dir` provided in RunConfig construct, if set, must have the same value as the "
            f'model_dir in TF_CONFIG. model_dir: {model_dir}\nTF_CONFIG["model_dir"]: {named}.\n'
        )
    return named if model_dir is None else model_dir
