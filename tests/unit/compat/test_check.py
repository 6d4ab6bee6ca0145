"""`tailrace check`: what programs, folders and notebooks need that is not there."""

import json
from pathlib import Path

import pytest

from tailrace.compat.check import check
from tailrace.compat.errors import ProgramError

pytestmark = pytest.mark.usefixtures("program")

USES = "import tensorflow as tf\ntf.constant(1)\ntf.no_such_op(2)\ntf.nowhere.to_be.found(3)\n"


def test_a_program(tmp_path: Path):
    file = tmp_path / "train.py"
    file.write_text(USES)
    report = check([str(file)])
    assert [(finding.place, finding.text) for finding in report.findings] == [
        (f"{file}:3", "tf.no_such_op"),
        (f"{file}:4", "tf.nowhere"),
    ]
    assert (report.files, report.names) == (1, 4)


def test_nothing_missing(tmp_path: Path):
    source = (
        "import tensorflow as tf\nfrom tensorflow.python.ops import array_ops\n"
        "tf.mul(array_ops.identity(1), tf.GraphKeys.GLOBAL_VARIABLES)\n"
        "tf.placeholder(tf.float32).get_shape().anything()\n"
    )
    (tmp_path / "a.py").write_text(source)
    assert check([str(tmp_path)]).findings == []


def test_what_programs_set_themselves(tmp_path: Path):
    """A name that one file sets is there in all of them; setting one does not bring others."""
    source = "import tensorflow as tf\ntf.GraphKeys.MINE = 'mine'\n"
    (tmp_path / "a.py").write_text(source)
    source = "import tensorflow as tf\ntf.add_to_collection(tf.GraphKeys.MINE, tf.GraphKeys.THEIRS)"
    (tmp_path / "b.py").write_text(source)
    assert [f.text for f in check([str(tmp_path)]).findings] == ["tf.GraphKeys.THEIRS"]


def test_members_of_classes_and_imports(tmp_path: Path):
    source = "import tensorflow.nonsense\nfrom tensorflow.contrib import nonsense as n\n"
    (tmp_path / "a.py").write_text(source + "import tensorflow as tf\ntf.GraphKeys.NO_SUCH\n")
    texts = [finding.text for finding in check([str(tmp_path)]).findings]
    assert texts == ["tf.nonsense", "tf.contrib.nonsense", "tf.GraphKeys.NO_SUCH"]


def test_notebooks(tmp_path: Path):
    cells = [
        {"cell_type": "markdown", "source": ["tf.not_code"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import tensorflow as tf"]},
        {"cell_type": "code", "source": "!pip install x\ntf.constant(1)\ntf.no_such_op(1)"},
        {"cell_type": "code", "source": "x = ("},
    ]
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps({"cells": cells}))
    found = [finding.place for finding in check([str(tmp_path)]).findings]
    assert found == [f"{file}: cell 3, line 1", f"{file}: cell 2, line 3"]


def test_what_cannot_be_read_is_reported(tmp_path: Path):
    (tmp_path / "old.py").write_text("print 'hello'")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "bad.ipynb").write_text("{")
    findings = check([str(tmp_path)]).findings
    assert len(findings) == 3
    assert not any(finding.is_name for finding in findings)
    assert any("2to3" in finding.text for finding in findings)


def test_hidden_folders_are_left_out(tmp_path: Path):
    for folder in (".venv", "node_modules", "kept"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text(USES)
    assert check([str(tmp_path)]).files == 1


def test_no_such_path(tmp_path: Path):
    with pytest.raises(ProgramError, match="there is no file or folder"):
        check([str(tmp_path / "nothing")])
