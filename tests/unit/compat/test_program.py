"""`run_program`: a file runs as if Python had been called with it."""

import sys
from pathlib import Path

import pytest

from tailrace.compat.errors import ProgramError
from tailrace.compat.program import run_program

pytestmark = pytest.mark.usefixtures("program")


def _write(folder: Path, source: str, name: str = "program.py") -> str:
    path = folder / name
    path.write_text(source)
    return str(path)


def test_main_module_arguments_and_path(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    _write(tmp_path, "VALUE = __name__", "neighbour.py")
    source = "import sys, neighbour\nprint(__name__, neighbour.VALUE, __file__, *sys.argv)"
    script = _write(tmp_path, source)
    assert run_program(script, ["--lr", "3"]) == 0
    assert capfd.readouterr().out == f"__main__ neighbour {script} {script} --lr 3\n"


def test_a_graph(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = "import tensorflow as tf\nwith tf.Session() as s: print(s.run(tf.constant(2) + 3))"
    assert run_program(_write(tmp_path, source), []) == 0
    assert capfd.readouterr().out == "5\n"


def test_a_graph_pinned_to_a_gpu_runs_without_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tailrace.devices.available.accelerators", list)
    source = "import tensorflow as tf\nwith tf.device('/gpu:0'): x = tf.constant(2) + 3\n"
    script = _write(tmp_path, source + "with tf.Session() as s: print(s.run(x))")
    assert run_program(script, []) == 0
    said = capfd.readouterr()
    assert said.out == "5\n"
    assert "computed on /device:CPU:0" in said.err


def test_arrays_that_are_copied_if_they_must_be(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = (
        "import numpy as np\n"
        "a = np.zeros(2)\n"
        "print(np.array([1, 2], copy=False), np.array(a, np.float32, copy=False).dtype)\n"
        "print(np.array(a, copy=False) is a, np.array(a) is a, np.array(3, ndmin=2).shape)\n"
    )
    assert run_program(_write(tmp_path, source), []) == 0
    assert capfd.readouterr().out == "[1 2] float32\nTrue False (1, 1)\n"


def test_exit_status(tmp_path: Path):
    with pytest.raises(SystemExit) as exit_:
        run_program(_write(tmp_path, "import sys; sys.exit(7)"), [])
    assert exit_.value.code == 7


def test_traceback_begins_in_the_program(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    script = _write(tmp_path, "def f():\n    1 / 0\nf()\n")
    assert run_program(script, []) == 1
    lines = capfd.readouterr().err.splitlines()
    assert lines[:2] == [
        "Traceback (most recent call last):",
        f'  File "{script}", line 3, in <module>',
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_interrupt(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert run_program(_write(tmp_path, "raise KeyboardInterrupt"), []) == 130
    assert "KeyboardInterrupt" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"print 'x'", "convert it with `2to3"),
        (b"x = (", "never closed"),
        (b"\x00", "null bytes"),
        (b"\xff\xfe", "program.py:"),
    ],
)
def test_what_is_no_program(tmp_path: Path, source: bytes, message: str):
    path = tmp_path / "program.py"
    path.write_bytes(source)
    before = list(sys.argv)
    with pytest.raises(ProgramError, match=message):
        run_program(str(path), [])
    assert sys.argv == before


def test_missing_file_and_folder(tmp_path: Path):
    with pytest.raises(ProgramError, match=r"cannot read .*nothing.py: No such file"):
        run_program(str(tmp_path / "nothing.py"), [])
    with pytest.raises(ProgramError, match="is a folder"):
        run_program(str(tmp_path), [])


def test_names_of_the_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = """
import collections, fractions, inspect, time
import numpy as np
from six.moves import xrange
print(np.float, np.array([1], dtype=np.int).dtype, np.bool, np.NaN, np.asscalar(np.ones(1)))
print(isinstance([], collections.Sequence), fractions.gcd(6, 4), time.clock() > 0)
print(inspect.getargspec(lambda a, *b: 0).args, list(xrange(2)))
"""
    assert run_program(_write(tmp_path, source), []) == 0
    expected = "<class 'float'> int64 <class 'numpy.bool'> nan 1.0\nTrue 2 True\n['a'] [0, 1]\n"
    assert capfd.readouterr().out == expected
