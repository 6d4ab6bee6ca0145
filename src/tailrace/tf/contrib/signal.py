"""`tf.contrib.signal`: the same functions as `tf.signal`."""

from tailrace.library.signal.framing import frame, overlap_and_add
from tailrace.library.signal.mel import (
    linear_to_mel_weight_matrix,
    mfccs_from_log_mel_spectrograms,
)
from tailrace.library.signal.transforms import inverse_stft, inverse_stft_window_fn, stft
from tailrace.library.signal.windows import hamming_window, hann_window
