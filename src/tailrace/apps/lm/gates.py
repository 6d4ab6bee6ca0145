"""What the gates of an LSTM do: which units open on which characters, as a picture.

Gates are computed anew, outside the graph, from the states that reading leaves behind:

    i, f, o = sigmoid([x_t, h_(t-1)] W + b), the forget gate's b one higher
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.report import new_figure, png
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.lm.reading import Reader

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

GATES = "gates.png"
# cells whose kernel is [x, h] -> i j f o
CELLS = ("lstm", "lstm-basic", "lstm-block")
# the picture's text, its units and its characters
LENGTH, UNITS, CHARACTERS = 1500, 24, 40
FORGET_BIAS = 1.0


class Gates(NamedTuple):
    """Mean opening of each unit's gates per character read, 0 to 1: [C, H] each."""

    symbols: Ids  # [C], the characters by frequency
    input: Floats
    forget: Floats
    output: Floats


def observe(reader: Reader, ids: Ids) -> Gates:
    """The first layer's gates while it reads `ids` [T]."""
    states = _outputs_before(reader, ids)
    values = dict(zip((v.op.name for v in reader.variables), _values(reader), strict=True))
    kernel = next(v for name, v in values.items() if "layer_0" in name and name.endswith("kernel"))
    bias = next(v for name, v in values.items() if "layer_0" in name and name.endswith("bias"))
    embedded = _embedded(reader, values, ids)
    sums = np.concatenate([embedded, states], 1) @ kernel + bias
    i, _, f, o = np.split(sums.astype(np.float64), 4, axis=1)
    seen, counts = np.unique(ids, return_counts=True)
    seen = seen[np.argsort(-counts, kind="stable")][:CHARACTERS]

    def means(gate: Floats) -> Floats:
        opened = 1 / (1 + np.exp(-gate))
        return np.stack([opened[ids == symbol].mean(0) for symbol in seen])

    return Gates(seen, means(i), means(f + FORGET_BIAS), means(o))


def _embedded(reader: Reader, values: dict[str, NDArray[np.float32]], ids: Ids) -> NDArray[Any]:
    """What the first layer reads, [T, E]."""
    rows, longest = reader.inputs.encode(ids), reader.inputs.groups.longest
    symbols = values["model/symbols"]
    embedded = symbols[rows[:, 0]]
    if longest > 1:
        embedded = embedded + values["model/groups"][rows[:, 1:longest] - len(symbols)].sum(1)
    if reader.inputs.matches is not None:
        foretold, kinds = values["model/foretold"], values["model/kinds"]
        embedded = embedded + foretold[rows[:, -2]] * kinds[rows[:, -1]]
    return embedded


def _values(reader: Reader) -> list[NDArray[np.float32]]:
    return reader.session.run(reader.variables)


def _outputs_before(reader: Reader, ids: Ids) -> NDArray[np.float32]:
    """The first layer's output before each symbol: [T, H]."""
    reading, outputs = reader.start(), []
    for symbol in ids:
        # the layer's states are c, h
        outputs.append(reading.states[1][0])
        _, reading = reader.read(reading, np.array([[symbol]]))
    return np.stack(outputs)


def draw_gates(gates: Gates, vocabulary: Vocabulary) -> bytes:
    """The units whose gates tell characters apart best, as PNG: a panel for each kind of gate."""
    figure = new_figure(9, 9)
    names = [_shown(vocabulary.symbols[symbol]) for symbol in gates.symbols]
    panels = figure.subplots(3, 1)
    image = None
    for axes, (name, values) in zip(
        panels,
        [("input", gates.input), ("forget", gates.forget), ("output", gates.output)],
        strict=True,
    ):
        units = np.sort(np.argsort(-values.std(0), kind="stable")[:UNITS])
        image = axes.imshow(values[:, units].T, vmin=0, vmax=1, cmap="viridis", aspect="auto")
        axes.set_title(f"{name} gate", fontsize=10)
        axes.set_ylabel("unit")
        axes.set_yticks(range(len(units)), [str(unit) for unit in units], fontsize=6)
        axes.set_xticks(range(len(names)), names, fontsize=8, family="monospace")
    assert image is not None
    figure.colorbar(image, ax=list(panels), label="open (mean)", shrink=0.5)
    return png(figure)


def _shown(symbol: str) -> str:
    return {" ": "␣", "\n": "↵", "\t": "⇥"}.get(symbol, symbol.replace("$", r"\$"))
