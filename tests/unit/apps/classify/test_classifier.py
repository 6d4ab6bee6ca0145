"""The classifiers: what they read, what they learn, which words they say mattered."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from tailrace.apps import TextClassifier, UserError
from tailrace.apps.classify.learner import Learner, Rows
from tailrace.apps.classify.measures import judge, majority
from tailrace.apps.classify.model import Sizes
from tailrace.apps.classify.settings import SEQUENCES, Settings
from tailrace.apps.classify.texts import Reader, ngrams, words
from tailrace.apps.classify.tweets import _BAD, _GOOD, KINDS, messages
from tailrace.apps.common.vectors import Vectors, write_vectors

from .conftest import rows


def test_words_of_a_message():
    text = "@Sam I'm SOOOO #happy :) see https://a.b/c?d 🙂!"
    wanted = ["<user>", "i'm", "soo", "#happy", ":)", "see", "<link>", "🙂", "!"]
    assert words(text) == wanted


def test_ngrams_are_each_once():
    assert ngrams(["a", "b", "a", "b"], 2) == ["a", "b", "a b", "b a"]


def test_a_reader_cuts_and_fills_up():
    reader = Reader.of(["a b c", "a b", "a z"], Settings(method="cnn", length=9))
    found, lengths = reader.rows(["b a q", "a " * 20])
    known = reader.vocabulary
    assert reader.length == 9
    assert found[0].tolist() == [known.number("b"), known.number("a"), 1, 0, 0, 0, 0, 0, 0]
    assert lengths.tolist() == [3, 9]


def test_a_bag_leaves_out_what_it_does_not_know():
    reader = Reader.of(["a b", "b a"], Settings(method="logistic", ngrams=2))
    found, lengths = reader.rows(["q a a"])
    assert found[0, : lengths[0]].tolist() == [reader.vocabulary.number("a")]


def test_measures_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    truth, answers = random.integers(0, 4, 200), random.integers(0, 3, 200)
    found = judge(truth, answers, 5)
    assert found.accuracy == (truth == answers).mean()
    assert found.macro_f1 == pytest.approx(f1_score(truth, answers, average="macro"))
    np.testing.assert_array_equal(found.confusion[:4, :4], confusion_matrix(truth, answers))
    assert majority(np.array([1, 1, 0]), np.array([0, 1]), 2).accuracy == 0.5


def test_messages_come_in_all_kinds_and_turn_around_by_order_alone():
    made = messages(3000, noise=0.0)
    assert set(made.kinds) == set(KINDS)
    assert len(set(made.texts)) == 3000
    assert made == messages(3000, noise=0.0)
    # the words that say it: the same ones, in another order, say the opposite
    telling = {*_GOOD, *_BAD, "but", "although", "now", "once", "from", "to", "first", "then"}
    bags: dict[tuple[str, ...], set[str]] = {}
    for text, label, kind in zip(made.texts, made.labels, made.kinds, strict=True):
        if kind in ("contrast", "change"):
            bag = tuple(sorted(word for word in words(text) if word in telling))
            bags.setdefault(bag, set()).add(label)
    assert sum(len(labels) > 1 for labels in bags.values()) > 20


def test_the_perceptron_learns_by_its_rule():
    settings = Settings(method="perceptron")
    learner = Learner(settings, Sizes(3, columns=2))
    inputs = np.array([[1.0, -2.0]], np.float32)
    batch = Rows(inputs, np.array([2]), np.array([1]))
    weights = learner.network.variables
    learner.step(batch, 0.5)
    kernel, bias = learner.session.run(weights)
    # all scores were 0: a mistake; towards the right class, away from one of the wrong ones
    np.testing.assert_allclose(kernel[:, 1], [0.5, -1.0])
    np.testing.assert_allclose(kernel.sum(1), 0, atol=1e-6)
    learner.step(batch, 0.5)
    again = learner.session.run(weights)
    # now it is right by a margin: nothing more is learnt
    np.testing.assert_array_equal(again[0], kernel)
    np.testing.assert_array_equal(again[1], bias)


@pytest.mark.parametrize("method", SEQUENCES)
def test_what_fills_texts_up_does_not_count(method: str):
    settings = Settings(method=method, size=4, embedding=3)
    learner = Learner(settings, Sizes(2, words=9, length=10))
    inputs = np.zeros((2, 10), np.int64)
    inputs[:, :4] = [3, 5, 2, 7]
    inputs[1, 4:] = 8
    chances = learner.probabilities(inputs, np.array([4, 4]))
    np.testing.assert_allclose(chances[0], chances[1], atol=1e-6)


def test_contributions_of_a_bag_are_its_weights():
    texts, labels, _ = zip(*rows(80), strict=True)
    model = TextClassifier(method="logistic", epochs=3, batch=8).fit(texts, labels)
    found = model._fitted()
    assert found.reader is not None
    (one,) = model.explain(["the unheard awful cat"])
    weights = found.learner.session.run(found.learner.network.variables)[0]
    centred = weights - weights.mean(1, keepdims=True)
    place = found.classes.index(one.label)
    number = found.reader.vocabulary.number
    wanted = [centred[number(w), place] if w != "unheard" else 0.0 for w, _ in one.pieces]
    shown = [value for _, value in one.pieces]
    # three of the words are known, so each weighs 1 / sqrt(3) in the score
    np.testing.assert_allclose(np.array(shown), np.array(wanted) / 3**0.5, atol=1e-6)


@pytest.mark.parametrize("method", ["lstm", "cnn-rnn"])
def test_the_class(method: str, tmp_path: Path):
    texts, labels, _ = zip(*rows(160), strict=True)
    model = TextClassifier(
        method=method, size=8, embedding=8, epochs=8, batch=8, learning_rate=0.01
    )
    numbers = [1 if label == "up" else 0 for label in labels]
    model.fit(texts, numbers)
    others, truth, _ = zip(*rows(60, 3), strict=True)
    assert model.classes_.tolist() == [0, 1]
    assert model.score(others, [1 if label == "up" else 0 for label in truth]) > 0.9
    assert model.get_params()["size"] == 8
    model.save(tmp_path / "m")
    again = TextClassifier.load(tmp_path / "m")
    np.testing.assert_allclose(again.predict_proba(others), model.predict_proba(others), atol=1e-6)
    assert again.predict(others).tolist() == [str(n) for n in model.predict(others)]


def test_the_class_says_what_is_wrong():
    model = TextClassifier(method="cnn")
    for X, y in [("text", ["a"]), (["a"], ["x", "y"]), ([[1, 2]] * 6, ["a", "b"] * 3)]:
        with pytest.raises(UserError):
            model.fit(X, y)
    with pytest.raises(UserError, match="not fitted"):
        model.predict(["a"])
    with pytest.raises(UserError, match="neither texts nor rows"):
        TextClassifier(method="logistic").fit([["a"], ["b"]], ["x", "y"])


@pytest.mark.parametrize("vectors", ["fixed", "tuned"])
def test_word_vectors_from_a_file(vectors: str, tmp_path: Path):
    path = tmp_path / "vectors.txt"
    names = ["good", "lovely", "great", "superb", "bad", "awful", "dull", "dire"]
    matrix = np.array([[1, 0.1 * i, 0] if i < 4 else [-1, 0.1 * i, 0] for i in range(8)])
    write_vectors(path, Vectors(names, matrix.astype(np.float32)))
    texts, labels, _ = zip(*rows(160), strict=True)
    options = {"size": 8, "epochs": 8, "batch": 8, "learning_rate": 0.01, "vectors": vectors}
    model = TextClassifier(method="cnn", **options).fit(texts, labels, embeddings=str(path))
    # words that no text had, known by their vectors alone
    assert model.predict(["the superb house", "the dire cat"]).tolist() == ["up", "down"]
    found = model._fitted()
    assert found.reader is not None
    assert found.settings.embedding == 3
    table = found.learner.session.run(found.learner.network.variables[0])
    same = np.allclose(table[found.reader.vocabulary.number("superb")], matrix[3])
    # a word that never occurs is not moved in either case but by momentum of none
    assert same
    moved = not np.allclose(table[found.reader.vocabulary.number("good")], matrix[0])
    assert moved == (vectors == "tuned")
