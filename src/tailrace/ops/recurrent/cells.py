"""What one step of each recurrent cell looks like in a graph, forward and backward.

Source: TF 1.15 python/ops/rnn_cell_impl.py, and the gradients of what it builds.
"""

from __future__ import annotations

from tailrace.ops.recurrent import layers, steps
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


def _declare(name: str, **words: object) -> None:
    declare_cell(Cell(name, groups=_GROUPS, commutative=_COMMUTATIVE, **words))  # type: ignore[arg-type]


_LSTM_OF_GATES = """
    h = Mul(tanh_c, o)
    tanh_c = Tanh(c)
    c = Plus(Mul(c_prev, f), Mul(i, j))
    j = Tanh(zj)
    zi, zj, zf, zo = Split(axis, z)
    z = Affine(h_prev)
"""
_LSTM_GRADIENT = """
    dz = Join(dzi, dzj, dzf, dzo, axis)
    dzi = SigmoidGrad(i, Mul(dc, j))
    dzj = TanhGrad(j, Mul(dc, i))
    dzf = SigmoidGrad(f, Mul(dc, c_prev))
    dzo = SigmoidGrad(o, Mul(dh, tanh_c)) | Zeros(dh)
"""

_declare(
    "lstm",
    states=("c", "h"),
    forward=_LSTM_OF_GATES
    + """
        i = Sigmoid(zi)
        f = Sigmoid(Plus(zf, forget_bias)) | Sigmoid(zf)
        o = Sigmoid(zo)
    """,
    roots=("dz",),
    backward=_LSTM_GRADIENT
    + """
        dc = Sum(*c_terms, TanhGrad(tanh_c, Mul(dh, o))) | IfZeros(dh, Sum(*c_terms))
    """,
    outgoing={"c": ("Mul(dc, f)",)},
    attributes={"forget_bias": 0.0},
    constants={"forget_bias": None, "axis": 1},
    vectors=(),
    outputs=("h",),
    layer=layers.lstm,
    gradient=layers.lstm_gradient,
    views=layers.LSTM_ROLES,
    gradient_views=layers.LSTM_GRADIENT_ROLES,
    step=steps.lstm,
)

_declare(
    "lstm with peepholes",
    states=("c", "h"),
    forward=_LSTM_OF_GATES
    + """
        i = Sigmoid(Plus(zi, Mul(peephole_i, c_prev)))
        f = Sigmoid(Plus(Plus(zf, forget_bias), Mul(peephole_f, c_prev)))
        o = Sigmoid(Plus(zo, Mul(peephole_o, c)))
    """,
    roots=("dz",),
    backward=_LSTM_GRADIENT
    + """
        dc = Sum(*c_terms, TanhGrad(tanh_c, Mul(dh, o)), Mul(dzo, peephole_o))
    """,
    outgoing={"c": ("Mul(dc, f)", "Mul(dzi, peephole_i)", "Mul(dzf, peephole_f)")},
    attributes={"forget_bias": 0.0},
    constants={"forget_bias": None, "axis": 1},
    vectors=layers.PEEPHOLES,
    outputs=("h",),
    layer=layers.lstm,
    gradient=layers.lstm_gradient,
    views=layers.LSTM_ROLES,
    gradient_views=layers.LSTM_GRADIENT_ROLES,
)

_declare(
    "gru",
    states=("h",),
    forward="""
        h = Plus(Mul(u, h_prev), Mul(keep, candidate))
        keep = Sub(one, u)
        r, u = Split(axis, gates)
        gates = Sigmoid(z)
        z = Affine(h_prev)
        candidate = Tanh(zc)
        zc = Affine(rh)
        rh = Mul(r, h_prev)
    """,
    roots=("dz", "dzc"),
    backward="""
        dz = SigmoidGrad(gates, Join(dr, du, axis))
        dr = Mul(drh, h_prev)
        du = Sum(Mul(dh, h_prev), Neg(Mul(dh, candidate)))
        drh = StateGradient(zc, dzc)
        dzc = TanhGrad(candidate, Mul(dh, keep))
    """,
    outgoing={"h": ("Mul(dh, u)", "Mul(drh, r)")},
    attributes={},
    constants={"axis": 1, "one": 1},
    vectors=(),
    outputs=("h",),
    layer=layers.gru,
    gradient=layers.gru_gradient,
    views=layers.GRU_ROLES,
    gradient_views={},
    step=steps.gru,
)

for _type, _gradient, _name in (
    ("Tanh", "TanhGrad(h, dh)", "tanh"),
    ("Relu", "ReluGrad(dh, h)", "relu"),
    ("Sigmoid", "SigmoidGrad(h, dh)", "sigmoid"),
):
    _declare(
        f"{_name} rnn",
        states=("h",),
        forward=f"""
            h = {_type}(z)
            z = Affine(h_prev)
        """,
        roots=("dz",),
        backward=f"dz = {_gradient}",
        outgoing={},
        attributes={"activation": _name},
        constants={},
        vectors=(),
        outputs=("h",),
        layer=layers.rnn,
        gradient=layers.rnn_gradient,
        views={},
        gradient_views={},
        step=steps.rnn,
    )
