"""The `tailrace` command."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tailrace.cli import main
from tailrace.cli.main import build_parser
from tailrace.compat import check, uninstall


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    uninstall()


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    assert all(f"    {command} " in out for command in ("run", "check", "lm"))
    assert "examples:" in out


def test_help_loads_neither_torch_nor_numpy():
    code = """
import sys
from tailrace.cli import main
from tailrace.cli.main import build_parser
try:
    main(["--help"])
except SystemExit:
    print([name for name in ("torch", "numpy", "tailrace.tf") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_user_errors_are_one_line_and_status_2(capfd: pytest.CaptureFixture[str], tmp_path: Path):
    assert main(["lm", "next", str(tmp_path / "nothing"), "some text"]) == 2
    err = capfd.readouterr().err
    assert err.startswith("tailrace: ")
    assert err.count("\n") == 1


def test_interrupt_is_130(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def interrupted(paths: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check", interrupted)
    assert main(["check", "."]) == 130
    assert capfd.readouterr().err == "interrupted\n"


def test_version(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("tailrace ")


def test_run_passes_everything_after_the_script(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    script = tmp_path / "p.py"
    script.write_text("import sys; print(sys.argv[1:])")
    assert main(["run", str(script), "--help", "-x", "run"]) == 0
    assert capfd.readouterr().out == "['--help', '-x', 'run']\n"


def test_bad_input_is_one_line_and_status_2(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert main(["run", str(tmp_path / "nothing.py")]) == 2
    assert main(["check", str(tmp_path / "nothing")]) == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("tailrace: ") for line in lines)


def test_check(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    script = tmp_path / "p.py"
    script.write_text("import tensorflow as tf\ntf.constant(1)")
    assert main(["check", str(script)]) == 0
    script.write_text("import tensorflow as tf\ntf.no_such_op(1)")
    assert main(["check", str(script)]) == 1
    out = capfd.readouterr().out
    assert f"{script}:2: tf.no_such_op is not supported\n" in out


def test_python_m_tailrace(tmp_path: Path):
    script = tmp_path / "p.py"
    script.write_text("import sys; sys.exit(3)")
    command = [sys.executable, "-m", "tailrace", "run", str(script)]
    assert subprocess.run(command, check=False).returncode == 3


def test_profile(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    source = "import tensorflow as tf\nx = tf.placeholder(tf.float32)\ny = tf.tanh(x)\n"
    source += "for i in range(3): tf.Session().run(y, {x: 1.0})\nraise SystemExit(4)\n"
    (tmp_path / "p.py").write_text(source)
    with pytest.raises(SystemExit):
        main(["run", "--profile", "p.py"])
    err = capfd.readouterr().err
    assert re.search(r"^Tanh +3 ", err, re.MULTILINE)
    events = json.loads((tmp_path / "p.trace.json").read_text())["traceEvents"]
    assert [event["name"] for event in events].count("Tanh") == 3


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("translate translate M --best 3 one two", {"best": 3, "texts": ["one", "two"]}),
        ("translate translate --beam 2 M one --best 3 two", {"texts": ["one", "two"], "beam": 2}),
        ("translate translate M -- -x", {"model": "M", "texts": ["-x"]}),
        ("caption describe M --best 2 a.png b.png", {"images": ["a.png", "b.png"]}),
        ("speech transcribe M --paths 3 a.wav", {"files": ["a.wav"], "paths": 3}),
        ("embed near M --count 3 a b", {"words": ["a", "b"], "count": 3}),
        ("embed analogy M a --product b c", {"a": "a", "b": "b", "c": "c"}),
        ("lm baseline a.txt --order 3 b.txt", {"files": ["a.txt", "b.txt"], "order": 3}),
        ("lm train --resume --out x", {"resume": "", "out": "x"}),
        ("compare a.txt --size 3 b.txt", {"files": ["a.txt", "b.txt"]}),
        ("run a.py --x 3", {"script": "a.py", "arguments": ["--x", "3"]}),
    ],
)
def test_options_stand_anywhere(line: str, found: dict[str, object]):
    parsed = vars(build_parser().parse_args(line.split()))
    assert {name: parsed[name] for name in found} == found
