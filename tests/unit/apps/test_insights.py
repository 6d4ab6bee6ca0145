"""What the report shows of a model's inside: gates, spelling, next words."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.gates import draw_gates, observe
from tailrace.apps.lm.generate import candidates
from tailrace.apps.lm.inputs import Inputs
from tailrace.apps.lm.pronounce import STEMS, spellings
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.settings import Settings

LETTERS = ["<unk>", *" Aabcdefghijklmnopqrstuvwxyz|"]
VOCABULARY = Vocabulary(LETTERS, "char")
PLAIN = Settings(size=4, ngram_inputs=1, match_length=0)
IDS = np.random.default_rng(0).integers(1, len(LETTERS), 400)


def _reader(cell: str = "lstm") -> Reader:
    settings = Settings(cell=cell, size=6, embedding=5, ngram_inputs=2, match_length=4, layers=2)
    groups = SymbolGroups.fit(IDS, len(LETTERS), 2)
    reader = Reader.new(settings, Inputs.of(groups, IDS, settings))
    with reader.graph.as_default():
        tf.set_random_seed(2)
        reader.session.run(tf.global_variables_initializer())
    return reader


@pytest.mark.parametrize("cell", ["lstm", "lstm-basic", "lstm-block"])
def test_gates_are_those_of_the_cell(cell: str):
    """Read one by one, c' = f c + i tanh(j) and h' = o tanh(c') bound what the gates can be."""
    reader = _reader(cell)
    gates = observe(reader, IDS[:1])
    before = reader.start()
    _, after = reader.read(before, IDS[None, :1])
    c, h = after.states[0][0], after.states[1][0]
    assert gates.symbols.tolist() == [IDS[0]]
    np.testing.assert_allclose(gates.output[0] * np.tanh(c), h, rtol=1e-4)
    assert (np.abs(c) <= gates.input[0]).all()
    assert ((gates.forget > 0.5) & (gates.forget < 1)).all()


def test_the_gates_picture_shows_the_common_characters():
    gates = observe(_reader(), IDS)
    assert gates.input.shape == (len(set(IDS.tolist())), 6)
    counts = [int((symbol == IDS).sum()) for symbol in gates.symbols]
    assert counts == sorted(counts, reverse=True)
    assert draw_gates(gates, VOCABULARY).startswith(b"\x89PNG")


def test_spelling_adds_up():
    found = spellings(_reader(), VOCABULARY)
    assert [one.stem for one in found] == list(STEMS)
    for one in found:
        assert one.sayable + one.unsayable == pytest.approx(1)
        assert one.by_chance == pytest.approx(1 - len(STEMS[one.stem]) / 26)
        # a network that has learnt nothing yet
        assert one.unsayable == pytest.approx(one.by_chance, abs=0.1)


def test_spelling_needs_the_letters():
    few = Vocabulary(["<unk>", *"pA e"], "char")
    reader = Reader.new(PLAIN, Inputs(SymbolGroups([], len(few)), None))
    with reader.graph.as_default():
        reader.session.run(tf.global_variables_initializer())
    assert [one.stem for one in spellings(reader, few)] == ["App"]
    assert spellings(reader, Vocabulary(["<unk>", "App"], "word")) == []


def test_where_no_word_can_begin_none_is_shown():
    bars = Vocabulary(["<unk>", "|", "-", "a"], "char")
    reader = Reader.new(PLAIN, Inputs(SymbolGroups([], len(bars)), None))
    with reader.graph.as_default():
        reader.session.run(tf.global_variables_initializer())
        bias = next(v for v in reader.variables if v.op.name == "model/logits/bias")
        bias.load(np.array([0, 9, 9, -9], np.float32), reader.session)
    assert candidates(reader, bars, "|--", 5) == []
