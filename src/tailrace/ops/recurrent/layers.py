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
    peepholes, projection, mask = _peepholes(words), _projection(words), _given(words.get("mask"))
    hs, cs, gates, *more = b.LstmSequence(
        gx["z"],
        wh["z"],
        *bias["z"],
        first["h"],
        first["c"],
        *peepholes,
        *projection,
        *_given(lengths),
        *mask,
        K=len(bias["z"]),
        P=len(peepholes),
        R=len(projection),
        L=len(_given(lengths)),
        S=len(mask),
        forget_bias=attributes["forget_bias"],
        **_options(attributes),
    )
    names = ["m"] * len(projection) + ["given"] * len(mask)
    return {"h": hs, "c": cs, "gates": gates, **dict(zip(names, more, strict=True))}


def lstm_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of the affine sum, `dz`, and of the initial states, `dh` and `dc`; with a
    projection also of its product."""
    dout, h_last, c_last = _given(terms["h"]), _given(last["h"]), _given(last["c"])
    mask, dcs = _given(words.get("mask")), _given(terms["c"])
    peepholes, projection = _peepholes(words), _projection(words)
    dz, dh, dc, *dproduct = b.LstmSequenceGrad(
        *dout,
        *h_last,
        *c_last,
        layer["gates"],
        layer["h"],
        layer["c"],
        wh["z"],
        *peepholes,
        *projection,
        *_given(lengths),
        *mask,
        *dcs,
        D=len(dout),
        M=len(h_last),
        K=len(c_last),
        P=len(peepholes),
        R=len(projection),
        L=len(_given(lengths)),
        S=len(mask),
        C=len(dcs),
        **_options(attributes),
    )
    product = dict(zip(["dproduct"] * len(projection), dproduct, strict=True))
    return {"dz": dz, "dh": dh, "dc": dc, **product}


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
    mask = _given(words.get("mask"))
    hs, gates, candidate, rh, *given = b.GruSequence(
        gx["z"],
        gx["zc"],
        wh["z"],
        wh["zc"],
        *bias["z"],
        *bias["zc"],
        first["h"],
        *_given(lengths),
        *mask,
        K=len(bias["z"]),
        M=len(bias["zc"]),
        L=len(_given(lengths)),
        S=len(mask),
        activation=attributes["activation"],
    )
    found = {"h": hs, "gates": gates, "candidate": candidate, "rh": rh}
    return {**found, **dict(zip(["given"] * len(mask), given, strict=True))}


def gru_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of both affine sums and of the initial state."""
    dout, h_last = _given(terms["h"]), _given(last["h"])
    mask = _given(words.get("mask"))
    dz, dzc, dh = b.GruSequenceGrad(
        *dout,
        *h_last,
        layer["gates"],
        layer["candidate"],
        layer["rh"],
        layer["h"],
        wh["z"],
        wh["zc"],
        *_given(lengths),
        *mask,
        D=len(dout),
        M=len(h_last),
        L=len(_given(lengths)),
        S=len(mask),
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
    mask = _given(words.get("mask"))
    made = b.RnnSequence(
        gx["z"],
        wh["z"],
        *bias["z"],
        first["h"],
        *_given(lengths),
        *mask,
        K=len(bias["z"]),
        L=len(_given(lengths)),
        S=len(mask),
        activation=attributes["activation"],
    )
    return dict(zip(("h", "given"), made, strict=True)) if mask else {"h": made}


def rnn_gradient(b, layer, wh, terms, last, words, lengths, attributes):
    """Gives the gradients of the affine sum and of the initial state."""
    dout, h_last = _given(terms["h"]), _given(last["h"])
    mask = _given(words.get("mask"))
    dz, dh = b.RnnSequenceGrad(
        *dout,
        *h_last,
        layer["h"],
        wh["z"],
        *_given(lengths),
        *mask,
        *_given(layer.get("given")),
        D=len(dout),
        M=len(h_last),
        L=len(_given(lengths)),
        S=len(mask),
        activation=attributes["activation"],
    )
    return {"dz": dz, "dh": dh}
