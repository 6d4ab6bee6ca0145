"""WAV files: sound as samples between -1 and 1."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.files import read_bytes, write_file
from tailrace.apps.errors import UserError

Floats = NDArray[np.float32]

# what a full scale is for samples of 2 and 4 bytes
_SCALE = {2: 2**15, 4: 2**31}
LEAST_SECONDS = 0.02


def read_wav(path: str | Path, rate: int) -> Floats:
    """A recording's samples [N] at `rate` a second, its channels averaged.

    Raises: UserError for a file that is missing, no WAV of whole numbers, damaged or next to empty.
    """
    data = read_bytes(path)
    try:
        with wave.open(io.BytesIO(data)) as file:
            kind = file.getparams()
            frames = file.readframes(kind.nframes)
    except (wave.Error, EOFError) as error:
        reason = str(error) or "it ends too early"
        raise UserError(
            f"{path}: is not a WAV file that can be read ({reason}); convert it, for example with "
            "ffmpeg -i FILE -c:a pcm_s16le NEW.wav"
        ) from None
    whole = len(frames) // (kind.sampwidth * kind.nchannels)
    samples = _to_floats(frames[: whole * kind.sampwidth * kind.nchannels], kind.sampwidth)
    samples = resample(samples.reshape(whole, kind.nchannels).mean(axis=1), kind.framerate, rate)
    if len(samples) < LEAST_SECONDS * rate:
        raise UserError(f"{path}: holds {len(samples) / rate:.3f} seconds of sound, too little")
    return samples


def _to_floats(frames: bytes, width: int) -> Floats:
    """Samples of `width` bytes each, little-endian; of one byte, 128 is silence."""
    if width == 1:
        return (np.frombuffer(frames, np.uint8) / 128 - 1).astype(np.float32)
    if width == 3:
        low = np.frombuffer(frames, np.uint8).reshape(-1, 3)
        wide = np.zeros([len(low), 4], np.uint8)
        wide[:, 1:] = low
        return (wide.view("<i4")[:, 0] / _SCALE[4]).astype(np.float32)
    return (np.frombuffer(frames, f"<i{width}") / _SCALE[width]).astype(np.float32)


def resample(samples: Floats, given: int, wanted: int) -> Floats:
    """Samples at another rate: the spectrum cut off or filled up with nothing."""
    if given == wanted or not len(samples):
        return samples.astype(np.float32)
    count = max(1, round(len(samples) * wanted / given))
    spectrum = np.fft.rfft(samples)
    return (np.fft.irfft(spectrum, count) * (count / len(samples))).astype(np.float32)


def write_wav(path: Path, samples: Floats, rate: int) -> None:
    """Writes samples [N] as 16 bits. Raises: UserError where that cannot be."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    write_file(path, data.getvalue())
