"""The network: convolutions make regions out of a picture, a decoder looks at them and writes.

Shapes: B pictures of P x P pixels, G x G regions of F features.

Sources: Vinyals and others, "Show and Tell: A Neural Image Caption Generator", 2015; Xu and others,
"Show, Attend and Tell: Neural Image Caption Generation with Visual Attention", 2015; and those of
`tailrace.apps.common.decoder`.
"""

from __future__ import annotations

from typing import Any

import tailrace as tf
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common.decoder import Design
from tailrace.apps.common.writer import Network, network

# pictures are halved while they have more than so many regions to a side
MOST_REGIONS = 8
# convolutions there are at least; the last one does not halve
LEAST_LAYERS = 3


def halvings(side: int) -> int:
    """How often a picture of that side is halved."""
    count = 0
    while side > MOST_REGIONS:
        side, count = -(-side // 2), count + 1
    return count


def grid(side: int) -> int:
    """The regions along a side of a picture."""
    return -(-side // 2 ** halvings(side))


def regions(settings: Settings, pictures: Any) -> Any:
    """Features of the regions of pictures [B, P, P, 3]: [B, G, G, F].

    What a convolution cannot know, where a region lies, is added: a vector learnt for each place.
    """
    count = halvings(settings.side)
    layers = max(count + 1, LEAST_LAYERS)
    found, filters = pictures, settings.filters
    for layer in range(layers):
        found = tf.layers.conv2d(
            found, filters, 3, padding="same", activation=tf.nn.relu, name=f"convolution_{layer}"
        )
        if layer < count:
            found = tf.layers.max_pooling2d(found, 2, 2, padding="same")
        if layer < LEAST_LAYERS - 1:
            filters *= 2
    side = grid(settings.side)
    places = tf.get_variable("places", [side, side, filters])
    return found + places


def build(settings: Settings, symbols: int, start: int, end: int) -> Network:
    """The network in the default graph; it is shown pictures [B, P, P, 3], 0 to 1."""
    pictures = tf.placeholder(tf.float32, [None, settings.side, settings.side, 3], "pictures")
    keep = tf.placeholder_with_default(1.0, [], "keep")
    found = regions(settings, 2 * pictures - 1)
    side, filters = found.shape[1].value, found.shape[3].value
    memory = tf.reshape(found, [-1, side * side, filters])
    design = Design(
        symbols,
        start,
        end,
        settings.embedding,
        settings.size,
        settings.cell,
        1,
        settings.attention,
    )
    summary = tf.reduce_mean(memory, axis=1)
    dropped = settings.dropout > 0
    return network([pictures], keep, design, memory, None, summary, dropped=dropped)
