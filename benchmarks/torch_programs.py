"""The same work written for PyTorch.

A program is called with its sizes and the weights to begin with (those of the TensorFlow program,
in the order of its trainable variables; None leaves PyTorch's own) and gives a function that does
one step and returns its loss, or what else can be compared.
"""

import numpy as np
import torch
from torch import nn

from benchmarks.programs import images, text

KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class _LanguageModel(nn.Module):
    def __init__(self, kind, vocabulary, hidden, layers, form="batch_first"):
        super().__init__()
        self.kind = kind
        self.table = nn.Embedding(vocabulary, hidden)
        self.layers = KINDS[kind](hidden, hidden, layers, batch_first=form == "batch_first")
        self.out = nn.Linear(hidden, vocabulary)

    def forward(self, x, state=None):
        hidden, state = self.layers(self.table(x), state)
        return self.out(hidden.flatten(0, 1)), state

    @torch.no_grad()
    def load(self, weights):
        """TensorFlow's layout: kernels [inputs + hidden, gates], LSTM gates i, j, f, o.

        A GRU of TensorFlow resets the state before the candidate's product, PyTorch's after it:
        another function of the same size, so its layers keep their own weights.
        """
        table, *kernels, w, b = weights
        self.table.weight.copy_(torch.from_numpy(table))
        self.out.weight.copy_(torch.from_numpy(w.T))
        self.out.bias.copy_(torch.from_numpy(b))
        if self.kind == "gru":
            return
        for layer in range(self.layers.num_layers):
            kernel, bias = kernels[2 * layer : 2 * layer + 2]
            if self.kind == "lstm":
                i, j, f, o = np.split(kernel, 4, 1)
                kernel = np.concatenate([i, f, j, o], 1)
                i, j, f, o = np.split(bias, 4)
                bias = np.concatenate([i, f + 1.0, j, o]).astype(np.float32)
            size = self.layers.input_size
            w_x, w_h, b_x, b_h = self.layers.all_weights[layer]
            w_x.copy_(torch.from_numpy(kernel[:size].T))
            w_h.copy_(torch.from_numpy(kernel[size:].T))
            b_x.copy_(torch.from_numpy(bias))
            b_h.zero_()


def _training(parameters, rate, loss_of, clip=None):
    """A step of the fused Adam on the loss that `loss_of()` computes."""
    parameters = list(parameters)
    optimizer = torch.optim.Adam(parameters, rate, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        return loss.item()

    return step


def _there(array):
    """The tensor of an array, on the device that is PyTorch's default."""
    return torch.from_numpy(array).to(torch.get_default_device())


def recurrent(weights, kind, form, vocabulary, hidden, layers, batch, steps):
    model = _LanguageModel(kind, vocabulary, hidden, layers, form)
    if weights:
        model.load(weights)
    x, y = (_there(a).long() for a in text(vocabulary, batch, steps))
    if form == "time_major":
        x, y = x.t().contiguous(), y.t()
    labels = y.reshape(-1)
    return _training(
        model.parameters(), 2e-3, lambda: nn.functional.cross_entropy(model(x)[0], labels), 5.0
    )


def hand_unrolled(weights, vocabulary, hidden, layers, batch, steps):
    shapes = [(hidden, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,)] * layers
    shapes = [(vocabulary, hidden), *shapes, (hidden, vocabulary), (vocabulary,)]
    values = [torch.from_numpy(w) for w in weights or []] or [0.1 * torch.randn(s) for s in shapes]
    parameters = [nn.Parameter(v) for v in values]
    table, *recurrent, w, b = parameters
    x, y = (torch.from_numpy(a).long() for a in text(vocabulary, batch, steps))
    labels = y.reshape(-1)

    def loss_of():
        sequence = nn.functional.embedding(x, table).unbind(1)
        for layer in range(layers):
            w_x, w_h, bias = recurrent[3 * layer : 3 * layer + 3]
            h = c = torch.zeros(batch, hidden)
            outputs = []
            for x_t in sequence:
                i, j, f, o = (x_t @ w_x + h @ w_h + bias).chunk(4, 1)
                c = c * torch.sigmoid(f + 1.0) + torch.sigmoid(i) * torch.tanh(j)
                h = torch.sigmoid(o) * torch.tanh(c)
                outputs.append(h)
            sequence = outputs
        logits = torch.stack(sequence, 1).flatten(0, 1) @ w + b
        return nn.functional.cross_entropy(logits, labels)

    return _training(parameters, 2e-3, loss_of, 5.0)


def generation(weights, kind, vocabulary, hidden, layers):
    model = _LanguageModel(kind, vocabulary, hidden, layers).eval()
    if weights:
        model.load(weights)
    x, state = torch.zeros(1, 1, dtype=torch.long), None

    @torch.inference_mode()
    def step():
        nonlocal x, state
        logits, state = model(x, state)
        probabilities = torch.softmax(logits, 1)
        x = torch.multinomial(probabilities, 1)
        return probabilities[0, 0].item()

    return step


def _classifier(model, weights, x, y):
    if weights:
        with torch.no_grad():
            for parameter, value in zip(model.parameters(), weights):
                order = [3, 2, 0, 1] if value.ndim == 4 else list(range(value.ndim))[::-1]
                parameter.copy_(torch.from_numpy(value.transpose(order)))
    return _training(model.parameters(), 1e-4, lambda: nn.functional.cross_entropy(model(x), y))


def mnist_cnn(weights, batch):
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
    if weights:
        # TensorFlow flattens [rows, columns, channels], PyTorch [channels, rows, columns]
        weights = list(weights)
        weights[4] = weights[4].reshape(7, 7, 64, 1024).transpose(2, 0, 1, 3).reshape(-1, 1024)
    x, y = (torch.from_numpy(a) for a in images(batch))
    return _classifier(model, weights, x.reshape(-1, 1, 28, 28), y)


def mnist_mlp(weights, hidden, batch):
    model = nn.Sequential(
        nn.Linear(784, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 10),
    )
    x, y = (torch.from_numpy(a) for a in images(batch))
    return _classifier(model, weights, x, y)


def gemm(weights, rows, inner, columns):
    """One matrix product; not a peer, but what the others' flops are measured by."""
    a, b, out = torch.randn(rows, inner), torch.randn(inner, columns), torch.empty(rows, columns)

    def step():
        torch.mm(a, b, out=out)
        if out.is_cuda:
            torch.cuda.synchronize()

    return step


PROGRAMS = {
    f.__name__: f for f in (recurrent, hand_unrolled, generation, mnist_cnn, mnist_mlp, gemm)
}
