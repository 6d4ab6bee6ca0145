"""Spectra on the mel scale, and their cepstral coefficients.

Source: TF 1.15 python/ops/signal/mel_ops.py, mfcc_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import cast
from tailrace.library.array import expand_dims, pad, reshape, split
from tailrace.library.math import linspace, log, rsqrt
from tailrace.library.signal.framing import frame
from tailrace.library.signal.transforms import dct

_BREAK_HZ = 700.0
_HIGH_FREQUENCY_Q = 1127.0


def _to_mel(frequency_hz: Any) -> Any:
    with g.name_scope("hertz_to_mel"):
        frequency: Any = convert_to_tensor(frequency_hz)
        return _HIGH_FREQUENCY_Q * log(1.0 + frequency / _BREAK_HZ)


def _check(bins: int, sample_rate: Any, lower: float, upper: float, dtype: DType) -> None:
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if sample_rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {sample_rate}")
    if lower < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(f"lower_edge_hertz {lower:.1f} >= upper_edge_hertz {upper:.1f}")
    if upper > sample_rate / 2:
        raise ValueError(
            "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). "
            f"Got: {upper} for sample_rate: {sample_rate}"
        )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype}")


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: int = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Triangles of equal width on the mel scale: `spectrogram @ matrix` is a mel spectrogram.

    Shapes: [num_spectrogram_bins, num_mel_bins]. Units: rate and edges in hertz.
    Raises: ValueError for edges beyond half the sample rate.
    """
    with g.name_scope(name, "linear_to_mel_weight_matrix") as scope:
        if isinstance(sample_rate, Tensor):
            sample_rate = g.known(sample_rate)
            if sample_rate is None:
                raise ValueError(
                    "`sample_rate` was a non-constant Tensor. Must be a Python float or a "
                    "constant Tensor."
                )
        dtype = as_dtype(dtype)
        _check(num_mel_bins, sample_rate, lower_edge_hertz, upper_edge_hertz, dtype)
        rate: Any = convert_to_tensor(sample_rate, dtype, name="sample_rate")
        lower = convert_to_tensor(lower_edge_hertz, dtype, name="lower_edge_hertz")
        upper = convert_to_tensor(upper_edge_hertz, dtype, name="upper_edge_hertz")
        zero = convert_to_tensor(0.0, dtype)
        nyquist = rate / 2.0
        frequencies: Any = linspace(zero, nyquist, num_spectrogram_bins)
        # the mean of the signal belongs to no band
        bins: Any = expand_dims(_to_mel(frequencies[1:]), 1)
        edges = linspace(_to_mel(lower), _to_mel(upper), num_mel_bins + 2)
        triangles = frame(edges, frame_length=3, frame_step=1)
        left, middle, right = (reshape(t, [1, num_mel_bins]) for t in split(triangles, 3, axis=1))
        rising: Any = (bins - left) / (middle - left)
        falling: Any = (right - bins) / (right - middle)
        weights = g.Maximum(zero, g.Minimum(rising, falling))
        return pad(weights, [[1, 0], [0, 0]], name=scope)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """The cepstral coefficients of mel spectra given as logarithms.

    Shapes: [..., mel bins] -> the same. Raises: ValueError when there are no bins.
    """
    with g.name_scope(name, "mfccs_from_log_mel_spectrograms"):
        spectra = convert_to_tensor(log_mel_spectrograms, dtype=dtypes.float32)
        bins: Any = spectra.shape[-1].value if spectra.shape.ndims else None
        if bins == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {spectra}")
        if bins is None:
            sizes: Any = g.shape(spectra)
            bins = sizes[-1]
        coefficients: Any = dct(spectra, type=2)
        return coefficients * rsqrt(cast(bins, dtypes.float32) * 2.0)
