"""`tf.Print`.

Source: TF 1.15 python/ops/logging_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, g


def Print(  # TF's spelling
    input_: Any,
    data: list[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """`input_`; computing it writes the message and the data to the standard error.

    `first_n`: in so many runs only; `summarize`: so many elements of each tensor.
    """
    return g.Print(input_, data, message=message, first_n=first_n, summarize=summarize, name=name)
