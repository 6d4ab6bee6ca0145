"""Bars, exponents and pages, from figures made up for it."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import report
from benchmarks.bars import bars, done, exponent, scaled
from benchmarks.cases import CASES, RECURRENT, recurrent_flops

DOCS = Path(__file__).parents[3] / "docs"


def figures(engine: str, step_s: float, form: str = "", **more: Any) -> dict[str, Any]:
    return {
        "engine": engine,
        "form": form,
        "import_s": 1.0,
        "build_s": 0.1,
        "init_s": 0.1,
        "first_s": 0.3,
        "to_first_s": 0.5,
        "start_judged": True,
        "results": [4.0, 3.0, 2.0],
        "step_s": step_s,
        "quartiles_s": [0.9 * step_s, 1.1 * step_s],
        "kept": 14,
        "rejected": 1,
        "judged": True,
        "peak_mib": 100.0,
        **more,
    }


def recurrent(**torch: Any) -> list[dict[str, Any]]:
    return [
        figures("tailrace", 0.020, "dynamic"),
        figures("tailrace", 0.010, "static"),
        figures("tensorflow", 0.030, "dynamic", version="1.15.5"),
        figures("tensorflow", 0.025, "static", version="1.15.5", results=[4.0, 3.0, 2.1]),
        figures("torch", 0.014, version="2.13.0", **torch),
        figures("gemm", 0.0001, results=[None] * 3),
    ]


def verdicts(results: dict[str, Any]) -> dict[tuple[str, str], bool | None]:
    return {(bar.case, bar.what): bar.met for bar in bars(results)}


def test_the_fastest_forms_are_judged():
    found = bars({"lstm-65-128": recurrent()})
    shown = {bar.what: (bar.asked, bar.measured, bar.verdict) for bar in found}
    assert shown["step against TensorFlow 1.15"] == ("≥ 1.3 ×", "2.50 ×", "met")
    assert shown["step against PyTorch"] == ("≥ 1.5 ×", "1.40 ×", "not met")


def test_memory_is_shown_where_the_system_tells_it():
    table = report.start_and_memory({"lstm-65-128": recurrent(private_mib=70.0)})
    shown = dict(zip(table.columns, table.rows[0], strict=True))
    assert shown["Tailrace: peak MiB"] == "100"
    assert (shown["PyTorch: private MiB"], shown["Tailrace: private MiB"]) == ("70", "")


def test_contended_figures_are_not_judged():
    found = verdicts({"lstm-65-128": recurrent(judged=False)})
    assert found["lstm-65-128", "step against PyTorch"] is None
    assert found["lstm-65-128", "step against TensorFlow 1.15"] is True


def test_results_are_compared_form_by_form():
    found = verdicts({"lstm-65-128": recurrent()})
    assert found["lstm-65-128", "first 3 results beside TensorFlow 1.15 dynamic"] is True
    assert found["lstm-65-128", "first 3 results beside TensorFlow 1.15 static"] is False
    assert found["lstm-65-128", "first result beside PyTorch"] is True


def test_a_mean_is_judged_over_all_cases_only():
    what = "geometric mean of 12 against PyTorch"
    everything = {case.name: recurrent() for case in RECURRENT}
    assert verdicts(everything)["recurrent", what] is False
    del everything["gru-65-128"]
    assert verdicts(everything)["recurrent", what.replace("12", "11")] is None


def test_the_application_is_set_beside_pytorch():
    results = {
        "generation": [figures("tailrace", 1e-4), figures("torch", 4e-4)],
        "lm-sample": [figures("apps", 5e-5, results=[None] * 3)],
        "lm-sample-plain": [figures("apps", 9e-5, results=[None] * 3)],
    }
    found = verdicts(results)
    assert found["lm-sample", "step"] is True
    assert found["lm-sample", "character against a step of PyTorch"] is True
    assert found["lm-sample-plain", "character against a step of PyTorch"] is False


def test_flops_are_those_of_the_products():
    # 3 x 2 x (1 layer x (1 + 1) x 4 + 1 x 5 weights) x 6 symbols
    assert recurrent_flops("lstm", vocabulary=5, hidden=1, layers=1, batch=2, steps=3) == 468


def test_the_limit_is_the_flops_at_the_rate_of_the_product():
    rows, inner, columns = 2500, 128, 512
    rate = 2 * rows * inner * columns / 0.0001
    flops = CASES["lstm-65-128"].flops
    assert flops
    limit = report.gemm_limit("lstm-65-128", recurrent())
    assert limit == pytest.approx(flops / rate)


def scaling_results(power: float) -> dict[str, Any]:
    """Steps that do the square of the flops that the network's products have, over 1e9."""
    results = {}
    for name, case in CASES.items():
        if case.section == "scaling" and case.flops:
            flops = case.flops**2 / 1e9
            step_s = 1e-3 * (flops / 1e9) ** power
            results[name] = [figures("tailrace", step_s, "dynamic", flops_done=flops)]
    return results


@pytest.mark.parametrize(("power", "met"), [(0.9, True), (1.1, False)])
def test_scaling_is_fitted(power: float, met: bool):
    results = scaling_results(power)
    points = scaled(results, "steps")
    assert [value for value, *_ in points] == [12, 25, 50, 100, 200]
    assert exponent(done(points)) == pytest.approx(power)
    assert exponent(points) == pytest.approx(2 * power)
    found = verdicts(results)
    assert found["scaling", "exponent of the step's time in the flops done, by hidden"] is met
    row = next(row for row in report.scaling(results).rows if row[0] == "hidden")
    assert row[-2:] == [f"{power:.2f}", f"{2 * power:.2f}"]


def test_the_plot_is_drawn(tmp_path: Path):
    report.plot_scaling(scaling_results(1.0), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_every_block_of_the_page_is_filled():
    results = {"lstm-65-128": recurrent(), **scaling_results(1.0)}
    blocks = report.blocks({"processor": "a machine"}, results, "images/scaling.png")
    empty = (DOCS / "performance.md").read_text()
    page = report.fill(empty, blocks)
    assert page.count("<!-- ") == empty.count("<!-- ")
    for name in set(blocks) - {"benchmarks"}:
        assert f"<!-- {name} -->\n\n{blocks[name]}\n\n<!-- /{name} -->" in page
    assert report.fill(page, blocks) == page
    assert "a machine; TensorFlow 1.15.5; matrix products at 3277 GFLOP/s." in page
    assert "| 10 ms (9–11) static | 25 ms (22.5–27.5) static |" in page


def test_short_times_are_told_in_microseconds():
    assert [report.duration(s) for s in (4.01e-5, 0.0123, 1.5)] == ["40.1 µs", "12.3 ms", "1500 ms"]
