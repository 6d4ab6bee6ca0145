"""WAV sound files of 16-bit samples, written.

Source: TF 1.15 core/lib/wav/wav_io.cc (EncodeAudioAsS16LEWav).
"""

from __future__ import annotations

import struct

import numpy as np

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1
_BYTES = 2
_ONE = 1 << 15


def encode(samples: np.ndarray, rate_hz: int) -> bytes:
    """The file of a sound: [frames, channels], in -1 … 1; what is beyond is cut off."""
    channels = samples.shape[1]
    scaled = samples.astype(np.float32) * np.float32(_ONE)
    rounded = np.copysign(np.floor(np.abs(scaled) + np.float32(0.5)), scaled)
    data = np.clip(rounded, -_ONE, _ONE - 1).astype("<i2").tobytes()
    header = _HEADER.pack(
        b"RIFF",
        _HEADER.size - 8 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        channels,
        rate_hz,
        rate_hz * channels * _BYTES,
        channels * _BYTES,
        8 * _BYTES,
        b"data",
        len(data),
    )
    return header + data
