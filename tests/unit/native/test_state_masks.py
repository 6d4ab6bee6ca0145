"""Dropout of states in the recurrent kernels, against plain float64 layers."""

from typing import Any

import pytest
import torch
from tests.unit.native import recurrent_reference as reference
from tests.unit.native.test_recurrent import (
    Case,
    D,
    close,
    dtype,
    engine,
    lstm_inputs,
    numbers,
    product,
    seed,
    some_lengths,
    teams,
)
from torch import Tensor

from tailrace.native import loader, recurrent

__all__ = ["dtype", "engine", "seed"]  # fixtures

SIZES = [(1, 5, 17), (7, 1, 3), (4, 13, 37)]
MASKS = {"per step": "tanh", "per row": "relu", "the same for all": "sigmoid"}


def masks(kind: str, size: tuple[int, int, int], dtype: torch.dtype) -> Tensor:
    """Zeros and numbers above one, [T,B,H], repeated along axes as `kind` tells."""
    time, batch, hidden = size
    steps, rows = {"per step": (time, batch), "per row": (1, batch)}.get(kind, (1, 1))
    found = (torch.rand(steps, rows, hidden, dtype=D) < 0.7).to(D) / 0.7
    return found.to(dtype).expand(size)


class Masked:
    """A layer with a mask: inputs, and what comes of them and of random output gradients."""

    def __init__(self, layer: Any, inputs: dict[str, Tensor], **options: Any) -> None:
        self.case = Case(inputs, options.get("lengths"))
        given: list[Tensor] = []
        states = layer(*inputs.values(), given=given, **options)
        self.states = states if isinstance(states, tuple) else (states,)
        self.given = torch.stack(given)
        self.dout = torch.randn_like(self.given)
        self.dlast = [torch.randn_like(state[-1]) for state in self.states]
        loss = (self.given * self.dout).sum()
        for state, dlast in zip(self.states, self.dlast, strict=True):
            loss = loss + (state[-1] * dlast).sum()
        self.want = dict(zip(inputs, torch.autograd.grad(loss, list(inputs.values())), strict=True))

    def arriving(self, dtype: torch.dtype) -> Any:
        """Copies of the gradients of outputs and final states."""
        return [Case.copy(x, dtype) for x in (self.dout, *self.dlast)]


@pytest.mark.parametrize("ends", [False, True], ids=["whole", "ending"])
@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("size", SIZES, ids=str)
class TestLayers:
    """Every layer, forward and backward, on all instruction sets and the PyTorch path."""

    def test_lstm(self, engine: str, dtype: torch.dtype, size, kind: str, ends: bool):
        inputs = lstm_inputs(size)
        lengths = some_lengths(*size[:2]) if ends else None
        mask = masks(kind, size, D)
        layer = Masked(reference.lstm, inputs, mask=mask, lengths=lengths)
        for team in teams(engine, size):
            shared = {"lengths": lengths, "mask": mask.to(dtype), **team}
            given = torch.full(size, torch.nan, dtype=dtype)
            hs, cs, gates = recurrent.lstm_forward(
                *layer.case(dtype, *inputs), given=given, **shared
            )
            assert close(given, layer.given)
            for found, state in zip((hs, cs), layer.states, strict=True):
                assert close(found, state)
            wh = Case.copy(inputs["wh"], dtype)
            dout, dh, dc = layer.arriving(dtype)
            _, dh, dc = recurrent.lstm_backward(dout, dh, dc, gates, hs, cs, wh, **shared)
            found = {"gx": gates, "wh": product(hs[:-1], gates), "h0": dh, "c0": dc}
            for name, gradient in found.items():
                assert close(gradient, layer.want[name]), name

    def test_gru(self, engine: str, dtype: torch.dtype, size, kind: str, ends: bool):
        time, batch, hidden = size
        inputs = {
            "gx": numbers(time, batch, 2 * hidden),
            "gxc": numbers(*size),
            "wh": numbers(hidden, 2 * hidden, scale=hidden**-0.5),
            "whc": numbers(hidden, hidden, scale=hidden**-0.5),
            "bias": numbers(2 * hidden),
            "bias_c": numbers(hidden),
            "h0": numbers(batch, hidden),
        }
        lengths = some_lengths(time, batch) if ends else None
        mask = masks(kind, size, D)
        layer = Masked(reference.gru, inputs, mask=mask, lengths=lengths)
        for team in teams(engine, size):
            shared = {"lengths": lengths, "mask": mask.to(dtype), **team}
            given = torch.full(size, torch.nan, dtype=dtype)
            copies: Any = layer.case(dtype, *inputs)
            hs, gates, candidate, kept = recurrent.gru_forward(*copies, given=given, **shared)
            assert close(given, layer.given)
            assert close(hs, layer.states[0])
            dout, dh = layer.arriving(dtype)
            _, _, dh = recurrent.gru_backward(
                dout, dh, gates, candidate, kept, hs, copies[2], copies[3], **shared
            )
            found = {"gx": gates, "gxc": candidate, "h0": dh}
            found |= {"wh": product(hs[:-1], gates), "whc": product(kept, candidate)}
            for name, gradient in found.items():
                assert close(gradient, layer.want[name]), name

    def test_rnn(self, engine: str, dtype: torch.dtype, size, kind: str, ends: bool):
        time, batch, hidden = size
        inputs = {
            "gx": numbers(*size),
            "wh": numbers(hidden, hidden, scale=hidden**-0.5),
            "bias": numbers(hidden),
            "h0": numbers(batch, hidden),
        }
        lengths = some_lengths(time, batch) if ends else None
        options = {"lengths": lengths, "activation": MASKS[kind]}
        mask = masks(kind, size, D)
        layer = Masked(reference.rnn, inputs, mask=mask, **options)
        for team in teams(engine, size):
            shared = {"mask": mask.to(dtype), **options, **team}
            given = torch.full(size, torch.nan, dtype=dtype)
            hs = recurrent.rnn_forward(*layer.case(dtype, *inputs), given=given, **shared)
            assert close(given, layer.given)
            assert close(hs, layer.states[0])
            wh = Case.copy(inputs["wh"], dtype)
            dout, dlast = layer.arriving(dtype)
            gates, dh = recurrent.rnn_backward(dout, dlast, hs, wh, given=given, **shared)
            found = {"gx": gates, "h0": dh, "wh": product(hs[:-1], gates)}
            for name, gradient in found.items():
                assert close(gradient, layer.want[name]), name


@pytest.mark.parametrize("ends", [False, True], ids=["whole", "ending"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gradients_of_cells_in_each_step(engine: str, dtype: torch.dtype, size, ends: bool):
    """Ignored past a sequence's end, as those of outputs are."""
    inputs = lstm_inputs(size, peepholes=True)
    names = ("gx", "wh", "bias", "h0", "c0")
    lengths = some_lengths(*size[:2]) if ends else None
    peepholes: Any = tuple(inputs[f"peephole_{gate}"] for gate in "ifo")
    clipped: dict[str, Any] = {"lengths": lengths, "cell_clip": 0.7}
    _, cs = reference.lstm(*(inputs[n] for n in names), peepholes=peepholes, **clipped)
    dcs, going = torch.randn_like(cs[1:]), torch.ones_like(cs[1:])
    if lengths is not None:
        going = (torch.arange(size[0])[:, None] < lengths).to(D)[:, :, None]
    loss = (cs[1:] * dcs * going).sum()
    asked = [inputs[n] for n in ("gx", "c0", "h0")]
    want = torch.autograd.grad(loss, asked, materialize_grads=True)
    case = Case(inputs, lengths)
    clipped["peepholes"] = tuple(Case.copy(p, dtype) for p in peepholes)
    for team in teams(engine, size):
        hs, cells, gates = recurrent.lstm_forward(*case(dtype, *names), **clipped, **team)
        wh = Case.copy(inputs["wh"], dtype)
        _, dh, dc = recurrent.lstm_backward(
            None, None, None, gates, hs, cells, wh, dcs=dcs.to(dtype), **clipped, **team
        )
        for found, gradient in zip((gates, dc, dh), want, strict=True):
            assert close(found, gradient)


@pytest.mark.parametrize("isa", loader.isas())
def test_a_mask_of_ones_changes_nothing(isa: str):
    loader.use_isa(isa)
    x, wh, state = torch.randn(5, 7, 4 * 19), torch.randn(19, 4 * 19), torch.randn(7, 19)
    mask, given = torch.ones(1, 1, 19).expand(5, 7, 19), torch.empty(5, 7, 19)
    plain = recurrent.lstm_forward(x.clone(), wh, None, state, state)
    masked = recurrent.lstm_forward(x.clone(), wh, None, state, state, mask=mask, given=given)
    loader.use_isa(loader.isas()[-1])
    for a, b in zip(plain, masked, strict=True):
        assert torch.equal(a, b)
    assert torch.equal(given, plain[0][1:])
