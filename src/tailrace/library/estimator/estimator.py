"""`tf.estimator.Estimator`: training, evaluation, prediction and export of a model function.

Source: TF 1.15 tensorflow_estimator/python/estimator/estimator.py.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tailrace import errors
from tailrace.formats import protos
from tailrace.formats.checkpoint_state import latest_checkpoint
from tailrace.formats.tensor_proto import make_tensor_proto
from tailrace.graph import Graph
from tailrace.library import checkpoint_utils, gfile, logging, random, summary
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.compat_names import as_bytes
from tailrace.library.data.dataset import Dataset
from tailrace.library.estimator import export
from tailrace.library.estimator.arguments import (
    arguments,
    check_model_function,
    checked_hooks,
    checked_listeners,
    warm_start_settings,
    with_folder,
)
from tailrace.library.estimator.config import RunConfig
from tailrace.library.estimator.results import (
    as_summary,
    chosen,
    ends,
    evaluation_scaffold,
    examples,
    metrics_of,
)
from tailrace.library.estimator.spec import EstimatorSpec, ModeKeys
from tailrace.library.global_step import (
    create_global_step,
    get_global_step,
    get_or_create_global_step_read,
)
from tailrace.library.saved_model import constants
from tailrace.library.saved_model.builder import SavedModelBuilder
from tailrace.library.saver import Saver
from tailrace.library.scopes import device
from tailrace.library.summary_writer import FileWriterCache
from tailrace.library.training.evaluation import (
    StopAfterNEvalsHook,
    evaluate_once,
)
from tailrace.library.training.hooks import LoggingTensorHook, NanTensorHook, StopAtStepHook
from tailrace.library.training.monitored import (
    ChiefSessionCreator,
    MonitoredSession,
    MonitoredTrainingSession,
)
from tailrace.library.training.run_hook import SessionRunHook
from tailrace.library.training.saving_hooks import CheckpointSaverHook
from tailrace.library.training.scaffold import Scaffold
from tailrace.library.training.warm_start import warm_start
from tailrace.run.session import Session


class Estimator:
    """A model function, and a folder of checkpoints.

    `model_fn(features, labels, mode, params, config)`, of which only `features` must be taken,
    builds the model and gives an `EstimatorSpec`. Without `model_dir` a temporary folder is used.

    Raises: ValueError for a model function of other arguments, or two different folders.
    """

    def __init__(
        self,
        model_fn: Callable[..., EstimatorSpec],
        model_dir: Any = None,
        config: RunConfig | None = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        self._config = with_folder(config, model_dir)
        self._model_dir = self._config.model_dir
        self._session_config = self._config.session_config
        logging.info(f"Using config: {vars(self._config)}")
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        check_model_function(model_fn, params)
        self._model_fn = model_fn
        self._params = copy.deepcopy(params or {})
        self._warm_start_settings = warm_start_settings(warm_start_from)

    @property
    def model_dir(self) -> str:
        """The folder of checkpoints."""
        return self._model_dir

    @property
    def config(self) -> RunConfig:
        """A copy of the settings."""
        return copy.deepcopy(self._config)

    @property
    def params(self) -> Any:
        """A copy of the model function's parameters."""
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., EstimatorSpec]:
        """The model function, of features, labels, mode and config."""

        def public_model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
            return self._call_model_fn(features, labels, mode, config)

        return public_model_fn

    def get_variable_value(self, name: str) -> np.ndarray:
        """A variable of the latest checkpoint. Raises: ValueError before training."""
        self._check_trained()
        return checkpoint_utils.load_variable(self.model_dir, name)

    def get_variable_names(self) -> list[str]:
        """The names in the latest checkpoint. Raises: ValueError before training."""
        self._check_trained()
        return [name for name, _ in checkpoint_utils.list_variables(self.model_dir)]

    def latest_checkpoint(self) -> str | None:
        """The latest checkpoint's prefix; None before training."""
        return latest_checkpoint(self.model_dir)

    def eval_dir(self, name: str | None = None) -> str:
        """The folder of an evaluation's summaries."""
        return os.path.join(self._model_dir, f"eval_{name}" if name else "eval")

    def _check_trained(self) -> None:
        if not self.latest_checkpoint():
            raise ValueError(f"Could not find trained model in model_dir: {self.model_dir}.")

    # -- training ----------------------------------------------------------------------------------

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Any = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Any = None,
    ) -> Estimator:
        """Trains for `steps` more steps, to `max_steps` in all, or until the input ends.

        Goes on from the latest checkpoint. Gives itself.
        Raises: ValueError for both or for none of a positive number of steps.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        for name, count in (("steps", steps), ("max_steps", max_steps)):
            if count is not None and count <= 0:
                raise ValueError(f"Must specify {name} > 0, given: {count}")
        if max_steps is not None and max_steps <= self._step_so_far():
            logging.info("Skipping training since max_steps has already saved.")
            return self
        all_hooks = checked_hooks(hooks)
        if steps is not None or max_steps is not None:
            all_hooks.append(StopAtStepHook(steps, max_steps))
        loss = self._train_model(input_fn, all_hooks, checked_listeners(saving_listeners))
        logging.info(f"Loss for final step: {loss}.")
        return self

    def _step_so_far(self) -> int:
        path = latest_checkpoint(self._model_dir)
        if path is None:
            return 0
        reader = checkpoint_utils.NewCheckpointReader(path)
        name = GraphKeys.GLOBAL_STEP
        return int(reader.get_tensor(name)) if reader.has_tensor(name) else 0

    def _train_model(
        self, input_fn: Callable[..., Any], hooks: list[Any], listeners: list[Any]
    ) -> Any:
        with Graph().as_default() as graph, graph.device(self._config.device_fn):
            random.set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            get_or_create_global_step_read(graph)
            features, labels, input_hooks = self._inputs(input_fn, ModeKeys.TRAIN)
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, self.config)
            return self._train_with(spec, [*input_hooks, *hooks], listeners)

    def _train_with(self, spec: EstimatorSpec, hooks: list[Any], listeners: list[Any]) -> Any:
        config = self._config
        if self._warm_start_settings is not None:
            warm_start(*self._warm_start_settings)
        if all(each.op.name != "loss" for each in get_collection(GraphKeys.SUMMARIES)):
            summary.scalar("loss", spec.loss)
        add_to_collection(GraphKeys.LOSSES, spec.loss)
        hooks.append(NanTensorHook(spec.loss))
        if config.log_step_count_steps is not None:
            shown = {"loss": spec.loss, "step": get_global_step()}
            hooks.append(LoggingTensorHook(shown, every_n_iter=config.log_step_count_steps))
        hooks.extend(spec.training_hooks)
        if not (spec.scaffold.saver or get_collection(GraphKeys.SAVERS)):
            add_to_collection(GraphKeys.SAVERS, self._saver())
        chief_hooks = [*self._saving_hooks(spec, hooks, listeners), *spec.training_chief_hooks]
        loss = None
        with MonitoredTrainingSession(
            master=config.master,
            is_chief=config.is_chief,
            checkpoint_dir=self._model_dir,
            scaffold=spec.scaffold,
            hooks=hooks,
            chief_only_hooks=chief_hooks,
            save_checkpoint_secs=0,  # by a hook
            save_summaries_steps=config.save_summary_steps,
            config=self._session_config,
            max_wait_secs=config.session_creation_timeout_secs,
            log_step_count_steps=config.log_step_count_steps,
        ) as session:
            while not session.should_stop():
                _, loss = session.run([spec.train_op, spec.loss])
        if loss is None:
            logging.warning(
                "Training with estimator made no steps. Perhaps input is empty or misspecified."
            )
        return loss

    def _saver(self) -> Saver:
        return Saver(
            sharded=True,
            max_to_keep=self._config.keep_checkpoint_max,
            keep_checkpoint_every_n_hours=self._config.keep_checkpoint_every_n_hours,
            defer_build=True,
            save_relative_paths=True,
        )

    def _saving_hooks(
        self, spec: EstimatorSpec, hooks: list[Any], listeners: list[Any]
    ) -> list[CheckpointSaverHook]:
        """A hook that saves, unless there is one. Raises: ValueError for listeners without any."""
        config, made = self._config, []
        given = [*hooks, *spec.training_chief_hooks]
        savers = [hook for hook in given if isinstance(hook, CheckpointSaverHook)]
        if not savers and (config.save_checkpoints_secs or config.save_checkpoints_steps):
            made = [
                CheckpointSaverHook(
                    self._model_dir,
                    save_secs=config.save_checkpoints_secs,
                    save_steps=config.save_checkpoints_steps,
                    scaffold=spec.scaffold,
                )
            ]
            savers = made
        if listeners and not savers:
            raise ValueError(
                "There should be a CheckpointSaverHook to use saving_listeners. Please set one of "
                "the RunConfig.save_checkpoints_steps or RunConfig.save_checkpoints_secs."
            )
        for listener in listeners:
            if listener not in savers[0]._listeners:
                savers[0]._listeners.append(listener)
        return made

    # -- evaluation --------------------------------------------------------------------------------

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """The metrics over `steps` batches, or all; written to `eval_dir(name)` too.

        Of the latest checkpoint; before training, of a model just initialized. Always among them
        are "loss", the mean over the batches, and "global_step".
        """
        all_hooks = checked_hooks(hooks)
        if steps is not None:
            if steps <= 0:
                raise ValueError(f"Must specify steps > 0, given: {steps}")
            all_hooks.append(StopAfterNEvalsHook(num_evals=steps))
        checkpoint_path = self._found(checkpoint_path, "evaluate")
        with Graph().as_default() as graph:
            random.set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            features, labels, input_hooks = self._inputs(input_fn, ModeKeys.EVAL)
            spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self.config)
            update, values = metrics_of(spec)
            self._maybe_warm_start(checkpoint_path)
            values[GraphKeys.GLOBAL_STEP] = get_global_step(graph)
            results = evaluate_once(
                checkpoint_path=checkpoint_path,
                master=self._config.evaluation_master,
                scaffold=evaluation_scaffold(spec.scaffold),
                eval_ops=update,
                final_ops=values,
                hooks=[*input_hooks, *all_hooks, *spec.evaluation_hooks],
                config=self._session_config,
            )
        self._write(results, checkpoint_path, self.eval_dir(name))
        return results

    def _write(self, results: dict[str, Any], checkpoint_path: Any, folder: str) -> None:
        step = results[GraphKeys.GLOBAL_STEP]
        shown = ", ".join(
            f"{key} = {value}"
            for key, value in sorted(results.items())
            if not isinstance(value, bytes)
        )
        logging.info(f"Saving dict for global step {step}: {shown}")
        writer = FileWriterCache.get(folder)
        writer.add_summary(as_summary(results), step)
        if checkpoint_path:
            logging.info(
                f"Saving 'checkpoint_path' summary for global step {step}: {checkpoint_path}"
            )
            path = protos.Summary()
            path.value.add(tag="checkpoint_path", tensor=make_tensor_proto(str(checkpoint_path)))
            writer.add_summary(path, step)
        writer.flush()

    # -- prediction --------------------------------------------------------------------------------

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """The predictions of each example, or of each batch without `yield_single_examples`.

        `predict_keys` chooses among predictions by name. Raises: ValueError for keys that are not
        there, and for predictions of different lengths.
        """
        all_hooks = checked_hooks(hooks)
        checkpoint_path = self._found(checkpoint_path, "predict")
        with Graph().as_default() as graph:
            random.set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            features, _, input_hooks = self._inputs(input_fn, ModeKeys.PREDICT)
            if not ends(features):
                logging.warning(
                    "Input graph does not use tf.data.Dataset or contain a QueueRunner. That means "
                    "predict yields forever. This is probably a mistake."
                )
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self.config)
            self._maybe_warm_start(checkpoint_path)
            predictions = chosen(spec.predictions, predict_keys)
            creator = ChiefSessionCreator(
                checkpoint_filename_with_path=checkpoint_path,
                master=self._config.master,
                scaffold=spec.scaffold,
                config=self._session_config,
            )
            all_hooks = [*input_hooks, *all_hooks, *spec.prediction_hooks]
            with MonitoredSession(session_creator=creator, hooks=all_hooks) as session:
                while not session.should_stop():
                    values = session.run(predictions)
                    yield from examples(values) if yield_single_examples else [values]

    def _found(self, checkpoint_path: Any, doing: str) -> Any:
        path = checkpoint_path or latest_checkpoint(self._model_dir)
        if not path:
            logging.info(
                f"Could not find trained model in model_dir: {self._model_dir}, running "
                f"initialization to {doing}."
            )
        return path

    def _maybe_warm_start(self, checkpoint_path: Any) -> None:
        if not checkpoint_path and self._warm_start_settings is not None:
            warm_start(*self._warm_start_settings)

    # -- export ------------------------------------------------------------------------------------

    def export_saved_model(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Writes a SavedModel for serving into a new folder of `export_dir_base`; gives its path.

        Raises: ValueError before training, NotImplementedError for another mode.
        """
        if experimental_mode != ModeKeys.PREDICT:
            raise NotImplementedError("export_saved_model exports for prediction only")
        return self._export(
            export_dir_base, serving_input_receiver_fn, assets_extra, as_text, checkpoint_path
        )

    def export_savedmodel(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """As `export_saved_model`; without `strip_default_attrs` older programs read it less."""
        return self._export(
            export_dir_base,
            serving_input_receiver_fn,
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs,
        )

    def _export(
        self,
        base: Any,
        receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None,
        as_text: bool,
        checkpoint_path: Any,
        strip_default_attrs: bool = True,
    ) -> bytes:
        if not receiver_fn:
            raise ValueError("An input_receiver_fn must be defined.")
        path = checkpoint_path or latest_checkpoint(self._model_dir)
        if not path:
            raise ValueError(f"Couldn't find trained model at {self._model_dir}.")
        folder = export.timestamped_folder(base)
        temporary = os.path.join(os.path.dirname(folder), f"temp-{os.path.basename(folder)}")
        builder = SavedModelBuilder(temporary)
        self._add_graph(builder, receiver_fn, path, strip_default_attrs)
        builder.save(as_text)
        for name, source in (assets_extra or {}).items():
            target = os.path.join(temporary, "assets.extra", name)
            gfile.makedirs(os.path.dirname(target))
            gfile.copy(source, target)
        gfile.rename(temporary, folder)
        return as_bytes(folder)

    def _add_graph(
        self, builder: Any, receiver_fn: Callable[[], Any], path: Any, strip_default_attrs: bool
    ) -> None:
        with Graph().as_default() as graph:
            self._create_and_assert_global_step(graph)
            random.set_random_seed(self._config.tf_random_seed)
            receiver = receiver_fn()
            spec = self._call_model_fn(receiver.features, None, ModeKeys.PREDICT, self.config)
            signatures = export.serving_signatures(
                receiver.receiver_tensors,
                spec.export_outputs,
                receiver.receiver_tensors_alternatives,
            )
            with Session(config=self._session_config) as session:
                local = spec.scaffold.local_init_op
                if local is None:
                    local = Scaffold.default_local_init_op()
                saver = spec.scaffold.saver or Saver(sharded=True)
                try:
                    saver.restore(session, path)
                except errors.NotFoundError as error:
                    raise ValueError(
                        "Could not load all requested variables from checkpoint. Please make sure "
                        "your model_fn does not expect variables that were not saved in the "
                        f"checkpoint.\n\nEncountered error with mode `infer` while restoring "
                        f"checkpoint from: `{path}`. Full Traceback:\n\n{error}"
                    ) from error
                builder.add_meta_graph_and_variables(
                    session,
                    tags=[constants.SERVING],
                    signature_def_map=signatures,
                    assets_collection=get_collection(GraphKeys.ASSET_FILEPATHS),
                    main_op=local,
                    saver=saver,
                    strip_default_attrs=strip_default_attrs,
                )

    # -- the program's functions -------------------------------------------------------------------

    def _create_global_step(self, graph: Graph) -> Any:
        """The global step; for subclasses that make another."""
        return create_global_step(graph)

    def _create_and_assert_global_step(self, graph: Graph) -> Any:
        step = self._create_global_step(graph)
        assert step is get_global_step()
        assert step.dtype.is_integer
        return step

    def _inputs(self, input_fn: Callable[..., Any], mode: str) -> tuple[Any, Any, list[Any]]:
        """Features, labels, and hooks that start the input."""
        known = {"mode": mode, "params": self.params, "config": self.config}
        taken = arguments(input_fn)
        with device("/cpu:0"):
            result = input_fn(**{name: v for name, v in known.items() if name in taken})
        hooks: list[Any] = []
        if isinstance(result, Dataset):
            iterator = result.make_initializable_iterator()
            hooks.append(_StartIterator(iterator))
            result = iterator.get_next()
        if not isinstance(result, (list, tuple)):
            return result, None, hooks
        if len(result) != 2:
            raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
        return result[0], result[1], hooks

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        known = {"labels": labels, "mode": mode, "params": self.params, "config": config}
        taken = arguments(self._model_fn)
        if labels is not None and "labels" not in taken:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        logging.info("Calling model_fn.")
        given = {name: value for name, value in known.items() if name in taken}
        spec = self._model_fn(features=features, **given)
        logging.info("Done calling model_fn.")
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return spec


class _StartIterator(SessionRunHook):
    """Starts a dataset's iterator with the session."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def begin(self) -> None:
        """Makes the operation, while the graph may grow."""
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Starts it."""
        session.run(self._initializer)
