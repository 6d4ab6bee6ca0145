"""Recurrent layers by cuDNN: TensorFlow's weights and gates as cuDNN has them, and which layers of
a plan it does. cuDNN itself is PyTorch's networks on the CPU here (`cudnn_reference`).
"""

import cudnn_reference
import numpy as np
import pytest
import shared
import torch
from fake_device import Counts, present
from tests.unit.plan import recurrent_programs as programs

import tailrace as tf
from tailrace.native import device_cudnn, recurrent
from tailrace.plan.ir import Fused, Segment

ONE, GRADIENT = "CudnnSequence", "CudnnSequenceGrad"


@pytest.fixture
def on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions that would be cuDNN's take tensors of the CPU."""
    monkeypatch.setattr(device_cudnn, "_forward", cudnn_reference.forward)
    monkeypatch.setattr(device_cudnn, "_backward", cudnn_reference.backward)


@pytest.mark.usefixtures("on_the_host")
@pytest.mark.parametrize("sizes", shared.SIZES, ids=str)
@pytest.mark.parametrize(
    ("mode", "forget_bias"), [("lstm", 1.0), ("lstm", 0.0), ("rnn_tanh", 0.0), ("rnn_relu", 0.0)]
)
@pytest.mark.parametrize("arrives", ["outputs", "ends", "all"])
def test_the_mapping_computes_what_the_native_layer_does(mode, forget_bias, sizes, arrives):
    given = shared.numbers(mode, sizes, arrives)
    found = shared.by_cudnn(mode, given, forget_bias)
    expected = shared.natively(mode, given, forget_bias)
    for value, other in zip(found, expected, strict=True):
        torch.testing.assert_close(value, other, rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("on_the_host")
def test_without_bias_and_without_a_way_back():
    x, wx, wh, h0 = (
        shared.random(4, 2, 3),
        shared.random(3, 20),
        shared.random(5, 20),
        shared.random(2, 5),
    )
    hs, c_last, kept, _ = device_cudnn.sequence(
        "lstm", x, wx, wh, None, h0, h0, forget_bias=0.5, training=False
    )
    gx = (x.reshape(-1, 3) @ wx).view(4, 2, 20)
    expected, cells, _ = recurrent.lstm_forward(gx, wh, None, h0, h0, forget_bias=0.5)
    torch.testing.assert_close(hs, expected)
    torch.testing.assert_close(c_last, cells[-1])
    assert not kept.numel()


@pytest.mark.usefixtures("on_the_host")
@pytest.mark.parametrize(("steps", "batch"), [(0, 2), (3, 0)])
def test_of_nothing(steps: int, batch: int):
    """cuDNN refuses to compute nothing, so it is not asked."""
    x, wx, wh, h0 = (
        shared.random(steps, batch, 3),
        shared.random(3, 8),
        shared.random(2, 8),
        shared.random(batch, 2),
    )
    hs, c_last, *saved = device_cudnn.sequence("lstm", x, wx, wh, None, h0, h0)
    assert hs.shape == (steps + 1, batch, 2)
    torch.testing.assert_close(c_last, h0)
    found = device_cudnn.sequence_gradient("lstm", None, h0, None, x, h0, h0, hs, *saved)
    shapes = [x.shape, (3, 8), (2, 8), (8,), h0.shape, h0.shape]
    assert [d.shape for d in found] == [torch.Size(s) for s in shapes]
    assert not any(d.any() for d in (*found[:4], found[5]))
    torch.testing.assert_close(found[4], h0)


# -- in plans --------------------------------------------------------------------------------------


def _fused(plan) -> list[str]:
    """The names of the plan's steps that are no nodes of the graph."""
    steps = [s for step in plan.steps for s in step.leaves()]
    return [s.op_def.name for s in steps if isinstance(s, Fused)]


def _values(program, session):
    for k, variable in enumerate(tf.global_variables()):
        noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list()) * 0.4
        variable.load(noise, session)
    return [session.run(program.training, program.feeds) for _ in range(4)]


def _compared(build, *, layers: int, gradients: int) -> None:
    """What is computed with cuDNN for so many layers and gradients is what the host computes."""
    with tf.Graph().as_default(), tf.Session() as session:
        expected = _values(build(), session)[0]
    with present(), tf.Graph().as_default(), tf.Session() as session:
        program = build()
        names = _fused(session.plan(program.training, program.feeds))
        assert (names.count(ONE), names.count(GRADIENT)) == (layers, gradients)
        for found in _values(program, session):  # recorded from the third on
            for value, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-9)


_CELLS = ("LSTMCell", "BasicLSTMCell", "BasicRNNCell", "BasicRNNCell, relu")


@pytest.mark.parametrize("cell", _CELLS)
@pytest.mark.parametrize("loop", ["dynamic", "static", "static_bidirectional", "decoder"])
def test_layers_of_cells(cell: str, loop: str):
    count = 2 if loop == "static_bidirectional" else 1
    _compared(lambda: getattr(programs, loop)(programs.CELLS[cell]), layers=count, gradients=count)


_OTHERS = ("peepholes", "cell clip", "projection")


@pytest.mark.parametrize(
    "cell",
    [
        *("GRUCell", "CudnnCompatibleGRUCell", "BasicRNNCell, sigmoid", "BasicLSTMCell, relu"),
        *(f"LSTMCell, {what}" for what in _OTHERS),
    ],
)
def test_what_cudnn_cannot_do_stays(cell: str):
    _compared(lambda: programs.dynamic(programs.CELLS[cell]), layers=0, gradients=0)


@pytest.mark.parametrize("cell", ["LSTMCell", "BasicRNNCell"])
def test_lengths_stay(cell: str):
    _compared(lambda: programs.dynamic_lengths(programs.CELLS[cell]), layers=0, gradients=0)


def _stacked(dtype=tf.float64):
    """Two LSTMs, the first of whose states are fed, and the second reads what the first read too.
    Sizes are known from what is fed alone."""
    x = tf.placeholder(dtype, [None, None, 3])
    h = tf.placeholder(dtype, [None, 4])
    feeds = {x: np.random.RandomState(1).randn(5, 2, 3), h: np.random.RandomState(2).randn(2, 4)}
    state = tf.nn.rnn_cell.LSTMStateTuple(h, tf.sin(h))
    rnn = tf.nn.rnn_cell
    first, _ = tf.nn.dynamic_rnn(rnn.LSTMCell(4), x, initial_state=state, time_major=True)
    with tf.variable_scope("again"):
        y, (c, h_last) = tf.nn.dynamic_rnn(
            rnn.LSTMCell(6), tf.concat([first, x], 2), dtype=dtype, time_major=True
        )
    return programs.Program([tf.convert_to_tensor(v) for v in (y, c, h_last)], feeds)


def test_layers_of_unknown_sizes_with_states_that_are_fed():
    _compared(_stacked, layers=2, gradients=2)


def _half():
    """An LSTM in half precision."""
    cell = tf.nn.rnn_cell.LSTMCell(4)
    x = tf.placeholder(tf.float16, [3, 2, 3])
    y, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float16, time_major=True)
    return x, y


def test_half_precision(counts: Counts):
    x, y = _half()
    value = np.random.RandomState(0).randn(3, 2, 3)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert _fused(session.plan(y, [x])).count(ONE) == 1
        found, kernel, bias = session.run([y, *tf.trainable_variables()], {x: value})
    gx = torch.tensor(value @ kernel[:3].astype(float))
    h0 = torch.zeros(2, 4, dtype=torch.float64)
    wh, b = (torch.tensor(v.astype(float)) for v in (kernel[3:], bias))
    hs, _, _ = recurrent.lstm_forward(gx, wh, b, h0, h0, forget_bias=1.0)
    np.testing.assert_allclose(found, hs[1:].numpy(), atol=4e-3)


def test_a_state_or_gate_that_is_asked_for_keeps_the_layer(counts: Counts):
    """cuDNN gives no cell states but the last, and no gradients of gates."""
    xs = [tf.placeholder(tf.float32, [2, 3]) for _ in range(4)]
    cell, cells = tf.nn.rnn_cell.BasicLSTMCell(5), []
    state = cell.zero_state(2, tf.float32)
    for i, x in enumerate(xs):
        with tf.variable_scope("rnn", reuse=i > 0):
            _, state = cell(x, state)
        cells.append(state.c)
    with tf.Session() as session:
        assert ONE not in _fused(session.plan(cells, xs))
        assert ONE in _fused(session.plan([state.h, state.c], xs))


def test_it_can_be_switched_off_and_placed(counts: Counts, monkeypatch: pytest.MonkeyPatch):
    x = tf.placeholder(tf.float32, [4, 2, 3])
    with tf.device("/cpu:0"):
        y, _ = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.LSTMCell(5), x, dtype=tf.float32, time_major=True, scope="host"
        )
    z, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5), x, dtype=tf.float32, time_major=True)
    with tf.Session() as session:
        assert ONE not in _fused(session.plan(y, [x]))
        assert ONE in _fused(session.plan(z, [x]))
    monkeypatch.setenv("TAILRACE_PASSES", "-one_call")
    with tf.Session() as session:
        assert ONE not in _fused(session.plan(z, [x]))


def test_without_cudnn_steps_are_atens(counts: Counts, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(device_cudnn, "DEVICES", set())
    x, y = _half()
    with tf.Session() as session:
        assert "LstmSequence" in _fused(session.plan(y, [x]))


def test_all_is_one_recording(counts: Counts):
    program = _stacked(tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        plan = session.plan(program.training, program.feeds)
        recorded = [s for s in plan.steps if isinstance(s, Segment)]
        names = [s.op_def.name for s in recorded[0].steps]
        assert len(recorded) == 1
        assert names.count(ONE) == names.count(GRADIENT) == 2


# -- whole networks --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["CudnnLSTM", "CudnnGRU", "CudnnRNNTanh", "CudnnRNNRelu"])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("direction", ["unidirectional", "bidirectional"])
def test_networks_of_contrib(kind: str, lengths: bool, direction: str, monkeypatch):
    """Forwards: the way back is PyTorch's autograd, which the device that is none has not."""
    # TF: the layer asks for a GPU for some of its operations
    soft = tf.ConfigProto(allow_soft_placement=True)
    expected = shared.of_contrib(kind, lengths, direction, soft)
    calls = []
    run = device_cudnn.run
    monkeypatch.setattr(device_cudnn, "run", lambda *a, **k: calls.append(a[0]) or run(*a, **k))
    with present():
        found = shared.of_contrib(kind, lengths, direction, None)
    assert len(calls) == 2  # layers
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-9)
