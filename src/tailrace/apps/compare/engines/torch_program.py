"""The same language model written for PyTorch, with PyTorch's own recurrent layers."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
CLIP_NORM = 5.0


class LanguageModel(nn.Module):
    """Embedding, recurrent layers, softmax."""

    def __init__(self, kind, vocabulary, size, layers):
        super().__init__()
        self.kind = kind
        self.table = nn.Embedding(vocabulary, size)
        self.layers = KINDS[kind](size, size, layers, batch_first=True)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, x):
        """Scores [B T, V] of symbols [B, T]."""
        hidden, _ = self.layers(self.table(x))
        return self.out(hidden.flatten(0, 1))

    @torch.no_grad()
    def load(self, weights):
        """Takes the TensorFlow program's variables, in their order.

        There kernels are [inputs + units, gates] with LSTM gates i, j, f, o and 1 added to f. A GRU
        of TensorFlow's resets the state before the candidate's product, one of PyTorch's behind it:
        another function of the same size, which gets the same numbers all the same.
        """
        table, *kernels, w, b = [torch.from_numpy(value) for value in weights]
        self.table.weight.copy_(table)
        self.out.weight.copy_(w.t())
        self.out.bias.copy_(b)
        each = 4 if self.kind == "gru" else 2
        for layer in range(self.layers.num_layers):
            kernel, bias = self._layer(kernels[each * layer : each * (layer + 1)])
            w_x, w_h, b_x, b_h = self.layers.all_weights[layer]
            size = self.layers.input_size
            w_x.copy_(kernel[:size].t())
            w_h.copy_(kernel[size:].t())
            b_x.copy_(bias)
            # PyTorch has a bias twice, which would learn twice as fast
            b_h.zero_().requires_grad_(False)

    def _layer(self, kernels):
        """A layer's kernel and bias with the gates in PyTorch's order."""
        if self.kind == "lstm":
            i, j, f, o = kernels[0].chunk(4, 1)
            b_i, b_j, b_f, b_o = kernels[1].chunk(4)
            return torch.cat([i, f, j, o], 1), torch.cat([b_i, b_f + 1.0, b_j, b_o])
        if self.kind == "gru":
            gates, gate_bias, candidate, bias = kernels
            # z of PyTorch keeps the state as TensorFlow's u does
            return torch.cat([gates, candidate], 1), torch.cat([gate_bias, bias])
        return kernels


class Program:
    """The network with its training step."""

    def __init__(self, kind, vocabulary, size, layers, weights):
        self.model = LanguageModel(kind, vocabulary, size, layers)
        self.model.load(weights)
        self.optimizer = torch.optim.Adam(self._parameters(), fused=True)

    def _parameters(self):
        return [p for p in self.model.parameters() if p.requires_grad]

    def _loss(self, x, y):
        x, y = (torch.from_numpy(np.ascontiguousarray(part)).long() for part in (x, y))
        return nn.functional.cross_entropy(self.model(x), y.reshape(-1))

    def step(self, x, y, rate):
        """Learns from a batch [B, T]; returns its loss."""
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._loss(x, y)
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters(), CLIP_NORM)
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def loss(self, x, y):
        """The loss of a batch."""
        return self._loss(x, y).item()
