"""What one step of each recurrent cell looks like in a graph, forward and backward.

Source: TF 1.15 python/ops/rnn_cell_impl.py, and the gradients of what it builds.
"""

from __future__ import annotations

import itertools

from tailrace.ops.recurrent import layers, steps
from tailrace.registry import Cell, declare_cell

GROUPS = {
    "Plus": ("Add", "AddV2", "AddN"),
    "Product": ("MatMul",),
    "Times": ("MatMul",),
    "TimesTransposed": ("MatMul",),
    "Join": ("ConcatV2",),
    "Part": ("Slice",),
    "Parts": ("Split",),
    "Strided": ("StridedSlice",),
    "Widened": ("StridedSliceGrad",),
    "Padded": ("Pad",),
    "BiasAdd": ("BiasAdd",),
    "BiasGradient": ("BiasAddGrad",),
    "Total": ("Sum",),
    "Zeros": ("ZerosLike",),
    "Select": ("Select", "SelectV2"),
}
COMMUTATIVE = frozenset(["Plus", "Mul"])


def _declare(name: str, **words: object) -> None:
    declare_cell(Cell(name, groups=GROUPS, commutative=COMMUTATIVE, **words))  # type: ignore[arg-type]


# -- LSTM ------------------------------------------------------------------------------------------

# what stands in place of tanh: the type, and the gradient of its output y from dy
SQUASHES = {
    "tanh": ("Tanh", "TanhGrad({y}, {dy})"),
    "relu": ("Relu", "ReluGrad({dy}, {y})"),
}

_GATES = """
    tanh_c = {squash}(c)
    j = {squash}(zj)
    zi, zj, zf, zo = Split(axis, z)
    z = Affine(h_prev)
"""
_PLAIN = """
    i = Sigmoid(zi)
    f = Sigmoid(Plus(zf, forget_bias)) | Sigmoid(zf)
    o = Sigmoid(zo)
"""
_PEEPING = """
    i = Sigmoid(Plus(zi, Mul(peephole_i, c_prev)))
    f = Sigmoid(Plus(Plus(zf, forget_bias), Mul(peephole_f, c_prev)))
    o = Sigmoid(Plus(zo, Mul(peephole_o, c)))
"""
# The sum that becomes c, and the gradient of the sum, from c's.
_CLIPPED_CELL = """
    c = Maximum(c_below, cell_min)
    c_below = Minimum(c_sum, cell_max)
"""
# of a block cell, whose gradient is as if nothing were clipped
_BLOCK_CLIPPED_CELL = """
    c = ClipByValue(c_sum, cell_min, cell_max)
"""
_CLIPPED_CELL_GRADIENT = """
    dc_sum = Select(LessEqual(c_sum, cell_max), dc_below, Zeros(nothing))
    dc_below = Select(GreaterEqual(c_below, cell_min), dc, Zeros(nothing_more))
"""
# h, from what the output gate lets pass, and the gradient of that, from h's.
_PROJECTED = """
    h = Times(m, projection)
"""
_PROJECTED_GRADIENT = """
    dm = TimesTransposed(dh, projection)
"""
_CLIPPED_PROJECTION = """
    h = Maximum(h_below, out_min)
    h_below = Minimum(h_product, out_max)
    h_product = Times(m, projection)
"""
_CLIPPED_PROJECTION_GRADIENT = """
    dm = TimesTransposed(dh_product, projection)
    dh_product = Select(LessEqual(h_product, out_max), dh_below, Zeros(nothing_here))
    dh_below = Select(GreaterEqual(h_below, out_min), dh, Zeros(nothing_there))
"""


def _declare_lstm(*, peeping: bool, clipped: str, projected: str, activation: str = "tanh") -> None:
    """An LSTM; `clipped` is "", "clipped" or "clipped forward", `projected` is "", "projected" or
    "projected and clipped".
    """
    squash, slope = SQUASHES[activation]
    summed, m = "c_sum" if clipped else "c", "m" if projected else "h"
    forward = _GATES.format(squash=squash) + (_PEEPING if peeping else _PLAIN)
    forward += f"""
        {summed} = Plus(Mul(c_prev, f), Mul(i, j))
        {m} = Mul(tanh_c, o)
    """
    d = "dc_sum" if clipped == "clipped" else "dc"
    backward = f"""
        dz = Join(dzi, dzj, dzf, dzo, axis)
        dzi = SigmoidGrad(i, Mul({d}, j))
        dzj = {slope.format(y="j", dy=f"Mul({d}, i)")}
        dzf = SigmoidGrad(f, Mul({d}, c_prev))
        dzo = SigmoidGrad(o, Mul(d{m}, tanh_c)) | Zeros(d{m})
    """
    through = slope.format(y="tanh_c", dy=f"Mul(d{m}, o)")
    outgoing = [f"Mul({d}, f)"]
    if peeping:
        backward += f"dc = Sum(*c_terms, {through}, Mul(dzo, peephole_o))"
        outgoing += ["Mul(dzi, peephole_i)", "Mul(dzf, peephole_f)"]
    else:
        backward += f"dc = Sum(*c_terms, {through}) | IfZeros(d{m}, Sum(*c_terms))"
    named = ["peepholes"] * peeping + [word for word in (clipped, projected) if word]
    constants: dict[str, float | None] = {"forget_bias": None, "axis": 1}
    if clipped == "clipped":
        forward, backward = forward + _CLIPPED_CELL, backward + _CLIPPED_CELL_GRADIENT
    elif clipped:
        forward += _BLOCK_CLIPPED_CELL
    if clipped:
        constants |= dict.fromkeys(("cell_min", "cell_max"))
    if projected:
        plain = projected == "projected"
        forward += _PROJECTED if plain else _CLIPPED_PROJECTION
        backward += _PROJECTED_GRADIENT if plain else _CLIPPED_PROJECTION_GRADIENT
        constants |= {} if plain else dict.fromkeys(("out_min", "out_max"))
    if activation != "tanh":
        named.append(activation)
    views = layers.LSTM_ROLES if activation == "tanh" else layers.RELU_LSTM_ROLES
    gradient_views = layers.LSTM_GRADIENT_ROLES
    if projected:
        views = views | layers.PROJECTED_LSTM_ROLES
        last = "dh" if projected == "projected" else "dh_product"
        gradient_views = gradient_views | {last: layers.gradient_of_product}
    _declare(
        "lstm" + " with " * bool(named) + ", ".join(named),
        states=("c", "h"),
        forward=forward,
        roots=("dz",),
        backward=backward,
        outgoing={"c": tuple(outgoing)},
        attributes={"forget_bias": 0.0, "activation": activation},
        constants=constants,
        vectors=(layers.PEEPHOLES if peeping else ()) + (("projection",) if projected else ()),
        outputs=("h",) if projected else ("h", "c"),
        layer=layers.lstm,
        gradient=layers.lstm_gradient_past_clip
        if clipped == "clipped forward"
        else layers.lstm_gradient,
        views=views,
        gradient_views=gradient_views,
        step=None if named else steps.lstm,
        accepts=layers.symmetric,
        maskable=not projected,
    )


for _variant in itertools.product(
    SQUASHES, ("", "clipped"), (False, True), ("", "projected", "projected and clipped")
):
    _activation, _clipped, _peeping, _projected = _variant
    _declare_lstm(peeping=_peeping, clipped=_clipped, projected=_projected, activation=_activation)
for _peeping in (False, True):
    _declare_lstm(peeping=_peeping, clipped="clipped forward", projected="")

_declare(
    "lstm with gates in any order",
    states=("c", "h"),
    forward="""
        h = Mul(tanh_c, o)
        tanh_c = Tanh(c)
        c = Plus(Mul(c_prev, f), Mul(i, j))
        i = Sigmoid(zi)
        j = Tanh(zj)
        f = Sigmoid(Plus(zf, forget_bias)) | Sigmoid(zf)
        o = Sigmoid(zo)
        zi = Gate(h_prev)
        zj = Gate(h_prev)
        zf = Gate(h_prev)
        zo = Gate(h_prev)
    """,
    roots=("dzi", "dzj", "dzf", "dzo"),
    backward="""
        dzi = SigmoidGrad(i, Mul(dc, j))
        dzj = TanhGrad(j, Mul(dc, i))
        dzf = SigmoidGrad(f, Mul(dc, c_prev))
        dzo = SigmoidGrad(o, Mul(dh, tanh_c)) | Zeros(dh)
        dc = Sum(*c_terms, TanhGrad(tanh_c, Mul(dh, o))) | IfZeros(dh, Sum(*c_terms))
    """,
    outgoing={"c": ("Mul(dc, f)",)},
    attributes={"forget_bias": 0.0, "activation": "tanh"},
    constants={"forget_bias": None},
    vectors=(),
    outputs=("h", "c"),
    layer=layers.lstm,
    gradient=layers.lstm_gradient,
    views=layers.LSTM_ROLES,
    gradient_views=layers.LSTM_GRADIENT_ROLES,
    gates={"z": ("zi", "zj", "zf", "zo")},
    maskable=True,
)

# -- GRU and the plain cell ------------------------------------------------------------------------

for _activation, (_squash, _slope) in SQUASHES.items():
    _declare(
        "gru" if _activation == "tanh" else f"gru with {_activation}",
        states=("h",),
        forward=f"""
        h = Plus(Mul(u, h_prev), Mul(keep, candidate))
        keep = Sub(one, u)
        r, u = Split(axis, gates)
        gates = Sigmoid(z)
        z = Affine(h_prev)
        candidate = {_squash}(zc)
        zc = Affine(rh)
        rh = Mul(r, h_prev)
    """,
        roots=("dz", "dzc"),
        backward=f"""
        dz = SigmoidGrad(gates, Join(dr, du, axis)) | Join(dzr, dzu, axis)
        dzr = SigmoidGrad(r, dr)
        dzu = SigmoidGrad(u, du)
        dr = Mul(drh, h_prev)
        du = Sum(Mul(dh, h_prev), Neg(Mul(dh, candidate)))
        drh = StateGradient(zc, dzc)
        dzc = {_slope.format(y="candidate", dy="Mul(dh, keep)")}
    """,
        outgoing={"h": ("Mul(dh, u)", "Mul(drh, r)")},
        attributes={"activation": _activation},
        constants={"axis": 1, "one": 1},
        vectors=(),
        outputs=("h",),
        layer=layers.gru,
        gradient=layers.gru_gradient,
        views=layers.GRU_ROLES,
        gradient_views={},
        step=steps.gru if _activation == "tanh" else None,
        maskable=True,
    )


_declare(
    "gru that resets after the product",
    states=("h",),
    forward="""
        h = Plus(Mul(keep, candidate), Mul(u, h_prev))
        keep = Sub(one, u)
        candidate = Tanh(zc)
        zc = Plus(zx, Mul(r, zh))
        r, u = Split(axis, gates)
        gates = Sigmoid(z)
        z = Affine(h_prev)
        zh = Affine(h_prev)
        zx = Affine()
    """,
    roots=("dz", "dzh"),
    backward="""
        dz = SigmoidGrad(gates, Join(dr, du, axis))
        dr = Mul(dzx, zh)
        du = Sum(Mul(dh, h_prev), Neg(Mul(dh, candidate)))
        dzx = TanhGrad(candidate, Mul(dh, keep))
        dzh = Mul(dzx, r)
    """,
    outgoing={"h": ("Mul(dh, u)",)},
    attributes={},
    constants={"axis": 1, "one": 1},
    vectors=(),
    outputs=("h",),
    layer=layers.gru_after,
    gradient=layers.gru_after_gradient,
    views=layers.GRU_AFTER_ROLES,
    gradient_views={},
    bare=("zh",),
)


def _declare_gru(name: str, *, negated: bool) -> None:
    """A GRU with gates in any order, whose u says how much is kept, or, if `negated`, is new."""
    old, new = ("keep", "u") if negated else ("u", "keep")
    from_old, from_new = "Mul(dh, h_prev)", "Mul(dh, candidate)"
    plus, minus = (from_new, from_old) if negated else (from_old, from_new)
    _declare(
        name,
        states=("h",),
        forward=f"""
            h = Plus(Mul({old}, h_prev), Mul({new}, candidate))
            keep = Sub(one, u)
            candidate = Tanh(zc)
            zc = Affine(rh)
            rh = Mul(r, h_prev)
            r = Sigmoid(zr)
            u = Sigmoid(zu)
            zr = Gate(h_prev)
            zu = Gate(h_prev)
        """,
        roots=("dzr", "dzu", "dzc"),
        backward=f"""
            dzr = SigmoidGrad(r, dr)
            dzu = SigmoidGrad(u, du)
            dr = Mul(drh, h_prev)
            du = Sum({plus}, Neg({minus}))
            drh = StateGradient(zc, dzc)
            dzc = TanhGrad(candidate, Mul(dh, {new}))
        """,
        outgoing={"h": (f"Mul(dh, {old})", "Mul(drh, r)")},
        attributes={"activation": "tanh"},
        constants={"one": 1},
        vectors=(),
        outputs=("h",),
        layer=layers.gru,
        gradient=layers.gru_gradient,
        views=layers.NEGATED_GRU_ROLES if negated else layers.GRU_ROLES,
        gradient_views={},
        gates={"z": ("zr", "zu")},
        negated=("zu",) if negated else (),
        maskable=True,
    )


_declare_gru("gru with gates in any order", negated=False)
_declare_gru("gru whose gate lets new values in", negated=True)

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
        maskable=True,
    )
