"""Recurrent layers over whole sequences, as the planner puts them in place of their steps: what
goes into the steps and comes from their gradients for all of them at once. The layers themselves
are in `lstm`, `gru`, `gru_after` and `rnn`.

Shapes: T steps, B batch, I inputs, H hidden, G gates. `hs` and `cs` [T+1,B,H] are the states, the
initial one first. `gx` [T,B,G H] are the inputs' products with their weights. Gradients are given
for the states after every step (`dout`) and after the last one (`last`), where there are such.

What a layer need not have is a list of at most one tensor among its inputs and outputs, whose
length is an attribute. With a `mask` [T,B,H], or of sizes that are repeated to this, states are
multiplied with it before the next step begins with them (dropout): then `hs` are what steps begin
with, and `given` [T,B,H] what they give, which `dout` are gradients of; `last` are gradients of
what a next step would begin with.
"""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS, INDEX, NUMERIC
from tailrace.native.products import product, stacked, stacked_with
from tailrace.native.rows import row_sums as sums_of_rows
from tailrace.registry import Attr, fused

# how many tensors a list is of
COUNT = Attr("int", 0)


def one(values):
    """The only value of a list that may be empty."""
    return values[0].contiguous() if values else None


def own(x, in_place):
    """`x` to be written over; `in_place` says that nobody else needs it."""
    return x.contiguous() if in_place else x.clone(memory_format=torch.contiguous_format)


def whole(mask, size):
    """The mask, if there is one, as views of that size, [T,B,H]."""
    if not mask:
        return None
    found = mask[0].expand(size)
    return found if found.stride(2) == 1 or found.shape[2] == 1 else found.contiguous()


# -- what goes in ----------------------------------------------------------------------------------


@fused(
    "SequenceInputs",
    "x: N*T, w: N*T, addends: M*T -> y: T",
    T=FLOATS,
    N=COUNT,
    M=COUNT,
    _of_layer="inputs",
)
def sequence_inputs(x, w, addends):
    """The sum of products and addends, for all steps at once.

    Shapes: x [T,B,I], w [I,G], addends [T,B,G] -> [T,B,G].
    """
    total = None
    for value, weight in zip(x, w, strict=True):
        rows = value.reshape(-1, value.shape[2])
        total = product(rows, weight) if total is None else total.addmm_(rows, weight)
    if total is not None:
        total = total.view(*x[0].shape[:2], -1)
    for addend in addends:
        total = addend.clone() if total is None else total.add_(addend)
    return total


@sequence_inputs.shape
def sequence_inputs_shape(x, w, addends):
    return [(x[0][0], x[0][1], w[0][1]) if x else addends[0]]


@sequence_inputs.flops
def sequence_inputs_flops(outputs, x, w, addends):
    return 2 * prod(outputs[0]) * sum(weight[0] for weight in w)


@sequence_inputs.by_table
def sequence_inputs_by_table(b, inputs, attrs, lookups):
    count, more = attrs["N"], attrs["M"]
    x, w, addends = inputs[:count], inputs[count : 2 * count], inputs[2 * count :]
    kept = [i for i in range(count) if x[i] not in lookups]
    rows = []
    for value, weight in zip(x, w, strict=True):
        if value in lookups:
            found = lookups[value]
            product = b.MatMul(found.table, weight)
            rows.append(b.TableRows(product, found.indices, swapped=found.swapped))
    if len(rows) == 1 and not kept and not more:
        return rows
    values = [*(x[i] for i in kept), *(w[i] for i in kept), *rows, *addends]
    return [b.SequenceInputs(*values, N=len(kept), M=len(rows) + more)]


@fused("TableRows", "table: T, indices: Tindices -> y: T", T=FLOATS, Tindices=INDEX, swapped=False)
def table_rows(table, indices, *, swapped):
    """Rows of a table. Shapes: table [V,G], indices [T,B], or [B,T] if swapped -> [T,B,G]."""
    return torch.nn.functional.embedding(indices.t() if swapped else indices, table)


@table_rows.shape
def table_rows_shape(table, indices, *, swapped):
    return [(*(reversed(indices) if swapped else indices), table[1])]


@fused("KernelGradient", "x: N*T, dz: T -> dkernel: T", T=FLOATS, N=COUNT, _of_layer="of kernel")
def kernel_gradient(x, dz):
    """The gradient of a kernel whose rows are multiplied with each `x` in turn.

    Shapes: x [T,B,I], dz [T,B,G] -> [sum I, G].
    """
    rows = dz.reshape(-1, dz.shape[2])
    return stacked([value.reshape(-1, value.shape[2]).t() for value in x], rows)


@kernel_gradient.shape
def kernel_gradient_shape(x, dz):
    return [(sum(value[2] for value in x), dz[2])]


@kernel_gradient.flops
def kernel_gradient_flops(outputs, x, dz):
    return 2 * prod(dz) * outputs[0][0]


@kernel_gradient.by_table
def kernel_gradient_by_table(b, inputs, attrs, lookups):
    *x, dz = inputs
    where = [i for i, value in enumerate(x) if value in lookups]
    found = [lookups[x[i]] for i in where]
    values = [v for i, v in enumerate(x) if i not in where]
    if len(found) > 1:
        return None
    (lookup,) = found
    table, indices = lookup.table, lookup.indices
    words, sums, _ = b.RowSums(dz, indices, kinds=table.dims[0], swapped=lookup.swapped)
    return [
        b.KernelGradientByTable(*values, dz, table, words, sums, N=len(values), position=where[0])
    ]


@fused(
    "RowSums",
    "dz: T, indices: Tindices -> words: Tindices, sums: T, squares: T",
    T=FLOATS,
    Tindices=INDEX,
    kinds=0,
    swapped=False,
    _row_sums=True,
)
def row_sums(dz, indices, *, kinds, swapped):
    """The words that there are, ascending, with the sum of the rows of each; and the sum of the
    squares of all rows.

    Shapes: dz [T,B,G], indices [T,B], or [B,T] if swapped -> [U], [U,G], [].
    """
    order = (indices.t() if swapped else indices).reshape(-1)
    rows = dz.reshape(-1, dz.shape[2])
    words, sums, squares = sums_of_rows(rows, order, kinds)
    return words.to(indices.dtype), sums, squares


@row_sums.shape
def row_sums_shape(dz, indices):
    return [(None,), (None, dz[2]), ()]


@fused(
    "KernelGradientByTable",
    "x: N*T, dz: T, table: T, words: Tindices, sums: T -> dkernel: T",
    T=FLOATS,
    Tindices=INDEX,
    N=COUNT,
    position=0,
)
def kernel_gradient_by_table_kernel(x, dz, table, words, sums, *, position):
    """`KernelGradient` where the factor at `position` is rows of a table: `words` are those in use,
    `sums` those of dz for each.
    """
    rows = dz.reshape(-1, dz.shape[2])
    factors = [value.reshape(-1, value.shape[2]).t() for value in x]
    return stacked_with(factors, rows, position, torch.mm(table[words].t(), sums))


@kernel_gradient_by_table_kernel.shape
def kernel_gradient_by_table_shape(x, dz, table, words, sums):
    return [(sum(value[2] for value in x) + table[1], dz[2])]


@kernel_gradient_by_table_kernel.flops
def kernel_gradient_by_table_flops(outputs, x, dz, table, words, sums):
    others = sum(value[2] for value in x)
    return 2 * (prod(dz) * others + prod(sums) * table[1])


@fused("InputGradient", "dz: N*T, w: N*T -> dx: T", T=FLOATS, N=COUNT, _of_layer="of inputs")
def input_gradient(dz, w):
    """The gradient of what was multiplied with `w`. Shapes: dz [T,B,G], w [I,G] -> [T,B,I]."""
    rows = [gradient.reshape(-1, gradient.shape[2]) for gradient in dz]
    total = product(rows[0], w[0].t())
    for more, weight in zip(rows[1:], w[1:], strict=True):
        total.addmm_(more, weight.t())
    return total.view(*dz[0].shape[:2], -1)


@input_gradient.shape
def input_gradient_shape(dz, w):
    return [(dz[0][0], dz[0][1], w[0][0])]


@input_gradient.flops
def input_gradient_flops(outputs, dz, w):
    return 2 * sum(prod(gradient) for gradient in dz) * outputs[0][2]


@input_gradient.by_row
def input_gradient_by_row(b, terms, found):
    pairs = [pair for i in terms for pair in zip(i[: len(i) // 2], i[len(i) // 2 :], strict=True)]
    if any(dz not in found for dz, _ in pairs):
        return None
    sums = [b.MatMul(found[dz][1], w, transpose_b=True) for dz, w in pairs]
    total = sums[0] if len(sums) == 1 else b.AddN(*sums)
    left, right, squares = zip(*((dz, w, found[dz][2]) for dz, w in pairs), strict=True)
    return total, [*left, *right, *squares], {"K": len(pairs)}


@fused("Narrow", "x: T -> y: T", T=NUMERIC, axis=0, begin=0, size=0, _alias=True, _narrows=True)
def narrow(x, *, axis, begin, size):
    """`size` slices of an axis from `begin` on."""
    return x.narrow(axis, begin, size)


@narrow.shape
def narrow_shape(x, *, axis, begin, size):
    return [(*x[:axis], size, *x[axis + 1 :])]
