"""The LSTM with layer normalisation against a plain float64 layer with PyTorch's gradients."""

from typing import Any

import pytest
import torch
from tests.unit.native.test_recurrent import (
    TEAMS,
    Case,
    D,
    close,
    dtype,
    engine,
    numbers,
    product,
    seed,
    some_lengths,
    teams,
)
from tests.unit.native.test_state_masks import masks
from torch import Tensor

from tailrace.native import loader, normed, recurrent

__all__ = ["dtype", "engine", "seed"]  # fixtures

EPSILON = 0.1  # so large that rows of few units are no matter of rounding
SIZES = [(7, 5, 1), (2, 1, 3), (1, 5, 17), (2, 13, 33), (3, 50, 129)]
NAMES = ("gx", "wh", "gammas", "betas", "h0", "c0")


def plain(
    gx: Tensor,
    wh: Tensor,
    gammas: Tensor,
    betas: Tensor,
    h: Tensor,
    c: Tensor,
    *,
    forget_bias: float,
    lengths: Tensor | None = None,
    factors: Tensor | None = None,
    activation: str = "tanh",
) -> tuple[Tensor, Tensor]:
    """States hs and cs [T+1,B,H], as TF 1.15's LayerNormBasicLSTMCell has them."""
    squash, hs, cs = getattr(torch, activation), [h], [c]

    def norm(x: Tensor, k: int) -> Tensor:
        size = x.shape[-1:]
        return torch.nn.functional.layer_norm(x, size, gammas[k], betas[k], EPSILON)

    for t, x in enumerate(gx):
        i, j, f, o = (norm(part, k) for k, part in enumerate((x + h @ wh).chunk(4, 1)))
        entering = squash(j) * (1 if factors is None else factors[t])
        new_c = norm(c * torch.sigmoid(f + forget_bias) + torch.sigmoid(i) * entering, 4)
        new_h = squash(new_c) * torch.sigmoid(o)
        goes_on = torch.ones(len(h), 1, dtype=torch.bool)
        if lengths is not None:
            goes_on = (t < lengths)[:, None]
        h, c = torch.where(goes_on, new_h, h), torch.where(goes_on, new_c, c)
        hs.append(h)
        cs.append(c)
    return torch.stack(hs), torch.stack(cs)


def inputs_of(size: tuple[int, int, int]) -> dict[str, Tensor]:
    time, batch, hidden = size
    return {
        "gx": numbers(time, batch, 4 * hidden),
        "wh": numbers(hidden, 4 * hidden, scale=hidden**-0.5),
        "gammas": numbers(5, hidden),
        "betas": numbers(5, hidden),
        "h0": numbers(batch, hidden),
        "c0": numbers(batch, hidden),
    }


def check(
    engine: str,
    dtype: torch.dtype,
    size: tuple[int, int, int],
    *,
    factors: Tensor | None = None,
    **shared: Any,
) -> None:
    """States, and the gradients of all inputs from random ones of all states."""
    inputs, lengths = inputs_of(size), shared.get("lengths")
    states = plain(*inputs.values(), forget_bias=0.7, factors=factors, **shared)
    slopes = [torch.randn_like(s[1:]) for s in states] + [torch.randn_like(s[0]) for s in states]
    given = [recurrent.outputs(s, lengths) for s in states] + [s[-1] for s in states]
    found = torch.autograd.grad(given, list(inputs.values()), slopes)
    want: dict[str, Tensor] = dict(zip(NAMES, found, strict=True))
    shared |= {"forget_bias": 0.7, "epsilon": EPSILON}
    if factors is not None:
        shared["factors"] = factors.to(dtype)

    def copied(*names: str) -> list[Tensor]:
        return [Case.copy(inputs[name], dtype) for name in names]

    for team in teams(engine, size):
        hs, cs, gates, statistics = normed.lstm_forward(*copied(*NAMES), **shared, **team)
        assert close(hs, states[0])
        assert close(cs, states[1])
        dout, dcs, dh, dc = (Case.copy(d, dtype) for d in slopes)
        saved = [gates, statistics, hs, cs, *copied("wh", "gammas", "betas")]
        _, dh0, dc0, dscales = normed.lstm_backward(dout, dh, dc, *saved, dcs=dcs, **shared, **team)
        found = {"gx": gates, "wh": product(hs[:-1], gates)}
        found |= {"gammas": dscales[:5], "betas": dscales[5:], "h0": dh0, "c0": dc0}
        for name, gradient in found.items():
            assert close(gradient, want[name]), name


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_states_and_gradients(engine: str, dtype: torch.dtype, size: tuple[int, int, int]):
    check(engine, dtype, size)
    check(engine, dtype, size, lengths=some_lengths(*size[:2]))


@pytest.mark.parametrize("kind", ["per step", "per row", "the same for all"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_factors_and_activations(engine: str, dtype: torch.dtype, kind: str, activation: str):
    size = (4, 13, 37)
    lengths = some_lengths(4, 13)
    check(engine, dtype, size, factors=masks(kind, size, D), activation=activation)
    check(engine, dtype, size, factors=masks(kind, size, D), lengths=lengths)


@pytest.mark.parametrize("isa", loader.isas())
def test_division_of_work_does_not_change_a_bit(isa: str):
    loader.use_isa(isa)
    inputs = [Case.copy(v, torch.float32) for v in inputs_of((6, 13, 37)).values()]
    dout, numbers = torch.randn(6, 13, 37), {"forget_bias": 1.0, "epsilon": EPSILON}
    found = []
    for threads, partition in [*TEAMS, (2, "auto")]:
        team: dict[str, Any] = {"threads": threads, "partition": partition, **numbers}
        copies = [v.clone() for v in inputs]
        hs, cs, gates, statistics = normed.lstm_forward(*copies, **team)
        saved = [gates.clone(), statistics, hs, cs, *inputs[1:4]]
        found.append((hs, cs, gates, *normed.lstm_backward(dout, None, None, *saved, **team)))
    loader.use_isa(loader.isas()[-1])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert torch.equal(a, b)


def test_no_steps_and_no_rows(engine: str):
    numbers: dict[str, Any] = {"forget_bias": 1.0, "epsilon": EPSILON}
    wh, scales, dh = torch.randn(3, 12), torch.randn(5, 3), torch.randn(2, 3)
    hs, cs, *saved = normed.lstm_forward(
        torch.empty(0, 2, 12), wh, scales, scales, dh, dh, **numbers
    )
    assert hs.shape == cs.shape == (1, 2, 3)
    given = [*saved, hs, cs, wh, scales, scales]
    _, dh0, dc0, dscales = normed.lstm_backward(None, dh, 2 * dh, *given, **numbers)
    assert torch.equal(dh0, dh)
    assert torch.equal(dc0, 2 * dh)
    assert not dscales.any()
    none = torch.empty(0, 3)
    hs, cs, *saved = normed.lstm_forward(
        torch.empty(4, 0, 12), wh, scales, scales, none, none, **numbers
    )
    given = [*saved, hs, cs, wh, scales, scales]
    assert normed.lstm_backward(None, None, None, *given, **numbers)[1].shape == (0, 3)


def test_what_is_no_number_stays_in_its_row(engine: str, dtype: torch.dtype):
    inputs = [Case.copy(v, dtype) for v in inputs_of((3, 5, 17)).values()]
    inputs[0][1, 2, 20] = float("nan")
    inputs[0][0, 4, 40] = float("inf")
    numbers: dict[str, Any] = {"forget_bias": 1.0, "epsilon": EPSILON}
    hs, cs, *saved = normed.lstm_forward(*inputs, **numbers)
    dout = torch.ones_like(hs[1:])
    given = [*saved, hs, cs, *inputs[1:4]]
    gates, *_ = normed.lstm_backward(dout, None, None, *given, **numbers)
    for states in (hs, cs):
        assert not states[2:, 2].isfinite().any()
        assert not states[1:, 4].isfinite().any()
        assert states[:2, 2].isfinite().all()
        assert states[:, [0, 1, 3]].isfinite().all()
    assert gates[:, [0, 1, 3]].isfinite().all()
    assert gates[:, [2, 4]].isnan().any()


def test_rows_without_deviation(engine: str, dtype: torch.dtype):
    """Of equal numbers nothing but beta is left."""
    wh, zero = torch.zeros(4, 16, dtype=dtype), torch.zeros(2, 4, dtype=dtype)
    gammas, betas = torch.randn(2, 5, 4, dtype=dtype)
    hs, cs, gates, _ = normed.lstm_forward(
        torch.full((1, 2, 16), 0.5, dtype=dtype),
        wh,
        gammas,
        betas,
        zero,
        zero,
        forget_bias=1.0,
        epsilon=1e-12,
    )
    assert not gates.any()
    s = torch.sigmoid(betas[0]) * torch.tanh(betas[1])
    c = torch.nn.functional.layer_norm(s, (4,), gammas[4], betas[4], 1e-12)
    torch.testing.assert_close(cs[1], c.expand(2, 4), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(hs[1], torch.sigmoid(betas[3]) * torch.tanh(cs[1]))
