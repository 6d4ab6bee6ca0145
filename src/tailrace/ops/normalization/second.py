"""The gradients of FusedBatchNormGrad: second derivatives of batch normalization.

TF writes the first derivative out in plain operations and differentiates these as its tape does:
breadth first from the outputs, all in one scope.

Source: TF 1.15 python/ops/nn_grad.py, python/eager/backprop.py, c/eager/tape.h.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from tailrace.dtypes import float16, float32


class _Tape:
    """Differentiates what was computed of the inputs of `op` with respect to its first three."""

    def __init__(self, g: Any, op: Any, targets: list[Any]) -> None:
        self._g, self._view = g, type(op)
        self._watched, self._targets = op.node.inputs[:3], targets
        self._grads: dict[Any, list[Any]] = {}
        self._recorded: dict[Any, bool] = {tensor.op: False for tensor in op.node.inputs}
        for target in targets:
            self._record(target.op)
        used = [op for op, recorded in self._recorded.items() if recorded]
        self._uses = Counter(tensor for op in used for tensor in op.inputs)

    def _record(self, op: Any) -> bool:
        """Whether an operation depends on what is watched, and comes after it."""
        if op not in self._recorded:
            self._recorded[op] = False
            reached = [t in self._watched or self._record(t.op) for t in op.inputs]
            self._recorded[op] = any(reached)
        return self._recorded[op]

    def gradient(self, initial: list[Any]) -> list[Any]:
        """The sums of the watched tensors' gradients, in their order."""
        for target, grad in zip(self._targets, initial, strict=True):
            self._grads.setdefault(target, []).append(grad)
        waiting = deque(t.op for t in self._targets if not self._uses[t])
        while waiting:
            op = waiting.popleft()
            grads = self._backward(op, [self._sum(output) for output in op.outputs])
            for tensor, grad in zip(op.inputs, grads, strict=True):
                if grad is not None:
                    self._grads.setdefault(tensor, []).append(grad)
                self._uses[tensor] -= 1
                if not self._uses[tensor] and self._recorded.get(tensor.op):
                    waiting.append(tensor.op)
        return [self._sum(tensor) for tensor in self._watched]

    def _sum(self, tensor: Any) -> Any:
        grads = self._grads.get(tensor, [])
        return self._g.AddN(grads) if len(grads) > 1 else next(iter(grads), None)

    def _backward(self, op: Any, grads: list[Any]) -> Any:
        rule = op.op_def.gradient_rule
        if rule is None or all(grad is None for grad in grads):
            return [None] * len(op.inputs)
        if op.type == "AddV2":  # of a variance and epsilon, which needs no gradient
            return grads[0], None
        results = rule(self._g, self._view(op), *grads)
        return results if isinstance(results, (list, tuple)) else [results]


def _mean(g: Any, x: Any, axes: list[int], keep: bool) -> Any:
    return g.Mean(x, axes, keep_dims=keep)


def _sum(g: Any, x: Any, axes: list[int], keep: bool = False) -> Any:
    return g.Sum(x, axes, keep_dims=keep)


def _training(g: Any, dy: Any, x: Any, scale: Any, epsilon: float, last: bool) -> list[Any]:
    """What FusedBatchNormGrad computes, of the batch's mean and variance."""
    axes = [0, 1, 2] if last else [0, 2, 3]
    if not last:
        scale = g.Reshape(scale, _channels(g, scale))
    mean_dy = _mean(g, dy, axes, not last)
    mean_x = _mean(g, x, axes, not last)
    variance = _mean(g, g.SquaredDifference(x, g.StopGradient(mean_x)), axes, not last)
    centred_dy, centred = dy - mean_dy, x - mean_x
    mean = _mean(g, dy * centred, axes, not last)
    inverse = g.Rsqrt(variance + epsilon)
    scaled = scale * inverse
    dx = scaled * (centred_dy - g.Reciprocal(variance + epsilon) * mean * centred)
    dscale = g.Rsqrt(variance + epsilon) * _sum(g, dy * centred, axes, not last)
    if not last:
        dscale = g.Squeeze(dscale)
    return [dx, dscale, _sum(g, dy, axes)]


def _inference(
    g: Any, dy: Any, x: Any, scale: Any, mean: Any, variance: Any, epsilon: float, last: bool
) -> list[Any]:
    """What FusedBatchNormGrad computes, of a given mean and variance."""
    axes = [0, 1, 2] if last else [0, 2, 3]
    if not last:
        shape = _channels(g, mean)
        mean, variance, scale = (g.Reshape(v, shape) for v in (mean, variance, scale))
    doffset = _sum(g, dy, axes)
    inverse = g.Rsqrt(variance + epsilon)
    dscale = _sum(g, dy * (x - mean) * inverse, axes)
    return [dy * scale * inverse, dscale, doffset]


def _channels(g: Any, vector: Any) -> list[Any]:
    return [1, g.size(vector), 1, 1]


def fused_batch_norm_second(g: Any, op: Any, *grads: Any) -> Any:
    dy, x, scale = op.y_backprop, op.x, op.scale
    if op.x.dtype.base_dtype == float16:
        x, dy = g.cast(x, float32), g.cast(dy, float32)
    last = op.data_format == b"NHWC"
    if op.is_training:
        targets = _training(g, dy, x, scale, op.epsilon, last)
    else:
        saved = op.reserve_space_1, op.reserve_space_2
        targets = _inference(g, dy, x, scale, *saved, op.epsilon, last)
    targets[0] = g.cast(targets[0], op.x.dtype)
    unused = [None] * (len(op.node.inputs) - 3)
    return (*_Tape(g, op, targets).gradient(list(grads[:3])), *unused)
