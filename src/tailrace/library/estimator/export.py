"""What an exported model takes and gives: receivers of inputs, outputs by signature.

Source: TF 1.15 tensorflow_estimator/python/estimator/export/{export,export_output}.py,
python/saved_model/model_utils/{export_output,export_utils}.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace.dtypes import as_dtype, string
from tailrace.graph import SparseTensor, Tensor
from tailrace.library import gfile, logging
from tailrace.library.array import placeholder
from tailrace.library.examples import parse_example
from tailrace.library.saved_model import constants, signatures
from tailrace.shapes import TensorShape

_TRIES = 10  # for a folder named by the second


class ExportOutput:
    """The base of outputs; a kind of output gives a SignatureDef for tensors that are received."""

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        """The SignatureDef. Raises: ValueError for inputs that this output cannot have."""
        raise NotImplementedError


class ClassificationOutput(ExportOutput):
    """Classes [batch, n] as strings, their scores, or both, for serialized examples."""

    def __init__(self, scores: Tensor | None = None, classes: Tensor | None = None) -> None:
        if scores is not None and not (isinstance(scores, Tensor) and scores.dtype.is_floating):
            raise ValueError(f"Classification scores must be a float32 Tensor; got {scores}")
        if classes is not None and not _is_string(classes):
            raise ValueError(f"Classification classes must be a string Tensor; got {classes}")
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        self.scores, self.classes = scores, classes

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        """As `ExportOutput.as_signature_def`."""
        examples = _only_string(receiver_tensors, "Classification")
        return signatures.classification_signature_def(examples, self.classes, self.scores)


class RegressionOutput(ExportOutput):
    """A number for each serialized example."""

    def __init__(self, value: Tensor) -> None:
        if not (isinstance(value, Tensor) and value.dtype.is_floating):
            raise ValueError(f"Regression output value must be a float32 Tensor; got {value}")
        self.value = value

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        """As `ExportOutput.as_signature_def`."""
        examples = _only_string(receiver_tensors, "Regression")
        return signatures.regression_signature_def(examples, self.value)


class PredictOutput(ExportOutput):
    """Tensors by name; a single one is called "output"."""

    def __init__(self, outputs: Any) -> None:
        self.outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
        for key, value in self.outputs.items():
            if not isinstance(key, str):
                raise ValueError(f"Prediction output key must be a string; got {key}.")
            if not isinstance(value, Tensor):
                raise ValueError(f"Prediction output value must be a Tensor; got {value}.")

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        """As `ExportOutput.as_signature_def`."""
        return signatures.predict_signature_def(receiver_tensors, self.outputs)


def _is_string(tensor: Any) -> bool:
    return isinstance(tensor, Tensor) and as_dtype(tensor.dtype) == string


def _only_string(tensors: dict[str, Any], kind: str) -> Tensor:
    found = list(tensors.values())
    if len(found) != 1 or not _is_string(found[0]):
        raise ValueError(f"{kind} input must be a single string Tensor; got {tensors}")
    return found[0]


def export_outputs_of(export_outputs: Any, predictions: Any) -> dict[str, ExportOutput]:
    """Outputs by signature, one of them the default one.

    Raises: TypeError for what are no outputs, ValueError when none of several is the default.
    """
    default = constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    if export_outputs is None:
        return {default: PredictOutput(predictions)}
    if not isinstance(export_outputs, dict):
        raise TypeError(f"export_outputs must be dict, given: {export_outputs}")
    if not all(isinstance(output, ExportOutput) for output in export_outputs.values()):
        raise TypeError(
            f"Values in export_outputs must be ExportOutput objects. Given: {export_outputs}"
        )
    if len(export_outputs) == 1:
        export_outputs[default] = next(iter(export_outputs.values()))
    elif default not in export_outputs:
        raise ValueError(
            "Multiple export_outputs were provided, but none of them is specified as the default.  "
            "Do this by naming one of them with "
            "signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY."
        )
    return export_outputs


def serving_signatures(
    receiver_tensors: dict[str, Any],
    export_outputs: dict[str, ExportOutput],
    alternatives: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The SignatureDefs of all outputs that serving knows, by name."""
    found: dict[str, Any] = {}
    excluded: dict[str, str] = {}
    receivers = {"": receiver_tensors, **(alternatives or {})}
    for receiver, tensors in receivers.items():
        for key, output in export_outputs.items():
            name = f"{receiver}:{key}" if receiver else key
            try:
                found[name] = output.as_signature_def(tensors)
            except ValueError as error:
                excluded[name] = str(error)
    for name, why in excluded.items():
        logging.info(f"Signature {name!r} is not exported: {why}")
    if constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY not in found:
        logging.warning("Export includes no default signature!")
    return {name: d for name, d in found.items() if signatures.is_valid_signature(d)}


# -- what an exported model receives ---------------------------------------------------------------


class _Receiver(NamedTuple):
    features: Any
    receiver_tensors: dict[str, Any]
    receiver_tensors_alternatives: dict[str, dict[str, Any]] | None


class ServingInputReceiver(_Receiver):
    """Features for the model function, and the tensors that requests feed.

    A single tensor counts as a dict with the key "feature" or "input". Raises: ValueError for what
    are no tensors.
    """

    __slots__ = ()

    def __new__(
        cls,
        features: Any,
        receiver_tensors: Any,
        receiver_tensors_alternatives: dict[str, Any] | None = None,
    ) -> ServingInputReceiver:
        """Checks what is given."""
        others = receiver_tensors_alternatives
        if others is not None:
            if not isinstance(others, dict):
                raise ValueError(f"receiver_tensors_alternatives must be a dict: {others}.")
            what = "receiver_tensors_alternative"
            others = {name: _tensors(given, what, "input") for name, given in others.items()}
        return super().__new__(
            cls,
            _tensors(features, "feature", "feature", int_keys=True),
            _tensors(receiver_tensors, "receiver_tensor", "input"),
            others,
        )


class TensorServingInputReceiver(_Receiver):
    """As `ServingInputReceiver`; the model function gets the single feature as it is."""

    __slots__ = ()

    def __new__(
        cls,
        features: Any,
        receiver_tensors: Any,
        receiver_tensors_alternatives: dict[str, Any] | None = None,
    ) -> TensorServingInputReceiver:
        """Checks what is given."""
        if features is None:
            raise ValueError("features must be defined.")
        if not isinstance(features, (Tensor, SparseTensor)):
            raise ValueError("feature must be a Tensor or SparseTensor.")
        checked = ServingInputReceiver(features, receiver_tensors, receiver_tensors_alternatives)
        return super().__new__(cls, features, *checked[1:])


def _tensors(given: Any, what: str, name: str, int_keys: bool = False) -> dict[Any, Any]:
    if given is None:
        raise ValueError(f"{what}s must be defined.")
    tensors = given if isinstance(given, dict) else {name: given}
    for key, tensor in tensors.items():
        if not isinstance(key, str) and not (int_keys and isinstance(key, int)):
            raise ValueError(f"{what} keys must be strings: {key}.")
        if not isinstance(tensor, (Tensor, SparseTensor)):
            raise ValueError(f"{what} {key} must be a Tensor or SparseTensor.")
    return tensors


def build_parsing_serving_input_receiver_fn(
    feature_spec: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """A function that receives serialized Examples [batch] and parses them as specified."""

    def serving_input_receiver_fn() -> ServingInputReceiver:
        serialized = placeholder(string, [default_batch_size], "input_example_tensor")
        features = parse_example(serialized, feature_spec)
        return ServingInputReceiver(features, {"examples": serialized})

    return serving_input_receiver_fn


def build_raw_serving_input_receiver_fn(
    features: dict[str, Tensor], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """A function that receives tensors like those given, with another batch size."""

    def like(tensor: Tensor) -> Tensor:
        shape = TensorShape([default_batch_size]).concatenate(tensor.get_shape()[1:])
        return placeholder(tensor.dtype, shape, tensor.op.name)

    def serving_input_receiver_fn() -> ServingInputReceiver:
        received = {name: like(tensor) for name, tensor in features.items()}
        return ServingInputReceiver(received, received)

    return serving_input_receiver_fn


def timestamped_folder(base: Any) -> str:
    """A folder of `base` named by the time in seconds, which is not there yet.

    Raises: RuntimeError when there is none after ten seconds.
    """
    for _ in range(_TRIES):
        folder = os.path.join(os.fsdecode(base), str(int(time.time())))
        if not gfile.exists(folder):
            return folder
        time.sleep(1)
    raise RuntimeError(f"Failed to obtain a unique export directory name after {_TRIES} attempts.")
