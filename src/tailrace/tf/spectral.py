"""`tf.spectral`."""

from tailrace.library.signal.transforms import (
    dct,
    idct,
)
from tailrace.library.spectral import (
    fft,
    fft2d,
    fft3d,
    ifft,
    ifft2d,
    ifft3d,
    irfft,
    irfft2d,
    irfft3d,
    rfft,
    rfft2d,
    rfft3d,
)
