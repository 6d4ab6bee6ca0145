"""`tailrace.apps.AnomalyDetector`."""

from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import AnomalyDetector, UserError

from .conftest import ODD, odd_wave, wave

TOY = {"size": 12, "window": 24, "steps": 120, "ahead": 3, "false_alarms": 0.01}


@pytest.fixture(scope="module")
def detector() -> AnomalyDetector:
    return AnomalyDetector(**TOY).fit(wave(1500, 1))


def test_it_learns_and_finds(detector: AnomalyDetector):
    losses = [row["validation"] for row in detector.history_]
    assert losses[-1] < 0.5 * losses[0]
    found = np.flatnonzero(detector.predict(odd_wave()) == -1)
    assert ODD.start <= found[np.argmax(detector.anomaly_scores(odd_wave())[found])] < ODD.stop + 8
    assert (detector.predict(wave(800, 3)) == -1).mean() < 0.1


def test_signs_are_scikit_learns(detector: AnomalyDetector):
    values = odd_wave()
    odd = detector.predict(values) == -1
    decision = detector.decision_function(values)
    assert np.array_equal(odd, np.nan_to_num(decision) < 0)
    np.testing.assert_allclose(decision - detector.threshold_, detector.score_samples(values))


def test_it_reloads(detector: AnomalyDetector, tmp_path: Path):
    detector.save(tmp_path / "m")
    again = AnomalyDetector.load(tmp_path / "m")
    assert again.get_params() == detector.get_params()
    assert again.threshold_ == detector.threshold_
    np.testing.assert_array_equal(
        again.anomaly_scores(odd_wave()), detector.anomaly_scores(odd_wave())
    )


def test_it_repeats_with_its_seed(detector: AnomalyDetector):
    again = AnomalyDetector(**TOY).fit(wave(1500, 1))
    assert again.threshold_ == pytest.approx(detector.threshold_, rel=1e-4)


def test_labelled_points_are_not_learnt():
    values, labels = wave(1500, 1), np.zeros(1500, bool)
    values[100:140] = 1000
    labels[100:140] = True
    detector = AnomalyDetector(**{**TOY, "steps": 3}).fit(values, labels)
    assert detector._fitted().scale.deviation.max() < 10


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((2, 2, 2)), "not of shape"),
        (np.array([1.0, np.nan]), "missing or not finite"),
        (np.zeros(5), "too few"),
    ],
)
def test_bad_series(values: np.ndarray, said: str):
    with pytest.raises(UserError, match=said):
        AnomalyDetector(**TOY).fit(values)


def test_before_fit():
    with pytest.raises(UserError, match="not fitted yet"):
        AnomalyDetector().predict(np.zeros(5))
    assert repr(AnomalyDetector(window=9)) == "AnomalyDetector(window=9)"
