"""What docs/recurrent.md says of recurrent programs is so, and layers compute what steps do."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.unit.plan.recurrent_programs import TABLES, outcome

import tailrace as tf

DOCUMENT = Path(__file__).parents[3] / "docs" / "recurrent.md"


def _told():
    """Title, row, column and what is told, of every place in the tables."""
    for section in re.split(r"^## ", DOCUMENT.read_text("utf8"), flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0]
        lines = [line for line in section.splitlines() if line.startswith("|")]
        if title not in TABLES:
            continue
        _, *columns = (cell.strip() for cell in lines[0].strip("|").split("|"))
        for line in lines[2:]:
            row, *told = (cell.strip() for cell in line.strip("|").split("|"))
            yield from ((title, row, c, t) for c, t in zip(columns, told, strict=True))


TOLD = list(_told())


def test_all_are_in_the_document():
    rows = {(title, row, column) for title, row, column, _ in TOLD}
    known = {
        (title, row, column)
        for title, (rows, columns, _) in TABLES.items()
        for row in rows
        for column in columns
    }
    assert rows == known


def _values(program):
    with tf.Session() as session:
        for k, variable in enumerate(tf.global_variables()):
            noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list()) * 0.4
            variable.load(noise, session)
        if not tf.global_variables():  # of an imported graph
            operations = tf.get_default_graph().get_operations()
            session.run([op for op in operations if op.type == "Assign"])
        return session.run(program.training, program.feeds)


@pytest.mark.parametrize(("title", "row", "column", "told"), TOLD)
def test_program(title, row, column, told, monkeypatch):
    rows, columns, build = TABLES[title]
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        program = build(rows[row], columns[column])
        assert outcome(program) == told
        if told == "no":
            return
        found = _values(program)
        monkeypatch.setenv("TAILRACE_PASSES", "none")
        for value, expected in zip(found, _values(program), strict=True):
            tolerance = 1e-9 if np.asarray(value).dtype == np.float64 else 1e-5
            np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)
