"""Recurrent programs of every kind, computed on the host and on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.unit.plan.recurrent_programs import TABLES, Program

import tailrace as tf

HOST = tf.ConfigProto(device_count={"GPU": 0})
PROGRAMS = [
    (title, row, column)
    for title, (rows, columns, _) in TABLES.items()
    for row in rows
    for column in columns
]
RUNS = 4  # recorded from the third on


def build(title: str, row: str, column: str) -> Program:
    """A program of the tables, in the default graph."""
    rows, columns, make = TABLES[title]
    return make(rows[row], columns[column])


def values(program: Program, config: tf.ConfigProto | None, runs: int = RUNS) -> list[list[Any]]:
    """What each run gives: the values and all gradients."""
    with tf.Session(config=config) as session:
        for k, variable in enumerate(tf.global_variables()):
            noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list()) * 0.4
            variable.load(noise, session)
        if not tf.global_variables():  # of an imported graph
            operations = tf.get_default_graph().get_operations()
            session.run([op for op in operations if op.type == "Assign"])
        return [session.run(program.training, program.feeds) for _ in range(runs)]


def compare(place: tuple[str, str, str], tolerance: float) -> None:
    """Every run on the first device is what it is on the host; float32 to 1e-4 at best."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        program = build(*place)
        expected = values(program, HOST)
        found = values(program, None)
    for of_host, of_device in zip(expected, found, strict=True):
        for value, other in zip(of_device, of_host, strict=True):
            close = tolerance if np.asarray(other).dtype == np.float64 else max(tolerance, 1e-4)
            np.testing.assert_allclose(value, other, rtol=close, atol=close)
