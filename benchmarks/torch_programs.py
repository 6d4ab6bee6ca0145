"""The same work written for PyTorch: `program()` gives a function that does one step."""

import numpy as np
import torch
from programs import BATCH, HIDDEN, LAYERS, STEPS, VOCABULARY
from torch import nn


class _CharRNN(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, HIDDEN)
        self.layers = kind(HIDDEN, HIDDEN, LAYERS, batch_first=True)
        self.out = nn.Linear(HIDDEN, VOCABULARY)

    def forward(self, x):
        hidden, _ = self.layers(self.table(x))
        return self.out(hidden.reshape(-1, HIDDEN))


def _char_rnn(kind):
    torch.manual_seed(0)
    model = _CharRNN(kind)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3, fused=True)
    data = torch.from_numpy(np.random.RandomState(0).randint(0, VOCABULARY, (BATCH, STEPS + 1)))
    x, y = data[:, :-1], data[:, 1:].reshape(-1)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return loss.item()

    return step


def lstm():
    return _char_rnn(nn.LSTM)


def gru():
    return _char_rnn(nn.GRU)


def rnn():
    return _char_rnn(nn.RNN)


def mnist_cnn():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(7 * 7 * 64, 1024),
        nn.ReLU(),
        nn.Linear(1024, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, fused=True)
    rng = np.random.RandomState(0)
    x = torch.from_numpy(rng.rand(50, 1, 28, 28).astype(np.float32))
    y = torch.from_numpy(rng.randint(0, 10, 50))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


PROGRAMS = {
    "lstm_static": lstm,
    "lstm_dynamic": lstm,
    "gru_static": gru,
    "gru_dynamic": gru,
    "rnn_static": rnn,
    "rnn_dynamic": rnn,
    "mnist_cnn": mnist_cnn,
}
