"""How a loss's gradient fares on its way back through time: `tailrace.contrib.diagnostics`.

TensorFlow has nothing like it. What vanishes and explodes is described by Bengio, Simard, Frasconi,
"Learning long-term dependencies with gradient descent is difficult", 1994, and by Pascanu, Mikolov,
Bengio, "On the difficulty of training recurrent neural networks", 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tailrace.gradients import gradients
from tailrace.graph import IndexedSlices, Tensor, constant, convert_to_tensor, g, nest
from tailrace.library.array import stack, transpose
from tailrace.library.reductions import reduce_sum


def gradient_flow(loss: Any, states: Sequence[Any], name: str = "gradient_flow") -> Tensor:
    """The norm of the loss's gradient with respect to the state of each layer after each step.

    `states` has an entry per step, as cells return them: a tensor, an `LSTMStateTuple` (both its
    parts count), or for several layers a tuple or list of such. They must be tensors that the loss
    was computed from, hence those of an unrolled graph: states inside `dynamic_rnn`'s loop are not
    to be had. A state that the loss does not depend on has 0.

    Shapes: [layers, steps]; norms are taken over a state's whole batch.

    Raises: ValueError where there are no states, or steps have differing numbers of layers.
    """
    steps = [_layers(state) for state in states]
    if not steps:
        raise ValueError("gradient_flow: there are no states; give the list of one per step")
    counts = sorted({len(layers) for layers in steps})
    if len(counts) > 1:
        raise ValueError(f"gradient_flow: some steps have {counts[0]} layers, others {counts[1]}")
    with g.name_scope(name):
        parts = [[nest.flatten(layer) for layer in layers] for layers in steps]
        every = [part for layers in parts for layer in layers for part in layer]
        found = iter(gradients(loss, every))
        rows = [[_norm([next(found) for _ in layer]) for layer in layers] for layers in parts]
        return transpose(stack([stack(row) for row in rows]))


def _layers(state: Any) -> list[Any]:
    """The layers' states after a step."""
    if isinstance(state, (tuple, list)) and not hasattr(state, "_fields"):
        return list(state)
    return [state]


def _norm(found: list[Tensor | IndexedSlices | None]) -> Tensor:
    squares = [
        reduce_sum(g.Square(convert_to_tensor(gradient)))
        for gradient in found
        if gradient is not None
    ]
    return g.Sqrt(g.AddN(squares)) if squares else constant(0.0)
