"""Second derivatives: `tf.hessians`.

Source: TF 1.15 python/ops/gradients_impl.py (HessiansV1).
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.gradients import gradients
from tailrace.graph import Tensor, constant
from tailrace.library import array
from tailrace.library.control_flow import while_loop
from tailrace.library.tensor_array import TensorArray


def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
) -> list[Tensor]:
    """The matrices of second derivatives of the sum of `ys` with respect to each of `xs`.

    Shapes: x [d1, ..., dn] gives [d1, ..., dn, d1, ..., dn].
    """
    xs = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    options: dict[str, Any] = {
        "colocate_gradients_with_ops": colocate_gradients_with_ops,
        "gate_gradients": gate_gradients,
        "aggregation_method": aggregation_method,
    }
    return [
        _hessian(grad, x, options) for grad, x in zip(gradients(ys, xs, **options), xs, strict=True)
    ]


def _hessian(grad: Any, x: Any, options: dict[str, Any]) -> Tensor:
    flat = array.reshape(grad, [-1])
    count = array.size(x)

    def row(j: Any, rows: Any) -> tuple[Any, Any]:
        return j + 1, rows.write(j, gradients(flat[j], x)[0])

    start = [constant(0, dtypes.int32), TensorArray(x.dtype.base_dtype, count)]
    _, rows = while_loop(lambda j, _: j < count, row, start)
    shape = array.shape(x)
    return array.reshape(rows.stack(), array.concat((shape, shape), 0))
