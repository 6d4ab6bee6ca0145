"""The harness: what a sample is thrown away for, and a case measured at toy size."""

import json
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks import measure as measuring
from benchmarks.cases import CASES, Case
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
    forms = {"tailrace": ("dynamic",), "tensorflow": ("dynamic",), "torch": ("time_major",)}
    case = replace(CASES["rnn-65-128"].with_sizes(**sizes), forms=forms)
    parts: list[float] = []
    figures = measure(case, samples=1, budget_s=0.1, tries=1, progress=parts.append)
    # without TensorFlow's Python its column stays empty
    assert [(f["engine"], f["form"]) for f in figures] == [
        ("tailrace", "dynamic"),
        ("torch", "time_major"),
        ("gemm", ""),
    ]
    for f in figures:
        low, high = f["quartiles_s"]
        assert 0 < low <= f["step_s"] <= high
        assert f["peak_mib"] > f.get("private_mib", 50) > 20
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
    with pytest.raises(measuring.WorkerFailed, match="no such engine"):
        measuring.Worker({"engine": "no such engine", "program": "", "arguments": {}})


def test_what_fails_does_not_keep_the_rest_from_being_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path, capsys: pytest.CaptureFixture[str]
):
    def fails(case: Case, **_: object) -> list[dict[str, object]]:
        raise measuring.WorkerFailed("for some reason")

    monkeypatch.setattr(command, "measure", fails)
    monkeypatch.setattr("sys.argv", ["benchmarks", "graphs", "--json", str(tmp_path / "figures")])
    with pytest.raises(SystemExit, match=r"failed: hand-unrolled-lstm, .*, scalar-chain"):
        command.main()
    assert "word2vec: for some reason" in capsys.readouterr().out
