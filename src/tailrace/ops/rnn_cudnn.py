"""Whole recurrent networks in one operation, as cuDNN has them: by cuDNN where there is one, and
otherwise on PyTorch's kernels.

A network has pseudo-layers, one or (bidirectional) two for each layer. All parameters are one
vector: first the weights of every pseudo-layer (those of the inputs, then those of the state, gate
by gate), then the biases in the same order. The gates: LSTM i, f, c, o; GRU r, u, c.

LSTM: i, f, o = σ(W x + b + R h + d), c' = f⊙c + i⊙tanh(W x + b + R h + d), h' = o⊙tanh(c').
GRU: r, u as the gates above, h' = (1−u)⊙tanh(W x + b + r⊙(R h + d)) + u⊙h.

Dropout is between the layers; the masks are kept in `reserve_space`. They are not cuDNN's.

Source: TF 1.15 core/ops/cudnn_rnn_ops.cc, python/ops/cudnn_rnn_grad.py.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch.nn.utils import rnn as packing

from tailrace import errors
from tailrace.dtypes import INDEX, float16, float32, float64, int32
from tailrace.native import device_cudnn
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, with_rank

_TYPES = (float16, float32, float64)
_KIND: dict[str, Any] = {
    "T": _TYPES,
    "rnn_mode": Attr("string", b"lstm", (b"rnn_relu", b"rnn_tanh", b"lstm", b"gru")),
    "input_mode": Attr("string", b"linear_input", (b"linear_input", b"skip_input", b"auto_select")),
    "direction": Attr("string", b"unidirectional", (b"unidirectional", b"bidirectional")),
    "dropout": 0.0,
    "seed": 0,
    "seed2": 0,
}
_SIZES = "num_layers: int32, num_units: int32, input_size: int32"
_STATES = "input: T, input_h: T, input_c: T, params: T"
_RESULTS = "output: T, output_h: T, output_c: T"


@dataclasses.dataclass(frozen=True)
class _Network:
    """What a network looks like: its kind, sizes and directions (1 or 2)."""

    mode: bytes
    layers: int
    units: int
    inputs: int
    directions: int

    @classmethod
    def of(cls, mode: bytes, direction: bytes, layers: int, units: int, inputs: int) -> _Network:
        return cls(mode, layers, units, inputs, 1 if direction == b"unidirectional" else 2)

    def gates(self) -> int:
        """How many gates a layer has."""
        return device_cudnn.GATES[self.mode.decode()]

    def weight_shapes(self) -> list[tuple[int, int]]:
        """The shapes of all matrices in their order."""
        gates, shapes = self.gates(), []
        for layer in range(self.layers):
            width = self.inputs if layer == 0 else self.units * self.directions
            one = [(self.units, width)] * gates + [(self.units, self.units)] * gates
            shapes += one * self.directions
        return shapes

    def size(self) -> int:
        """How many parameters there are."""
        shapes = self.weight_shapes()
        return sum(rows * columns for rows, columns in shapes) + len(shapes) * self.units

    def split(self, params: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """The matrices and the biases."""
        if params.numel() != self.size():
            raise errors.invalid(
                f"the network has {self.size()} parameters, but params has {params.numel()}"
            )
        shapes = self.weight_shapes()
        lengths = [rows * columns for rows, columns in shapes] + [self.units] * len(shapes)
        parts = params.reshape(-1).split(lengths)
        weights = [part.reshape(s) for part, s in zip(parts, shapes, strict=False)]
        return weights, list(parts[len(shapes) :])

    def of_layer(self, params: torch.Tensor) -> list[list[torch.Tensor]]:
        """For each layer what PyTorch takes: W, R, b, d of each direction."""
        weights, biases = self.split(params)
        gates = self.gates()
        flat = [
            torch.cat(part[i : i + gates])
            for i in range(0, len(weights), gates)
            for part in (weights, biases)
        ]
        # per direction: W, b, R, d
        each = [[flat[i], flat[i + 2], flat[i + 1], flat[i + 3]] for i in range(0, len(flat), 4)]
        step = self.directions
        return [
            [part for one in each[i : i + step] for part in one] for i in range(0, len(each), step)
        ]


def _network(input: Any, input_h: Any, mode: bytes, direction: bytes, input_mode: bytes):
    directions = 1 if direction == b"unidirectional" else 2
    units = input_h.shape[2]
    skips = input_mode == b"skip_input" or (
        input_mode == b"auto_select" and input.shape[2] == units
    )
    if skips:
        raise errors.KernelError(
            errors.UnimplementedError, "input_mode skip_input: use linear_input"
        )
    return _Network(mode, input_h.shape[0] // directions, units, input.shape[2], directions)


def _network_of(net: _Network, x: Any, batch_sizes: Any, h: Any, c: Any, weights: Any) -> Any:
    """The states after each step, and the last h and, of an LSTM, c."""
    mode, both_ways = net.mode.decode(), net.directions == 2
    if x.numel() and device_cudnn.serves(x.device):
        sizes = () if batch_sizes is None else batch_sizes.tolist()
        y, *ends, _, _ = device_cudnn.run(
            mode,
            x,
            weights,
            h,
            c,
            training=torch.is_grad_enabled(),
            bidirectional=both_ways,
            batch_sizes=sizes,
        )
        return y, *ends[: 2 if c is not None else 1]
    state = h if c is None else (h, c)
    given = (x, state) if batch_sizes is None else (x, batch_sizes, state)
    last = (False,) if batch_sizes is None else ()  # batch_first
    return getattr(torch, mode)(*given, weights, True, 1, 0.0, False, both_ways, *last)


def _layer(net: _Network, x: Any, h: Any, c: Any, weights: Any, lengths: Any) -> tuple[Any, ...]:
    """One layer over all steps. Shapes: x [T, B, I] -> [T, B, D H], h and c [D, B, H]."""
    if lengths is None:
        y, *ends = _network_of(net, x, None, h, c, weights)
        return y, *ends
    packed = packing.pack_padded_sequence(x, lengths, enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    first = h[:, order], None if c is None else c[:, order]
    data, *ends = _network_of(net, packed.data, packed.batch_sizes, *first, weights)
    result = packing.PackedSequence(data, packed.batch_sizes, order, back)
    y, _ = packing.pad_packed_sequence(result, total_length=len(x))
    return y, *(end[:, back] for end in ends)


def _forward(net: _Network, x: Any, h: Any, c: Any, params: Any, masks: Any, lengths: Any):
    """Output, last h and last c (None but for LSTM); `masks` has one for each layer after the
    first, or none.
    """
    ends_h, ends_c, step = [], [], net.directions
    for i, weights in enumerate(net.of_layer(params)):
        if i and masks is not None:
            x = x * masks[i - 1]
        at = slice(i * step, (i + 1) * step)
        inside = c[at] if net.mode == b"lstm" else None
        x, end_h, *end_c = _layer(net, x, h[at], inside, weights, lengths)
        ends_h.append(end_h)
        ends_c += end_c
    return x, torch.cat(ends_h), torch.cat(ends_c) if ends_c else None


def _masks(ctx: Any, net: _Network, x: torch.Tensor) -> torch.Tensor | None:
    """The masks of dropout between the layers, None where there is none. Shapes: [L-1, T, B, DH]"""
    rate = ctx.attr("dropout")
    if not rate or net.layers == 1:
        return None
    generator = ctx.state.get("generator")
    if generator is None:
        generator = torch.Generator()
        generator.manual_seed(hash((ctx.attr("seed"), ctx.attr("seed2"))) % 2**63)
        generator = ctx.state.setdefault("generator", generator)
    shape = (net.layers - 1, *x.shape[:2], net.units * net.directions)
    kept = torch.rand(shape, generator=generator, device="cpu") >= rate
    return kept.to(x.device, x.dtype) / (1 - rate)


def _run(ctx: Any, x: Any, h: Any, c: Any, params: Any, lengths: Any = None) -> list[Any]:
    mode, direction = ctx.attr("rnn_mode"), ctx.attr("direction")
    net = _network(x, h, mode, direction, ctx.attr("input_mode"))
    masks = _masks(ctx, net, x) if ctx.attr("is_training") else None
    y, last_h, last_c = _forward(net, x, h, c, params, masks, lengths)
    nothing = x.new_zeros(0)
    return [y, last_h, nothing if last_c is None else last_c, nothing if masks is None else masks]


def _backward(net: _Network, values: Any, dys: Any, reserve: Any, lengths: Any) -> list[Any]:
    """The gradients with respect to input, h, c and parameters, by PyTorch's own rules."""
    with torch.inference_mode(False), torch.enable_grad():
        masks = reserve.clone() if reserve.numel() else None
        given = [value.clone().requires_grad_() for value in values]
        x, h, c, params = given
        outputs = _forward(net, x, h, c, params, masks, lengths)
        pairs = [(y, dy.clone()) for y, dy in zip(outputs, dys, strict=True) if y is not None]
        found = torch.autograd.grad(
            [y for y, _ in pairs],
            given,
            [dy.reshape(y.shape) for y, dy in pairs],
            allow_unused=True,
        )
    return [
        torch.zeros_like(value) if grad is None else grad
        for value, grad in zip(values, found, strict=True)
    ]


# -- the network -----------------------------------------------------------------------------------


@op(
    "CudnnRNN",
    f"{_STATES} -> {_RESULTS}, reserve_space: T",
    **_KIND,
    is_training=True,
    _stateful=True,
    _context=True,
)
def cudnn_rnn(ctx, input, input_h, input_c, params):
    """A recurrent network over sequences.

    Shapes: input [T, B, I], input_h [L D, B, H], input_c the same for LSTM and else [0] -> output
    [T, B, D H], output_h and (LSTM) output_c as given.
    """
    return _run(ctx, input, input_h, input_c, params)


cudnn_rnn.on_device()(cudnn_rnn.kernel)


@cudnn_rnn.shape
def cudnn_rnn_shape(input, input_h, input_c, params, *, rnn_mode, direction):
    x, h = with_rank(input, 3), with_rank(input_h, 3)
    directions = 1 if direction == b"unidirectional" else 2
    width = None if h[2] is None else h[2] * directions
    inside = h if rnn_mode == b"lstm" else []
    return [[x[0], x[1], width], h, inside, UNKNOWN]


_BACKPROP = (
    "output: T, output_h: T, output_c: T, output_backprop: T, output_h_backprop: T, "
    "output_c_backprop: T, reserve_space: T"
)
_GRADIENTS = "input_backprop: T, input_h_backprop: T, input_c_backprop: T, params_backprop: T"


@op("CudnnRNNBackprop", f"{_STATES}, {_BACKPROP} -> {_GRADIENTS}", **_KIND, _stateful=True)
def cudnn_rnn_backprop(
    input,
    input_h,
    input_c,
    params,
    output,
    output_h,
    output_c,
    output_backprop,
    output_h_backprop,
    output_c_backprop,
    reserve_space,
    *,
    rnn_mode,
    direction,
    input_mode,
):
    """The gradients of `CudnnRNN` with respect to its inputs."""
    net = _network(input, input_h, rnn_mode, direction, input_mode)
    dys = (output_backprop, output_h_backprop, output_c_backprop)
    return _backward(net, (input, input_h, input_c, params), dys, reserve_space, None)


@cudnn_rnn_backprop.shape
def cudnn_rnn_backprop_shape(input, input_h, input_c, params, *_):
    return [input, input_h, input_c, params]


cudnn_rnn_backprop.missing_gradient("TensorFlow has no second derivative of it")


def _check_training(op: Any, name: str) -> None:
    if not op.is_training:
        raise ValueError(f"To use {name} in gradients, is_training must be set to True.")


def _facts(op: Any, *more: str) -> dict[str, Any]:
    names = ("dropout", "seed", "seed2", "rnn_mode", "input_mode", "direction", *more)
    return {name: op.node.attrs[name] for name in names}


@cudnn_rnn.gradient
def cudnn_rnn_gradient(g, op, dy, dh, dc, _):
    _check_training(op, "CudnnRNN")
    return g.CudnnRNNBackprop(
        op.input,
        op.input_h,
        op.input_c,
        op.params,
        op.output,
        op.output_h,
        op.output_c,
        dy,
        dh,
        dc,
        op.reserve_space,
        **_facts(op),
    )


# -- with sequences of different lengths -----------------------------------------------------------

_V3: dict[str, Any] = {**_KIND, "num_proj": 0, "time_major": True}


def _time_first(x: torch.Tensor, time_major: bool) -> torch.Tensor:
    return x if time_major else x.transpose(0, 1)


def _whole(lengths: torch.Tensor, steps: int) -> torch.Tensor | None:
    """The lengths, None where all sequences have all steps. Raises: InvalidArgumentError."""
    if lengths.numel() and (int(lengths.min()) < 1 or int(lengths.max()) > steps):
        raise errors.invalid(f"sequence_lengths must be in [1, {steps}]")
    return None if bool((lengths == steps).all()) else lengths.long().cpu()


def _check_projection(num_proj: int) -> None:
    if num_proj:
        raise errors.KernelError(errors.UnimplementedError, "projections of the state (num_proj)")


@op(
    "CudnnRNNV3",
    f"{_STATES}, sequence_lengths: int32 -> {_RESULTS}, reserve_space: T, host_reserved: int8",
    **_V3,
    is_training=True,
    _stateful=True,
    _context=True,
)
def cudnn_rnn_v3(ctx, input, input_h, input_c, params, sequence_lengths):
    """`CudnnRNN` of sequences that end early: their outputs are 0 from there.

    Shapes: as `CudnnRNN`, sequence_lengths [B]; unless time_major, B comes before T, and before
    L D in the states.
    """
    _check_projection(ctx.attr("num_proj"))
    major = ctx.attr("time_major")
    x, h, c = (_time_first(v, major) if v.dim() == 3 else v for v in (input, input_h, input_c))
    y, *rest = _run(ctx, x, h.contiguous(), c, params, _whole(sequence_lengths, len(x)))
    states = [_time_first(s, major).contiguous() if s.dim() == 3 else s for s in rest[:2]]
    return [_time_first(y, major).contiguous(), *states, rest[2], torch.zeros(0, dtype=torch.int8)]


cudnn_rnn_v3.on_device()(cudnn_rnn_v3.kernel)


@cudnn_rnn_v3.shape
def cudnn_rnn_v3_shape(
    input, input_h, input_c, params, sequence_lengths, *, rnn_mode, direction, num_proj
):
    x, h = with_rank(input, 3), with_rank(input_h, 3)
    with_rank(sequence_lengths, 1)
    directions = 1 if direction == b"unidirectional" else 2
    units = num_proj or h[2]
    width = None if units is None else units * directions
    inside = input_c if rnn_mode == b"lstm" else []
    return [[x[0], x[1], width], h, inside, UNKNOWN, UNKNOWN]


@op(
    "CudnnRNNBackpropV3",
    f"{_STATES}, sequence_lengths: int32, {_BACKPROP}, host_reserved: int8 -> {_GRADIENTS}",
    **_V3,
    _stateful=True,
)
def cudnn_rnn_backprop_v3(
    input,
    input_h,
    input_c,
    params,
    sequence_lengths,
    output,
    output_h,
    output_c,
    output_backprop,
    output_h_backprop,
    output_c_backprop,
    reserve_space,
    host_reserved,
    *,
    rnn_mode,
    direction,
    input_mode,
    time_major,
):
    """The gradients of `CudnnRNNV3` with respect to its inputs."""
    swap = [
        _time_first(v, time_major).contiguous() if v.dim() == 3 else v
        for v in (
            input,
            input_h,
            input_c,
            output_backprop,
            output_h_backprop,
            output_c_backprop,
        )
    ]
    x, h, c = swap[:3]
    net = _network(x, h, rnn_mode, direction, input_mode)
    lengths = _whole(sequence_lengths, len(x))
    found = _backward(net, (x, h, c, params), swap[3:], reserve_space, lengths)
    return [_time_first(d, time_major).contiguous() if d.dim() == 3 else d for d in found]


@cudnn_rnn_backprop_v3.shape
def cudnn_rnn_backprop_v3_shape(input, input_h, input_c, params, *_):
    return [input, input_h, input_c, params]


cudnn_rnn_backprop_v3.missing_gradient("TensorFlow has no second derivative of it")


@cudnn_rnn_v3.gradient
def cudnn_rnn_v3_gradient(g, op, dy, dh, dc, *_):
    _check_training(op, "CudnnRNNV3")
    found = g.CudnnRNNBackpropV3(
        op.input,
        op.input_h,
        op.input_c,
        op.params,
        op.sequence_lengths,
        op.output,
        op.output_h,
        op.output_c,
        dy,
        dh,
        dc,
        op.reserve_space,
        op.host_reserved,
        **_facts(op, "time_major", "num_proj"),
    )
    return (*found, None)


# -- parameters ------------------------------------------------------------------------------------


@op(
    "CudnnRNNParamsSize",
    f"{_SIZES} -> params_size: S",
    **_KIND,
    S=type_attr(INDEX),
    num_proj=0,
    _host=("num_layers", "num_units", "input_size"),
)
def cudnn_rnn_params_size(num_layers, num_units, input_size, *, rnn_mode, direction, num_proj, S):
    """How many parameters a network has. Shapes: -> [1]."""
    _check_projection(num_proj)
    net = _Network.of(rnn_mode, direction, num_layers, num_units, input_size)
    return torch.tensor([net.size()], dtype=torch.int32 if S is int32 else torch.int64)


@cudnn_rnn_params_size.shape
def cudnn_rnn_params_size_shape(num_layers, num_units, input_size):
    return [[1]]


cudnn_rnn_params_size.missing_gradient("sizes do not vary smoothly")


@op(
    "CudnnRNNCanonicalToParams",
    f"{_SIZES}, weights: num_params*T, biases: num_params*T -> params: T",
    **_KIND,
    _host=("num_layers", "num_units", "input_size"),
)
def cudnn_rnn_canonical_to_params(
    num_layers, num_units, input_size, weights, biases, *, rnn_mode, direction
):
    """All parameters as one vector. Raises: InvalidArgumentError when they are not all."""
    net = _Network.of(rnn_mode, direction, num_layers, num_units, input_size)
    params = torch.cat([part.reshape(-1) for part in (*weights, *biases)])
    net.split(params)
    return params


@cudnn_rnn_canonical_to_params.shape
def cudnn_rnn_canonical_to_params_shape(num_layers, num_units, input_size, weights, biases):
    return [[None]]


cudnn_rnn_canonical_to_params.missing_gradient("TensorFlow has none")


@op(
    "CudnnRNNParamsToCanonical",
    f"{_SIZES}, params: T -> weights: num_params*T, biases: num_params*T",
    **_KIND,
    _host=("num_layers", "num_units", "input_size"),
)
def cudnn_rnn_params_to_canonical(
    num_layers, num_units, input_size, params, *, rnn_mode, direction
):
    """The matrices and biases that a vector of parameters holds."""
    net = _Network.of(rnn_mode, direction, num_layers, num_units, input_size)
    weights, biases = net.split(params)
    return [*(w.clone() for w in weights), *(b.clone() for b in biases)]


@cudnn_rnn_params_to_canonical.shape
def cudnn_rnn_params_to_canonical_shape(num_layers, num_units, input_size, params, *, num_params):
    return [[None, None]] * num_params + [[None]] * num_params


cudnn_rnn_params_to_canonical.missing_gradient("TensorFlow has none")
