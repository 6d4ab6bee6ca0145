"""What a program's error says to do."""

from pathlib import Path

import pytest

from tailrace.compat.advice import advice
from tailrace.compat.program import run_program


def _error(source: str) -> BaseException:
    try:
        exec(compile(source, "program.py", "exec"), {})
    except Exception as error:
        return error
    raise AssertionError("the program ran")


@pytest.mark.parametrize(
    "source",
    [
        "print 'x'",
        "exec 'a = 1'",
        "raise ValueError, 'x'",
        "try: pass\nexcept ValueError, e: pass",
        "1 <> 2",
        "x = `3`",
        "x = 0777",
        "x = 7L",
        "def f(a, (b, c)): pass",
        "xrange(3)",
        "{}.iteritems()",
        "(i for i in []).next()",
        "import urllib2",
        "import string; string.maketrans",
    ],
)
def test_python_2(source: str):
    assert "2to3" in advice(_error(source))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("f(async=False)", "keyword since Python 3.7"),
        ("self.async = 1", "keyword since Python 3.7"),
        ("if 1:\n\tx = 1\n        y = 2", "expand -t 8"),
        ("import array; array.array('b').tostring()", "tobytes"),
        ("import pandas; pandas.Series([1]).ix", "iloc"),
    ],
)
def test_what_is_gone(source: str, said: str):
    assert said in advice(_error(source))


@pytest.mark.parametrize("source", ["x = (", "y", "[].next()", "import nothing_", "1 / 0"])
def test_nothing_to_say(source: str):
    assert advice(_error(source)) == ""


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("source", "said"),
    [("from tensorflow import nothing", "tailrace check"), ("xrange(3)", "2to3")],
)
def test_it_comes_after_the_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], source: str, said: str
):
    path = tmp_path / "program.py"
    path.write_text(source)
    assert run_program(str(path), []) == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("tailrace: ")
    assert said in last
