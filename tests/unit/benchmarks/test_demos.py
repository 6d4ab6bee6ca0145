import json

import pytest

from benchmarks import demos, lm
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
    shown = {arguments[0] for arguments in demos.DEMOS.values()}
    # the language model's row is benchmarks.lm's; a board is looked at
    assert shown | {"lm", "board"} == set(COMMANDS)


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


def test_the_language_model_is_what_was_measured(tmp_path, monkeypatch):
    def measured(test_bits, n_gram):
        names = "lstm", "5-gram", "Markov", "uniform", "mixed"
        bits = test_bits, n_gram, 2.5, 6.0, 1.0
        return {
            "scores": [
                {"name": a, "validation_bits": 9.0, "test_bits": b}
                for a, b in zip(names, bits, strict=True)
            ],
            "processor_seconds": 100 * test_bits,
            "processor": "P",
            "versions": "V",
        }

    kept = tmp_path / "lm.json"
    kept.write_text(json.dumps({"reference": {"1": measured(1.5, 1.75), "2": measured(1.7, 1.75)}}))
    monkeypatch.setattr(lm, "KEPT", kept)
    monkeypatch.setattr(demos, "DEMOS", {})
    row = demos.table({"lm": demos.language_model()}).splitlines()[2]
    assert row == (
        "| `tailrace lm train` | bits per character, test | 1.6 ± 0.14 (2 seeds) | 5-gram: 1.75 "
        "| 160 |"
    )


def test_an_unknown_name_is_said(capsys):
    with pytest.raises(SystemExit):
        demos.main(["nobody"])
    assert "no such demonstration: nobody" in capsys.readouterr().err
