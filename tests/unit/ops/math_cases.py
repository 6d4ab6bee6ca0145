"""Mathematical operations on inputs where they are smooth, for tests of gradients and kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tailrace as tf
from tailrace.graph import g

X = np.array([[0.3, -0.7, 0.9], [-0.2, 0.5, -0.6]])
POSITIVE = np.array([[0.4, 1.7, 2.2], [0.9, 2.5, 1.3]])
ROW = np.array([[1.3, 0.6, 2.1]])
IDS = np.array([0, 0, 1, 3], np.int32)
ROWS = np.array([[1.0, 2.0], [0.5, -1.5], [3.0, 0.7], [-0.8, 1.1]])
SQUARE = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.2], [0.6, -0.2, 3.0]])
SYMMETRIC = SQUARE + SQUARE.T + 3 * np.eye(3)
TALL = np.array([[1.0, 0.2], [-0.5, 2.0], [0.7, 0.9]])

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """`build(*tensors)` of float64 inputs; `order` is how often it can be differentiated."""

    build: Rule
    inputs: tuple[np.ndarray, ...]
    order: int = 2


def _unary(op_type: str, x: np.ndarray = X, order: int = 2) -> Case:
    return Case(lambda t: getattr(g, op_type)(t), (x,), order)


def _binary(op_type: str, x: np.ndarray = POSITIVE, y: np.ndarray = ROW, order: int = 2) -> Case:
    return Case(lambda a, b: getattr(g, op_type)(a, b), (x, y), order)


def _second_only(op_type: str, a: Any, x: np.ndarray) -> Case:
    return Case(lambda t: getattr(g, op_type)(np.float64(a), t), (x,))


def _reduce(op_type: str, axes: Any = 1, order: int = 2) -> Case:
    return Case(lambda t: getattr(g, op_type)(t, axes), (X,), order)


def _of_rows(build: Rule, order: int = 2) -> Case:
    """The number of segments is not known beforehand; there are as many as rows."""
    return Case(lambda t: tf.ensure_shape(build(t), ROWS.shape), (ROWS,), order)


def _segment(op_type: str, order: int = 2) -> Case:
    return _of_rows(lambda t: getattr(g, op_type)(t, IDS), order)


def _unsorted(op_type: str, order: int = 2) -> Case:
    ids = np.array([1, 0, 1, -1], np.int32)
    return Case(lambda t: getattr(g, op_type)(t, ids, 2), (ROWS,), order)


def _sparse_segment(op_type: str, *count: int, order: int = 2) -> Case:
    chosen = np.array([1, 0, 3, 3], np.int32)
    return _of_rows(lambda t: getattr(g, op_type)(t, chosen, IDS, *count), order)


def _of_complex(function: Rule, order: int = 1) -> Case:
    return Case(lambda re, im: function(tf.complex(re, im)), (X, POSITIVE), order)


def _spectrum(op_type: str) -> Case:
    def build(re: Any, im: Any) -> Any:
        y = getattr(g, op_type)(tf.complex(re, im))
        return tf.real(y) + 2.0 * tf.imag(y)

    return Case(build, (X[None], POSITIVE[None]))


def _single(x: Any) -> Any:
    return tf.cast(x, tf.float32)


CASES: dict[str, Case] = {
    **{name: _unary(name) for name in ("Abs", "Neg", "Exp", "Expm1", "Square", "Sin", "Cos")},
    **{name: _unary(name) for name in ("Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh")},
    **{name: _unary(name) for name in ("Asinh", "Atanh", "Sigmoid", "Erf", "Erfc", "Sign")},
    **{name: _unary(name, POSITIVE) for name in ("Sqrt", "Rsqrt", "Log", "Log1p", "Inv")},
    **{name: _unary(name, POSITIVE) for name in ("Reciprocal", "Lgamma", "Digamma")},
    "Acosh": _unary("Acosh", POSITIVE + 1.5),
    "BesselI0e": _unary("BesselI0e"),
    "BesselI1e": _unary("BesselI1e"),
    "Cast": Case(lambda t: tf.cast(tf.cast(t, tf.complex128), tf.float64) * t, (X,)),
    **{name: _binary(name) for name in ("Add", "AddV2", "Sub", "Mul", "Div", "RealDiv")},
    **{name: _binary(name) for name in ("DivNoNan", "MulNoNan", "SquaredDifference", "Pow")},
    **{name: _binary(name) for name in ("Maximum", "Minimum", "Xlogy", "Xdivy")},
    "FloorMod": _binary("FloorMod", order=1),
    "Atan2": _binary("Atan2", POSITIVE, X),
    "NextAfter": _binary("NextAfter", order=1),
    "AddN": Case(lambda a, b: g.AddN([a, b, a * b]), (X, POSITIVE)),
    "AccumulateNV2": Case(lambda a, b: g.AccumulateNV2([a, a * b], shape=[2, 3]), (X, POSITIVE)),
    "Cross": _binary("Cross", X, POSITIVE),
    **{
        name: _binary(name, X, POSITIVE)
        for name in ("TanhGrad", "SigmoidGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad")
    },
    "SqrtGrad": _binary("SqrtGrad", POSITIVE, X),
    "Polygamma": _second_only("Polygamma", 2.0, POSITIVE),
    "Zeta": _second_only("Zeta", 2.5, POSITIVE),
    "Igamma": Case(lambda a, x: g.Igamma(a, x), (POSITIVE, POSITIVE[::-1] + 0.1), 1),
    "Igammac": Case(lambda a, x: g.Igammac(a, x), (POSITIVE, POSITIVE[::-1] + 0.1), 1),
    "Betainc": Case(lambda x: g.Betainc(np.float64(1.3), np.float64(2.2), x), (POSITIVE / 3,)),
    "Select": Case(lambda a, b: g.Select(a > 0.0, a * a, b), (X, POSITIVE)),
    "SelectV2": Case(lambda a, b: g.SelectV2(a > 0.0, a * a, b), (X, ROW)),
    **{name: _reduce(name) for name in ("Sum", "Mean", "Prod", "Max", "Min")},
    "MatMul": _binary("MatMul", X, TALL),
    "BatchMatMul": _binary("BatchMatMul", X[None], TALL[None]),
    "BatchMatMulV2": _binary("BatchMatMulV2", np.stack([X, X * X]), TALL),
    "SegmentSum": _segment("SegmentSum"),
    "SegmentMean": _segment("SegmentMean"),
    "SegmentMax": _segment("SegmentMax"),
    "SegmentMin": _segment("SegmentMin"),
    "UnsortedSegmentSum": _unsorted("UnsortedSegmentSum"),
    "UnsortedSegmentProd": _unsorted("UnsortedSegmentProd"),
    "UnsortedSegmentMax": _unsorted("UnsortedSegmentMax"),
    "UnsortedSegmentMin": _unsorted("UnsortedSegmentMin"),
    "SparseSegmentSum": _sparse_segment("SparseSegmentSum"),
    "SparseSegmentMean": _sparse_segment("SparseSegmentMean", order=1),
    "SparseSegmentSqrtN": _sparse_segment("SparseSegmentSqrtN", order=1),
    "SparseSegmentSumWithNumSegments": _sparse_segment("SparseSegmentSumWithNumSegments", 4),
    "SparseSegmentMeanWithNumSegments": _sparse_segment(
        "SparseSegmentMeanWithNumSegments", 4, order=1
    ),
    "SparseSegmentSqrtNWithNumSegments": _sparse_segment(
        "SparseSegmentSqrtNWithNumSegments", 4, order=1
    ),
    "Cumsum": Case(lambda t: g.Cumsum(t, 1, exclusive=True), (X,)),
    "Cumprod": Case(lambda t: g.Cumprod(t, 1, reverse=True), (X,)),
    "CumulativeLogsumexp": Case(lambda t: g.CumulativeLogsumexp(t, 1), (X,), 1),
    "Complex": _of_complex(lambda z: tf.real(z * z) + tf.imag(tf.exp(z)), 2),
    "Real": _of_complex(lambda z: tf.real(z * z * z), 2),
    "Imag": _of_complex(lambda z: tf.imag(z * z * z), 2),
    "Conj": _of_complex(lambda z: tf.imag(z * z * tf.conj(z)), 2),
    "Angle": _of_complex(tf.angle),
    "ComplexAbs": _of_complex(tf.abs),
    "Cholesky": Case(lambda a: g.Cholesky((a + tf.transpose(a)) / 2.0), (SYMMETRIC,)),
    "Qr": Case(lambda a: g.Qr(a)[0] + 2.0 * g.Qr(a)[1], (SQUARE,), 1),
    # TF: the gradient of MatrixInverse overlooks `adjoint`, so these go wrong at the second order
    "MatrixDeterminant": _unary("MatrixDeterminant", SQUARE, order=1),
    "LogMatrixDeterminant": Case(lambda a: g.LogMatrixDeterminant(a)[1], (SQUARE,), 1),
    "MatrixInverse": _unary("MatrixInverse", SQUARE),
    "MatrixSquareRoot": _unary("MatrixSquareRoot", SYMMETRIC),
    "MatrixSolve": _binary("MatrixSolve", SQUARE, TALL),
    "MatrixTriangularSolve": _binary("MatrixTriangularSolve", SQUARE, TALL),
    "MatrixSolveLs": Case(lambda a, b: g.MatrixSolveLs(a, b, 0.3), (TALL, TALL[:, :1] + 1.0), 1),
    # TF: its second derivative is not a number, 1/0 being overwritten in the first
    "SelfAdjointEigV2": Case(lambda a: g.SelfAdjointEigV2(a)[0], (SYMMETRIC,), 1),
    "Svd": Case(lambda a: g.Svd(a)[0], (TALL,)),
    **{name: _spectrum(name) for name in ("FFT", "IFFT", "FFT2D", "IFFT2D", "FFT3D", "IFFT3D")},
    "TridiagonalMatMul": Case(
        lambda a, b, c, x: g.TridiagonalMatMul(a, b, c, x), (SQUARE[:1], SQUARE[1:2], ROW, TALL)
    ),
    "TridiagonalSolve": Case(lambda d, x: g.TridiagonalSolve(d, x), (SQUARE + 2.0, TALL)),
    "Roll": Case(lambda t: g.Roll(t * t, [1, 2], [0, 1]), (X,)),
}
# float32 only: against differences of the same precision
SINGLE: dict[str, Case] = {
    "SparseMatMul": Case(lambda a, b: g.SparseMatMul(_single(a), _single(b)), (X, TALL), 1),
    "RFFT": Case(lambda x: tf.real(g.RFFT(_single(x), [3])), (X,), 1),
    "RFFT2D": Case(lambda x: tf.imag(g.RFFT2D(_single(x), [2, 3])), (X,), 1),
    "IRFFT": Case(lambda x: g.IRFFT(tf.complex(_single(x), _single(x * x)), [4]), (X,), 1),
    "IRFFT2D": Case(lambda x: g.IRFFT2D(tf.complex(_single(x), _single(x * x)), [2, 4]), (X,), 1),
}
