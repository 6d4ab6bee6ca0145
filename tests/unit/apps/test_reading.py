"""Reading and training in pieces."""

from pathlib import Path

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps.common.parts import Split
from tailrace.apps.lm.baselines import mixing_weight
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.inputs import Inputs
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.settings import Settings
from tailrace.apps.lm.training import Trainer, streams

SETTINGS = Settings(
    size=8,
    embedding=6,
    ngram_inputs=3,
    match_length=6,
    seq_len=5,
    batch=2,
    epochs=2,
    minutes=None,
    held_out=0.2,
)
TEXT = np.random.default_rng(0).integers(0, 4, 6000) ** 2 % 7


@pytest.fixture(scope="module")
def reader() -> Reader:
    reader = Reader.new(SETTINGS, Inputs.of(SymbolGroups.fit(TEXT, 7, 3), TEXT, SETTINGS))
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
    groups = SymbolGroups.fit(parts.train, 7, 3)
    return Trainer(settings, Inputs.of(groups, parts.train, settings), parts)


def test_batches_cover_the_epoch_and_carry_the_state():
    trainer = _trainer()
    inputs = np.concatenate([batch.inputs[:, :, 0] for batch in trainer.batches(0)])
    targets = np.concatenate([batch.targets for batch in trainer.batches(0)])
    # a target is the symbol after its input
    np.testing.assert_array_equal(inputs[1:], targets[:-1])
    assert inputs.size > 0.9 * 300
    assert [batch.first for batch in trainer.batches(0)].count(True) == 1
    # an epoch begins at rest, and every later step where the one before ended
    first, second, *_ = trainer.batches(0)
    trainer.step(second, 0.01)
    fed = _fed(trainer)
    trainer.step(first, 0.01)
    after = trainer._states
    trainer.step(second, 0.01)
    assert all((fed[0][state] == 0).all() for state in trainer.network.initial)
    for tensor, state in zip(trainer.network.initial, after, strict=True):
        assert (state != 0).any()
        np.testing.assert_array_equal(fed[1][tensor], state)


def _fed(trainer: Trainer) -> list[dict]:
    """What the session is fed from now on."""
    found: list[dict] = []
    run = trainer.session.run

    def record(fetches, feed):
        found.append(feed)
        return run(fetches, feed)

    trainer.session.run = record
    return found


def test_batches_come_again():
    """A run goes on within an epoch, so the same batches come, with the same groups unknown."""
    trainer = _trainer()
    for one, other in zip(trainer.batches(3), trainer.batches(3), strict=True):
        np.testing.assert_array_equal(one.inputs, other.inputs)
    other = next(iter(trainer.batches(4)))
    assert (next(iter(trainer.batches(3))).inputs != other.inputs).any()


def test_what_is_saved_keeps_where_the_streams_were(tmp_path: Path):
    """What is saved and taken up again makes the step that was next."""
    settings = SETTINGS.with_(dropout=0.0, recurrent_dropout=0.0, input_dropout=0.0)
    first, second = _trainer(settings), _trainer(settings)
    one, two, *_ = first.batches(0)
    first.step(one, 0.01)
    with first.graph.as_default():
        path = tf.train.Saver(first.all_variables).save(first.session, str(tmp_path / "m"))
    with second.graph.as_default():
        tf.train.Saver(second.all_variables).restore(second.session, path)
    second.take_state()
    assert second.step(two, 0.01) == first.step(two, 0.01)
    for mine, other in zip(first._states, second._states, strict=True):
        assert (mine != 0).any()
        np.testing.assert_array_equal(mine, other)


def test_the_mixing_weight_is_the_likeliest():
    random = np.random.default_rng(0)
    first, second = random.random(500), random.random(500)
    weights = np.linspace(0.001, 0.999, 999)
    likely = [np.log(w * first + (1 - w) * second).sum() for w in weights]
    assert mixing_weight(first, second) == pytest.approx(weights[np.argmax(likely)], abs=0.01)
