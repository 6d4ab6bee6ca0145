import json

import pytest

from benchmarks import demos
from tailrace.apps import COMMANDS


def figure(value, baseline=None, seeds=1):
    name, beside = baseline or (None, None)
    return {
        "value": value,
        "deviation": None,
        "seeds": seeds,
        "unit": "%",
        "baseline": name,
        "baseline_value": beside,
    }


@pytest.fixture
def places(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("before\n<!-- demos -->\nold\n<!-- /demos -->\nafter\n")
    monkeypatch.setattr(demos, "ROOT", tmp_path)
    monkeypatch.setattr(demos, "KEPT", tmp_path / "docs" / "demos.json")
    return tmp_path


def test_every_demonstration_is_a_command_that_there_is():
    assert {arguments[0] for arguments in demos.DEMOS.values()} <= set(COMMANDS)


def test_a_quick_demonstration_is_run_with_more_seeds(places, monkeypatch, capsys):
    toy = ["som", "train", "--demo", "iris", "--iterations", "2", "--rows", "3", "--cols", "3"]
    monkeypatch.setattr(demos, "DEMOS", {"toy": toy})
    assert demos.main(["--keep", str(places / "kept")]) == 0
    (found,) = json.loads((places / "docs" / "demos.json").read_text()).values()
    error = found["figures"]["quantization_error"]
    assert error["seeds"] == 3
    assert error["deviation"] > 0
    page = (places / "README.md").read_text()
    assert "old" not in page
    assert "| quantization_error |" in page
    assert "(3 seeds)" in capsys.readouterr().out


def test_a_demonstration_that_fails_is_said_and_the_others_run(places, monkeypatch, capsys):
    bad = {"bad": ["som", "train", "--iterations", "0"], "worse": ["no-such-command"]}
    monkeypatch.setattr(demos, "DEMOS", bad)
    assert demos.main(["--keep", str(places / "kept")]) == 1
    said = capsys.readouterr().err
    assert "bad: status 2" in said
    assert "worse: status 2" in said


def test_the_table_has_a_line_per_figure(monkeypatch):
    monkeypatch.setattr(demos, "DEMOS", {"a": ["a", "train"], "b": []})
    lines = demos.table(
        {
            "a": {
                "command": "tailrace a train",
                "seconds": 61.4,
                "figures": {"accuracy": figure(91.0, ("guess", 25.0)), "loss": figure(2.5)},
            }
        }
    ).splitlines()
    assert lines[2] == "| `tailrace a train` | accuracy | 91 % | guess: 25 | 61 |"
    assert lines[3] == "|  | loss | 2.5 % |  |  |"


def test_an_unknown_name_is_said(capsys):
    with pytest.raises(SystemExit):
        demos.main(["nobody"])
    assert "no such demonstration: nobody" in capsys.readouterr().err
