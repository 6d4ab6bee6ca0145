"""Grids and what is measured on them, against figures worked out by hand."""

import math

import numpy as np
import pytest

from tailrace.apps.som.grid import Grid, shape_for
from tailrace.apps.som.measures import topographic_error, u_matrix


@pytest.mark.parametrize("torus", [False, True])
def test_a_hexagonal_unit_has_six_neighbours_at_distance_one(torus):
    grid = Grid(6, 5, hexagonal=True, torus=torus)
    middle = 2 * 5 + 2
    around = np.flatnonzero(grid.touching[middle])
    assert set(around) == {11, 13, 6, 7, 16, 17}
    assert grid.squared[middle, around] == pytest.approx(np.ones(6))


def test_a_rectangular_unit_has_eight_neighbours_and_a_corner_three():
    grid = Grid(4, 5, hexagonal=False)
    assert grid.touching[6].sum() == 8
    assert grid.touching[0].sum() == 3


@pytest.mark.parametrize(("hexagonal", "count"), [(True, 6), (False, 8)])
def test_all_units_of_a_torus_have_the_same_number_of_neighbours(hexagonal, count):
    grid = Grid(4, 5, hexagonal, torus=True)
    assert (grid.touching.sum(1) == count).all()
    assert (grid.touching == grid.touching.T).all()


def test_distances_on_a_torus_go_the_short_way_round():
    grid = Grid(4, 6, hexagonal=False, torus=True)
    assert grid.squared[0, 5] == 1
    assert grid.squared[0, 3 * 6 + 5] == 2
    assert grid.squared[0, 2 * 6 + 3] == 4 + 9


def test_edges_are_each_pair_once_at_its_middle():
    grid = Grid(2, 2, hexagonal=True)
    places = {(a, b): (x, y) for a, b, x, y in grid.edges}
    # unit 2 lies below and between 0 and 1; unit 3 half a unit right of 1
    assert set(places) == {(0, 1), (2, 3), (0, 2), (1, 2), (1, 3)}
    assert places[0, 2] == pytest.approx((0.25, math.sqrt(0.75) / 2))
    assert len(Grid(3, 4, hexagonal=False).edges) == 3 * 3 + 2 * 4


def test_u_matrix_of_a_step():
    grid = Grid(2, 3, hexagonal=False)
    weights = np.array([[0.0], [0.0], [5.0], [0.0], [0.0], [5.0]])
    heights = u_matrix(weights, grid)
    cells = {
        tuple(place): value
        for place, value in zip(heights.places.tolist(), heights.values, strict=True)
    }
    assert len(cells) == 3 * 5
    assert cells[0.5, 0.0] == 0
    assert cells[1.5, 0.0] == 5
    assert cells[1.5, 0.5] == pytest.approx((5 + 5 + 0 + 0) / 4)
    # between 0, 5 to the right and 0 below
    assert cells[1.0, 0.0] == pytest.approx(5 / 3)
    assert heights.is_unit.sum() == 6


def test_topographic_error_counts_pairs_that_do_not_touch():
    pairs = np.array([[0, 1], [0, 2], [0, 3], [1, 4]])
    rectangular = Grid(2, 3, hexagonal=False)
    assert topographic_error(pairs, rectangular) == 0.25
    # 0 and 4: diagonal; touches on a rectangular grid only
    assert topographic_error(np.array([[0, 4]]), rectangular) == 0
    assert topographic_error(np.array([[0, 4]]), Grid(2, 3)) == 1


def test_the_grid_follows_the_data():
    rows, cols = shape_for(150, (2.0, 1.0))
    assert rows % 2 == 0
    assert cols > rows
    assert 45 <= rows * cols <= 80
    assert shape_for(2, (1.0, 0.0)) == (2, 2)
