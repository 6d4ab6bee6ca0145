"""Signatures: which tensors a SavedModel takes and gives, and by what names.

Source: TF 1.15 python/saved_model/{signature_def_utils_impl,utils_impl}.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.dtypes import as_dtype, float32, string
from tailrace.formats import protos
from tailrace.graph import Graph, SparseTensor, Tensor, get_default_graph
from tailrace.library.saved_model import constants
from tailrace.library.scope_names import prepend_name_scope


def build_tensor_info(tensor: Any) -> Any:
    """The TensorInfo of a tensor or sparse tensor: name, type and shape."""
    info = protos.TensorInfo(
        dtype=as_dtype(tensor.dtype).as_datatype_enum, tensor_shape=tensor.get_shape().as_proto()
    )
    if isinstance(tensor, SparseTensor):
        info.coo_sparse.values_tensor_name = tensor.values.name
        info.coo_sparse.indices_tensor_name = tensor.indices.name
        info.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        info.name = tensor.name
    return info


def get_tensor_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """The tensor or sparse tensor that a TensorInfo names. Raises: KeyError, ValueError."""
    graph = graph or get_default_graph()

    def named(name: str) -> Tensor:
        return graph.get_tensor_by_name(prepend_name_scope(name, import_scope))

    encoding = tensor_info.WhichOneof("encoding")
    if encoding == "name":
        return named(tensor_info.name)
    if encoding == "coo_sparse":
        sparse = tensor_info.coo_sparse
        return SparseTensor(
            named(sparse.indices_tensor_name),
            named(sparse.values_tensor_name),
            named(sparse.dense_shape_tensor_name),
        )
    raise ValueError(f"Invalid TensorInfo.encoding: {encoding}")


def get_element_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """The tensor or operation that a TensorInfo names. Raises: KeyError."""
    graph = graph or get_default_graph()
    return graph.as_graph_element(prepend_name_scope(tensor_info.name, import_scope))


def build_signature_def(
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    method_name: str | None = None,
) -> Any:
    """The SignatureDef of TensorInfos by name."""
    signature = protos.SignatureDef(method_name=method_name or "")
    for key, info in (inputs or {}).items():
        signature.inputs[key].CopyFrom(info)
    for key, info in (outputs or {}).items():
        signature.outputs[key].CopyFrom(info)
    return signature


def predict_signature_def(inputs: dict[str, Tensor], outputs: dict[str, Tensor]) -> Any:
    """The signature of a prediction. Raises: ValueError for empty inputs or outputs."""
    if not inputs:
        raise ValueError("Prediction inputs cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction outputs cannot be None or empty.")
    return build_signature_def(
        {key: build_tensor_info(tensor) for key, tensor in inputs.items()},
        {key: build_tensor_info(tensor) for key, tensor in outputs.items()},
        constants.PREDICT_METHOD_NAME,
    )


def regression_signature_def(examples: Tensor, predictions: Tensor) -> Any:
    """The signature of a regression on serialized Examples. Raises: ValueError."""
    if predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    inputs = _examples_info(examples, "Regression")
    output = _checked_info(predictions, float32, "Regression output must be a float Tensor.")
    return build_signature_def(
        {constants.REGRESS_INPUTS: inputs},
        {constants.REGRESS_OUTPUTS: output},
        constants.REGRESS_METHOD_NAME,
    )


def classification_signature_def(
    examples: Tensor, classes: Tensor | None, scores: Tensor | None
) -> Any:
    """The signature of a classification of serialized Examples. Raises: ValueError."""
    inputs = _examples_info(examples, "Classification")
    if classes is None and scores is None:
        raise ValueError("Classification classes and scores cannot both be None.")
    outputs = {}
    if classes is not None:
        message = "Classification classes must be a string Tensor."
        outputs[constants.CLASSIFY_OUTPUT_CLASSES] = _checked_info(classes, string, message)
    if scores is not None:
        message = "Classification scores must be a float Tensor."
        outputs[constants.CLASSIFY_OUTPUT_SCORES] = _checked_info(scores, float32, message)
    return build_signature_def(
        {constants.CLASSIFY_INPUTS: inputs}, outputs, constants.CLASSIFY_METHOD_NAME
    )


def _examples_info(examples: Any, kind: str) -> Any:
    if examples is None:
        raise ValueError(f"{kind} examples cannot be None.")
    message = f"{kind} examples must be a string Tensor."
    if not isinstance(examples, Tensor):
        raise ValueError(message)
    return _checked_info(examples, string, message)


def _checked_info(tensor: Tensor, dtype: Any, message: str) -> Any:
    info = build_tensor_info(tensor)
    if info.dtype != dtype.as_datatype_enum:
        raise ValueError(message)
    return info


def is_valid_signature(signature_def: Any) -> bool:
    """Whether a signature is one that serving knows."""
    if signature_def is None:
        return False
    inputs, outputs = dict(signature_def.inputs), dict(signature_def.outputs)
    method = signature_def.method_name
    if method == constants.PREDICT_METHOD_NAME:
        return bool(inputs and outputs)
    if method == constants.REGRESS_METHOD_NAME:
        return _has(inputs, {constants.REGRESS_INPUTS: string}) and _has(
            outputs, {constants.REGRESS_OUTPUTS: float32}
        )
    if method != constants.CLASSIFY_METHOD_NAME or not outputs:
        return False
    allowed = {
        constants.CLASSIFY_OUTPUT_CLASSES: string,
        constants.CLASSIFY_OUTPUT_SCORES: float32,
    }
    wanted = {key: allowed[key] for key in outputs if key in allowed}
    return _has(inputs, {constants.CLASSIFY_INPUTS: string}) and _has(outputs, wanted)


def _has(infos: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether exactly these tensors are there, each of its type."""
    return infos.keys() == wanted.keys() and all(
        infos[key].dtype == dtype.as_datatype_enum for key, dtype in wanted.items()
    )
