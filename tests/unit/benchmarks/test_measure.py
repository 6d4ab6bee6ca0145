"""The harness: what a sample is thrown away for, and a case measured at toy size."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import measure as measuring
from benchmarks.cases import CASES
from benchmarks.measure import measure, own, uncontended


def sample(switches: float = 3.0, others_s: float = 0.0, step_s: float = 0.1) -> dict[str, float]:
    return {"seconds": 0.1, "switches": switches, "others_s": others_s, "step_s": step_s}


def test_a_sample_beside_another_program_is_thrown_away():
    samples = [sample(), sample(others_s=0.02), sample(others_s=0.05)]
    assert uncontended(samples) == samples[:2]


def test_a_sample_put_off_the_processor_is_thrown_away():
    samples = [sample(switches=s) for s in (3, 4, 3, 11, 13, 4)]
    assert [s["switches"] for s in uncontended(samples)] == [3, 4, 3, 11, 4]


def test_the_usual_switches_of_an_engine_count_for_nothing():
    samples = [sample(switches=s) for s in (90, 100, 120, 180, 400)]
    assert [s["switches"] for s in uncontended(samples)] == [90, 100, 120, 180]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(measuring.TF1, raising=False)
    monkeypatch.setattr(measuring, "SAMPLE_S", 0.001)


@pytest.mark.usefixtures("quick")
def test_a_case_is_measured():
    sizes = {"vocabulary": 11, "hidden": 6, "layers": 1, "batch": 3, "steps": 4}
    parts: list[float] = []
    case = CASES["rnn-65-128"].with_sizes(**sizes)
    figures = measure(case, samples=1, budget_s=0.1, tries=1, progress=parts.append)
    assert [(f["engine"], f["form"]) for f in figures] == [
        ("tailrace", "dynamic"),
        ("tailrace", "static"),
        ("torch", ""),
        ("gemm", ""),
    ]
    for f in figures:
        low, high = f["quartiles_s"]
        assert 0 < low <= f["step_s"] <= high
        assert f["peak_mib"] > 50
        assert f["kept"] + f["rejected"] >= 2
    assert own(figures)["engine"] == "tailrace"
    assert parts[-1] == 1.0
    json.dumps(figures)


@pytest.mark.usefixtures("quick")
def test_the_command_writes_and_shows(
    monkeypatch: pytest.MonkeyPatch, tmp_path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "figures.json"
    call = ["benchmarks", "--case", "trivial-run", "--samples", "1", "--budget", "0.05"]
    monkeypatch.setattr("sys.argv", [*call, "--json", str(file)])
    command.main()
    assert list(json.loads(file.read_text())["cases"]) == ["trivial-run"]
    shown = capsys.readouterr().out
    assert "≤ 50 µs" in shown
    assert "bars met" in shown


def test_an_unknown_name_is_told(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "recurent"])
    with pytest.raises(SystemExit):
        command.main()
    assert "there is no 'recurent'; there are recurrent, generation" in capsys.readouterr().err


def test_a_failing_worker_says_why():
    with pytest.raises(SystemExit, match="no such engine"):
        measuring.Worker({"engine": "no such engine", "program": "", "arguments": {}})
