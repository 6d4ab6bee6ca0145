"""The recognizer as a TensorFlow graph: the public `tf` API alone.

Features (Davis, Mermelstein, 1980): the magnitudes of short spectra in bands of equal width to the
ear, their logarithm, and for MFCC the cosine transform of those; each number is standardised over
the recording. Network and loss (Graves, Fernandez, Gomez, Schmidhuber, "Connectionist temporal
classification", 2006; Graves, Jaitly, 2014): bidirectional LSTMs give at each step probabilities of
the letters and of a blank, and the loss is the negative log-probability of all ways to write the
transcript with blanks between and letters repeated:

    loss = -log sum over paths that read as the transcript of prod over t of y_t[path_t]

Shapes: B recordings, N samples, T steps of F numbers, L letters of a transcript, C characters.
"""

from __future__ import annotations

from typing import NamedTuple

import tailrace as tf
from tailrace.apps.speech.settings import Settings

CLIP_NORM = 5.0
# added to the bands before the logarithm, in parts of the recording's level
FLOOR = 1e-3
# below, transcripts end
NOTHING = -1
LOWEST_HZ = 60.0


class Frontend(NamedTuple):
    """From sound to what the network reads."""

    waves: tf.Tensor  # [B, N]
    samples: tf.Tensor  # [B], how many of the N
    features: tf.Tensor  # [B, T, F]
    steps: tf.Tensor  # [B], how many of the T


class Network(NamedTuple):
    """From features to letters."""

    inputs: tf.Tensor  # [T, B, F]
    steps: tf.Tensor  # [B]
    labels: tf.Tensor  # [B, L], NOTHING behind the last
    training: tf.Tensor
    learning_rate: tf.Tensor
    loss: tf.Tensor
    update: tf.Operation
    probabilities: tf.Tensor  # [T, B, C + 1], the blank last
    greedy: tf.Tensor  # [B, any], NOTHING behind the last
    errors: tf.Tensor  # [B], letters to change for the greedy reading to be right
    paths: list[tf.Tensor]  # the beam's readings, as `greedy`
    scores: tf.Tensor  # [B, paths], their log-probabilities


def build_frontend(settings: Settings) -> Frontend:
    """The features of sound, in the default graph."""
    waves = tf.placeholder(tf.float32, [None, None], name="waves")
    samples = tf.placeholder(tf.int32, [None], name="samples")
    inside = tf.sequence_mask(samples, tf.shape(waves)[1], dtype=tf.float32)
    power = tf.reduce_sum(tf.square(waves) * inside, 1) / tf.to_float(samples)
    level = tf.sqrt(tf.maximum(power, 1e-10))
    spectra = tf.abs(
        tf.signal.stft(
            waves / level[:, None], settings.frame, settings.step, fft_length=None, pad_end=True
        )
    )
    bands = tf.signal.linear_to_mel_weight_matrix(
        settings.mels,
        num_spectrogram_bins=spectra.shape[-1].value,
        sample_rate=settings.rate,
        lower_edge_hertz=LOWEST_HZ,
        upper_edge_hertz=settings.rate / 2,
    )
    mels = tf.tensordot(spectra, bands, 1)
    mels.set_shape([None, None, settings.mels])
    found = tf.log(mels + FLOOR * settings.frame)
    if settings.features == "mfcc":
        found = tf.signal.mfccs_from_log_mel_spectrograms(found)[..., : settings.coefficients]
    frames = (samples + settings.step - 1) // settings.step
    return _stacked(waves, samples, _standardised(found, frames), frames, settings)


def _standardised(found: tf.Tensor, frames: tf.Tensor) -> tf.Tensor:
    """Mean 0 and deviation 1 over each recording; 0 behind its end."""
    inside = tf.sequence_mask(frames, tf.shape(found)[1], dtype=tf.float32)[..., None]
    count = tf.to_float(frames)[:, None, None]
    mean = tf.reduce_sum(found * inside, 1, keepdims=True) / count
    centred = (found - mean) * inside
    variance = tf.reduce_sum(tf.square(centred), 1, keepdims=True) / count
    return centred * tf.rsqrt(variance + 1e-3)


def _stacked(
    waves: tf.Tensor, samples: tf.Tensor, found: tf.Tensor, frames: tf.Tensor, settings: Settings
) -> Frontend:
    """Some frames in a row as one step."""
    stack = settings.stack
    missing = -tf.shape(found)[1] % stack
    found = tf.pad(found, [[0, 0], [0, missing], [0, 0]])
    size = stack * settings.channels
    features = tf.reshape(found, [tf.shape(found)[0], -1, size], name="features")
    return Frontend(waves, samples, features, (frames + stack - 1) // stack)


def build_network(characters: int, settings: Settings) -> Network:
    """The network in the default graph."""
    size = settings.stack * settings.channels
    inputs = tf.placeholder(tf.float32, [None, None, size], name="inputs")
    steps = tf.placeholder(tf.int32, [None], name="steps")
    labels = tf.placeholder(tf.int32, [None, None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    hidden = inputs
    for layer in range(settings.layers):
        hidden = tf.layers.dropout(hidden, settings.dropout if layer else 0.0, training=training)
        hidden = _both_ways(hidden, steps, settings.size, f"layer{layer + 1}")
    hidden = tf.layers.dropout(hidden, settings.dropout, training=training)
    logits = tf.layers.dense(hidden, characters + 1, name="letters")
    wanted = _to_sparse(labels)
    loss = tf.reduce_mean(
        tf.nn.ctc_loss(wanted, logits, steps, ignore_longer_outputs_than_inputs=True)
    )
    (greedy,), _ = tf.nn.ctc_greedy_decoder(logits, steps)
    errors = tf.edit_distance(tf.cast(greedy, tf.int32), wanted, normalize=False)
    paths, scores = tf.nn.ctc_beam_search_decoder(
        logits, steps, settings.beam, settings.paths, merge_repeated=False
    )
    return Network(
        inputs,
        steps,
        labels,
        training,
        *_training(loss),
        tf.nn.softmax(logits),
        tf.sparse_tensor_to_dense(greedy, NOTHING),
        errors,
        [tf.sparse_tensor_to_dense(path, NOTHING) for path in paths],
        scores,
    )


def _both_ways(hidden: tf.Tensor, steps: tf.Tensor, size: int, name: str) -> tf.Tensor:
    """What an LSTM says that read from the start, and one that read from the end: [T, B, 2 H]."""
    forwards, backwards = (tf.nn.rnn_cell.LSTMCell(size) for _ in range(2))
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(
        forwards, backwards, hidden, steps, dtype=tf.float32, time_major=True, scope=name
    )
    return tf.concat(outputs, 2)


def _to_sparse(labels: tf.Tensor) -> tf.SparseTensor:
    """Dense labels as CTC takes them."""
    places = tf.where(tf.not_equal(labels, NOTHING))
    shape = tf.shape(labels, out_type=tf.int64)
    return tf.SparseTensor(places, tf.gather_nd(labels, places), shape)


def _training(loss: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Operation]:
    """Adam on the gradients, clipped together: learning rate, loss and update."""
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), CLIP_NORM)
    optimizer = tf.train.AdamOptimizer(learning_rate)
    update = optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
    return learning_rate, loss, update
