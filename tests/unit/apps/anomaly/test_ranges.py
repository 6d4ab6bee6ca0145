"""Precision and recall of ranges, by hand."""

import numpy as np
import pytest

from tailrace.apps.anomaly.ranges import average_precision, judge, precision, recall, to_ranges


def test_runs_of_a_mask():
    mask = np.array([1, 1, 0, 0, 1, 0, 1], bool)
    assert to_ranges(mask) == [(0, 2), (4, 5), (6, 7)]
    assert to_ranges(np.zeros(3, bool)) == []


def test_one_point_is_not_a_whole_range():
    # noticed, and a tenth of it marked: 0.5 + 0.5 * 0.1
    assert recall([(10, 20)], [(12, 13)]) == pytest.approx(0.55)
    assert precision([(10, 20)], [(12, 13)]) == 1.0


def test_parts_count_less_than_a_whole():
    # six of ten points in two parts: half of the overlap's reward
    assert recall([(10, 20)], [(10, 13), (17, 20)], noticed=0) == pytest.approx(0.3)
    assert recall([(10, 20)], [(10, 16)], noticed=0) == pytest.approx(0.6)


def test_a_mark_over_everything_is_not_precise():
    real = [(10, 20), (30, 40)]
    assert recall(real, [(0, 100)]) == 1.0
    # a fifth of it is real, shared by two
    assert precision(real, [(0, 100)]) == pytest.approx(0.1)
    assert precision(real, [(10, 20), (50, 60)]) == pytest.approx(0.5)


def test_nothing_marked_or_nothing_real():
    assert recall([(1, 2)], []) == precision([(1, 2)], []) == 0.0
    assert recall([], [(1, 2)]) == precision([], [(1, 2)]) == 0.0


def test_average_precision_is_the_mean_over_the_real_points():
    labels = np.array([0, 1, 0, 1], bool)
    assert average_precision(labels, np.array([0.1, 0.9, 0.5, 0.4])) == pytest.approx(
        (1 + 2 / 3) / 2
    )


def test_judging_counts_false_alarms_among_normal_points():
    labels = np.array([0, 0, 1, 1, 0, 0], bool)
    scores = np.array([np.nan, 0.1, 0.9, 0.8, 0.7, 0.2])
    quality = judge(labels, scores, np.nan_to_num(scores) > 0.5)
    assert (quality.found, quality.ranges) == (1, 1)
    assert quality.recall == 1.0
    assert quality.precision == pytest.approx(2 / 3)
    assert quality.false_alarms == 0.25
    assert quality.average_precision == 1.0
    assert quality.f1 == pytest.approx(0.8)
