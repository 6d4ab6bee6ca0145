"""Sound: WAV files, spectrograms, mel-frequency cepstral coefficients.

Source: TF 1.15 core/ops/audio_ops.cc; core/lib/wav/wav_io.cc; core/kernels/spectrogram.cc, mfcc.cc,
mfcc_mel_filterbank.cc, mfcc_dct.cc.
"""

from __future__ import annotations

import functools
import io
import wave
from typing import Any

import numpy as np
import torch

from tailrace.errors import ShapeError, invalid
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

# of a sample of 16 bits, so that it lies in [-1, 1)
_SCALE = 1 << 15
# below this the logarithm of a filter's output is held
_FLOOR = 1e-12


@op(
    "DecodeWav",
    "contents: string -> audio: float32, sample_rate: int32",
    desired_channels=-1,
    desired_samples=-1,
)
def decode_wav(contents, *, desired_channels, desired_samples):
    """The samples of a WAV file of 16 bits, in [-1, 1), and their number a second.

    Shapes: -> [samples, channels], []. Channels wanted beyond those of the file repeat its last,
    samples beyond its end are zero. Raises: InvalidArgumentError for another kind of file.
    """
    data = contents if isinstance(contents, bytes) else contents.item()
    try:
        with wave.open(io.BytesIO(data)) as file:
            width, channels = file.getsampwidth(), file.getnchannels()
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise invalid(f"Not a WAV file that can be read, size {len(data)}: {error}") from None
    if width != 2:
        raise invalid(f"Can only read 16-bit WAV files, but received {8 * width}")
    samples = np.frombuffer(frames, "<i2").reshape(-1, channels).astype(np.float32) / _SCALE
    if desired_channels > 0:
        samples = samples[:, np.minimum(np.arange(desired_channels), channels - 1)]
    if desired_samples >= 0:
        samples = samples[:desired_samples]
        samples = np.pad(samples, ((0, desired_samples - len(samples)), (0, 0)))
    return torch.from_numpy(np.ascontiguousarray(samples)), torch.tensor(rate, dtype=torch.int32)


@decode_wav.shape
def decode_wav_shape(contents, *, desired_channels, desired_samples):
    with_rank(contents, 0)
    for what, wanted in (("channels", desired_channels), ("samples", desired_samples)):
        if wanted < -1:
            raise ShapeError(f"{what} must be non-negative, got {wanted}")
    known = [None if wanted == -1 else wanted for wanted in (desired_samples, desired_channels)]
    return [known, []]


@op("EncodeWav", "audio: float32, sample_rate: int32 -> contents: string", _host="sample_rate")
def encode_wav(audio, sample_rate):
    """A WAV file of 16 bits. Shapes: [samples, channels], [] -> []; values beyond [-1, 1) are cut.

    Raises: InvalidArgumentError for another rank.
    """
    if audio.dim() != 2:
        raise invalid(f"audio must be 2-dimensional, but got shape {list(audio.shape)}")
    scaled = np.asarray(audio.numpy() * np.float32(_SCALE), np.float64)
    # half away from zero
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)).clip(-_SCALE, _SCALE - 1)
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((audio.shape[1], 2, sample_rate, len(rounded), "NONE", "not compressed"))
        file.writeframes(rounded.astype("<i2").tobytes())
    contents = np.empty((), dtype=object)
    contents[()] = target.getvalue()
    return contents


@encode_wav.shape
def encode_wav_shape(audio, sample_rate):
    with_rank(audio, 2)
    with_rank(sample_rate, 0)
    return [[]]


# -- spectrograms ----------------------------------------------------------------------------------


@op(
    "AudioSpectrogram",
    "input: float32 -> spectrogram: float32",
    window_size=Attr("int"),
    stride=Attr("int"),
    magnitude_squared=False,
)
def audio_spectrogram(input, *, window_size, stride, magnitude_squared):
    """Magnitudes of Hann windows' Fourier transforms, a window every `stride` samples.

    Shapes: [samples, channels] -> [channels, windows, 1 + n / 2], n the power of two that a window
    is filled up to.
    """
    length = _fft_length(window_size)
    channels = input.t().double()
    windows = _windows(input.shape[0], window_size, stride)
    if windows == 0:
        return input.new_zeros((channels.shape[0], 0, 1 + length // 2))
    frames = channels.unfold(1, window_size, stride)[:, :windows]
    hann = torch.hann_window(window_size, periodic=True, dtype=torch.float64)
    found = torch.fft.rfft(frames * hann, n=length)
    power = found.real.square() + found.imag.square()
    return (power if magnitude_squared else power.sqrt()).float()


@audio_spectrogram.shape
def audio_spectrogram_shape(input, *, window_size, stride):
    samples, channels = with_rank(input, 2)
    windows = None if samples is None else _windows(samples, window_size, stride)
    return [[channels, windows, 1 + _fft_length(window_size) // 2]]


def _windows(samples: int, window_size: int, stride: int) -> int:
    return 0 if samples < window_size else 1 + (samples - window_size) // stride


def _fft_length(window_size: int) -> int:
    return 1 << max(window_size - 1, 0).bit_length()


@op(
    "Mfcc",
    "spectrogram: float32, sample_rate: int32 -> output: float32",
    upper_frequency_limit=4000.0,
    lower_frequency_limit=20.0,
    filterbank_channel_count=40,
    dct_coefficient_count=13,
    _host="sample_rate",
)
def mfcc(
    spectrogram,
    sample_rate,
    *,
    upper_frequency_limit,
    lower_frequency_limit,
    filterbank_channel_count,
    dct_coefficient_count,
):
    """Cosine transform of the logarithms of mel filters over squared magnitudes.

    Shapes: [channels, windows, frequencies], [] -> [channels, windows, dct_coefficient_count];
    limits in hertz. Raises: InvalidArgumentError for limits that leave no filter.
    """
    if spectrogram.dim() != 3:
        raise invalid(f"spectrogram must be 3-dimensional, got {list(spectrogram.shape)}")
    limits = lower_frequency_limit, upper_frequency_limit
    if min(sample_rate, *limits, filterbank_channel_count) <= 0 or limits[1] <= limits[0]:
        raise invalid(
            f"Mel filters need a sample rate above 0, frequencies 0 < lower < upper and a filter, "
            f"got {sample_rate}, {limits} and {filterbank_channel_count}"
        )
    size = spectrogram.shape[2]
    filters = _mel_filters(size, sample_rate, filterbank_channel_count, *limits)
    logarithms = (spectrogram.double().sqrt() @ filters).clamp(min=_FLOOR).log()
    places = torch.arange(filterbank_channel_count, dtype=torch.float64) + 0.5
    orders = torch.arange(dct_coefficient_count, dtype=torch.float64)
    cosines = torch.cos(torch.outer(places, orders) * (torch.pi / filterbank_channel_count))
    return (logarithms @ cosines * (2 / filterbank_channel_count) ** 0.5).float()


@mfcc.shape
def mfcc_shape(spectrogram, sample_rate, *, dct_coefficient_count):
    channels, windows, _ = with_rank(spectrogram, 3)
    with_rank(sample_rate, 0)
    return [[channels, windows, dct_coefficient_count]]


@functools.lru_cache(maxsize=8)
def _mel_filters(
    size: int, sample_rate: int, filters: int, lower: float, upper: float
) -> torch.Tensor:
    """Triangles between points evenly spaced in mels. Shapes: -> [size, filters]."""
    low, high = _mel(lower), _mel(upper)
    centers = low + (high - low) / (filters + 1) * np.arange(1, filters + 2)
    hertz = 0.5 * sample_rate / (size - 1)
    first, last = int(1.5 + lower / hertz), int(upper / hertz)
    weights = np.zeros((size, filters + 2))
    for i in range(first, min(last, size - 1) + 1):
        mel = _mel(i * hertz)
        # the filter whose slope falls here; the next one's rises
        falling = int(np.searchsorted(centers[:filters], mel, side="left")) - 1
        below = low if falling < 0 else centers[falling]
        share = (centers[falling + 1] - mel) / (centers[falling + 1] - below)
        weights[i, falling + 1] = share
        weights[i, falling + 2] = 1 - share
    return torch.from_numpy(weights[:, 1 : filters + 1].copy())


def _mel(hertz: Any) -> Any:
    return 1127 * np.log1p(hertz / 700)
