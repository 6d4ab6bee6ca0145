"""Branches that are functions: one of several runs.

Source: TF 1.15 core/ops/functional_ops.cc, core/kernels/case_op.cc.
"""

from __future__ import annotations

from tailrace.registry import REQUIRED, Attr, op


@op(
    "Case",
    "branch_index: int32, input: list(Tin) -> output: list(Tout)",
    Tin=Attr("list(type)", REQUIRED),
    Tout=Attr("list(type)", REQUIRED),
    branches=Attr("list(func)", REQUIRED, minimum=1),
    output_shapes=Attr("list(shape)", []),
    _host="branch_index",
    _host_only=True,
    _context=True,
    _stateful=True,
    _alias=True,
)
def case(ctx, branch_index, input, *, branches):
    """What the function of a number gives; the last one, where the number is of none."""
    number = branch_index if 0 <= branch_index < len(branches) else len(branches) - 1
    return list(ctx.function(branches[number])(*input))


@case.shape
def case_shape(branch_index, input, *, output_shapes):
    return output_shapes


# its gradient calls functions that are made of the branches: tailrace.library.switch_case
case.missing_gradient("registered where functions are made")
