"""Frames, windows, short-time spectra, cosine transforms and mel scales."""

import numpy as np

T = np.arange(40) / 10.0
X = np.stack([np.sin(T**2), np.cos(3.0 * T) * T])
LOOSE = {"rtol": 1e-4, "atol": 2e-5, "reason": "sums of dozens of float32 numbers that cancel"}


def windows(tf):
    n = tf.placeholder(tf.int32, [])
    return {
        "y": [
            tf.signal.hann_window(8),
            tf.signal.hann_window(7, periodic=False),
            tf.signal.hamming_window(5, name="w"),
            tf.signal.hann_window(1),
            tf.signal.hamming_window(n),
        ],
        "feed": {n: 6},
    }


def frames(tf):
    x = tf.constant(X, "float32")
    fed = tf.placeholder(tf.float32, [None, None])
    step = tf.placeholder(tf.int32, [])
    ys = [
        tf.signal.frame(x, 8, 4),
        tf.signal.frame(x, 8, 3, pad_end=True, pad_value=-1.0),
        tf.signal.frame(x, 1, 1, axis=0, name="f"),
        tf.signal.frame(fed, 6, 4, pad_end=True),
        tf.signal.frame(fed, 6, step),
    ]
    return {
        "y": ys,
        "grads": [tf.gradients(y * y, [x, fed]) for y in ys],
        "feed": {fed: X, step: 4},
    }


def overlapping_sums(tf):
    x = tf.constant(X.reshape(2, 8, 5), "float32")
    fed = tf.placeholder(tf.float32, [None, None, 5])
    ys = [
        tf.signal.overlap_and_add(x, 2),
        tf.signal.overlap_and_add(x, 5),
        tf.signal.overlap_and_add(fed, 3, name="o"),
    ]
    return {
        "y": ys,
        "grads": [tf.gradients(y * y, [x, fed]) for y in ys],
        "feed": {fed: X.reshape(2, 8, 5)},
    }


def short_time_spectra(tf):
    x = tf.constant(X, "float32")
    spectra = tf.signal.stft(x, 8, 4)
    ys = [
        spectra,
        tf.signal.stft(x, 6, 3, fft_length=10, window_fn=None, pad_end=True, name="s"),
        tf.signal.stft(x, 7, 4, window_fn=tf.signal.hamming_window),
    ]
    window = tf.signal.inverse_stft_window_fn(4)
    return {
        "y": ys,
        "back": [
            tf.signal.inverse_stft(spectra, 8, 4, window_fn=window),
            tf.signal.inverse_stft(spectra, 6, 3, fft_length=8, window_fn=None),
        ],
        "grads": [tf.gradients(tf.square(tf.abs(y)), x) for y in ys],
        "tolerance": LOOSE,
    }


def short_time_spectra_of_unknown_lengths(tf):
    x = tf.placeholder(tf.float32, [None, None])
    n = tf.placeholder(tf.int32, [])
    y = tf.signal.stft(x, n, 4)
    return {
        "y": [y, tf.signal.inverse_stft(y, n, 4)],
        "feed": {x: X, n: 8},
        "tolerance": LOOSE,
    }


def cosine_transforms(tf):
    x = tf.constant(X[:, :10], "float32")
    ys = [
        tf.signal.dct(x),
        tf.signal.dct(x, norm="ortho"),
        tf.signal.dct(x, type=1),
        tf.signal.dct(x, type=3),
        tf.signal.dct(x, type=3, norm="ortho", name="d"),
        tf.spectral.idct(x),
        tf.spectral.idct(x, norm="ortho"),
        tf.signal.dct(x, n=6),
        tf.signal.dct(x, n=12),
    ]
    return {"y": ys, "grads": [tf.gradients(y * y, x) for y in ys], "tolerance": LOOSE}


def mel_spectra(tf):
    matrix = tf.signal.linear_to_mel_weight_matrix(5, 17, 8000, 125.0, 3800.0)
    wide = tf.signal.linear_to_mel_weight_matrix(
        6, 33, 16000.0, 80.0, 7600.0, dtype=tf.float64, name="m"
    )
    spectra = tf.abs(tf.signal.stft(tf.constant(X, "float32"), 16, 8, fft_length=32))
    mel = tf.tensordot(spectra, matrix, 1)
    return {
        "matrices": [matrix, wide],
        "mfccs": tf.signal.mfccs_from_log_mel_spectrograms(tf.log(mel + 1e-2)),
        "tolerance": LOOSE,
    }


def window_of_integers_error(tf):
    return {"y": tf.signal.hann_window(8, dtype=tf.int32)}


def mel_edges_error(tf):
    return {"y": tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0)}


def dct_type_error(tf):
    return {"y": tf.signal.dct(tf.ones([4]), type=4)}
