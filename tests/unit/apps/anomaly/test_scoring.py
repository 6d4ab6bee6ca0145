"""Windows, smoothing, thresholds, the baselines."""

import numpy as np
import pytest

from tailrace.apps import UserError
from tailrace.apps.anomaly.baselines import fit_baselines
from tailrace.apps.anomaly.scoring import Errors, marked, smoothed, threshold
from tailrace.apps.anomaly.windows import clean, cut, spread, starts


def test_windows_reach_the_end():
    assert list(starts(10, 4, 4)) == [0, 4, 6]
    assert list(starts(8, 4, 4)) == [0, 4]
    values = np.arange(10).astype(np.float64)[:, None]
    assert cut(values, 4, 4)[:, :, 0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]


def test_a_points_score_is_the_mean_over_its_windows():
    assert spread(np.array([[1.0, 1], [3, 3]]), 3, 1).tolist() == [1, 2, 3]


def test_windows_without_marked_points():
    assert list(clean(np.array([0, 0, 0, 1, 0, 0], bool), 2)) == [0, 1, 4]
    assert list(clean(np.zeros(1, bool), 2)) == []


def test_smoothing_looks_back_only():
    scores = np.array([np.nan, 2.0, 4.0, 6.0])
    assert smoothed(scores, 2)[1:].tolist() == [2, 3, 5]
    assert np.isnan(smoothed(scores, 2)[0])


def test_the_threshold_keeps_its_promise_on_new_data():
    random = np.random.default_rng(0)
    rates = []
    for _ in range(200):
        limit = threshold(random.standard_normal(999), 0.02)
        rates.append((random.standard_normal(5000) > limit).mean())
    assert np.mean(rates) == pytest.approx(0.02, abs=0.001)


def test_too_few_points_for_a_rate():
    assert threshold(np.arange(99).astype(np.float64), 0.01) == 98
    with pytest.raises(
        UserError, match=r"--false-alarms 0.01: needs 100 normal points.*there are 98"
    ):
        threshold(np.arange(98).astype(np.float64), 0.01)


def test_points_without_a_score_are_not_marked():
    assert marked(np.array([np.nan, 1.0, 3.0]), 2.0).tolist() == [False, False, True]


def test_usual_errors_score_about_one():
    random = np.random.default_rng(0)
    errors = random.standard_normal((4000, 3)) @ np.array([[3.0, 1, 0], [0, 1, 0.5], [0, 0, 0.1]])
    model = Errors.fit(errors + 5)
    assert model.scores(errors + 5).mean() == pytest.approx(1.0, abs=0.02)
    again = Errors.from_json(model.to_json(), 3)
    assert np.array_equal(again.scores(errors), model.scores(errors))
    with pytest.raises(ValueError, match="does not fit"):
        Errors.from_json(model.to_json(), 2)


@pytest.mark.parametrize("number", range(3))
def test_baselines_see_what_they_are_made_for(number: int):
    time = np.arange(600)
    random = np.random.default_rng(1)
    series = np.sin(2 * np.pi * time / 20)[:, None] + 0.05 * random.standard_normal((600, 1))
    odd = series.copy()
    # a jump for the z-score, a wave of twice the speed for the others
    odd[300:310] += 8 if number == 0 else 0
    odd[300:340, 0] = np.sin(2 * np.pi * time[300:340] / 10) if number else odd[300:340, 0]
    baseline = fit_baselines(series, 20, 1)[number]
    scores = np.nan_to_num(baseline.raw_scores(odd))
    assert scores.shape == (600,)
    assert 300 <= scores.argmax() < 340
    assert scores[300:340].max() > 3 * scores[100:250].max()


def test_the_discord_is_the_nearest_neighbours_distance():
    random = np.random.default_rng(0)
    normal, values = random.standard_normal((50, 1)), random.standard_normal((12, 1))

    def shape(window: np.ndarray) -> np.ndarray:
        return (window - window.mean()) / window.std()

    known = [shape(normal[i : i + 6]) for i in range(45)]
    expected = [min(((shape(values[i : i + 6]) - one) ** 2).sum() for one in known) for i in (0, 6)]
    scores = fit_baselines(normal, 6, 6)[1].raw_scores(values)
    assert scores == pytest.approx(np.repeat(expected, 6))
