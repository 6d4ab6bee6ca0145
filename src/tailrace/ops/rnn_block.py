"""Whole recurrent steps, and whole sequences, in one operation: LSTM and GRU, with their gradients.

The gates of an LSTM lie side by side as i, ci, f, o; those of a GRU as r, u.

Source: TF 1.15 core/ops/rnn_ops.cc, core/kernels/rnn/lstm_ops.cc, gru_ops.cc,
python/ops/rnn_grad.py, contrib/rnn/python/ops/lstm_ops.py, gru_ops.py.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from tailrace import arrays
from tailrace.dtypes import float16, float32
from tailrace.errors import ShapeError, invalid
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

_HALVES = (float16, float32)
_WEIGHTS = "w: T, wci: T, wcf: T, wco: T, b: T"
_SAVED = "i: T, cs: T, f: T, o: T, ci: T, co: T"
_SETTINGS: dict[str, Any] = {"forget_bias": 1.0, "cell_clip": 3.0, "use_peephole": False}
_PEEPHOLE = Attr("bool")


# -- one step of an LSTM ---------------------------------------------------------------------------


def _lstm_step(
    gates: torch.Tensor,
    cs_prev: torch.Tensor,
    peepholes: tuple[torch.Tensor, ...] | None,
    forget_bias: float,
    cell_clip: float,
) -> tuple[torch.Tensor, ...]:
    """i, cs, f, o, ci, co, h from the four gates' inputs [B, 4H]."""
    i, ci, f, o = gates.chunk(4, -1)
    f = f + forget_bias
    if peepholes is not None:
        i, f = i + cs_prev * peepholes[0], f + cs_prev * peepholes[1]
    i, f, ci = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(ci)
    cs = ci * i + cs_prev * f
    if cell_clip > 0:
        cs = cs.clamp(-cell_clip, cell_clip)
    o = torch.sigmoid(o if peepholes is None else o + cs * peepholes[2])
    co = torch.tanh(cs)
    return i, cs, f, o, ci, co, co * o


def _lstm_step_grad(
    cs_prev: torch.Tensor,
    saved: tuple[torch.Tensor, ...],
    peepholes: tuple[torch.Tensor, ...] | None,
    cs_grad: torch.Tensor,
    h_grad: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients of the cell before the step and of the four gates' inputs.

    TF: nothing is made of the clipping: the gradient passes as if there were none.
    """
    i, _, f, o, ci, co = saved
    do = o * (1 - o) * h_grad * co
    dcs = (1 - co * co) * h_grad * o + cs_grad
    if peepholes is not None:
        dcs = dcs + do * peepholes[2]
    dci = (1 - ci * ci) * dcs * i
    df = f * (1 - f) * dcs * cs_prev
    di = i * (1 - i) * dcs * ci
    cs_prev_grad = dcs * f
    if peepholes is not None:
        cs_prev_grad = cs_prev_grad + di * peepholes[0] + df * peepholes[1]
    return cs_prev_grad, torch.cat((di, dci, df, do), -1)


def _peephole_grads(
    dicfo: torch.Tensor, cs_prev: torch.Tensor, cs: torch.Tensor, use_peephole: bool
) -> tuple[torch.Tensor, ...]:
    """The gradients of wci, wcf, wco; zero when they are not used."""
    if not use_peephole:
        return tuple(cs.new_zeros(cs.shape[-1]) for _ in range(3))
    di, _, df, do = dicfo.chunk(4, -1)
    axes = tuple(range(cs.ndim - 1))
    return (di * cs_prev).sum(axes), (df * cs_prev).sum(axes), (do * cs).sum(axes)


def _check_sizes(cs_prev: torch.Tensor, w: torch.Tensor, b: torch.Tensor, inputs: int) -> None:
    cells = cs_prev.shape[-1]
    for name, have, want in (
        ("w.dim_size(0)", w.shape[0], inputs + cells),
        ("w.dim_size(1)", w.shape[1], 4 * cells),
        ("b.dim_size(0)", b.shape[0], 4 * cells),
    ):
        if have != want:
            raise invalid(f"{name} is {have}, but {inputs} inputs and {cells} cells need {want}")


@op(
    "LSTMBlockCell",
    f"x: T, cs_prev: T, h_prev: T, {_WEIGHTS} -> {_SAVED}, h: T",
    T=_HALVES,
    **_SETTINGS,
)
def lstm_block_cell(
    x, cs_prev, h_prev, w, wci, wcf, wco, b, *, forget_bias, cell_clip, use_peephole
):
    """One step of an LSTM: the gates i, f, o, the new cell cs, its input ci, co = tanh(cs), and h.

    [i, ci, f, o] = [x, h_prev]·w + b; i = σ(i + cs_prev⊙wci), f = σ(f + forget_bias + cs_prev⊙wcf),
    ci = tanh(ci); cs = ci⊙i + cs_prev⊙f, clipped to ±cell_clip when that is positive;
    o = σ(o + cs⊙wco), h = co⊙o. The peephole weights count only with use_peephole.
    """
    _check_sizes(cs_prev, w, b, x.shape[1])
    gates = torch.addmm(b, torch.cat((x, h_prev), 1), w)
    peepholes = (wci, wcf, wco) if use_peephole else None
    return _lstm_step(gates, cs_prev, peepholes, forget_bias, cell_clip)


@lstm_block_cell.shape
def lstm_block_cell_shape(x, cs_prev, h_prev, w, wci, wcf, wco, b):
    return [[with_rank(x, 2)[0], with_rank(cs_prev, 2)[1]]] * 7


@lstm_block_cell.flops
def lstm_block_cell_flops(outputs, x, cs_prev, h_prev, w, *rest):
    return 2 * x[0] * prod(w)


def _affine(b, x, h, w, bias):
    return b.BiasAdd(b.MatMul(b.ConcatV2(x, h, b.constant(1)), w), bias)


def _number(b, value, like):
    return b.constant(value, dtype=arrays.torch_dtype(like.tensor._dtype))


def _width(x):
    """The known number of columns; None where it is not known."""
    return None if x.dims is None or len(x.dims) != 2 else x.dims[1]


def _fit(x, h, *weights):
    """Whether sizes are known, and those of weights [I+H, gates H] are such as they must be."""
    inputs, cells = _width(x), _width(h)
    if inputs is None or cells is None:
        return False
    return all(w.dims == (inputs + cells, gates * cells) for w, gates in weights)


@lstm_block_cell.parts
def lstm_block_cell_parts(
    b, x, cs_prev, h_prev, w, wci, wcf, wco, bias, *, forget_bias, cell_clip, use_peephole
):
    if not _fit(x, h_prev, (w, 4)):
        return None
    zi, zci, zf, zo = b.Split(b.constant(1), _affine(b, x, h_prev, w, bias), num_split=4)
    if forget_bias or use_peephole:
        zf = b.AddV2(zf, _number(b, forget_bias, zf))
    if use_peephole:
        zi, zf = b.AddV2(zi, b.Mul(wci, cs_prev)), b.AddV2(zf, b.Mul(wcf, cs_prev))
    i, ci, f = b.Sigmoid(zi), b.Tanh(zci), b.Sigmoid(zf)
    cs = b.AddV2(b.Mul(cs_prev, f), b.Mul(i, ci))
    if cell_clip > 0:
        limits = (_number(b, limit, cs) for limit in (-cell_clip, cell_clip))
        cs = b.ClipByValue(cs, *limits)
    o = b.Sigmoid(b.AddV2(zo, b.Mul(wco, cs)) if use_peephole else zo)
    co = b.Tanh(cs)
    return i, cs, f, o, ci, co, b.Mul(co, o)


@lstm_block_cell.gradient
def lstm_block_cell_grad_rule(g, op, *grads):
    _, cs_grad, _, _, _, _, h_grad = grads
    inputs, cells = (
        op.x.get_shape().with_rank(2)[1].value,
        op.cs_prev.get_shape().with_rank(2)[1].value,
    )
    if inputs is None or cells is None:
        raise ValueError(
            f"LSTMBlockCell: the sizes of x and cs_prev must be known: {op.x}, {op.cs_prev}"
        )
    batch = op.x.get_shape()[0].value
    rows = -1 if batch is None else batch
    cs_prev_grad, dicfo, *peephole_grads = g.LSTMBlockCellGrad(
        *op.node.inputs,
        op.i,
        op.cs,
        op.f,
        op.o,
        op.ci,
        op.co,
        cs_grad,
        h_grad,
        use_peephole=op.use_peephole,
    )
    xh_grad = g.MatMul(dicfo, op.w, transpose_b=True)
    x_grad = g.Slice(xh_grad, (0, 0), (rows, inputs))
    h_prev_grad = g.Slice(xh_grad, (0, inputs), (rows, cells))
    xh = g.ConcatV2([op.x, op.h_prev], 1, name="concat")
    w_grad = g.MatMul(xh, dicfo, transpose_a=True)
    b_grad = g.BiasAddGrad(dicfo)
    return x_grad, cs_prev_grad, h_prev_grad, w_grad, *peephole_grads, b_grad


@op(
    "LSTMBlockCellGrad",
    f"x: T, cs_prev: T, h_prev: T, {_WEIGHTS}, {_SAVED}, cs_grad: T, h_grad: T"
    " -> cs_prev_grad: T, dicfo: T, wci_grad: T, wcf_grad: T, wco_grad: T",
    use_peephole=_PEEPHOLE,
    T=_HALVES,
)
def lstm_block_cell_grad(
    x, cs_prev, h_prev, w, wci, wcf, wco, b, i, cs, f, o, ci, co, cs_grad, h_grad, *, use_peephole
):
    """Back through LSTMBlockCell, as far as the gates' inputs [B, 4H], `dicfo`."""
    saved = (i, cs, f, o, ci, co)
    peepholes = (wci, wcf, wco) if use_peephole else None
    cs_prev_grad, dicfo = _lstm_step_grad(cs_prev, saved, peepholes, cs_grad, h_grad)
    return cs_prev_grad, dicfo, *_peephole_grads(dicfo, cs_prev, cs, use_peephole)


@lstm_block_cell_grad.parts
def lstm_block_cell_grad_parts(
    b,
    x,
    cs_prev,
    h_prev,
    w,
    wci,
    wcf,
    wco,
    bias,
    i,
    cs,
    f,
    o,
    ci,
    co,
    cs_grad,
    h_grad,
    *,
    use_peephole,
):
    dzo = b.SigmoidGrad(o, b.Mul(h_grad, co))
    dcs = [cs_grad, b.TanhGrad(co, b.Mul(h_grad, o))]
    if use_peephole:
        dcs.append(b.Mul(dzo, wco))
    dcs = b.AddN(*dcs)
    dzi = b.SigmoidGrad(i, b.Mul(dcs, ci))
    dzci = b.TanhGrad(ci, b.Mul(dcs, i))
    dzf = b.SigmoidGrad(f, b.Mul(dcs, cs_prev))
    dicfo = b.ConcatV2(dzi, dzci, dzf, dzo, b.constant(1))
    cs_prev_grad = b.Mul(dcs, f)
    if not use_peephole:
        return cs_prev_grad, dicfo, *(b.ZerosLike(peephole) for peephole in (wci, wcf, wco))
    cs_prev_grad = b.AddN(cs_prev_grad, b.Mul(dzi, wci), b.Mul(dzf, wcf))
    products = b.Mul(dzi, cs_prev), b.Mul(dzf, cs_prev), b.Mul(dzo, cs)
    return cs_prev_grad, dicfo, *(b.Sum(p, b.constant([0]), keep_dims=False) for p in products)


@lstm_block_cell_grad.shape
def lstm_block_cell_grad_shape(x, cs_prev, *rest):
    rows, cells = with_rank(x, 2)[0], with_rank(cs_prev, 2)[1]
    return [[rows, cells], [rows, None if cells is None else 4 * cells], *([[cells]] * 3)]


# -- a sequence of an LSTM -------------------------------------------------------------------------


@op(
    "BlockLSTM",
    f"seq_len_max: int64, x: T, cs_prev: T, h_prev: T, {_WEIGHTS} -> {_SAVED}, h: T",
    T=_HALVES,
    _host="seq_len_max",
    **_SETTINGS,
)
def block_lstm(
    seq_len_max,
    x,
    cs_prev,
    h_prev,
    w,
    wci,
    wcf,
    wco,
    b,
    *,
    forget_bias,
    cell_clip,
    use_peephole,
):
    """LSTMBlockCell over x [T, B, I], as far as seq_len_max; all that comes after is zero."""
    steps, batch, inputs = x.shape
    _check_sizes(cs_prev, w, b, inputs)
    peepholes = (wci, wcf, wco) if use_peephole else None
    outputs = [x.new_zeros((steps, batch, cs_prev.shape[1])) for _ in range(7)]
    from_x = torch.addmm(b, x.reshape(-1, inputs), w[:inputs]).reshape(steps, batch, -1)
    recurrent = w[inputs:]
    for t in range(min(seq_len_max, steps)):
        gates = torch.addmm(from_x[t], h_prev, recurrent)
        results = _lstm_step(gates, cs_prev, peepholes, forget_bias, cell_clip)
        for output, result in zip(outputs, results, strict=True):
            output[t] = result
        cs_prev, h_prev = results[1], results[6]
    return outputs


@block_lstm.shape
def block_lstm_shape(seq_len_max, x, cs_prev, h_prev, w, wci, wcf, wco, b):
    steps, batch, _ = with_rank(x, 3)
    gates = with_rank(b, 1)[0]
    if gates is not None and gates % 4:
        raise ShapeError(f"Dimension size must be evenly divisible by 4 but is {gates}")
    return [[steps, batch, None if gates is None else gates // 4]] * 7


@block_lstm.flops
def block_lstm_flops(outputs, seq_len_max, x, cs_prev, h_prev, w, *rest):
    """Of all steps, also those after `seq_len_max`."""
    return 2 * x[0] * x[1] * prod(w)


@block_lstm.gradient
def block_lstm_grad_rule(g, op, *grads):
    saved = list(op.node.outputs)
    found = g.BlockLSTMGrad(
        *op.node.inputs, *saved, grads[1], grads[6], use_peephole=op.use_peephole
    )
    return None, *found


@op(
    "BlockLSTMGrad",
    f"seq_len_max: int64, x: T, cs_prev: T, h_prev: T, {_WEIGHTS}, {_SAVED}, h: T,"
    " cs_grad: T, h_grad: T"
    " -> x_grad: T, cs_prev_grad: T, h_prev_grad: T, w_grad: T, wci_grad: T, wcf_grad: T,"
    " wco_grad: T, b_grad: T",
    use_peephole=_PEEPHOLE,
    T=_HALVES,
    _host="seq_len_max",
)
def block_lstm_grad(
    seq_len_max,
    x,
    cs_prev,
    h_prev,
    w,
    wci,
    wcf,
    wco,
    b,
    i,
    cs,
    f,
    o,
    ci,
    co,
    h,
    cs_grad,
    h_grad,
    *,
    use_peephole,
):
    """Back through BlockLSTM: the gradients of the inputs, the first state, the weights."""
    steps, batch, inputs = x.shape
    end = min(seq_len_max, steps)
    peepholes = (wci, wcf, wco) if use_peephole else None
    before_cs = torch.cat((cs_prev[None], cs[: max(end - 1, 0)]))[:end]
    before_h = torch.cat((h_prev[None], h[: max(end - 1, 0)]))[:end]
    dicfo = x.new_zeros((steps, batch, w.shape[1]))
    dcs, dh = torch.zeros_like(cs_prev), torch.zeros_like(h_prev)
    backwards = w[inputs:].t()
    for t in range(end - 1, -1, -1):
        saved = (i[t], cs[t], f[t], o[t], ci[t], co[t])
        dcs, dgates = _lstm_step_grad(
            before_cs[t], saved, peepholes, cs_grad[t] + dcs, h_grad[t] + dh
        )
        dicfo[t] = dgates
        dh = dgates @ backwards
    flat = dicfo[:end].reshape(-1, w.shape[1])
    xh = torch.cat((x[:end], before_h), 2).reshape(-1, w.shape[0])
    return (
        dicfo @ w[:inputs].t(),
        dcs,
        dh,
        xh.t() @ flat,
        *_peephole_grads(dicfo[:end], before_cs, cs[:end], use_peephole),
        flat.sum(0),
    )


@block_lstm_grad.shape
def block_lstm_grad_shape(seq_len_max, x, cs_prev, h_prev, w, wci, wcf, wco, b, *rest):
    ranks = {3: (x,), 2: (cs_prev, h_prev, w), 1: (wci, wcf, wco, b)}
    return [with_rank(shape, rank) for rank, shapes in ranks.items() for shape in shapes]


@block_lstm_grad.flops
def block_lstm_grad_flops(outputs, seq_len_max, x, cs_prev, h_prev, w, *rest):
    return 2 * block_lstm_flops(outputs, seq_len_max, x, cs_prev, h_prev, w)


# -- one step of a GRU -----------------------------------------------------------------------------


@op(
    "GRUBlockCell",
    "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T -> r: T, u: T, c: T, h: T",
    T=(float32,),
)
def gru_block_cell(x, h_prev, w_ru, w_c, b_ru, b_c):
    """One step of a GRU: the gates r and u, the candidate c, and h = u⊙h_prev + (1−u)⊙c.

    [r, u] = σ([x, h_prev]·w_ru + b_ru); c = tanh([x, r⊙h_prev]·w_c + b_c).
    """
    cells = h_prev.shape[1]
    rows = x.shape[1] + cells
    for name, weights, width in (("w_ru", w_ru, 2 * cells), ("w_c", w_c, cells)):
        if tuple(weights.shape) != (rows, width):
            raise invalid(f"{name} must have shape [{rows}, {width}], not {list(weights.shape)}")
    gates = torch.sigmoid(torch.addmm(b_ru, torch.cat((x, h_prev), 1), w_ru))
    r, u = (gate.contiguous() for gate in gates.chunk(2, 1))
    c = torch.tanh(torch.addmm(b_c, torch.cat((x, h_prev * r), 1), w_c))
    return r, u, c, u * h_prev + (1 - u) * c


@gru_block_cell.shape
def gru_block_cell_shape(x, h_prev, w_ru, w_c, b_ru, b_c):
    return [[with_rank(x, 2)[0], with_rank(h_prev, 2)[1]]] * 4


@gru_block_cell.flops
def gru_block_cell_flops(outputs, x, h_prev, w_ru, w_c, *rest):
    return 2 * x[0] * (prod(w_ru) + prod(w_c))


@gru_block_cell.parts
def gru_block_cell_parts(b, x, h_prev, w_ru, w_c, b_ru, b_c):
    if not _fit(x, h_prev, (w_ru, 2), (w_c, 1)):
        return None
    gates = b.Sigmoid(_affine(b, x, h_prev, w_ru, b_ru))
    r, u = b.Split(b.constant(1), gates, num_split=2)
    c = b.Tanh(_affine(b, x, b.Mul(h_prev, r), w_c, b_c))
    keep = b.Sub(_number(b, 1.0, u), u)
    return r, u, c, b.AddV2(b.Mul(u, h_prev), b.Mul(keep, c))


@gru_block_cell.gradient
def gru_block_cell_grad_rule(g, op, *grads):
    x, h_prev = op.x, op.h_prev
    d_x, d_h_prev, d_c_bar, d_r_bar_u_bar = g.GRUBlockCellGrad(
        *op.node.inputs, op.r, op.u, op.c, grads[3]
    )
    xh = g.ConcatV2([x, h_prev], 1, name="concat")
    d_w_ru = g.MatMul(xh, d_r_bar_u_bar, transpose_a=True)
    d_b_ru = g.BiasAddGrad(d_r_bar_u_bar)
    reset = g.ConcatV2([x, h_prev * op.r], 1, name="concat")
    d_w_c = g.MatMul(reset, d_c_bar, transpose_a=True)
    d_b_c = g.BiasAddGrad(d_c_bar)
    return d_x, d_h_prev, d_w_ru, d_w_c, d_b_ru, d_b_c


@op(
    "GRUBlockCellGrad",
    "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T, r: T, u: T, c: T, d_h: T"
    " -> d_x: T, d_h_prev: T, d_c_bar: T, d_r_bar_u_bar: T",
    T=(float32,),
)
def gru_block_cell_grad(x, h_prev, w_ru, w_c, b_ru, b_c, r, u, c, d_h):
    """Back through GRUBlockCell: to x, h_prev, and the inputs of the gates and the candidate."""
    inputs = x.shape[1]
    d_c_bar = d_h * (1 - u) * (1 - c * c)
    d_u_bar = d_h * (h_prev - c) * u * (1 - u)
    from_candidate = d_c_bar @ w_c.t()
    d_reset = from_candidate[:, inputs:]
    d_r_bar = d_reset * h_prev * r * (1 - r)
    d_r_bar_u_bar = torch.cat((d_r_bar, d_u_bar), 1)
    from_gates = d_r_bar_u_bar @ w_ru.t()
    d_x = from_gates[:, :inputs] + from_candidate[:, :inputs]
    d_h_prev = from_gates[:, inputs:] + d_reset * r + d_h * u
    return d_x, d_h_prev, d_c_bar, d_r_bar_u_bar


@gru_block_cell_grad.parts
def gru_block_cell_grad_parts(b, x, h_prev, w_ru, w_c, b_ru, b_c, r, u, c, d_h):
    if not _fit(x, h_prev, (w_ru, 2), (w_c, 1)):
        return None
    inputs, cells = _width(x), _width(h_prev)

    def split(xh_grad):
        sizes = (0, inputs), (inputs, cells)
        return (
            b.Slice(xh_grad, b.constant([0, begin]), b.constant([-1, size]))
            for begin, size in sizes
        )

    d_c_bar = b.TanhGrad(c, b.Mul(d_h, b.Sub(_number(b, 1.0, u), u)))
    x_from_c, d_reset = split(b.MatMul(d_c_bar, w_c, transpose_b=True))
    d_u = b.AddN(b.Mul(d_h, h_prev), b.Neg(b.Mul(d_h, c)))
    d_r_bar, d_u_bar = b.SigmoidGrad(r, b.Mul(d_reset, h_prev)), b.SigmoidGrad(u, d_u)
    d_r_bar_u_bar = b.ConcatV2(d_r_bar, d_u_bar, b.constant(1))
    x_from_gates, h_from_gates = split(b.MatMul(d_r_bar_u_bar, w_ru, transpose_b=True))
    d_x = b.AddN(x_from_gates, x_from_c)
    d_h_prev = b.AddN(h_from_gates, b.Mul(d_reset, r), b.Mul(d_h, u))
    return d_x, d_h_prev, d_c_bar, d_r_bar_u_bar


@gru_block_cell_grad.shape
def gru_block_cell_grad_shape(x, h_prev, w_ru, *rest):
    rows, cells = with_rank(x, 2)[0], with_rank(h_prev, 2)[1]
    state = [rows, cells]
    return [with_rank(x, 2), state, state, [rows, with_rank(w_ru, 2)[1]]]


gru_block_cell_grad.flops(gru_block_cell_flops)
