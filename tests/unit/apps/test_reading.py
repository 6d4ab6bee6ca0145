"""Reading and training in pieces."""

from pathlib import Path

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps import UserError
from tailrace.apps.common.parts import Split
from tailrace.apps.lm.baselines import mixing_weight
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.settings import Settings
from tailrace.apps.lm.training import Trainer, streams

SETTINGS = Settings(
    size=8, embedding=6, ngram_inputs=3, seq_len=5, batch=2, epochs=2, minutes=None, held_out=0.2
)
TEXT = np.random.default_rng(0).integers(0, 4, 6000) ** 2 % 7


@pytest.fixture(scope="module")
def reader() -> Reader:
    reader = Reader.new(SETTINGS, SymbolGroups.fit(TEXT, 7, 3))
    with reader.graph.as_default():
        reader.session.run(tf.global_variables_initializer())
    return reader


def test_probabilities_and_bits_agree(reader: Reader):
    text = TEXT[:40]
    bits = reader.bits(text, TEXT[50:90])
    probabilities, reading = reader.read(reader.start(), TEXT[None, 50:90])
    for i, symbol in enumerate(text):
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert -np.log2(probabilities[0, symbol]) == pytest.approx(bits[i], abs=1e-4)
        probabilities, reading = reader.read(reading, np.array([[symbol]]))


def test_long_texts_are_read_in_pieces_with_the_same_result(reader: Reader):
    """A small network forgets within the warm-up, so pieces change nothing that counts."""
    whole = reader._row_bits(np.concatenate([TEXT[:1], TEXT])[None])[0]
    np.testing.assert_allclose(reader.bits(TEXT), _after_zero(reader), atol=1e-3)
    assert whole.shape == TEXT.shape


def _after_zero(reader: Reader) -> np.ndarray:
    return reader._row_bits(np.concatenate([[0], TEXT])[None])[0]


def test_readings_can_be_taken_apart(reader: Reader):
    texts = np.array([TEXT[:10], TEXT[20:30]])
    both, reading = reader.read(reader.start(2), texts)
    alone, _ = reader.read(reader.start(), texts[1:])
    np.testing.assert_allclose(both[1], alone[0], rtol=1e-4)
    more = np.array([[3], [3]])
    swapped, _ = reader.read(reading.take([1, 1]), more)
    straight, _ = reader.read(reader.start(), np.array([[*texts[1], 3]]))
    np.testing.assert_allclose(swapped, np.repeat(straight, 2, 0), rtol=1e-4)


def test_streams_lie_side_by_side():
    rows = streams(np.arange(14), 3, 1)
    assert rows.T.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]


def _trainer(settings: Settings = SETTINGS) -> Trainer:
    parts = Split(TEXT[:300], TEXT[300:350], TEXT[350:400])
    return Trainer(settings, SymbolGroups.fit(parts.train, 7, 3), parts)


def test_batches_cover_the_epoch_and_carry_the_state():
    trainer = _trainer()
    fed: list[dict] = []
    step = trainer._step

    def record(feed: dict) -> float:
        fed.append(feed)
        return step(feed)

    trainer._step = record
    assert trainer.run()
    network = trainer._network
    per_epoch = len(fed) // 2
    assert trainer.progress.step == len(fed) == 2 * per_epoch
    # a target is the symbol after its input
    inputs = np.concatenate([feed[network.inputs][:, :, 0] for feed in fed[:per_epoch]])
    targets = np.concatenate([feed[network.targets] for feed in fed[:per_epoch]])
    np.testing.assert_array_equal(inputs[1:], targets[:-1])
    assert inputs.size > 0.9 * 300
    # an epoch begins at rest, and every later step where the one before ended
    assert all((fed[0][state] == 0).all() for state in network.initial)
    assert all((fed[1][state] != 0).any() for state in network.initial)
    assert all((fed[per_epoch][state] == 0).all() for state in network.initial)


def test_a_stop_keeps_where_the_streams_were(tmp_path: Path):
    """What is saved and taken up again makes the step that was next."""
    settings = SETTINGS.with_(dropout=0.0, recurrent_dropout=0.0, input_dropout=0.0)
    first, second = _trainer(settings), _trainer(settings)
    first.progress.epoch_steps = 0
    step = first._step

    def stopping(feed: dict) -> float:
        first.stop()
        return step(feed)

    first._step = stopping
    assert not first.run()
    first.put_state()
    with first.graph.as_default():
        path = tf.train.Saver(first.all_variables).save(first.session, str(tmp_path / "m"))
    with second.graph.as_default():
        tf.train.Saver(second.all_variables).restore(second.session, path)
    second.take_state()
    second.progress = first.progress
    feed = next(second._batches())
    for tensor, state in zip(second._network.initial, first._states, strict=True):
        assert (state != 0).any()
        np.testing.assert_array_equal(feed[tensor], state)


def test_the_learning_rate_rises_and_falls():
    trainer = _trainer()
    rates = []
    step = trainer._step
    trainer._step = lambda feed: rates.append(feed[trainer._training.learning_rate]) or step(feed)
    trainer.run()
    peak = int(np.argmax(rates))
    assert rates[0] < 0.1 * SETTINGS.learning_rate
    assert rates[peak] <= SETTINGS.learning_rate
    assert (np.diff(rates[peak:]) <= 0).all()
    assert rates[-1] < 0.05 * SETTINGS.learning_rate


def test_a_loss_that_is_no_number_ends_training():
    trainer = _trainer(SETTINGS.with_(learning_rate=1e30, clip_norm=1e30))
    with pytest.raises(UserError, match="smaller --learning-rate"):
        trainer.run()


def test_time_ends_training():
    trainer = _trainer(SETTINGS.with_(epochs=None, minutes=0.005))
    assert trainer.run()
    assert 0.3 <= trainer.progress.seconds < 10
    assert trainer.progress.history


def test_the_mixing_weight_is_the_likeliest():
    random = np.random.default_rng(0)
    first, second = random.random(500), random.random(500)
    weights = np.linspace(0.001, 0.999, 999)
    likely = [np.log(w * first + (1 - w) * second).sum() for w in weights]
    assert mixing_weight(first, second) == pytest.approx(weights[np.argmax(likely)], abs=0.01)
