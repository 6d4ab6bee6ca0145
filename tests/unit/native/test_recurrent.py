"""The recurrent kernels against plain float64 layers with PyTorch's gradients.

Every test runs on each instruction set of this machine and on the PyTorch path.
"""

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.native import recurrent_reference as reference
from torch import Tensor

from tailrace.native import _recurrent_abi, library, loader, recurrent, steps

D = torch.float64
# T, B, H: each pair of the last two with one of the first
SIZES = [
    ((1, 7, 2)[i % 3], batch, hidden)
    for i, (batch, hidden) in enumerate(itertools.product((1, 5, 50), (1, 3, 17, 129)))
]
# the sizes of errors that rounding explains, relative to the largest number of a tensor
TOLERANCE = {torch.float32: 3e-6, D: 1e-14}
TEAMS = [(1, "rows"), (3, "rows"), (4, "rows"), (1, "units"), (2, "units"), (3, "units")]


@pytest.fixture(params=["aten", *loader.isas()])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    assert library() is not None, "build the native library first: make test"
    if request.param == "aten":
        monkeypatch.setattr(_recurrent_abi, "library", lambda: None)
        monkeypatch.setattr(steps, "library", lambda: None)
    else:
        loader.use_isa(request.param)
    steps._native.cache_clear()
    yield request.param
    steps._native.cache_clear()
    loader.use_isa(loader.isas()[-1])


@pytest.fixture(params=[torch.float32, D], ids=["f32", "f64"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(7)


def teams(engine: str, size: tuple[int, int, int]) -> list[dict[str, Any]]:
    """One thread, and one of the other divisions; that all give the same bits is a test below."""
    other = TEAMS[1 + sum(size) % (len(TEAMS) - 1)]
    chosen = TEAMS[:1] if engine == "aten" else [TEAMS[0], other]
    return [{"threads": threads, "partition": partition} for threads, partition in chosen]


def numbers(*shape: int, scale: float = 1.0) -> Tensor:
    """Random float64 numbers that gradients are asked for."""
    return (torch.randn(*shape, dtype=D) * scale).requires_grad_()


def close(got: Tensor, want: Tensor) -> bool:
    assert got.shape == want.shape
    if not want.numel():
        return True
    scale = 1 + want.abs().max()
    return float(((got - want).abs().max() / scale).detach()) < TOLERANCE[got.dtype]


class Case:
    """Inputs of a layer in float64, and what comes of them and of random output gradients."""

    def __init__(self, inputs: dict[str, Any], lengths: Tensor | None):
        self.inputs = inputs
        self.lengths = lengths

    def __call__(self, dtype: torch.dtype, *names: str) -> list[Tensor]:
        """Copies of inputs for a kernel to use."""
        return [self.copy(self.inputs[name], dtype) for name in names]

    @staticmethod
    def copy(tensor: Tensor | None, dtype: torch.dtype) -> Any:
        """A copy, or None of None."""
        return None if tensor is None else tensor.detach().to(dtype, copy=True)

    def slopes(self, *states: Tensor) -> dict[str, Tensor]:
        """Gradients of all inputs, from random ones of the outputs and of the final states."""
        hs = states[0]
        self.dout = torch.randn_like(hs[1:])
        self.dlast = [torch.randn_like(state[0]) for state in states]
        loss = (recurrent.outputs(hs, self.lengths) * self.dout).sum()
        for state, dlast in zip(states, self.dlast, strict=True):
            loss = loss + (state[-1] * dlast).sum()
        given = {n: v for n, v in self.inputs.items() if v is not None and v.requires_grad}
        found = torch.autograd.grad(
            loss, list(given.values()), allow_unused=True, materialize_grads=True
        )
        return dict(zip(given, found, strict=True))


def some_lengths(steps: int, batch: int) -> Tensor:
    """From 0 to all steps."""
    return (torch.arange(batch) * 3 % (steps + 1)).to(torch.int32)


def product(left: Tensor, right: Tensor) -> Tensor:
    """What a weight's gradient is made of: [T,B,I], [T,B,O] -> [I,O]."""
    return left.reshape(-1, left.shape[-1]).t() @ right.reshape(-1, right.shape[-1])


def lstm_inputs(
    size: tuple[int, int, int], *, peepholes: bool = False, projected: int | None = None
) -> dict[str, Tensor]:
    time, batch, hidden = size
    given = projected or hidden
    inputs = {
        "gx": numbers(time, batch, 4 * hidden),
        "wh": numbers(given, 4 * hidden, scale=given**-0.5),
        "bias": numbers(4 * hidden),
        "h0": numbers(batch, given),
        "c0": numbers(batch, hidden),
    }
    if peepholes:
        inputs |= {f"peephole_{gate}": numbers(hidden) for gate in "ifo"}
    if projected:
        inputs["projection"] = numbers(hidden, projected, scale=hidden**-0.5)
    return inputs


def lstm_options(inputs: dict[str, Tensor], dtype: torch.dtype | None = None) -> dict[str, Any]:
    """Peepholes and projection as the functions take them."""
    found = {n: v if dtype is None else Case.copy(v, dtype) for n, v in inputs.items()}
    peepholes = tuple(v for n, v in found.items() if "peephole" in n)
    return {"peepholes": peepholes or None, "projection": found.get("projection")}


def check_lstm(
    engine: str,
    dtype: torch.dtype,
    inputs: dict[str, Tensor],
    lengths: Tensor | None = None,
    forget_bias: float = 1.0,
    **options: Any,
) -> None:
    names = ("gx", "wh", "bias", "h0", "c0")
    case = Case(inputs, lengths)
    shared: dict[str, Any] = {"lengths": lengths, **options}
    hs, cs = reference.lstm(
        *(inputs[n] for n in names),
        forget_bias=forget_bias,
        **shared,
        **lstm_options(inputs),
    )
    want = case.slopes(hs, cs)
    time, batch, hidden = cs[1:].shape
    shared |= lstm_options(inputs, dtype)
    m = dm = None
    for team in teams(engine, (time, batch, hidden)):
        if "projection" in inputs:
            m = torch.empty(time, batch, hidden, dtype=dtype)
            dm = torch.empty(time, batch, hs.shape[2], dtype=dtype)
        got_hs, got_cs, gates = recurrent.lstm_forward(
            *case(dtype, *names), forget_bias=forget_bias, unprojected=m, **shared, **team
        )
        assert close(got_hs, hs)
        assert close(got_cs, cs)
        dout, dh, dc = (Case.copy(x, dtype) for x in (case.dout, *case.dlast))
        wh = Case.copy(inputs["wh"], dtype)
        slopes = recurrent.lstm_backward(
            dout, dh, dc, gates, got_hs, got_cs, wh, dprojected=dm, **shared, **team
        )
        found: dict[str, Tensor] = {}
        found |= zip(("gx", "h0", "c0"), slopes, strict=True)
        found["wh"] = product(got_hs[:-1], gates)
        found["bias"] = gates.sum((0, 1))
        if shared["peepholes"]:
            each = recurrent.lstm_peephole_gradients(gates, got_cs)
            found |= {f"peephole_{gate}": d for gate, d in zip("ifo", each, strict=True)}
        if m is not None and dm is not None:
            found["projection"] = product(m, dm)
        assert found.keys() == want.keys()
        for name, gradient in found.items():
            assert close(gradient, want[name]), name


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_lstm(engine: str, dtype: torch.dtype, size: tuple[int, int, int]):
    check_lstm(engine, dtype, lstm_inputs(size))
    check_lstm(engine, dtype, lstm_inputs(size), some_lengths(*size[:2]), forget_bias=0.3)


@pytest.mark.parametrize("hidden", [1, 3, 17, 129])
@pytest.mark.parametrize("ends", [False, True])
def test_lstm_with_more_to_it(engine: str, dtype: torch.dtype, hidden: int, ends: bool):
    size = (5, 7, hidden)
    lengths = some_lengths(5, 7) if ends else None
    peepholes = lstm_inputs(size, peepholes=True)
    check_lstm(engine, dtype, peepholes, lengths)
    check_lstm(engine, dtype, peepholes, lengths, cell_clip=0.5)
    check_lstm(engine, dtype, lstm_inputs(size), lengths, cell_clip=0.5)
    for projected, clip in itertools.product((2, hidden + 1), (None, 0.3)):
        inputs = lstm_inputs(size, peepholes=True, projected=projected)
        check_lstm(engine, dtype, inputs, lengths, cell_clip=1.0, projection_clip=clip)


@pytest.mark.parametrize("hidden", [1, 3, 17, 33])
@pytest.mark.parametrize("ends", [False, True])
def test_relu_in_place_of_tanh(engine: str, dtype: torch.dtype, hidden: int, ends: bool):
    size = (5, 7, hidden)
    lengths = some_lengths(5, 7) if ends else None
    check_lstm(engine, dtype, lstm_inputs(size), lengths, activation="relu")
    more = lstm_inputs(size, peepholes=True, projected=hidden + 1)
    check_lstm(engine, dtype, more, lengths, activation="relu", cell_clip=1.0)
    for reset_after in (False, True):
        check_gru(engine, dtype, size, reset_after=reset_after, lengths=lengths, activation="relu")


def test_a_cell_at_its_clip_passes_gradients_as_tf_does(engine: str):
    """clip_by_value lets the limits themselves pass: c = 1 exactly, clipped at 1."""
    gx = torch.tensor([[[0.0, 0.0, 100.0, 0.0]]])
    one, none = torch.ones(1, 1), torch.zeros(1, 1)
    hs, cs, gates = recurrent.lstm_forward(
        gx, torch.zeros(1, 4), None, none, one, forget_bias=0.0, cell_clip=1.0
    )
    assert cs[1].item() == 1
    for start, want in ((one, 1.0), (2 * one, 0.0)):
        cs[0] = start
        _, _, dc0 = recurrent.lstm_backward(
            None, None, one, gates.clone(), hs, cs, torch.zeros(1, 4), cell_clip=1.0
        )
        assert dc0.item() == want


def check_gru(
    engine: str,
    dtype: torch.dtype,
    size: tuple[int, int, int],
    *,
    reset_after: bool,
    lengths: Tensor | None = None,
    activation: str = "tanh",
) -> None:
    time, batch, hidden = size
    inputs: dict[str, Any] = {
        "gx_gates": numbers(time, batch, 2 * hidden),
        "gx_candidate": numbers(time, batch, hidden),
        "wh_gates": numbers(hidden, 2 * hidden, scale=hidden**-0.5),
        "wh_candidate": numbers(hidden, hidden, scale=hidden**-0.5),
        "bias_gates": numbers(2 * hidden),
        "bias_candidate": numbers(hidden),
        "h0": numbers(batch, hidden),
    }
    names = tuple(inputs)
    if reset_after:
        inputs["bias_recurrent"] = numbers(hidden)
    case = Case(inputs, lengths)
    inner = inputs.get("bias_recurrent")
    options = {"lengths": lengths, "reset_after": reset_after, "activation": activation}
    hs = reference.gru(*(inputs[n] for n in names), bias_recurrent=inner, **options)
    want = case.slopes(hs)
    for team in teams(engine, size):
        shared: dict[str, Any] = {**options, **team}
        copies = case(dtype, *names)
        got, gates, candidate, kept = recurrent.gru_forward(
            *copies, bias_recurrent=Case.copy(inner, dtype), **shared
        )
        assert close(got, hs)
        dout, dh = Case.copy(case.dout, dtype), Case.copy(case.dlast[0], dtype)
        dgates, dcandidate, dh0 = recurrent.gru_backward(
            dout, dh, gates, candidate, kept, got, copies[2], copies[3], **shared
        )
        assert close(dgates, want["gx_gates"])
        assert close(dcandidate, want["gx_candidate"])
        assert close(dh0, want["h0"])
        assert close(product(got[:-1], dgates), want["wh_gates"])
        assert close(dcandidate.sum((0, 1)), want["bias_candidate"])
        if reset_after:
            assert close(product(got[:-1], kept), want["wh_candidate"])
            assert close(kept.sum((0, 1)), want["bias_recurrent"])
        else:
            assert close(product(kept, dcandidate), want["wh_candidate"])


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gru(engine: str, dtype: torch.dtype, size: tuple[int, int, int], reset_after: bool):
    check_gru(engine, dtype, size, reset_after=reset_after)
    check_gru(engine, dtype, size, reset_after=reset_after, lengths=some_lengths(*size[:2]))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_rnn(engine: str, dtype: torch.dtype, size: tuple[int, int, int], activation: str):
    time, batch, hidden = size
    for lengths in (None, some_lengths(time, batch)):
        inputs: dict[str, Any] = {
            "gx": numbers(time, batch, hidden),
            "wh": numbers(hidden, hidden, scale=hidden**-0.5),
            "bias": numbers(hidden),
            "h0": numbers(batch, hidden),
        }
        case = Case(inputs, lengths)
        hs = reference.rnn(*inputs.values(), activation=activation, lengths=lengths)
        want = case.slopes(hs)
        for team in teams(engine, size):
            shared = {"lengths": lengths, **team}
            gx, wh, bias, h0 = case(dtype, *inputs)
            got = recurrent.rnn_forward(gx, wh, bias, h0, activation=activation, **shared)
            assert close(got, hs)
            dout, dh = Case.copy(case.dout, dtype), Case.copy(case.dlast[0], dtype)
            dgates, dh0 = recurrent.rnn_backward(dout, dh, got, wh, activation=activation, **shared)
            assert close(dgates, want["gx"])
            assert close(dh0, want["h0"])
            assert close(product(got[:-1], dgates), want["wh"])


def test_what_is_left_out_counts_as_zero(engine: str):
    """Biases and gradients may be absent."""
    gx, wh = torch.randn(3, 2, 20), torch.randn(5, 20)
    zero = torch.zeros(2, 5)
    given = recurrent.lstm_forward(gx.clone(), wh, torch.zeros(20), zero, zero)
    absent = recurrent.lstm_forward(gx.clone(), wh, None, zero, zero)
    for a, b in zip(given, absent, strict=True):
        assert torch.equal(a, b)
    hs, cs, gates = given
    a = recurrent.lstm_backward(torch.zeros(3, 2, 5), zero, zero, gates.clone(), hs, cs, wh)
    b = recurrent.lstm_backward(None, None, None, gates.clone(), hs, cs, wh)
    for x, y in zip(a, b, strict=True):
        assert torch.equal(x, y)
        assert not x.any()


def test_no_steps_and_no_rows(engine: str):
    wh, dh = torch.randn(3, 12), torch.randn(2, 3)
    hs, cs, gates = recurrent.lstm_forward(torch.empty(0, 2, 12), wh, None, dh, dh)
    assert hs.shape == cs.shape == (1, 2, 3)
    _, dh0, dc0 = recurrent.lstm_backward(None, dh, 2 * dh, gates, hs, cs, wh)
    assert torch.equal(dh0, dh)
    assert torch.equal(dc0, 2 * dh)
    none = torch.empty(0, 3)
    hs, cs, gates = recurrent.lstm_forward(torch.empty(4, 0, 12), wh, None, none, none)
    assert hs.shape == cs.shape == (5, 0, 3)
    assert recurrent.lstm_backward(None, None, None, gates, hs, cs, wh)[1].shape == (0, 3)


@pytest.mark.parametrize("isa", loader.isas())
def test_division_of_work_does_not_change_a_bit(isa: str):
    loader.use_isa(isa)
    x, state, dout = torch.randn(6, 13, 4 * 37), torch.randn(13, 37), torch.randn(6, 13, 37)
    wh, found = torch.randn(37, 4 * 37) / 6, []
    gate_kernel, own_kernel = wh[:, :74].contiguous(), wh[:, 74:111].contiguous()
    for threads, partition in [*TEAMS, (2, "auto")]:
        team: dict[str, Any] = {"threads": threads, "partition": partition}
        hs, cs, gates = recurrent.lstm_forward(x.clone(), wh, None, state, state, **team)
        slopes = recurrent.lstm_backward(dout, None, None, gates, hs, cs, wh, **team)
        gx, gy = x[:, :, :74].contiguous(), x[:, :, 74:111].contiguous()
        states, r_u, c, kept = recurrent.gru_forward(
            gx, gy, gate_kernel, own_kernel, None, None, state, **team
        )
        gru_slopes = recurrent.gru_backward(
            dout, None, r_u, c, kept, states, gate_kernel, own_kernel, **team
        )
        plain = recurrent.rnn_forward(dout, own_kernel, None, state, **team)
        plain_slopes = recurrent.rnn_backward(dout, None, plain, own_kernel, **team)
        found.append((hs, *slopes, states, *gru_slopes, plain, *plain_slopes))
    loader.use_isa(loader.isas()[-1])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_activations_everywhere(engine: str, dtype: torch.dtype, activation: str):
    """To a few units in the last place, over the whole range of numbers."""
    small = torch.logspace(-300, 2, 3001, dtype=D)
    x = torch.cat([torch.linspace(-110, 110, 20001, dtype=D), small, -small]).to(dtype)
    want = getattr(torch, activation)(x.to(D))
    hidden = x.numel() // 64 + 1
    x = torch.nn.functional.pad(x, (0, 64 * hidden - x.numel()))
    want = torch.nn.functional.pad(want, (0, x.numel() - want.numel()), value=float("nan"))
    rows = x.view(1, 64, hidden).contiguous()
    weights = torch.zeros(hidden, hidden, dtype=dtype)
    hs = recurrent.rnn_forward(
        rows, weights, None, torch.zeros(64, hidden, dtype=dtype), activation=activation
    )
    got, known = hs[1].reshape(-1).to(D), ~want.isnan()
    normal = want.abs() > 4 * torch.finfo(dtype).tiny
    error = ((got - want) / want)[known & normal].abs().max()
    assert error < 3 * torch.finfo(dtype).eps
    assert ((got - want)[known & ~normal].abs() <= 4 * torch.finfo(dtype).tiny).all()


def test_denormal_numbers_are_kept(engine: str):
    x = torch.full((1, 3, 5), 1e-40)
    hs = recurrent.rnn_forward(x, torch.zeros(5, 5), None, torch.zeros(3, 5))
    torch.testing.assert_close(hs[1], x[0], rtol=1e-4, atol=0)


def test_infinities_saturate(engine: str, dtype: torch.dtype):
    inf = float("inf")
    gx = torch.tensor([[[inf, inf, -inf, inf], [-inf, -inf, inf, -inf]]], dtype=dtype)
    gates = gx.view(2, 4).clone()
    zero, one = torch.zeros(2, 1, dtype=dtype), torch.ones(2, 1, dtype=dtype)
    hs, cs, _ = recurrent.lstm_forward(gx, torch.zeros(1, 4, dtype=dtype), None, zero, one)
    i, j, f, o = gates.chunk(4, 1)
    c = torch.sigmoid(f) * one + torch.sigmoid(i) * torch.tanh(j)
    torch.testing.assert_close(cs[1], c)
    torch.testing.assert_close(hs[1], torch.sigmoid(o) * torch.tanh(c))
    assert gx.flatten().tolist() == [1, 1, 0, 1, 0, -1, 1, 0]


def test_nan_stays_in_its_row(engine: str, dtype: torch.dtype):
    gx, wh = torch.randn(4, 5, 12, dtype=dtype), torch.randn(3, 12, dtype=dtype)
    zero = torch.zeros(5, 3, dtype=dtype)
    clean = recurrent.lstm_forward(gx.clone(), wh, None, zero, zero, cell_clip=1.0)[0]
    gx[1, 2, 4] = float("nan")
    hs = recurrent.lstm_forward(gx, wh, None, zero, zero, cell_clip=1.0)[0]
    others = [0, 1, 3, 4]
    assert torch.equal(hs[:, others], clean[:, others])
    assert torch.equal(hs[:2], clean[:2])
    assert hs[2, 2, 1].isnan()
    assert hs[3:, 2].isnan().all()


def test_relu_passes_nan(engine: str):
    gx = torch.tensor([[[float("nan"), -1.0, 2.0]]])
    hs = recurrent.rnn_forward(gx, torch.zeros(3, 3), None, torch.zeros(1, 3), activation="relu")
    assert hs[1, 0, 0].isnan()
    assert hs[1, 0, 1:].tolist() == [0, 2]


def test_other_floating_types_go_to_pytorch(engine: str):
    gx, wh = torch.randn(3, 2, 4), torch.randn(4, 4)
    want = recurrent.rnn_forward(gx, wh, None, torch.zeros(2, 4))
    half = [t.to(torch.bfloat16) for t in (gx, wh, torch.zeros(2, 4))]
    got = recurrent.rnn_forward(half[0], half[1], None, half[2])
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), want, rtol=0.1, atol=0.1)


def test_python_threads_do_not_disturb_each_other():
    """Scratch memory belongs to the calling thread."""
    work = [(torch.randn(20, 8, 4 * h), torch.randn(h, 4 * h) / h, h) for h in (30, 60, 90, 120)]

    def states(gx: Tensor, wh: Tensor, hidden: int) -> Tensor:
        zero = torch.zeros(8, hidden)
        return recurrent.lstm_forward(gx.clone(), wh, None, zero, zero, threads=2)[0]

    want = [states(*item) for item in work]
    right: list[bool] = []

    def repeat(index: int) -> None:
        right.extend(torch.equal(states(*work[index]), want[index]) for _ in range(20))

    workers = [threading.Thread(target=repeat, args=(i,)) for i in range(len(work))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(right) == 80
    assert all(right)


@pytest.mark.parametrize("hidden", [1, 3, 17, 64, 129, 300])
def test_single_steps(engine: str, dtype: torch.dtype, hidden: int):
    inputs = hidden + 2
    x, h, c = (torch.randn(1, n, dtype=dtype) for n in (inputs, hidden, hidden))
    scale = (inputs + hidden) ** -0.5
    kernel = torch.randn(inputs + hidden, 4 * hidden, dtype=dtype) * scale
    bias = torch.randn(4 * hidden, dtype=dtype)
    gate_kernel, gate_bias = kernel[:, : 2 * hidden].contiguous(), bias[: 2 * hidden]
    own_kernel, own_bias = kernel[:, :hidden].contiguous(), bias[:hidden]

    def wide(*tensors: Tensor) -> list[Tensor]:
        return [t.to(D) for t in tensors]

    def split(kernel: Tensor) -> tuple[Tensor, Tensor]:
        """The product with the inputs, and the recurrent rows."""
        return (x.to(D) @ kernel[:inputs].to(D))[None], kernel[inputs:].to(D)

    gx, wh = split(kernel)
    want = reference.lstm(gx, wh, *wide(bias, h, c), forget_bias=0.7)
    got = steps.lstm_step(x, h, c, kernel, bias, 0.7)
    assert close(got[0], want[0][1])
    assert close(got[1], want[1][1])
    (gx, wh), (gy, wy) = split(gate_kernel), split(own_kernel)
    want = reference.gru(gx, gy, wh, wy, *wide(gate_bias, own_bias, h))
    got = steps.gru_step(x, h, gate_kernel, gate_bias, own_kernel, own_bias)
    assert close(got, want[1])
    for activation in ("tanh", "relu", "sigmoid"):
        want = reference.rnn(gy, wy, own_bias.to(D), h.to(D), activation=activation)
        assert close(steps.rnn_step(x, h, own_kernel, own_bias, activation), want[1])
    assert close(steps.rnn_step(x, h, own_kernel, None), torch.tanh(gy[0] + h.to(D) @ wy))


_LOADED = """
import re, torch
from pathlib import Path
from tailrace.native import recurrent
state = torch.zeros(9, 3)
recurrent.rnn_forward(torch.zeros(2, 9, 3), torch.zeros(3, 3), None, state, threads=2)
lines = Path("/proc/self/maps").read_text().splitlines()
loaded = {line.split()[-1] for line in lines if "/" in line}
print(*(name for name in loaded if re.search("libgomp|omp5|libomp", name)))
"""


def test_one_openmp_runtime_serves_both():
    """PyTorch's own: two would fight for the processors. In a process without other libraries."""
    if not Path("/proc/self/maps").exists():
        pytest.fail("this test reads Linux's list of loaded libraries")
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.split()) == 1


def test_isa_by_environment(monkeypatch: pytest.MonkeyPatch):
    loaded = library()
    assert loaded is not None
    path = Path(loaded._name)
    monkeypatch.setenv("TAILRACE_NATIVE_ISA", "baseline")
    try:
        assert loader._load(path).tailrace_isa() == 0
        monkeypatch.setenv("TAILRACE_NATIVE_ISA", "mmx")
        with pytest.raises(ValueError, match="TAILRACE_NATIVE_ISA is 'mmx', not one of baseline"):
            loader._load(path)
        with pytest.raises(ValueError, match="'mmx' is not to be had here"):
            loader.use_isa("mmx")
    finally:
        loader.use_isa(loader.isas()[-1])
