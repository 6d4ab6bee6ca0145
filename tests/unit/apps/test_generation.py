"""Texts by lot: the loop in the graph against the network read step by step."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps import UserError
from tailrace.apps.lm.choice import Choice, draw_step_by_step
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.generation import CHUNK, draw
from tailrace.apps.lm.inputs import Inputs
from tailrace.apps.lm.ngram import KneserNey
from tailrace.apps.lm.reading import Mixture, Reader
from tailrace.apps.lm.settings import CELLS, Settings

SETTINGS = Settings(size=8, embedding=6, ngram_inputs=3, match_length=7, layers=2)
SYMBOLS = 7
TEXT = np.random.default_rng(0).integers(0, 4, 3000) ** 2 % SYMBOLS


def _reader(settings: Settings) -> Reader:
    groups = SymbolGroups.fit(TEXT, SYMBOLS, settings.ngram_inputs)
    reader = Reader.new(settings, Inputs.of(groups, TEXT, settings))
    with reader.graph.as_default():
        tf.set_random_seed(3)
        random = np.random.default_rng(5)
        reader.session.run(tf.global_variables_initializer())
        for variable in reader.variables:
            shape = variable.shape.as_list()
            variable.load(random.normal(0, 0.7, shape).astype(np.float32), reader.session)
    return reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return _reader(SETTINGS)


def _drawn(reader: Reader, length: int, choice: Choice, seed: int = 1) -> np.ndarray:
    _, reading = reader.read(reader.start(), TEXT[None, :9])
    return np.concatenate([*draw(reader, reading, TEXT[:10], length, choice, seed)])


def _likeliest(reader: Reader, length: int) -> list[int]:
    """What reading one symbol at a time says, the unknown symbol left out."""
    probabilities, reading = reader.read(reader.start(), TEXT[None, :10])
    found = []
    for _ in range(length):
        found.append(1 + int(np.argmax(probabilities[0, 1:])))
        probabilities, reading = reader.read(reading, np.array([[found[-1]]]))
    return found


@pytest.mark.parametrize("cell", CELLS)
def test_the_likeliest_text_is_that_of_steps(cell: str):
    fewer = {"ngram_inputs": 1, "match_length": 0} if cell == "gru" else {}
    reader = _reader(SETTINGS.with_(cell=cell, **fewer))
    assert _drawn(reader, 20, Choice(0.0)).tolist() == _likeliest(reader, 20)


def test_pieces_follow_on_one_another(reader: Reader):
    length = CHUNK + 30
    assert _drawn(reader, length, Choice(0.0)).tolist() == _likeliest(reader, length)


def test_seeds_and_lengths(reader: Reader):
    whole = _drawn(reader, CHUNK + 10, Choice(), seed=4)
    assert len(whole) == CHUNK + 10
    np.testing.assert_array_equal(_drawn(reader, 50, Choice(), seed=4), whole[:50])
    assert (_drawn(reader, 50, Choice(), seed=5) != whole[:50]).any()
    assert (whole[:CHUNK][:10] != whole[CHUNK:]).any()
    assert (whole > 0).all()


def _firsts(reader: Reader, choice: Choice, count: int = 300) -> np.ndarray:
    """How often each symbol is the first one drawn."""
    found = [_drawn(reader, 1, choice, seed)[0] for seed in range(count)]
    return np.bincount(found, minlength=SYMBOLS) / count


def _wanted(reader: Reader, temperature: float) -> np.ndarray:
    probabilities, _ = reader.read(reader.start(), TEXT[None, :10])
    weights = probabilities[0] ** (1 / temperature)
    weights[0] = 0
    return weights / weights.sum()


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_symbols_come_as_often_as_is_believed(reader: Reader, temperature: float):
    wanted = _wanted(reader, temperature)
    deviation = np.sqrt(wanted * (1 - wanted) / 300)
    found = _firsts(reader, Choice(temperature))
    assert (np.abs(found - wanted) <= 4 * deviation + 1e-9).all()


def test_top_k_and_top_p_leave_the_likeliest(reader: Reader):
    wanted = _wanted(reader, 1.0)
    order = np.argsort(-wanted)
    assert set(np.flatnonzero(_firsts(reader, Choice(top_k=2), 60))) == set(order[:2])
    assert set(np.flatnonzero(_firsts(reader, Choice(top_k=99), 20))) <= set(order[:-1])
    # just more than the likeliest alone has
    share = float(wanted[order[0]]) + 0.01
    assert set(np.flatnonzero(_firsts(reader, Choice(top_p=share), 60))) == set(order[:2])
    assert set(np.flatnonzero(_firsts(reader, Choice(top_p=1e-6), 20))) == {order[0]}
    both = Choice(top_k=3, top_p=share)
    assert set(np.flatnonzero(_firsts(reader, both, 60))) <= set(order[:2])


@pytest.mark.parametrize("size", [2, 3, 5])
def test_no_group_comes_again(reader: Reader, size: int):
    length = 20 if size == 2 else CHUNK + 20
    drawn = _drawn(reader, length, Choice(0.3, no_repeat=size))
    text = np.concatenate([TEXT[:10], drawn]).tolist()
    known = [tuple(text[i : i + size]) for i in range(10 - size + 1)]
    for i in range(10 - size + 1, len(text) - size + 1):
        group = tuple(text[i : i + size])
        assert group not in known, i
        known.append(group)


def test_a_penalty_is_a_power_of_what_came_lately(reader: Reader):
    plain = _wanted(reader, 1.0)
    # as far back as the likeliest of the symbols seen
    seen = TEXT[:10][::-1]
    window = 1 + int(np.argmax(plain[seen]))
    penalized = plain.copy()
    penalized[np.unique(seen[:window])] **= 1.5
    penalized /= penalized.sum()
    assert np.abs(penalized - plain).max() > 0.02
    choice = Choice(repetition_penalty=1.5, repetition_window=window)
    deviation = np.sqrt(penalized * (1 - penalized) / 300)
    assert (np.abs(_firsts(reader, choice) - penalized) <= 4 * deviation + 1e-9).all()


CHOICES = {
    "plain": Choice(0.0),
    "top-k": Choice(0.0, top_k=2),
    "no-repeat": Choice(0.0, no_repeat=3),
    "penalty": Choice(0.0, repetition_penalty=2.5, repetition_window=4),
    "everything": Choice(
        0.0, top_k=4, top_p=0.9, no_repeat=4, repetition_penalty=1.5, repetition_window=9
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_loop_and_steps_draw_the_same(reader: Reader, name: str):
    _, reading = reader.read(reader.start(), TEXT[None, :9])
    steps = draw_step_by_step(reader, reading, TEXT[:10], CHUNK + 20, CHOICES[name], 1)
    found = np.concatenate([*steps])
    np.testing.assert_array_equal(found, _drawn(reader, CHUNK + 20, CHOICES[name]))


def test_steps_draw_what_the_weights_say(reader: Reader):
    _, reading = reader.read(reader.start(), TEXT[None, :9])
    choice = Choice(0.7, top_p=0.8)
    wanted = choice.weights(reader.read(reading, TEXT[None, 9:10])[0][0], TEXT[:10])
    firsts = [
        next(draw_step_by_step(reader, reading, TEXT[:10], 1, choice, seed))[0]
        for seed in range(200)
    ]
    found = np.bincount(firsts, minlength=SYMBOLS) / 200
    assert (np.abs(found - wanted) <= 4 * np.sqrt(wanted * (1 - wanted) / 200) + 1e-9).all()


def test_a_mixture_expects_what_both_expect(reader: Reader):
    ngram = KneserNey.fit(TEXT, SYMBOLS, 5)
    mixed = Reader.new(SETTINGS, reader.inputs, Mixture(ngram, 0.25))
    with mixed.graph.as_default():
        for variable, value in zip(
            mixed.variables, reader.session.run(reader.variables), strict=True
        ):
            variable.load(value, mixed.session)
    for length in (2, 12):
        network, _ = reader.read(reader.start(), TEXT[None, :length])
        both, _ = mixed.read(mixed.start(), TEXT[None, :length])
        wanted = 0.75 * network[0] + 0.25 * ngram.distribution(TEXT[:length])
        np.testing.assert_allclose(both[0], wanted, rtol=1e-5)
        bits = mixed.bits(TEXT[length : length + 1], TEXT[:length])
        assert bits[0] == pytest.approx(-np.log2(wanted[TEXT[length]]), abs=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"no_repeat": 1},
        {"repetition_penalty": 0.9},
        {"repetition_window": 0},
    ],
)
def test_impossible_choices(wrong: dict):
    [name] = wrong
    with pytest.raises(UserError, match="--" + name.replace("_", "-")):
        Choice(**wrong)
