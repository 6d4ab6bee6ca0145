"""What is measured: every case once, with its sizes, its peers and the bars set for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
# engines and the forms that a program has there; the empty form is the only one
Forms = dict[str, tuple[str, ...]]

OWN = "tailrace"
PEERS = {"tensorflow": "TensorFlow 1.15", "torch": "PyTorch"}
TITLES = {OWN: "Tailrace", **PEERS, "apps": "Tailrace's application"}


@dataclass(frozen=True)
class Case:
    """One program at one size.

    `compared` says how many results of the first steps must agree with Tailrace's, by peer: all
    three where the work is the same. `at_least` are the bars: how many times as long as Tailrace a
    peer's step has to take, in its best form; `at_most_s` is a bar on the time itself. `per` is the
    number of items (characters drawn) in a step.
    """

    name: str
    section: str
    program: str
    arguments: dict[str, Any]
    forms: Forms
    compared: dict[str, int] = field(default_factory=lambda: {"tensorflow": 3, "torch": 3})
    at_least: dict[str, float] = field(default_factory=dict)
    at_most_s: float | None = None
    flops: float | None = None
    gemm: tuple[int, int, int] | None = None
    per: int = 1

    def with_sizes(self, **sizes: int) -> Case:
        """The same case at other sizes."""
        return replace(self, arguments={**self.arguments, **sizes})


def recurrent_flops(
    kind: str, vocabulary: int, hidden: int, layers: int, batch: int, steps: int
) -> float:
    """Floating point operations of a training step's matrix products.

    Two a weight and symbol forwards, and twice as many backwards (to the inputs and the weights).
    """
    weights = layers * 2 * hidden * GATES[kind] * hidden + hidden * vocabulary
    return 3.0 * 2.0 * weights * batch * steps


SIZES = (
    {"vocabulary": 65, "hidden": 128, "layers": 2, "batch": 50, "steps": 50},
    {"vocabulary": 65, "hidden": 512, "layers": 2, "batch": 50, "steps": 50},
    {"vocabulary": 10000, "hidden": 200, "layers": 2, "batch": 20, "steps": 20},
    {"vocabulary": 10000, "hidden": 650, "layers": 2, "batch": 20, "steps": 35},
)
SMALL = SIZES[0]
AGAINST_TORCH = {("lstm", 128): 1.5, ("gru", 128): 2.2}
# a GRU of PyTorch is another function; its other layers have two biases for TensorFlow's one, so
# that only the first step is the same
TORCH_COMPARED = {"lstm": 1, "gru": 0, "rnn": 1}


def recurrent_case(kind: str, sizes: dict[str, int]) -> Case:
    """A training step of a recurrent language model."""
    hidden, symbols = sizes["hidden"], sizes["batch"] * sizes["steps"]
    return Case(
        name=f"{kind}-{sizes['vocabulary']}-{hidden}",
        section="recurrent",
        program="recurrent",
        arguments={"kind": kind, **sizes},
        forms={
            OWN: ("dynamic", "static"),
            "tensorflow": ("dynamic", "static") + (("block",) if kind != "rnn" else ()),
            "torch": ("batch_first", "time_major"),
        },
        compared={"tensorflow": 3, "torch": TORCH_COMPARED[kind]},
        at_least={"torch": AGAINST_TORCH.get((kind, hidden), 1.15), "tensorflow": 1.3},
        flops=recurrent_flops(kind, **sizes),
        gemm=(symbols, hidden, GATES[kind] * hidden),
    )


RECURRENT = [recurrent_case(kind, sizes) for sizes in SIZES for kind in GATES]


def sample_case(name: str, **reads: int) -> Case:
    """What the application needs for a text; `reads` is what else than the default its network
    reads."""
    return Case(
        name=name,
        section="generation",
        program="lm_sample",
        arguments={"characters": 500, "hidden": 128, "layers": 2, **reads},
        forms={"apps": ("",)},
        compared={},
        at_most_s=60e-6,
        per=500,
    )


ALL: Forms = {OWN: ("",), "tensorflow": ("",), "torch": ("",)}
GRAPHS: Forms = {OWN: ("",), "tensorflow": ("",)}

OTHERS = [
    Case(
        name="generation",
        section="generation",
        program="generation",
        arguments={"kind": "lstm", "vocabulary": 65, "hidden": 128, "layers": 2},
        forms=ALL,
        compared={"tensorflow": 3, "torch": 1},
        at_least={"tensorflow": 2.0},
    ),
    sample_case("lm-sample"),
    sample_case("lm-sample-plain", ngram_inputs=1, match_length=0),
    Case(
        name="hand-unrolled-lstm",
        section="graphs",
        program="hand_unrolled",
        arguments=dict(SMALL),
        forms=ALL,
        at_least={"tensorflow": 1.5},
    ),
    Case(
        name="mnist-cnn",
        section="graphs",
        program="mnist_cnn",
        arguments={"batch": 50},
        forms=ALL,
        at_least={"tensorflow": 1.0, "torch": 1.0},
    ),
    Case(
        name="mnist-mlp",
        section="graphs",
        program="mnist_mlp",
        arguments={"hidden": 256, "batch": 100},
        forms=ALL,
        at_least={"tensorflow": 1.0, "torch": 1.0},
    ),
    Case(
        name="word2vec",
        section="graphs",
        program="word2vec",
        arguments={"vocabulary": 50000, "size": 128, "batch": 128, "sampled": 64},
        forms=GRAPHS,
        at_least={"tensorflow": 1.5},
    ),
    Case(
        name="text-cnn",
        section="graphs",
        program="text_cnn",
        arguments={"vocabulary": 5000, "size": 128, "length": 56, "filters": 100, "batch": 64},
        forms=GRAPHS,
        at_least={"tensorflow": 1.0},
    ),
    Case(
        name="batch-norm-mlp",
        section="graphs",
        program="batch_norm_mlp",
        arguments={"hidden": 256, "batch": 100},
        forms=GRAPHS,
        at_least={"tensorflow": 1.0},
    ),
    Case(
        name="trivial-run",
        section="graphs",
        program="trivial",
        arguments={},
        forms=GRAPHS,
        at_most_s=50e-6,
    ),
    Case(
        name="scalar-chain",
        section="graphs",
        program="scalar_chain",
        arguments={},
        forms=GRAPHS,
        at_least={"tensorflow": 1.0},
    ),
]

# what is varied, from the small LSTM, everything else staying
SCALED = {
    "steps": (12, 25, 50, 100, 200),
    "batch": (12, 25, 50, 100, 200),
    "hidden": (64, 128, 256, 512),
    "layers": (1, 2, 3, 4),
}


def _scaling() -> list[Case]:
    cases = {}
    for size, values in SCALED.items():
        for value in values:
            sizes = {**SMALL, size: value}
            name = "scaling-{layers}x{hidden}-{batch}x{steps}".format(**sizes)
            cases[name] = Case(
                name=name,
                section="scaling",
                program="recurrent",
                arguments={"kind": "lstm", **sizes},
                forms={OWN: ("dynamic",)},
                flops=recurrent_flops("lstm", **sizes),
            )
    return list(cases.values())


CASES = {case.name: case for case in [*RECURRENT, *OTHERS, *_scaling()]}
SECTIONS = tuple(dict.fromkeys(case.section for case in CASES.values()))
# over all cases of a section: the geometric mean of how many times as long a peer takes
MEANS = {"recurrent": {"torch": 1.6, "tensorflow": 2.5}}
# those of the program lm_sample are set beside PyTorch's steps of the case generation
SAMPLE_AGAINST_TORCH = 5.0
# relative difference of results below which two engines are taken to do the same work
AGREEMENT = 1e-4
