"""The gradient of RGBToHSV, a function in pieces: which channel is largest and smallest decides.

Source: TF 1.15 python/ops/image_grad.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tailrace.dtypes import float32
from tailrace.ops.image.color import rgb_to_hsv

_RED, _GREEN, _BLUE = range(3)


class _Hue(NamedTuple):
    """A piece of the hue's derivative: `sign` · difference / divisor where it applies.

    It applies where channel `largest` is the largest and `smallest` the smallest. `difference` and
    `divisor` are pairs of channels; with a difference the divisor is squared.
    """

    largest: int
    smallest: int
    divisor: tuple[int, int]
    difference: tuple[int, int] | None = None
    sign: int = 1


# by channel: the others, in the order TensorFlow adds them
_OTHERS = ((_GREEN, _BLUE), (_RED, _BLUE), (_GREEN, _RED))
# by channel: what is divided where it is the largest itself, and where it is not
_OWN_HUE = ((_GREEN, _BLUE), (_BLUE, _RED), (_RED, _GREEN))
_HUES = (
    (
        _Hue(_GREEN, _RED, (_RED, _GREEN), (_BLUE, _GREEN)),
        _Hue(_GREEN, _BLUE, (_GREEN, _BLUE), sign=-1),
        _Hue(_BLUE, _RED, (_BLUE, _RED), (_BLUE, _GREEN)),
        _Hue(_BLUE, _GREEN, (_BLUE, _GREEN)),
    ),
    (
        _Hue(_RED, _GREEN, (_RED, _GREEN), (_RED, _BLUE)),
        _Hue(_RED, _BLUE, (_RED, _BLUE)),
        _Hue(_BLUE, _GREEN, (_BLUE, _GREEN), (_RED, _BLUE)),
        _Hue(_BLUE, _RED, (_BLUE, _RED), sign=-1),
    ),
    (
        _Hue(_RED, _BLUE, (_RED, _BLUE), (_GREEN, _RED)),
        _Hue(_RED, _GREEN, (_RED, _GREEN), sign=-1),
        _Hue(_GREEN, _BLUE, (_GREEN, _BLUE), (_GREEN, _RED)),
        _Hue(_GREEN, _RED, (_GREEN, _RED)),
    ),
)


class _Pixels:
    """The channels of the input, their order, and the derivatives by each of them."""

    def __init__(self, g: Any, op: Any) -> None:
        self.g = g
        self.channels = [op.images[..., i] for i in range(3)]
        red, green, blue = self.channels
        self.saturation, self.value = op.output[..., 1], op.output[..., 2]
        self.largest = [
            self._mask((red >= blue) & (red >= green)),
            self._mask((green > red) & (green >= blue)),
            self._mask((blue > red) & (blue > green)),
        ]
        self.smallest = [
            self._mask((red < blue) & (red < green)),
            self._mask((green <= red) & (green < blue)),
            self._mask((blue <= red) & (blue <= green)),
        ]

    def _mask(self, condition: Any) -> Any:
        # TF: of type float32 whatever the image's type, so other types have no gradient
        return self.g.cast(condition, float32)

    def _positive(self, channel: int) -> Any:
        return self._mask(self.channels[channel] > 0)

    def _reciprocal(self, x: Any) -> Any:
        """1 / x, 0 for 0."""
        with self.g.name_scope(None, "div_no_nan") as scope:
            one = self.g.constant(1.0, name="x")
            return self.g.DivNoNan(one, x, name=scope)

    def _minus(self, pair: tuple[int, int]) -> Any:
        return self.channels[pair[0]] - self.channels[pair[1]]

    def saturation_by(self, channel: int) -> Any:
        """The derivative of (largest - smallest) / largest."""
        g, own = self.g, self.channels[channel]
        first, second = _OTHERS[channel]
        one, two = self.channels[first], self.channels[second]
        positive = self._positive(channel)
        low = g.Add(self.smallest[first] * one, self.smallest[second] * two)
        as_largest = self.largest[channel] * low * self._reciprocal(g.Square(own))
        negative = self.smallest[channel] * -1
        high = self.largest[first] * one + self.largest[second] * two
        return positive * g.Add(as_largest, negative * self._reciprocal(high))

    def _own_hue(self, channel: int) -> Any:
        product = self._positive(channel) * self.largest[channel] * -1
        product = product * self._minus(_OWN_HUE[channel])
        product = product * self._reciprocal(self.g.Square(self.saturation))
        return 60 * (product * self._reciprocal(self.g.Square(self.value)))

    def _other_hue(self, piece: _Hue) -> Any:
        product = self._positive(piece.largest) * self.largest[piece.largest]
        product = product * self.smallest[piece.smallest]
        if piece.sign < 0:
            product = product * piece.sign
        if piece.difference is None:
            return 60 * (product * self._reciprocal(self._minus(piece.divisor)))
        product = product * self._minus(piece.difference)
        return 60 * (product * self._reciprocal(self.g.Square(self._minus(piece.divisor))))

    def hue_by(self, channel: int) -> Any:
        """The derivative of the hue, which counts full turns."""
        pieces = [self._own_hue(channel), *(self._other_hue(p) for p in _HUES[channel])]
        total = pieces[0]
        for piece in pieces[1:]:
            total = total + piece
        return total / 360


@rgb_to_hsv.gradient
def _rgb_to_hsv_gradient(g: Any, op: Any, dy: Any) -> Any:
    pixels = _Pixels(g, op)
    saturations = [pixels.saturation_by(i) for i in range(3)]
    hues = [pixels.hue_by(i) for i in range(3)]
    by_value, by_saturation, by_hue = (
        g.Pack([dy[..., part] * d for d in derivatives], axis=-1, name="stack")
        for part, derivatives in ((2, pixels.largest), (1, saturations), (0, hues))
    )
    return g.Add(g.Add(by_value, by_saturation), by_hue)
