"""Kernels against what their operations declare, on every node of the differentiated cases.

The graph of each case is run node by node, without planner or executor: results must have the
declared types and the inferred shapes, inputs must stay as they were, and memory may be shared only
where the operation says so.
"""

from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.ops.math_cases import CASES, SINGLE, Case

import tailrace as tf
from tailrace import arrays
from tailrace.graph import Operation, Tensor
from tailrace.graph.constants import run_kernel

# their gradients depend on which side of the matrix is longer
NEED_SIZES = {"Qr", "Svd", "MatrixSolveLs"}


def _memory(value: Any) -> set[int]:
    return {value.untyped_storage().data_ptr()} if isinstance(value, torch.Tensor) else set()


def _check_node(op: Operation, inputs: list[Any], outputs: list[Any]) -> None:
    assert len(outputs) == len(op.outputs)
    for tensor, value in zip(op.outputs, outputs, strict=True):
        where = f"{op.type} {op.name}"
        assert arrays.dtype_of(value) is tensor.dtype.base_dtype, where
        assert tensor.shape.is_compatible_with(list(value.shape)), (
            f"{where}: the shape rule says {tensor.shape}, the kernel gives {list(value.shape)}"
        )
        if not op.op_def.alias and value.numel():
            shared = set().union(*map(_memory, inputs)) & _memory(value)
            assert not shared, f"{where}: the result shares memory with an input"


def _run_all(graph: tf.Graph, feeds: dict[Tensor, np.ndarray]) -> None:
    values: dict[Tensor, Any] = {t: arrays.to_torch(a.copy()) for t, a in feeds.items()}
    for op in graph.get_operations():
        if op.type == "Placeholder":
            continue
        inputs = [values[t] for t in op.inputs]
        before = [v.clone() for v in inputs]
        outputs = run_kernel(op, inputs)
        for kept, value in zip(before, inputs, strict=True):
            torch.testing.assert_close(value, kept, rtol=0, atol=0, equal_nan=True)
        _check_node(op, inputs, outputs)
        values.update(zip(op.outputs, outputs, strict=True))


@pytest.fixture(autouse=True)
def _fresh_graph() -> None:
    tf.reset_default_graph()


@pytest.mark.parametrize("name", [*CASES, *SINGLE])
def test_kernels_of_a_case_and_its_gradients(name: str) -> None:
    case: Case = {**CASES, **SINGLE}[name]
    places = [tf.placeholder(tf.float64, x.shape) for x in case.inputs]
    y = case.build(*places)
    ys = [y]
    for _ in range(case.order):
        grads = [d for d in tf.gradients([tf.reduce_sum(y) for y in ys], places) if d is not None]
        if not grads:
            break
        ys = grads
    feeds = dict(zip(places, (x.astype(np.float64) for x in case.inputs), strict=True))
    _run_all(tf.get_default_graph(), feeds)


@pytest.mark.parametrize("name", [*CASES, *SINGLE])
def test_kernels_of_a_case_whose_sizes_are_not_known(name: str) -> None:
    case: Case = {**CASES, **SINGLE}[name]
    places = [tf.placeholder(tf.float64, [None] * x.ndim) for x in case.inputs]
    y = case.build(*places)
    if name in NEED_SIZES:
        with pytest.raises(NotImplementedError):
            tf.gradients(tf.reduce_sum(y), places)
        return
    tf.gradients(tf.reduce_sum(y), places)
    feeds = dict(zip(places, (x.astype(np.float64) for x in case.inputs), strict=True))
    _run_all(tf.get_default_graph(), feeds)
