"""Neighbours, spaces, counted vectors, and the class."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import UserError, WordEmbedding
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.embed import corpus
from tailrace.apps.embed.baseline import ppmi_vectors
from tailrace.apps.embed.learner import Learner
from tailrace.apps.embed.measures import held_out_auc
from tailrace.apps.embed.settings import LOSSES, METHODS, Settings
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.text import Text, known_words, neighbours, pairs, thinned


def numbers(text: str) -> Text:
    """Sentences of single letters, "ab cd", as their places in the alphabet."""
    return Text.of([list(word) for word in text.split()], Vocabulary(list("abcdefgh"), "word"))


def test_neighbours_are_of_one_sentence():
    text = numbers("abc de")
    centres, others = neighbours(text, 2, np.array([2, 1, 1, 2, 2]))
    found = sorted(zip(text.numbers[centres], text.numbers[others], strict=True))
    # a reaches b and c; c reaches b alone
    assert found == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3)]


def test_cbow_sees_all_neighbours():
    (found,) = pairs(numbers("abc"), Settings(method="cbow", window=1), np.random.default_rng(0))
    rows = {int(word): sorted(row.tolist()) for word, row in zip(*found, strict=True)}
    assert rows == {0: [-1, 1], 1: [0, 2], 2: [-1, 1]}


def test_unknown_words_leave_no_gap():
    vocabulary, counts = known_words([["a", "b", "x"], ["a", "c", "b"], ["c"]], Settings(least=2))
    assert vocabulary.symbols == ["a", "b", "c"]
    assert counts.tolist() == [2, 2, 2]
    text = Text.of([["a", "x", "b"]], vocabulary)
    assert text.numbers.tolist() == [0, 1]
    with pytest.raises(UserError, match="only 1 words are seen 3 times"):
        known_words([["a"] * 3, ["b"]], Settings(least=3))


def test_frequent_words_are_thinned_as_word2vec_does():
    text = Text(np.repeat([0, 1], [90_000, 10_000]), np.zeros(100_000, np.int64))
    found = thinned(text, np.array([90_000, 10_000]), 0.1, np.random.default_rng(0))
    kept = np.bincount(found.numbers) / [90_000, 10_000]
    np.testing.assert_allclose(kept, [(0.1 / 0.9) ** 0.5, 1.0], atol=0.01)


def test_counted_vectors_are_the_matrix_they_come_from():
    written = ["ab", "ab", "ab", "cd", "cd", "abc"]
    text = numbers(" ".join(written))
    vectors = ppmi_vectors(text, 1, 4, 3)
    counts = np.zeros((4, 4))
    for word in written:
        for one, other in pairwise(word):
            i, j = "abcd".index(one), "abcd".index(other)
            counts[i, j] += 1
            counts[j, i] += 1
    contexts = counts.sum(1) ** 0.75
    with np.errstate(divide="ignore"):
        ratio = np.log(counts / counts.sum(1, keepdims=True) / (contexts / contexts.sum()))
    matrix = np.maximum(ratio, 0)
    left, values, _ = np.linalg.svd(matrix)
    wanted = (left * values)[:, :3]
    np.testing.assert_allclose(vectors @ vectors.T, wanted @ wanted.T, atol=1e-5)


def test_a_space():
    words = ["king", "queen", "man", "woman", "Apple"]
    matrix = np.array([[3, 3, 0.1], [3, -3, 0], [0.2, 2, 0], [0.2, -2, 0], [0, 0.1, 9]])
    space = Space(words, matrix.astype(np.float32))
    assert space.analogy("man", "king", "woman", 1)[0][0] == "queen"
    assert space.analogy("man", "king", "woman", 1, product=True)[0][0] == "queen"
    ((word, value),) = space.near(["king", "Apple"], 1)
    mean = space.unit[0] + space.unit[4]
    assert word == "man"
    assert value == pytest.approx(float(space.unit[2] @ mean / np.linalg.norm(mean)), abs=1e-6)
    assert len(space.near(["king"], 99)) == 4
    assert space.number("apple") == 4
    questions = {"one": [("man", "king", "woman", "queen"), ("man", "x", "y", "z")], "none": []}
    assert space.answer(questions) == {"one": (1, 1), "none": (0, 0)}
    with pytest.raises(UserError, match="no vector of the word 'kin'; near it there are king"):
        space.number("kin")


def test_auc_of_perfect_and_of_drawn_vectors():
    text = numbers("abab cdcd efef " * 30)
    counts = np.bincount(text.numbers)
    perfect = np.repeat(np.eye(3), 2, axis=0).astype(np.float32)
    assert held_out_auc(perfect, text, counts, Settings()) > 0.85
    same = np.ones((6, 3), np.float32)
    assert held_out_auc(same, text, counts, Settings()) == pytest.approx(0.5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_kind_of_training_brings_neighbours_together(method: str, loss: str):
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list(half), 6)) for half in ("abcd", "efgh") * 60]
    text = numbers(" ".join(words))
    settings = Settings(
        method=method, loss=loss, size=8, window=2, sampled=4, batch=64, subsample=0.0
    )
    learner = Learner(settings, np.bincount(text.numbers))
    batches = [batch for epoch in range(6) for batch in learner.batches(text)(epoch)]
    losses = [learner.step(batch, 0.05) for batch in batches]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:3])
    unit = Space(list("abcdefgh"), learner.vectors()).unit
    cosines = unit @ unit.T
    assert min(cosines[:4, :4].mean(), cosines[4:, 4:].mean()) > cosines[:4, 4:].mean() + 0.5


def test_negative_sampling_is_its_formula():
    settings = Settings(size=3, sampled=2)
    learner = Learner(settings, np.array([5, 4, 3, 2]))
    net, session = learner.network, learner.session
    random = np.random.default_rng(0)
    values = [random.standard_normal(v.shape.as_list()).astype(np.float32) for v in net.variables]
    with learner.graph.as_default():
        for variable, value in zip(net.variables, values, strict=True):
            variable.load(value, session)
    drawn = next(
        op for op in learner.graph.get_operations() if op.type == "FixedUnigramCandidateSampler"
    )
    words = np.array([0, 1, 2])
    others = np.array([1, 3, 0])
    found, noise = session.run([net.loss, drawn.outputs[0]], {net.given: words, net.wanted: others})
    v, u = values[0].astype(float), values[1].astype(float)

    def log_s(x: float) -> float:
        return -float(np.log1p(np.exp(-x)))

    losses = [
        -log_s(u[o] @ v[w]) - sum(log_s(-u[k] @ v[w]) for k in noise if k != o)
        for w, o in zip(words, others, strict=True)
    ]
    assert found == pytest.approx(np.mean(losses), rel=1e-5)


def test_the_class(tmp_path: Path):
    sentences = corpus.text(2500)
    model = WordEmbedding(size=12, epochs=1, least=1).fit(sentences)
    assert model.vectors_.shape == (len(model.words_), 12)
    assert len(model.near("paris", count=3)) == 3
    assert len(model.history_) == 1
    np.testing.assert_array_equal(model.transform([model.words_[2]])[0], model.vectors_[2])
    model.save(tmp_path / "m")
    again = WordEmbedding.load(tmp_path / "m")
    np.testing.assert_array_equal(again.vectors_, model.vectors_)
    found = model.debiased().weat("weat7")
    assert found is not None
    assert abs(found.effect) < 0.5
    with pytest.raises(UserError, match="no test 'magic'"):
        model.weat("magic")
    with pytest.raises(UserError, match="not fitted"):
        WordEmbedding().near("a")
    with pytest.raises(UserError, match="each a list of words"):
        model.fit(["one sentence"])
    with pytest.raises(UserError, match="too few to keep some for the test"):
        model.fit([["a", "b"] * 5, ["a", "c"] * 5])
