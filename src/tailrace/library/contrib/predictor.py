"""`tf.contrib.predictor`: saved models and estimators as functions of arrays.

Source: TF 1.15 contrib/predictor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Graph, Tensor
from tailrace.library.estimator.estimator import Estimator
from tailrace.library.estimator.spec import ModeKeys
from tailrace.library.saved_model import constants, loader
from tailrace.library.training.monitored import ChiefSessionCreator, MonitoredSession
from tailrace.run.session import Session

_TAGS = constants.SERVING
_SIGNATURE = constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


class Predictor:
    """Called with a dict of arrays, gives a dict of arrays."""

    def __init__(self, session: Any, graph: Graph, inputs: Any, outputs: Any) -> None:
        """`inputs` and `outputs` give the tensors' names by key."""
        self._session = session
        self._graph = graph
        self._feed_tensors = {k: graph.get_tensor_by_name(name) for k, name in inputs.items()}
        self._fetch_tensors = {k: graph.get_tensor_by_name(name) for k, name in outputs.items()}

    @property
    def graph(self) -> Graph:
        """The model's graph."""
        return self._graph

    @property
    def session(self) -> Any:
        """The session that has the model's variables."""
        return self._session

    @property
    def feed_tensors(self) -> dict[str, Tensor]:
        """What is fed."""
        return self._feed_tensors

    @property
    def fetch_tensors(self) -> dict[str, Tensor]:
        """What is computed."""
        return self._fetch_tensors

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__} with feed tensors {self._feed_tensors} and fetch_tensors "
            f"{self._fetch_tensors}"
        )

    def __call__(self, input_dict: dict[str, Any]) -> dict[str, Any]:
        """The outputs for some inputs; None is not fed.

        Raises: ValueError for a key that no input has.
        """
        unexpected = set(input_dict) - set(self._feed_tensors)
        if unexpected:
            raise ValueError(
                f"Got unexpected keys in input_dict: {unexpected}\n"
                f"expected: {set(self._feed_tensors)}"
            )
        fed = {self._feed_tensors[k]: v for k, v in input_dict.items() if v is not None}
        return self._session.run(self._fetch_tensors, fed)


class SavedModelPredictor(Predictor):
    """A predictor of a SavedModel."""


class CoreEstimatorPredictor(Predictor):
    """A predictor of an estimator."""


def _names(signature: Any) -> tuple[dict[str, str], dict[str, str]]:
    inputs = {key: info.name for key, info in signature.inputs.items()}
    return inputs, {key: info.name for key, info in signature.outputs.items()}


def _signature(meta_graph: Any, key: str | None) -> Any:
    key = key or _SIGNATURE
    for name in (key, f"default_input_alternative:{key}"):
        if name in meta_graph.signature_def:
            return meta_graph.signature_def[name]
    raise ValueError(
        f'Got signature_def_key "{key}". Available signatures are {list(meta_graph.signature_def)}.'
    )


def from_saved_model(
    export_dir: Any,
    signature_def_key: str | None = None,
    signature_def: Any = None,
    input_names: dict[str, str] | None = None,
    output_names: dict[str, str] | None = None,
    tags: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> SavedModelPredictor:
    """The model of a folder; its inputs and outputs are those of a signature, or those named.

    `tags` has commas between them.

    Raises: ValueError for a signature there is not, or inputs and outputs given twice.
    """
    if (input_names is None) != (output_names is None):
        raise ValueError(
            "input_names and output_names must both be specified or both be unspecified."
        )
    if sum(given is not None for given in (signature_def_key, signature_def, input_names)) > 1:
        raise ValueError(
            "You must specify at most one of signature_def_key OR signature_def OR"
            "(input_names AND output_names)."
        )
    graph = graph or Graph()
    with graph.as_default():
        session = Session(config=config)
        meta_graph = loader.load(session, (tags or _TAGS).split(","), export_dir)
    if input_names is None:
        chosen = signature_def or _signature(meta_graph, signature_def_key)
        return SavedModelPredictor(session, graph, *_names(chosen))
    return SavedModelPredictor(session, graph, input_names, output_names)


def from_estimator(
    estimator: Any,
    serving_input_receiver_fn: Callable[[], Any],
    output_key: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> CoreEstimatorPredictor:
    """The estimator's model with the variables of its last checkpoint.

    Raises: TypeError for what is no estimator, KeyError for an output there is not.
    """
    if not isinstance(estimator, Estimator):
        raise TypeError(
            f"Expected estimator to be of type tf.estimator.Estimator, but got {type(estimator)}."
        )
    graph = graph or Graph()
    key = output_key or _SIGNATURE
    with graph.as_default():
        receiver = serving_input_receiver_fn()
        spec = estimator.model_fn(receiver.features, None, ModeKeys.PREDICT, estimator.config)
        outputs = spec.export_outputs
        if key not in outputs:
            raise KeyError(f"output_key must be one of {outputs.keys()}; got {key}")
        signature = outputs[key].as_signature_def(receiver.receiver_tensors)
        session = MonitoredSession(
            ChiefSessionCreator(config=config, checkpoint_dir=estimator.model_dir)
        )
    return CoreEstimatorPredictor(session, graph, *_names(signature))
