"""Names beside points: they do not hide one another where there is room."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Annotation

from tailrace.apps.common import labels
from tailrace.apps.common.report import new_figure


def boxes(points, names, size=7.0):
    found = labels.offsets(points, names, size)
    return [
        labels._box(x, y, offset, labels.WIDE * size * len(name), labels.HIGH * size)
        for (x, y), offset, name in zip(points, found, names, strict=True)
    ]


def overlap(a, b):
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0) * max(high, 0)


def test_a_name_alone_stands_right_above_its_point():
    (offset,) = labels.offsets(np.array([[10.0, 10.0]]), ["name"], 7)
    assert offset[0] > 0
    assert offset[1] > 0
    assert max(offset) < 7


@pytest.mark.parametrize("distance", [0.0, 3.0])
def test_names_of_points_that_are_close_do_not_overlap(distance: float):
    points = np.array([[100.0, 100.0], [100.0 + distance, 100.0], [100.0, 100.0 + distance]])
    names = ["stockholm", "budapest", "lisbon"]
    for a, b in itertools.combinations(boxes(points, names), 2):
        assert overlap(a, b) == 0


def test_where_there_is_no_room_little_is_hidden():
    random = np.random.default_rng(1)
    points, names = random.uniform(0, 120, (30, 2)), ["word"] * 30
    placed = boxes(points, names)
    plain = [labels._box(x, y, (2, 2), labels.WIDE * 28, labels.HIGH * 7) for x, y in points]
    hidden = [
        sum(overlap(a, b) for a, b in itertools.combinations(some, 2)) for some in (placed, plain)
    ]
    assert hidden[0] < 0.4 * hidden[1]


def test_names_are_written_with_a_line_where_they_are_far_off():
    axes = new_figure(3, 3).subplots()
    places = np.zeros((12, 2))
    axes.plot(*places.T, "o")
    labels.write_labels(axes, places, ["word"] * 12, ["black"] * 12)
    assert len(axes.texts) == 12
    assert {text.get_text() for text in axes.texts} == {"word"}
    lines = [isinstance(t, Annotation) and t.arrow_patch is not None for t in axes.texts]
    assert any(lines)
    assert not lines[0]
