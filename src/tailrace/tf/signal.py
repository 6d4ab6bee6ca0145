"""`tf.signal`."""

from tailrace.library.signal.mel import (
    linear_to_mel_weight_matrix,
    mfccs_from_log_mel_spectrograms,
)
from tailrace.library.signal.transforms import (
    dct,
    frame,
    hann_window,
    idct,
    inverse_stft,
    inverse_stft_window_fn,
    overlap_and_add,
    stft,
)
from tailrace.library.signal.windows import (
    hamming_window,
)
from tailrace.library.spectral import (
    fft,
    fft2d,
    fft3d,
    fftshift,
    ifft,
    ifft2d,
    ifft3d,
    ifftshift,
    irfft,
    irfft2d,
    irfft3d,
    rfft,
    rfft2d,
    rfft3d,
)
