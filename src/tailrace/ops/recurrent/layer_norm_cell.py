"""What one step of an LSTM with layer normalisation looks like in a graph, forward and backward,
and how the planner writes down a layer of it.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py, what `tf.nn.moments` and
`tf.nn.batch_normalization` build, and the gradients of these.
"""

from __future__ import annotations

import itertools

from tailrace.ops.recurrent.cells import COMMUTATIVE, GROUPS, SQUASHES
from tailrace.ops.recurrent.layers import Values
from tailrace.registry import Cell, declare_cell

_NORMS = "ijfoc"
_SCALES = tuple(f"{name}_{k}" for name in ("gamma", "beta") for k in _NORMS)
_GROUPS = {
    **GROUPS,
    "Average": ("Mean",),
    "Quotient": ("RealDiv",),
    "Repeated": ("Tile",),
    "Reshaped": ("Reshape",),
}


# `y` is what is normalised of `x`
_NORM = """
    {y} = Plus(Mul({x}, scale_{k}), Sub(beta_{k}, Mul(mean_{k}, scale_{k})))
    scale_{k} = Mul(one_over_{k}, gamma_{k})
    one_over_{k} = Rsqrt(Plus(RowMean(SquaredDifference({x}, mean_{k})), epsilon))
    mean_{k} = RowMean({x})
"""
_NORM_GRADIENT = """
    d{x} = Sum(Mul(scale_{k}, d{y}), RowMeanGradient(dmean_{k}), Mul(dsquare_{k}, centred_{k}))
    centred_{k} = Sub({x}, mean_{k})
    dsquare_{k} = Twice(RowMeanGradient(dvariance_{k}))
    dvariance_{k} = RsqrtGrad(one_over_{k}, dover_{k}) | RowSum(RsqrtGrad(one_over_{k}, dover_{k}))
    dover_{k} = RowSum(Mul(dscale_{k}, gamma_{k}))
    dscale_{k} = Sum(Mul({x}, d{y}), Mul(mean_{k}, dminus_{k}))
    dmean_{k} = RowSum(Mul(dminus_{k}, scale_{k}))
    dminus_{k} = Neg(d{y})
"""
_DROPOUT = "entering = Mul(Mul(j, inverse), kept)"
_DROPOUT_GRADIENT = "dscaled = Mul(Mul(dc_sum, i), kept)"
_PLACES = [(f"y{k}", f"z{k}", k) for k in "ijfo"] + [("c", "c_sum", "c")]


def _norms(text: str) -> str:
    return "".join(text.format(y=y, x=x, k=k) for y, x, k in _PLACES)


def _some(value):
    return [] if value is None else [value]


def _layer(b, gx, wh, bias, first, words, lengths, attributes):
    """Gives the states by name, the normalised gates and what is kept of their rows."""
    z = b.AddV2(gx["z"], bias["z"][0]) if bias["z"] else gx["z"]
    scales = [words[name] for name in _SCALES]
    factors = [b.Mul(words["kept"], words["inverse"])] if "kept" in words else []
    ends = _some(lengths)
    hs, cs, gates, statistics = b.LayerNormLstmSequence(
        z,
        wh["z"],
        *scales,
        first["h"],
        first["c"],
        *factors,
        *ends,
        S=len(scales),
        M=len(factors),
        L=len(ends),
        **_options(attributes),
    )
    found = {"h": hs, "c": cs, "gates": gates, "statistics": statistics}
    return {**found, **dict(zip(["factors"], factors, strict=False))}


def _options(attributes: Values) -> Values:
    return {name: attributes[name] for name in ("forget_bias", "epsilon", "activation")}


def _gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of the affine sum, of the initial states, and of gammas and betas."""
    arriving = [_some(v) for v in (terms["h"], last["h"], last["c"], terms["c"])]
    scales = [words[name] for name in _SCALES]
    factors, ends = _some(layer.get("factors")), _some(lengths)
    dz, dh, dc, dscales = b.LayerNormLstmSequenceGrad(
        *itertools.chain(*arriving),
        *(layer[name] for name in ("gates", "statistics", "h", "c")),
        wh["z"],
        *scales,
        *factors,
        *ends,
        **dict(zip("DMKC", map(len, arriving), strict=True)),
        S=len(scales),
        F=len(factors),
        L=len(ends),
        **_options(attributes),
    )
    return {"dz": dz, "dh": dh, "dc": dc, "dscales": dscales}


def _of_scale(number: int):
    """How the gradient of a gamma or beta is had."""

    def rule(b, found):
        row = b.Narrow(found["dscales"], begin=number, size=1)
        return b.Reshape(row, b.constant([-1]))

    return rule


def _sums():
    """Of the gradients of gammas and betas, what is summed over rows."""
    found = {}
    for number, (y, _, k) in enumerate(_PLACES):
        found[f"Mul(one_over_{k}, dscale_{k})"] = _of_scale(number)
        found[f"d{y}"] = _of_scale(number + len(_PLACES))
    return found


def _declare(activation: str, dropped: bool) -> None:
    """The cell, with dropout of what enters the memory if it is `dropped`: `kept` are zeros and
    ones, `inverse` is a number above one.
    """
    squash, slope = SQUASHES[activation]
    entering, dj = ("entering", "Mul(dscaled, inverse)") if dropped else ("j", "Mul(dc_sum, i)")
    named = ["recurrent dropout"] * dropped + [activation] * (activation != "tanh")
    declare_cell(
        Cell(
            ", ".join(["lstm with layer norm", *named]),
            states=("c", "h"),
            forward=f"""
                h = Mul(tanh_c, o)
                tanh_c = {squash}(c)
                {_norms(_NORM)}
                c_sum = Plus(Mul(c_prev, f), Mul(i, {entering}))
                {_DROPOUT * dropped}
                i = Sigmoid(yi)
                j = {squash}(yj)
                f = Sigmoid(Plus(yf, forget_bias))
                o = Sigmoid(yo)
                zi, zj, zf, zo = Split(axis, z)
                z = Affine(h_prev)
            """,
            roots=("dz",),
            backward=f"""
                dz = Join(dzi, dzj, dzf, dzo, axis)
                {_norms(_NORM_GRADIENT)}
                dyi = SigmoidGrad(i, Mul(dc_sum, {entering}))
                dyj = {slope.format(y="j", dy=dj)}
                {_DROPOUT_GRADIENT * dropped}
                dyf = SigmoidGrad(f, Mul(dc_sum, c_prev))
                dyo = SigmoidGrad(o, Mul(dh, tanh_c))
                dzo = Zeros(dh)
                dc = Sum(*c_terms, {slope.format(y="tanh_c", dy="Mul(dh, o)")})
                dc = IfZeros(dh, Sum(*c_terms))
            """,
            outgoing={"c": ("Mul(dc_sum, f)",)},
            groups=_GROUPS,
            commutative=COMMUTATIVE,
            attributes={"forget_bias": 0.0, "activation": activation},
            constants={"forget_bias": None, "epsilon": None, "axis": 1},
            vectors=_SCALES + ("inverse",) * dropped,
            every=("kept",) * dropped,
            outputs=("h", "c"),
            layer=_layer,
            gradient=_gradient,
            views={},
            gradient_views={},
            sums=_sums(),
        )
    )


for _activation, _dropped in itertools.product(SQUASHES, (False, True)):
    _declare(_activation, _dropped)
