"""How the planner writes down a recurrent layer and its gradient, by cell.

`b` makes steps (`plan.build.Builder`). Dictionaries go by the words of the cell's equations: `gx`,
`wh` and `bias` (a list of at most one) by affine sum, `first`, `terms` and `last` by state. Where
there is a `mask` among `words`, the layer also gives what steps give, `given`.
"""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]

PEEPHOLES = ("peephole_i", "peephole_f", "peephole_o")


def _peepholes(words: Values) -> list[Any]:
    return [words[name] for name in PEEPHOLES if name in words]


def _given(value: Any) -> list[Any]:
    return [] if value is None else [value]


def _columns(b: Any, x: Any, part: int, parts: int) -> Any:
    size = x.dims[-1] // parts
    return b.Narrow(x, axis=len(x.dims) - 1, begin=part * size, size=size)


# -- LSTM ------------------------------------------------------------------------------------------


def symmetric(attributes: Values) -> bool:
    """Whether the limits that values are clipped to are one number and its negative."""
    return all(
        attributes[f"{name}_min"] == -attributes[f"{name}_max"]
        for name in ("cell", "out")
        if f"{name}_max" in attributes
    )


def _options(attributes: Values) -> Values:
    """Numbers that states are clipped to, 0 where they are not; and the activation."""
    return {
        "cell_clip": attributes.get("cell_max", 0.0),
        "projection_clip": attributes.get("out_max", 0.0),
        "activation": attributes["activation"],
    }


def _projection(words: Values) -> list[Any]:
    return _given(words.get("projection"))


def lstm(b, gx, wh, bias, first, words, lengths, attributes):
    """Gives the states by name, the gates, and with a projection what is projected."""
    peepholes, projection = _peepholes(words), _projection(words)
    given = [*bias["z"], first["h"], first["c"], *peepholes, *projection, *_given(lengths)]
    counts = {"K": len(bias["z"]), "P": len(peepholes), "L": len(_given(lengths))}
    make = b.ProjectedLstmSequence if projection else b.LstmSequence
    options = _options(attributes)
    if not projection:
        del options["projection_clip"]
    if "mask" in words:
        make, given = b.DroppedLstmSequence, [*given, words["mask"]]
    hs, cs, gates, *more = make(
        gx["z"], wh["z"], *given, **counts, forget_bias=attributes["forget_bias"], **options
    )
    name = "given" if "mask" in words else "m"
    return {"h": hs, "c": cs, "gates": gates, **dict(zip([name], more, strict=False))}


def lstm_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of the affine sum, `dz`, and of the initial states, `dh` and `dc`; with a
    projection also of its product."""
    dout, h_last, c_last = _given(terms["h"]), _given(last["h"]), _given(last["c"])
    mask, dcs = _given(words.get("mask")), _given(terms["c"])
    peepholes, projection = _peepholes(words), _projection(words)
    saved = [layer["gates"], layer["h"], layer["c"], wh["z"], *peepholes, *projection]
    counts = {"D": len(dout), "M": len(h_last), "K": len(c_last), "P": len(peepholes)}
    make = b.ProjectedLstmSequenceGrad if projection else b.LstmSequenceGrad
    if mask or dcs:
        make = b.GeneralLstmSequenceGrad
        counts |= {"S": len(mask), "C": len(dcs)}
    options = _options(attributes)
    if not projection:
        del options["projection_clip"]
    dz, dh, dc, *dproduct = make(
        *dout,
        *h_last,
        *c_last,
        *saved,
        *_given(lengths),
        *mask,
        *dcs,
        **counts,
        L=len(_given(lengths)),
        **options,
    )
    return {"dz": dz, "dh": dh, "dc": dc, **dict(zip(["dproduct"], dproduct, strict=False))}


def lstm_gradient_past_clip(b, layer, wh, terms, last, words, lengths, attributes):
    """As if the cell had not been clipped."""
    unclipped = {**attributes, "cell_max": 0.0}
    return lstm_gradient(b, layer, wh, terms, last, words, lengths, unclipped)


def _after(b, states):
    """The states after each step."""
    return b.Narrow(states, begin=1, size=states.dims[0] - 1)


LSTM_ROLES = {
    "i": lambda b, layer: _columns(b, layer["gates"], 0, 4),
    "j": lambda b, layer: _columns(b, layer["gates"], 1, 4),
    "f": lambda b, layer: _columns(b, layer["gates"], 2, 4),
    "o": lambda b, layer: _columns(b, layer["gates"], 3, 4),
    "tanh_c": lambda b, layer: b.Tanh(_after(b, layer["c"])),
}
RELU_LSTM_ROLES = {**LSTM_ROLES, "tanh_c": lambda b, layer: b.Relu(_after(b, layer["c"]))}
PROJECTED_LSTM_ROLES = {"m": lambda b, layer: layer["m"]}
LSTM_GRADIENT_ROLES = {
    "dzi": lambda b, found: _columns(b, found["dz"], 0, 4),
    "dzj": lambda b, found: _columns(b, found["dz"], 1, 4),
    "dzf": lambda b, found: _columns(b, found["dz"], 2, 4),
    "dzo": lambda b, found: _columns(b, found["dz"], 3, 4),
}


def gradient_of_product(b, found):
    """The gradient of what the projection gives, before it is clipped."""
    return found["dproduct"]


# -- GRU -------------------------------------------------------------------------------------------


def gru(b, gx, wh, bias, first, words, lengths, attributes):
    """Gives the states, the gates r and u, the candidate and r h."""
    make = b.DroppedGruSequence if "mask" in words else b.GruSequence
    hs, gates, candidate, rh, *given = make(
        gx["z"],
        gx["zc"],
        wh["z"],
        wh["zc"],
        *bias["z"],
        *bias["zc"],
        first["h"],
        *_given(lengths),
        *_given(words.get("mask")),
        K=len(bias["z"]),
        M=len(bias["zc"]),
        L=len(_given(lengths)),
        activation=attributes["activation"],
    )
    found = {"h": hs, "gates": gates, "candidate": candidate, "rh": rh}
    return {**found, **dict(zip(["given"], given, strict=False))}


def gru_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of both affine sums and of the initial state."""
    dout, h_last = _given(terms["h"]), _given(last["h"])
    make = b.DroppedGruSequenceGrad if "mask" in words else b.GruSequenceGrad
    dz, dzc, dh = make(
        *dout,
        *h_last,
        layer["gates"],
        layer["candidate"],
        layer["rh"],
        layer["h"],
        wh["z"],
        wh["zc"],
        *_given(lengths),
        *_given(words.get("mask")),
        D=len(dout),
        M=len(h_last),
        L=len(_given(lengths)),
        activation=attributes["activation"],
    )
    return {"dz": dz, "dzc": dzc, "dh": dh}


def gru_after(b, gx, wh, bias, first, words, lengths, attributes):
    """Gives the states, the gates r and u, the candidate and the sum that r multiplies."""
    hs, gates, candidate, zh = b.GruAfterSequence(
        gx["z"],
        gx["zx"],
        wh["z"],
        wh["zh"],
        *bias["z"],
        *bias["zx"],
        *bias["zh"],
        first["h"],
        *_given(lengths),
        K=len(bias["z"]),
        M=len(bias["zx"]),
        R=len(bias["zh"]),
        L=len(_given(lengths)),
    )
    return {"h": hs, "gates": gates, "candidate": candidate, "zh": zh}


def gru_after_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of the three affine sums and of the initial state."""
    dout, h_last = _given(terms["h"]), _given(last["h"])
    dz, dzx, dzh, dh = b.GruAfterSequenceGrad(
        *dout,
        *h_last,
        layer["gates"],
        layer["candidate"],
        layer["zh"],
        layer["h"],
        wh["z"],
        wh["zh"],
        *_given(lengths),
        D=len(dout),
        M=len(h_last),
        L=len(_given(lengths)),
    )
    return {"dz": dz, "dzx": dzx, "dzh": dzh, "dh": dh}


GRU_ROLES = {
    "gates": lambda b, layer: layer["gates"],
    "r": lambda b, layer: _columns(b, layer["gates"], 0, 2),
    "u": lambda b, layer: _columns(b, layer["gates"], 1, 2),
    "candidate": lambda b, layer: layer["candidate"],
    "rh": lambda b, layer: layer["rh"],
}
GRU_AFTER_ROLES = {
    **{word: GRU_ROLES[word] for word in ("gates", "r", "u", "candidate")},
    "zh": lambda b, layer: layer["zh"],
}
# of a GRU whose kernel has 1 - u for u
NEGATED_GRU_ROLES = {
    "r": GRU_ROLES["r"],
    "keep": GRU_ROLES["u"],
    "u": lambda b, layer: b.Sub(
        b.OnesLike(_columns(b, layer["gates"], 1, 2)), _columns(b, layer["gates"], 1, 2)
    ),
    "candidate": GRU_ROLES["candidate"],
    "rh": GRU_ROLES["rh"],
}


# -- the plain cell --------------------------------------------------------------------------------


def rnn(b, gx, wh, bias, first, words, lengths, attributes):
    """Gives the states."""
    inputs = [gx["z"], wh["z"], *bias["z"], first["h"], *_given(lengths)]
    counts = {"K": len(bias["z"]), "L": len(_given(lengths))}
    if "mask" in words:
        inputs.append(words["mask"])
        hs, given = b.DroppedRnnSequence(*inputs, activation=attributes["activation"], **counts)
        return {"h": hs, "given": given}
    return {"h": b.RnnSequence(*inputs, activation=attributes["activation"], **counts)}


def rnn_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of the affine sum and of the initial state."""
    dout, h_last = _given(terms["h"]), _given(last["h"])
    make = b.DroppedRnnSequenceGrad if "mask" in words else b.RnnSequenceGrad
    dz, dh = make(
        *dout,
        *h_last,
        layer["h"],
        *_given(layer.get("given")),
        wh["z"],
        *_given(lengths),
        *_given(words.get("mask")),
        D=len(dout),
        M=len(h_last),
        L=len(_given(lengths)),
        activation=attributes["activation"],
    )
    return {"dz": dz, "dh": dh}
