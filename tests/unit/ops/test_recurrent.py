"""What stands in place of recurrent cells: kernels agree with shape rules and formulas."""

import pytest
import torch

import tailrace.ops  # noqa: F401 - registers the operations
from tailrace.registry import FUSED
from tailrace.shapes import as_shape

T, B, X, H = 5, 3, 4, 2


def noise(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def shapes_of(value):
    if isinstance(value, (list, tuple)):
        return [shapes_of(v) for v in value]
    return as_shape(value.shape)


def run(name, *inputs, **attributes):
    """The outputs, their shapes compared with the rule's."""
    definition = FUSED[name]
    assert definition.shape_rule is not None
    told = definition.shape_rule(
        *shapes_of(inputs), **{n: attributes[n] for n in definition.shape_attrs}
    )
    given = {n: attributes[n] for n in definition.kernel_attrs}
    outputs = definition.kernel(*inputs, **given)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    assert [tuple(as_shape(s)) for s in told] == [tuple(v.shape) for v in outputs]
    return outputs


def test_inputs():
    x, y, v, w = noise(T, B, X), noise(T, B, 1), noise(X, H), noise(1, H)
    more = noise(T, B, H)
    (found,) = run("SequenceInputs", [x, y], [v, w], [more])
    torch.testing.assert_close(found, x @ v + y @ w + more)
    (found,) = run("SequenceInputs", [], [], [more])
    torch.testing.assert_close(found, more)
    assert found.data_ptr() != more.data_ptr()  # it may be written over
    (found,) = run("SequenceInputs", [x.transpose(0, 1)], [v], [])
    torch.testing.assert_close(found, x.transpose(0, 1) @ v)


def test_kernel_gradient():
    x, y, dz = noise(T, B, X), noise(T, B, 1), noise(T, B, H)
    (found,) = run("KernelGradient", [x, y], dz)
    torch.testing.assert_close(found, torch.einsum("tbi,tbg->ig", torch.cat([x, y], 2), dz))


def test_input_gradient():
    dz, dc, w, v = noise(T, B, H), noise(T, B, 3), noise(X, H), noise(X, 3)
    (found,) = run("InputGradient", [dz, dc], [w, v])
    torch.testing.assert_close(found, dz @ w.t() + dc @ v.t())


def test_narrow():
    x = noise(T, B, X)
    (found,) = run("Narrow", x, axis=2, begin=1, size=2)
    assert torch.equal(found, x[:, :, 1:3])


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("lengths", [[], [torch.tensor([2, 5, 1], dtype=torch.int32)]])
def test_lstm(in_place, lengths):
    gx, wh, bias = noise(T, B, 4 * H), noise(H, 4 * H), noise(4 * H)
    h, c, peepholes = noise(B, H), noise(B, H, seed=1), [noise(H, seed=s) for s in range(3)]
    before = gx.clone()
    hs, cs, gates = run(
        "LstmSequence", gx, wh, [bias], h, c, peepholes, [], lengths, [],
        forget_bias=1.0, cell_clip=0.0, projection_clip=0.0, activation="tanh", in_place=in_place,
    )  # fmt: skip
    assert torch.equal(gx, before) != in_place
    kept = gates.clone()
    run(
        "LstmSequenceGrad", [noise(T, B, H)], [], [], gates, hs, cs, wh, peepholes, [],
        lengths, [], [],
        cell_clip=0.0, projection_clip=0.0, activation="tanh", in_place=in_place,
    )  # fmt: skip
    assert torch.equal(gates, kept) != in_place


@pytest.mark.parametrize("in_place", [False, True])
def test_gru(in_place):
    gx, gxc, h = noise(T, B, 2 * H), noise(T, B, H), noise(B, H)
    wh, whc = noise(H, 2 * H), noise(H, H)
    hs, gates, candidate, rh = run(
        "GruSequence", gx, gxc, wh, whc, [noise(2 * H)], [], h, [], [],
        activation="tanh", in_place=in_place,
    )  # fmt: skip
    torch.testing.assert_close(rh, gates[..., :H] * hs[:-1])
    kept = gates.clone()
    run(
        "GruSequenceGrad", [], [noise(B, H)], gates, candidate, rh, hs, wh, whc, [], [],
        activation="tanh", in_place=in_place,
    )  # fmt: skip
    assert torch.equal(gates, kept) != in_place


@pytest.mark.parametrize("in_place", [False, True])
def test_gru_that_resets_after_the_product(in_place):
    gx, gxc, h, inner = noise(T, B, 2 * H), noise(T, B, H), noise(B, H), noise(H)
    wh, whc = noise(H, 2 * H), noise(H, H)
    hs, gates, candidate, product = run(
        "GruAfterSequence", gx, gxc, wh, whc, [], [noise(H)], [inner], h, [], in_place=in_place
    )
    torch.testing.assert_close(product, hs[:-1] @ whc + inner)
    kept = product.clone()
    _, dzx, dzh, _ = run(
        "GruAfterSequenceGrad", [], [noise(B, H)], gates.clone(), candidate, product, hs, wh, whc,
        [], in_place=in_place,
    )  # fmt: skip
    assert torch.equal(product, kept) != in_place
    torch.testing.assert_close(dzh, dzx * gates[..., :H])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_activations_within_gates(activation):
    gx, wh, states = noise(T, B, 4 * H), noise(H, 4 * H), [noise(B, H), noise(B, H, seed=1)]
    hs, cs, gates = run(
        "LstmSequence", gx, wh, [], *states, [], [], [], [],
        forget_bias=0.0, cell_clip=0.0, projection_clip=0.0, activation=activation, in_place=False,
    )  # fmt: skip
    act = getattr(torch, activation)
    torch.testing.assert_close(gates[0, :, H : 2 * H], act((gx[0] + states[0] @ wh)[:, H : 2 * H]))
    torch.testing.assert_close(hs[1:], gates[..., 3 * H :] * act(cs[1:]))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_rnn(activation):
    gx, wh, h = noise(T, B, H), noise(H, H), noise(B, H)
    (hs,) = run("RnnSequence", gx, wh, [], h, [], [], activation=activation)
    torch.testing.assert_close(hs[1], getattr(torch, activation)(gx[0] + h @ wh))
    run("RnnSequenceGrad", [noise(T, B, H)], [], hs, wh, [], [], [], activation=activation)


@pytest.mark.parametrize("size", [(T, B, H), (1, B, H), (H,)])
def test_masks(size):
    """Steps begin with what those before give times the mask, of whatever sizes it is."""
    mask = noise(*size, seed=7)
    gx, h, c, wh = noise(T, B, 4 * H), noise(B, H), noise(B, H), noise(H, 4 * H)
    hs, cs, gates, given = run(
        "LstmSequence", gx, wh, [], h, c, [], [], [], [mask],
        forget_bias=0.0, cell_clip=0.0, projection_clip=0.0, activation="tanh", in_place=False,
    )  # fmt: skip
    torch.testing.assert_close(given, gates[..., 3 * H :] * torch.tanh(cs[1:]))
    torch.testing.assert_close(hs[1:], given * mask)
    run(
        "LstmSequenceGrad", [noise(T, B, H)], [], [], gates, hs, cs, wh, [], [], [],
        [mask], [cs[1:]],
        cell_clip=0.0, projection_clip=0.0, activation="tanh", in_place=False,
    )  # fmt: skip
    gxc, whg, whc = gx[..., :H].contiguous(), wh[:, : 2 * H], wh[:, :H]
    hs, gates, candidate, rh, given = run(
        "GruSequence", gx[..., : 2 * H], gxc, whg, whc, [], [], h, [], [mask],
        activation="tanh", in_place=False,
    )  # fmt: skip
    torch.testing.assert_close(hs[1:], given * mask)
    run(
        "GruSequenceGrad", [], [h], gates, candidate, rh, hs, whg, whc, [], [mask],
        activation="tanh", in_place=False,
    )  # fmt: skip
    hs, given = run("RnnSequence", gxc, whc, [], h, [], [mask], activation="tanh")
    torch.testing.assert_close(hs[1:], given * mask)
    run("RnnSequenceGrad", [], [h], hs, whc, [], [mask], [given], activation="tanh")


def test_projection():
    projection, size = noise(H, 3), 3
    gx, wh, h, c = noise(T, B, 4 * H), noise(size, 4 * H), noise(B, size), noise(B, H)
    hs, cs, gates, m = run(
        "LstmSequence", gx, wh, [], h, c, [], [projection], [], [],
        forget_bias=0.0, cell_clip=0.0, projection_clip=0.0, activation="tanh", in_place=False,
    )  # fmt: skip
    torch.testing.assert_close(hs[1:], m @ projection)
    dout = noise(T, B, size)
    *_, dproduct = run(
        "LstmSequenceGrad", [dout], [], [], gates, hs, cs, wh, [], [projection], [], [], [],
        cell_clip=0.0, projection_clip=0.0, activation="tanh", in_place=False,
    )  # fmt: skip
    torch.testing.assert_close(dproduct[-1], dout[-1])
