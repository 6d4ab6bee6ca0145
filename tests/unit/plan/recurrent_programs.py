"""Recurrent programs of many kinds, and whether the planner makes layers of them.

Run as a script it prints the tables of docs/recurrent.md.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np

import tailrace as tf
from tailrace.plan.ir import Fused, Loop

B, T, X, H = 3, 6, 4, 5
DTYPE = tf.float64
rnn = tf.nn.rnn_cell
contrib = tf.contrib.rnn
seq2seq = tf.contrib.legacy_seq2seq

CELLS: dict[str, Callable[[], Any]] = {
    "BasicRNNCell": lambda: rnn.BasicRNNCell(H),
    "BasicRNNCell, relu": lambda: rnn.BasicRNNCell(H, activation=tf.nn.relu),
    "BasicRNNCell, sigmoid": lambda: rnn.BasicRNNCell(H, activation=tf.sigmoid),
    "BasicLSTMCell": lambda: rnn.BasicLSTMCell(H),
    "BasicLSTMCell, relu": lambda: rnn.BasicLSTMCell(H, activation=tf.nn.relu),
    "BasicLSTMCell, states in one tensor": lambda: rnn.BasicLSTMCell(H, state_is_tuple=False),
    "LSTMCell": lambda: rnn.LSTMCell(H),
    "LSTMCell, states in one tensor": lambda: rnn.LSTMCell(H, state_is_tuple=False),
    "LSTMCell, peepholes": lambda: rnn.LSTMCell(H, use_peepholes=True),
    "LSTMCell, cell clip": lambda: rnn.LSTMCell(H, cell_clip=0.5),
    "LSTMCell, projection": lambda: rnn.LSTMCell(H, num_proj=X),
    "LSTMCell, projection and clips": lambda: rnn.LSTMCell(
        H, use_peepholes=True, cell_clip=0.5, num_proj=X, proj_clip=0.1
    ),
    "LSTMCell and GRUCell, states in one tensor": lambda: rnn.MultiRNNCell(
        [rnn.LSTMCell(H, state_is_tuple=False), rnn.GRUCell(H)], state_is_tuple=False
    ),
    "GRUCell": lambda: rnn.GRUCell(H),
    "GRUCell, relu": lambda: rnn.GRUCell(H, activation=tf.nn.relu),
    "LSTMBlockCell": lambda: contrib.LSTMBlockCell(H),
    "LSTMBlockCell, peepholes": lambda: contrib.LSTMBlockCell(H, use_peephole=True),
    "LSTMBlockCell, cell clip": lambda: contrib.LSTMBlockCell(H, cell_clip=0.5),
    "GRUBlockCellV2": lambda: contrib.GRUBlockCellV2(H),
    "LayerNormBasicLSTMCell": lambda: contrib.LayerNormBasicLSTMCell(H),
    "LayerNormBasicLSTMCell, without norm": lambda: contrib.LayerNormBasicLSTMCell(
        H, layer_norm=False
    ),
    "LayerNormBasicLSTMCell, recurrent dropout": lambda: contrib.LayerNormBasicLSTMCell(
        H, dropout_keep_prob=0.7, dropout_prob_seed=1
    ),
    "CudnnCompatibleLSTMCell": lambda: tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(H),
    "CudnnCompatibleGRUCell": lambda: tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(H),
    "CoupledInputForgetGateLSTMCell": lambda: contrib.CoupledInputForgetGateLSTMCell(H),
    "UGRNNCell": lambda: contrib.UGRNNCell(H),
    "NASCell": lambda: contrib.NASCell(H),
    "SRUCell": lambda: contrib.SRUCell(X),
    "IndRNNCell": lambda: contrib.IndRNNCell(H),
    "IndyGRUCell": lambda: contrib.IndyGRUCell(H),
    "IndyLSTMCell": lambda: contrib.IndyLSTMCell(H),
    "GLSTMCell": lambda: contrib.GLSTMCell(8, number_of_groups=2),
}


def _dropout(cell: Any, **keep: Any) -> Any:
    return rnn.DropoutWrapper(cell, dtype=DTYPE, seed=3, **keep)


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "none": lambda cell: cell,
    "input dropout": lambda cell: _dropout(cell, input_keep_prob=0.7),
    "output dropout": lambda cell: _dropout(cell, output_keep_prob=0.7),
    "state dropout": lambda cell: _dropout(cell, state_keep_prob=0.7),
    "all three": lambda cell: _dropout(
        cell, input_keep_prob=0.9, output_keep_prob=0.8, state_keep_prob=0.7
    ),
    "variational input and output": lambda cell: _dropout(
        cell,
        input_keep_prob=0.9,
        output_keep_prob=0.8,
        variational_recurrent=True,
        input_size=X,
    ),
    "variational, all three": lambda cell: _dropout(
        cell,
        input_keep_prob=0.9,
        output_keep_prob=0.8,
        state_keep_prob=0.7,
        variational_recurrent=True,
        input_size=X,
    ),
    "ResidualWrapper": lambda cell: rnn.ResidualWrapper(cell, lambda x, y: y + x[:, :1]),
    "InputProjectionWrapper": lambda cell: contrib.InputProjectionWrapper(cell, 3),
    "OutputProjectionWrapper": lambda cell: contrib.OutputProjectionWrapper(cell, 3),
    "DeviceWrapper": lambda cell: contrib.DeviceWrapper(cell, "/cpu:0"),
    "MultiRNNCell of two": lambda cell: rnn.MultiRNNCell([cell, rnn.GRUCell(H)]),
}


@dataclasses.dataclass
class Program:
    """What is fetched, forward and in training, and what is fed; `layers` are those wanted."""

    forward: list[Any]
    feeds: dict[Any, Any]
    layers: int = 1
    training: list[Any] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.training = self.training or self._differentiated()

    def _differentiated(self) -> list[Any]:
        """The values and the gradients of all weights and of what is fed."""
        loss = tf.add_n([tf.reduce_sum(tf.sin(value)) for value in self.forward])
        variables = [*tf.trainable_variables(), *(f for f in self.feeds if f.dtype.is_floating)]
        found = [d for d in tf.gradients(loss, variables) if d is not None]
        return [*self.forward, *map(tf.convert_to_tensor, found)]


def _flat(*values: Any) -> list[Any]:
    return [tf.convert_to_tensor(v) for v in tf.contrib.framework.nest.flatten(values)]


def _depth(cell: Any) -> int:
    return 8 if isinstance(cell, contrib.GLSTMCell) else X


def _dtype(cell: Any) -> Any:
    return tf.float32 if isinstance(cell, (contrib.LSTMBlockCell, contrib.GRUBlockCell)) else DTYPE


def sequence(cell: Any) -> tuple[Any, dict[Any, Any]]:
    """A fed sequence [B, T, depth]."""
    shape = [B, T, _depth(cell)]
    x = tf.placeholder(_dtype(cell), shape)
    return x, {x: np.random.RandomState(1).randn(*shape)}


def _lengths(feeds: dict[Any, Any]) -> Any:
    lengths = tf.placeholder(tf.int32, [B])
    feeds[lengths] = [6, 2, 4]
    return lengths


def static(make: Callable[[], Any]) -> Program:
    """Unrolled."""
    cell = make()
    x, feeds = sequence(cell)
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=_dtype(cell))
    return Program(_flat(tf.stack(outputs), state), feeds)


def static_lengths(make: Callable[[], Any]) -> Program:
    """Unrolled, with sequences of several lengths."""
    cell = make()
    x, feeds = sequence(cell)
    outputs, state = tf.nn.static_rnn(
        cell, tf.unstack(x, axis=1), dtype=_dtype(cell), sequence_length=_lengths(feeds)
    )
    return Program(_flat(tf.stack(outputs), state), feeds)


def dynamic(make: Callable[[], Any]) -> Program:
    """A loop."""
    cell = make()
    x, feeds = sequence(cell)
    outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=_dtype(cell))
    return Program(_flat(outputs, state), feeds)


def dynamic_lengths(make: Callable[[], Any]) -> Program:
    """A loop, with sequences of several lengths."""
    cell = make()
    x, feeds = sequence(cell)
    outputs, state = tf.nn.dynamic_rnn(cell, x, _lengths(feeds), dtype=_dtype(cell))
    return Program(_flat(outputs, state), feeds)


def bidirectional(make: Callable[[], Any]) -> Program:
    """Two loops, with sequences of several lengths."""
    cells = make(), make()
    x, feeds = sequence(cells[0])
    outputs, state = tf.nn.bidirectional_dynamic_rnn(
        *cells, x, _lengths(feeds), dtype=_dtype(cells[0])
    )
    return Program(_flat(tf.concat(outputs, 2), state), feeds, 2)


def static_bidirectional(make: Callable[[], Any]) -> Program:
    """Unrolled in both directions."""
    cells = make(), make()
    x, feeds = sequence(cells[0])
    outputs, *states = tf.nn.static_bidirectional_rnn(
        *cells, tf.unstack(x, axis=1), dtype=_dtype(cells[0])
    )
    return Program(_flat(tf.stack(outputs), states), feeds, 2)


def decoder(make: Callable[[], Any]) -> Program:
    """`legacy_seq2seq.rnn_decoder` without a loop function."""
    cell = make()
    x, feeds = sequence(cell)
    start = cell.zero_state(B, _dtype(cell))
    outputs, state = seq2seq.rnn_decoder(tf.unstack(x, axis=1), start, cell)
    return Program(_flat(tf.stack(outputs), state), feeds)


def raw(make: Callable[[], Any]) -> Program:
    """`raw_rnn` that reads its inputs from an array, for as long as the longest sequence is."""
    cell = make()
    x, feeds = sequence(cell)
    lengths = _lengths(feeds)
    array = tf.TensorArray(_dtype(cell), T).unstack(tf.transpose(x, [1, 0, 2]))

    def step(time: Any, output: Any, state: Any, loop_state: Any) -> Any:
        following = cell.zero_state(B, _dtype(cell)) if output is None else state
        ended = time >= lengths
        done = tf.reduce_all(ended)
        zeros = tf.zeros([B, _depth(cell)], _dtype(cell))
        following_input = tf.cond(done, lambda: zeros, lambda: array.read(time))
        return ended, following_input, following, output, None

    outputs, state, _ = tf.nn.raw_rnn(cell, step)
    return Program(_flat(outputs.stack(), state), feeds)


def training_decoder(make: Callable[[], Any]) -> Program:
    """`contrib.seq2seq.BasicDecoder` with a `TrainingHelper`."""
    cell = make()
    x, feeds = sequence(cell)
    helper = tf.contrib.seq2seq.TrainingHelper(x, _lengths(feeds))
    decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, cell.zero_state(B, _dtype(cell)))
    outputs, state, _ = tf.contrib.seq2seq.dynamic_decode(decoder)
    return Program(_flat(outputs.rnn_output, state), feeds)


def imported(make: Callable[[], Any]) -> Program:
    """The training graph of `dynamic_rnn`, written out and imported."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(5)
        cell = make()
        x = tf.placeholder(_dtype(cell), [B, T, _depth(cell)], name="x")
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=_dtype(cell))
        made = Program(_flat(outputs, state), {x: None})
        names = [value.name for value in made.training]
    x, feeds = sequence(cell)
    found = tf.import_graph_def(graph.as_graph_def(), {"x": x}, names, name="")
    return Program(found[: len(made.forward)], feeds, training=found)


LOOPS: dict[str, Callable[[Callable[[], Any]], Program]] = {
    "static_rnn": static,
    "static_rnn, lengths": static_lengths,
    "dynamic_rnn": dynamic,
    "dynamic_rnn, lengths": dynamic_lengths,
}
MORE_LOOPS: dict[str, Callable[[Callable[[], Any]], Program]] = {
    "bidirectional_dynamic_rnn": bidirectional,
    "static_bidirectional_rnn": static_bidirectional,
    "rnn_decoder": decoder,
    "raw_rnn": raw,
    "dynamic_decode": training_decoder,
    "imported": imported,
}
NORMED = "LayerNormBasicLSTMCell"
FEW_CELLS = {name: CELLS[name] for name in ("BasicRNNCell", "LSTMCell", "GRUCell", NORMED)}


def wrapped(wrap: Callable[[Any], Any], loop: Callable[..., Program]) -> Program:
    """A program of an LSTM in a wrapper."""
    return loop(lambda: wrap(rnn.LSTMCell(H)))


def of_cell(make: Callable[[], Any], loop: Callable[..., Program]) -> Program:
    """A program of a cell."""
    return loop(make)


# -- by hand ---------------------------------------------------------------------------------------

Step = Callable[[Any, list[Any]], list[Any]]


def _weight(name: str, *shape: int) -> Any:
    return tf.get_variable(name, shape, DTYPE)


def _own_weights(gates: str, *, row: bool = False, forget: float = 0.0) -> Step:
    """An LSTM with two weights and a bias for each gate."""
    shape = [1, H] if row else [H]
    w = {
        k: (_weight(f"w{k}", X, H), _weight(f"u{k}", H, H), _weight(f"b{k}", *shape)) for k in gates
    }

    def step(x: Any, states: list[Any]) -> list[Any]:
        h, c = states
        z = {k: tf.matmul(x, w[k][0]) + tf.matmul(h, w[k][1]) + w[k][2] for k in gates}
        i, o = tf.sigmoid(z["i"]), tf.sigmoid(z["o"])
        f = tf.sigmoid(z["f"] + forget) if forget else tf.sigmoid(z["f"])
        c = f * c + i * tf.tanh(z["g"])
        return [o * tf.tanh(c), c]

    return step


def _own_kernels() -> Step:
    """An LSTM with a kernel for each gate, all on the concatenation."""
    w = {k: (_weight(f"w{k}", H + X, H), _weight(f"b{k}", H)) for k in "fico"}

    def step(x: Any, states: list[Any]) -> list[Any]:
        h, c = states
        both = tf.concat([h, x], 1)
        f, i, o = (tf.sigmoid(tf.matmul(both, w[k][0]) + w[k][1]) for k in "fio")
        c = f * c + i * tf.tanh(tf.matmul(both, w["c"][0]) + w["c"][1])
        return [o * tf.tanh(c), c]

    return step


def _one_product(order: str, cut: str) -> Step:
    """An LSTM whose gates are parts of one product."""
    w, u, b = _weight("w", X, 4 * H), _weight("u", H, 4 * H), _weight("b", 4 * H)

    def step(x: Any, states: list[Any]) -> list[Any]:
        h, c = states
        z = tf.matmul(x, w) + tf.matmul(h, u) + b
        if cut == "split":
            parts = tf.split(z, 4, 1)
        elif cut == "slice":
            parts = [tf.slice(z, [0, k * H], [-1, H]) for k in range(4)]
        else:
            parts = [z[:, k * H : (k + 1) * H] for k in range(4)]
        i, f, o, g = (parts[order.index(k)] for k in "ifog")
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return [tf.sigmoid(o) * tf.tanh(c), c]

    return step


def _gru(*, new: bool, bias: bool = True) -> Step:
    """A GRU with two weights for each gate; `new`: u lets new values in."""
    w = {k: (_weight(f"w{k}", X, H), _weight(f"u{k}", H, H), _weight(f"b{k}", H)) for k in "ruc"}

    def of(k: str, x: Any, h: Any) -> Any:
        z = tf.matmul(x, w[k][0]) + tf.matmul(h, w[k][1])
        return z + w[k][2] if bias else z

    def step(x: Any, states: list[Any]) -> list[Any]:
        (h,) = states
        r, u = tf.sigmoid(of("r", x, h)), tf.sigmoid(of("u", x, h))
        candidate = tf.tanh(of("c", x, r * h))
        return [(1 - u) * h + u * candidate if new else u * h + (1 - u) * candidate]

    return step


def _elman() -> Step:
    w, u, b = _weight("w", X, H), _weight("u", H, H), _weight("b", H)
    return lambda x, states: [tf.tanh(tf.matmul(x, w) + tf.matmul(states[0], u) + b)]


BY_HAND: dict[str, Callable[[], tuple[Step, int]]] = {
    "plain cell": lambda: (_elman(), 1),
    "LSTM, weights for each gate": lambda: (_own_weights("ifog"), 2),
    "LSTM, weights for each gate, biases [1, H]": lambda: (
        _own_weights("igfo", row=True, forget=1.0),
        2,
    ),
    "LSTM, a kernel for each gate": lambda: (_own_kernels(), 2),
    "LSTM, split in the order i f o g": lambda: (_one_product("ifog", "split"), 2),
    "LSTM, split in the order f i g o": lambda: (_one_product("figo", "split"), 2),
    "LSTM, cut by z[:, a:b]": lambda: (_one_product("ifog", "[:]"), 2),
    "LSTM, cut by tf.slice": lambda: (_one_product("igfo", "slice"), 2),
    "GRU, weights for each gate": lambda: (_gru(new=False), 1),
    "GRU, u for what is new": lambda: (_gru(new=True), 1),
    "GRU, without biases": lambda: (_gru(new=True, bias=False), 1),
}


def _begin(make: Callable[[], tuple[Step, int]]) -> tuple[Step, Any, dict[Any, Any], list[Any]]:
    x = tf.placeholder(DTYPE, [B, T, X])
    step, count = make()
    return step, x, {x: np.random.RandomState(1).randn(B, T, X)}, [tf.zeros([B, H], DTYPE)] * count


def unrolled(make: Callable[[], Any]) -> Program:
    """A loop of Python."""
    step, x, feeds, states = _begin(make)
    outputs = []
    for x_t in tf.unstack(x, axis=1):
        states = step(x_t, states)
        outputs.append(states[0])
    return Program([tf.stack(outputs), *states], feeds)


def while_loop(make: Callable[[], Any]) -> Program:
    """`tf.while_loop` with tensor arrays."""
    step, x, feeds, states = _begin(make)
    inputs = tf.TensorArray(DTYPE, T).unstack(tf.transpose(x, [1, 0, 2]))

    def body(t: Any, outputs: Any, *states: Any) -> list[Any]:
        following = step(inputs.read(t), list(states))
        return [t + 1, outputs.write(t, following[0]), *following]

    start = [tf.constant(0), tf.TensorArray(DTYPE, T), *states]
    _, outputs, *last = tf.while_loop(lambda t, *_: t < T, body, start)
    return Program([outputs.stack(), *last], feeds)


def scan(make: Callable[[], Any]) -> Program:
    """`tf.scan` with a tuple of states, of which the first one is used."""
    step, x, feeds, states = _begin(make)
    if len(states) == 1:
        found = [tf.scan(lambda h, x: step(x, [h])[0], tf.transpose(x, [1, 0, 2]), states[0])]
    else:
        found = tf.scan(
            lambda a, x: tuple(step(x, list(a))), tf.transpose(x, [1, 0, 2]), tuple(states)
        )
    return Program([found[0]], feeds)


def packed_scan(make: Callable[[], Any]) -> Program:
    """`tf.scan` with all states in one tensor."""
    step, x, feeds, states = _begin(make)
    found = tf.scan(
        lambda a, x: tf.stack(step(x, tf.unstack(a))),
        tf.transpose(x, [1, 0, 2]),
        tf.stack(states),
    )
    return Program([found[:, 0]], feeds)


BY_HAND_LOOPS: dict[str, Callable[..., Program]] = {
    "unrolled": unrolled,
    "while_loop": while_loop,
    "scan": scan,
    "scan, states in one tensor": packed_scan,
}


# title: rows, columns, and the program of each of them
TABLES: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[..., Program]]] = {
    "Cells": (CELLS, LOOPS, of_cell),
    "Loops": (FEW_CELLS, MORE_LOOPS, of_cell),
    "Wrappers around `LSTMCell`": (WRAPPERS, LOOPS, wrapped),
    "By hand": (BY_HAND, BY_HAND_LOOPS, of_cell),
}


# -- whether there are layers ----------------------------------------------------------------------


def _unrolled(steps: list[Any]) -> int:
    return sum(s.op_def.name in ("MatMul", "BlockLSTM", "LSTMBlockCell") for s in steps)


def planned(fetches: list[Any], feeds: dict[Any, Any]) -> list[Any]:
    """The steps of a plan, those that would run as one native call one by one."""
    off = {os.environ.get("TAILRACE_PASSES", ""), "bundles"} - {""}
    passes = "none" if "none" in off else ",".join(off)
    with mock.patch.dict(os.environ, TAILRACE_PASSES=passes), tf.Session() as session:
        return session.plan(fetches, feeds).steps


def recognised(fetches: list[Any], feeds: dict[Any, Any], layers: int) -> bool:
    """Whether layers do what a plan has of recurrent cells, none of it step by step."""
    steps = planned(fetches, feeds)
    names = [s.op_def.name for s in steps if isinstance(s, Fused)]
    made = sum(name.endswith("Sequence") for name in names)
    return made >= layers and not any(isinstance(s, Loop) for s in steps) and _unrolled(steps) < T


def outcome(program: Program) -> str:
    """What becomes layers: "yes" for all of it, "forward", or "no"."""
    if not recognised(program.forward, program.feeds, program.layers):
        return "no"
    steps = planned(program.training, program.feeds)
    backward = sum(s.op_def.name.endswith("SequenceGrad") for s in steps)
    whole = recognised(program.training, program.feeds, program.layers)
    return "yes" if whole and backward >= program.layers else "forward"


def reasons(program: Program) -> list[str]:
    """Why loops and steps stay."""
    with tf.Session() as session:
        plan = session.plan(program.training, program.feeds)
        return [s.stays for s in plan.steps if isinstance(s, Loop)] + plan.notes


def table(title: str) -> str:
    """A table in Markdown."""
    rows, columns, build = TABLES[title]
    lines = [f"## {title}\n", f"| | {' | '.join(columns)} |", f"|---{'|---' * len(columns)}|"]
    for name, row in rows.items():
        found = []
        for column in columns.values():
            with tf.Graph().as_default():
                found.append(outcome(build(row, column)))
        lines.append(f"| {name} | {' | '.join(found)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write("\n\n".join(table(title) for title in sys.argv[1:] or TABLES) + "\n")
