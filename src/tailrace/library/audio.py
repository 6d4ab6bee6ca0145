"""`tf.audio`: WAV files.

Source: TF 1.15 python/ops/gen_audio_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, g


def decode_wav(
    contents: Any,
    desired_channels: int = -1,
    desired_samples: int = -1,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Samples [samples, channels] in [-1, 1) of a WAV file of 16 bits, and their rate in hertz.

    What is desired beyond the file is filled up: channels by its last one, samples by zeros.
    """
    return g.DecodeWav(
        contents, desired_channels=desired_channels, desired_samples=desired_samples, name=name
    )


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Tensor:
    """A WAV file of 16 bits from samples [samples, channels]; beyond [-1, 1) they are cut."""
    return g.EncodeWav(audio, sample_rate, name=name)
