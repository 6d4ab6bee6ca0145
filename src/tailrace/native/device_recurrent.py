"""LSTM layers on a GPU: a product and one fused kernel of ATen's for each step.

ATen's kernels are those under PyTorch's `LSTMCell`. They have the gates in the order i f j o, and
keep what the way back needs; ours have TensorFlow's, i j f o, so columns are put in order before
and after. Shapes as in `recurrent`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tailrace.native.device_cudnn import gates_in_order

_cell = torch.ops.aten._thnn_fused_lstm_cell.default
_cell_backward = torch.ops.aten._thnn_fused_lstm_cell_backward_impl.default


def lstm_forward(
    gx: Tensor, wh: Tensor, bias: Tensor | None, h0: Tensor, c0: Tensor, forget_bias: float
) -> tuple[Tensor, Tensor, Tensor]:
    """hs [T+1,B,H], cs [T+1,B,H] and the activated gates [T,B,4H]."""
    gates = gates_in_order(gx if bias is None else gx + bias)
    hidden = c0.shape[1]
    if forget_bias:
        gates.narrow(2, hidden, hidden).add_(forget_bias)
    weights = gates_in_order(wh)
    h, c = [h0], [c0]
    saved = []
    for inputs in gates.unbind(0):
        next_h, next_c, workspace = _cell(inputs, torch.mm(h[-1], weights), c[-1])
        h.append(next_h)
        c.append(next_c)
        saved.append(workspace)
    kept = torch.stack(saved) if saved else gates
    return torch.stack(h), torch.stack(c), gates_in_order(kept)


def lstm_backward(
    dout: Tensor | None,
    dh_last: Tensor | None,
    dc_last: Tensor | None,
    gates: Tensor,
    hs: Tensor,
    cs: Tensor,
    wh: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of the gates before activation, and of the initial states."""
    workspaces, weights = gates_in_order(gates).unbind(0), gates_in_order(wh).t()
    dh = torch.zeros_like(hs[0]) if dh_last is None else dh_last
    dc = torch.zeros_like(cs[0]) if dc_last is None else dc_last
    found = []
    for t in reversed(range(len(workspaces))):
        arriving = dh if dout is None else dh + dout[t]
        dgates, dc, _ = _cell_backward(arriving, dc, cs[t], cs[t + 1], workspaces[t], False)
        found.append(dgates)
        dh = torch.mm(dgates, weights)
    found.reverse()
    return gates_in_order(torch.stack(found)) if found else gates, dh, dc
