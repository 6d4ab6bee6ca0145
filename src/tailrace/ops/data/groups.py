"""Datasets that bring elements of one key together.

Source: TF 1.15 core/ops/experimental_dataset_ops.cc, core/kernels/data/experimental/
group_by_window_dataset_op.cc.
"""

from __future__ import annotations

from typing import Any

import torch

from tailrace import errors
from tailrace.ops.data.element import ELEMENT, STATEFUL, Dataset, Pass, declared
from tailrace.registry import Attr, op


def _scalar(results: Any, what: str) -> int:
    if len(results) != 1 or results[0].dtype != torch.int64 or results[0].numel() != 1:
        raise errors.invalid(f"`{what}` must return a scalar int64.")
    return int(results[0])


@op(
    "GroupByWindowDataset",
    "input_dataset: variant, key_func_other_arguments: list(Tkey_func_other_arguments), "
    "reduce_func_other_arguments: list(Treduce_func_other_arguments), "
    "window_size_func_other_arguments: list(Twindow_size_func_other_arguments) "
    "-> handle: variant",
    key_func=Attr("func"),
    reduce_func=Attr("func"),
    window_size_func=Attr("func"),
    Tkey_func_other_arguments=Attr("list(type)"),
    Treduce_func_other_arguments=Attr("list(type)"),
    Twindow_size_func_other_arguments=Attr("list(type)"),
    **ELEMENT,
    _context=True,
    **STATEFUL,
)
def group_by_window_dataset(
    ctx,
    input_dataset,
    key_func_other_arguments,
    reduce_func_other_arguments,
    window_size_func_other_arguments,
    *,
    key_func,
    reduce_func,
    window_size_func,
):
    """What a function makes of each group of elements with one key.

    A group is complete when it has as many elements as `window_size_func` says of its key, which
    is asked as the group begins. When the input ends, the groups that are left follow in the
    order of their keys.
    """
    key_of = ctx.function(key_func)
    size_of = ctx.function(window_size_func)
    reduced = ctx.function(reduce_func)

    def made_of(key, group):
        held = Dataset(lambda _: iter(group))
        results = reduced(torch.tensor(key), held, *reduce_func_other_arguments)
        return results[0].elements(Pass())

    def window_size(key):
        size = _scalar(size_of(torch.tensor(key), *window_size_func_other_arguments), "window_size")
        if size <= 0:
            raise errors.invalid(f"Window size must be greater than zero, but got {size}.")
        return size

    def elements(pass_):
        groups: dict[int, tuple[int, list[Any]]] = {}
        for element in input_dataset.elements(pass_):
            key = _scalar(key_of(*element, *key_func_other_arguments), "key_func")
            if key not in groups:
                groups[key] = window_size(key), []
            size, group = groups[key]
            group.append(element)
            if len(group) == size:
                del groups[key]
                yield from made_of(key, group)
        for key in sorted(groups):
            yield from made_of(key, groups[key][1])

    return Dataset(elements)


declared(group_by_window_dataset)
