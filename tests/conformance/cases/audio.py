"""`tf.audio` and the operations of speech programs: WAV files, spectrograms, coefficients."""

import numpy as np


def _sound(samples=700, channels=2):
    times = np.arange(samples)[:, None] / 8000.0
    tones = np.sin(times * 2 * np.pi * np.array([440.0, 1234.0])[:channels])
    return (0.6 * tones * np.exp(-times * 20) + 0.1).astype(np.float32)


def files(tf):
    file = tf.audio.encode_wav(_sound(), 8000)
    short, sparse = tf.constant(_sound(5, 1)), tf.constant([[0.5, 2.0, -2.0], [1e-5, -1.0, 1.0]])
    return {
        "file": file,
        "read": tf.audio.decode_wav(file),
        "filled": tf.audio.decode_wav(tf.audio.encode_wav(short, 16000), 3, 8),
        "cut": tf.audio.decode_wav(file, desired_channels=1, desired_samples=3, name="cut"),
        "beyond": tf.audio.decode_wav(tf.audio.encode_wav(sparse, 44100)),
        "half": tf.audio.encode_wav(np.float32([[0.5 / 32768], [-0.5 / 32768], [1.5 / 32768]]), 1),
    }


def no_file_error(tf):
    return {"read": tf.audio.decode_wav("RIFF and nothing")}


def spectrograms(tf):
    # of one channel: TensorFlow refuses several, whose windows it runs together
    raw = tf.raw_ops.AudioSpectrogram
    sound, unknown = tf.constant(_sound(700, 1)), tf.placeholder(tf.float32, [None, 1])
    return {
        "magnitude": raw(input=sound, window_size=64, stride=32),
        "squared": raw(input=sound, window_size=100, stride=70, magnitude_squared=True),
        "exact": raw(input=sound, window_size=700, stride=1),
        "too_short": raw(input=sound, window_size=701, stride=1),
        "unknown": raw(input=unknown, window_size=48, stride=200),
        "feed": {unknown: _sound(300, 1)},
    }


def coefficients(tf):
    spectrogram = tf.raw_ops.AudioSpectrogram(
        input=_sound(700, 1), window_size=128, stride=64, magnitude_squared=True
    )
    make = tf.raw_ops.Mfcc
    return {
        "default": make(spectrogram=spectrogram, sample_rate=8000),
        "few": make(
            spectrogram=spectrogram,
            sample_rate=16000,
            upper_frequency_limit=7000.0,
            lower_frequency_limit=100.0,
            filterbank_channel_count=12,
            dct_coefficient_count=7,
        ),
        "silence": make(spectrogram=tf.zeros([1, 2, 65]), sample_rate=8000),
    }
