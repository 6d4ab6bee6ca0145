"""What one step of each recurrent cell looks like in a graph, forward and backward.

Source: TF 1.15 python/ops/rnn_cell_impl.py, and the gradients of what it builds.
"""

from __future__ import annotations

from tailrace.registry import Cell, declare_cell

_GROUPS = {
    "Plus": ("Add", "AddV2", "AddN"),
    "Product": ("MatMul",),
    "Join": ("ConcatV2",),
    "Part": ("Slice",),
    "BiasAdd": ("BiasAdd",),
    "BiasGradient": ("BiasAddGrad",),
    "Total": ("Sum",),
    "Zeros": ("ZerosLike",),
}
_COMMUTATIVE = frozenset(["Plus", "Mul"])

declare_cell(
    Cell(
        "lstm",
        groups=_GROUPS,
        commutative=_COMMUTATIVE,
        states=("c", "h"),
        forward="""
            h = Mul(tanh_c, o)
            tanh_c = Tanh(c)
            c = Plus(Mul(c_prev, f), Mul(i, j))
            i = Sigmoid(zi)
            j = Tanh(zj)
            f = Sigmoid(Plus(zf, forget_bias)) | Sigmoid(zf)
            o = Sigmoid(zo)
            zi, zj, zf, zo = Split(axis, z)
            z = Affine(h_prev)
        """,
        roots=("dz",),
        backward="""
            dz = Join(dzi, dzj, dzf, dzo, axis)
            dzi = SigmoidGrad(i, Mul(dc, j))
            dzj = TanhGrad(j, Mul(dc, i))
            dzf = SigmoidGrad(f, Mul(dc, c_prev))
            dzo = SigmoidGrad(o, Mul(dh, tanh_c)) | Zeros(dh)
            dc = Sum(*c_terms, TanhGrad(tanh_c, Mul(dh, o))) | IfZeros(dh, Sum(*c_terms))
        """,
        outgoing={"c": ("Mul(dc, f)",)},
        attributes={"forget_bias": 0.0},
        constants={"forget_bias": None, "axis": 1},
    )
)
