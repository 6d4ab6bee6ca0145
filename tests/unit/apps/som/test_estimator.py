"""`SelfOrganizingMap`, as a program uses it."""

import numpy as np
import pandas as pd
import pytest

from tailrace.apps import SelfOrganizingMap, UserError
from tailrace.apps.som.settings import Settings


@pytest.fixture(scope="module")
def blobs():
    random = np.random.default_rng(0)
    centres = np.repeat([[0.0, 0, 10], [9, 0, 0], [0, 9, 5]], 20, 0)
    return centres + random.normal(size=(60, 3))


@pytest.mark.parametrize("training", ["batch", "online"])
@pytest.mark.parametrize("topology", ["hexagonal", "rectangular"])
@pytest.mark.parametrize("surface", ["plane", "torus"])
def test_groups_come_apart_and_errors_fall(blobs, training, topology, surface):
    som = SelfOrganizingMap(
        rows=4, cols=5, training=training, topology=topology, surface=surface, iterations=12
    ).fit(blobs)
    assert som.history_[-1].error < 0.6 * som.baseline("random").quantization_error(blobs)
    units = [set(som.labels_[start : start + 20]) for start in (0, 20, 40)]
    assert not units[0] & units[1]
    assert not units[1] & units[2]
    assert som.topographic_error(blobs) < 0.3
    assert len(set(som.clusters(3)[som.labels_[:20]])) == 1


def test_the_history_has_every_iteration(blobs):
    som = SelfOrganizingMap(rows=3, cols=3, iterations=5).fit(blobs)
    assert [s.iteration for s in som.history_] == [0, 1, 2, 3, 4, 5]
    last = som.history_[-1]
    np.testing.assert_allclose(last.weights, som.weights_)
    np.testing.assert_array_equal(last.mapping, som.predict(blobs))
    assert last.error == pytest.approx(som.quantization_error(blobs), rel=1e-5)
    np.testing.assert_array_equal(som.transform(blobs).argmin(1), som.labels_)
    assert som.score(blobs) == pytest.approx(-last.error)


def test_the_same_seed_gives_the_same_map(blobs):
    def weights(seed: int):
        model = SelfOrganizingMap(rows=3, cols=3, training="online", iterations=2, seed=seed)
        return model.fit(blobs).weights_

    np.testing.assert_array_equal(weights(1), weights(1))
    assert np.abs(weights(1) - weights(2)).max() > 1e-3


@pytest.mark.parametrize("missing", ["mask", "mean", "median", "neighbours", "drop"])
def test_missing_values_do_no_harm(blobs, missing):
    holes = blobs.copy()
    holes[::6, 1] = np.nan
    som = SelfOrganizingMap(rows=4, cols=4, missing=missing, iterations=15).fit(holes)
    assert np.isfinite(som.weights_).all()
    assert len(som.labels_) == (50 if missing == "drop" else 60)
    assert som.quantization_error(blobs) < 0.75
    assert som.predict(holes).shape == (60,)


def test_a_folder_gives_the_map_back(blobs, tmp_path):
    frame = pd.DataFrame(blobs, columns=["a", "b", "c"])
    som = SelfOrganizingMap(rows=3, cols=4, iterations=3).fit(frame)
    som.save(tmp_path / "map")
    again = SelfOrganizingMap.load(tmp_path / "map")
    assert again.get_params() == som.get_params()
    np.testing.assert_array_equal(again.predict(frame[["c", "a", "b"]]), som.labels_)
    np.testing.assert_allclose(again.weights_, som.weights_)
    assert len(again.history_) == 4
    with pytest.raises(UserError, match="holds something"):
        som.save(tmp_path / "map")


def test_a_damaged_folder_is_said_to_be(blobs, tmp_path):
    SelfOrganizingMap(rows=2, cols=2, iterations=1).fit(blobs).save(tmp_path / "map")
    (tmp_path / "map" / "history.npz").write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged"):
        SelfOrganizingMap.load(tmp_path / "map")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ([[1.0, "x"]], "not numbers"),
        ([1.0, 2.0], "shape"),
        ([[1.0, np.inf], [0, 0]], "row 1, column 2"),
        ([[1.0, 2.0]], "too few"),
        ([[1.0, np.nan], [2.0, np.nan]], "column 2 has no value"),
        ([[1.0, 2.0], [np.nan, np.nan]], "row 2 has no value"),
    ],
)
def test_bad_data_are_said_to_be(data, word):
    with pytest.raises(UserError, match=word):
        SelfOrganizingMap().fit(data)


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"rows": 3}, "give both"),
        ({"rows": 3, "cols": 3, "surface": "torus"}, "even"),
        ({"neighbourhood": "mexican-hat"}, "online"),
        ({"sigma": 0.1}, "sigma-end"),
        ({"alpha": 2.0}, "at most 1"),
        ({"topology": "round"}, "one of"),
        ({"clusters": 1}, "clusters"),
        ({"sides": 6}, "no such"),
    ],
)
def test_settings_that_cannot_be_are_refused(params, word):
    with pytest.raises(UserError, match=word):
        Settings.of(**params)


def test_before_fit_it_says_so():
    with pytest.raises(UserError, match="not fitted"):
        SelfOrganizingMap().predict([[1.0]])
