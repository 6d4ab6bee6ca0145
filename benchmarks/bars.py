"""The bars: what the figures have to show, and whether they do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cases import (
    AGREEMENT,
    CASES,
    MEANS,
    PEERS,
    SAMPLE_AGAINST_TORCH,
    SCALED,
    SMALL,
    Case,
)
from benchmarks.measure import best, own

Figures = dict[str, Any]
# figures by name of the case
Results = dict[str, list[Figures]]


@dataclass(frozen=True)
class Bar:
    """One bar, what was measured, and whether it is met: None where that cannot be said."""

    case: str
    what: str
    asked: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "not met", None: "not judged"}[self.met]


def _judge(judged: bool, met: bool) -> bool | None:
    return met if judged else None


def _ratio_bar(case: str, what: str, ratio: float, least: float, judged: bool) -> Bar:
    met = _judge(judged, ratio >= least)
    return Bar(case, what, f"≥ {least:g} ×", f"{ratio:.2f} ×", met)


def _speed(case: Case, figures: list[Figures]) -> Iterator[Bar]:
    mine = own(figures)
    for engine, least in case.at_least.items():
        if peer := best(figures, engine):
            ratio = peer["step_s"] / mine["step_s"]
            judged = peer["judged"] and mine["judged"]
            yield _ratio_bar(case.name, f"step against {PEERS[engine]}", ratio, least, judged)
    if case.at_most_s:
        met = _judge(mine["judged"], mine["step_s"] <= case.at_most_s)
        asked, measured = (f"{1e6 * s:.0f} µs" for s in (case.at_most_s, mine["step_s"]))
        yield Bar(case.name, "step", f"≤ {asked}", measured, met)


def _start_and_memory(case: Case, figures: list[Figures]) -> Iterator[Bar]:
    mine = own(figures)
    for engine, title in PEERS.items():
        peer = best(figures, engine)
        if peer is None:
            continue
        if engine == "tensorflow":
            judged = mine["start_judged"] and peer["start_judged"]
            yield Bar(
                case.name,
                f"time to the first step against {title}",
                f"≤ {peer['to_first_s']:.3f} s",
                f"{mine['to_first_s']:.3f} s",
                _judge(judged, mine["to_first_s"] <= peer["to_first_s"]),
            )
        yield Bar(
            case.name,
            f"peak memory against {title}",
            f"≤ {peer['peak_mib']:.0f} MiB",
            f"{mine['peak_mib']:.0f} MiB",
            mine["peak_mib"] <= peer["peak_mib"],
        )


def difference(mine: Figures, peer: Figures, count: int) -> float:
    """The largest relative difference of the results of the first `count` steps."""
    pairs = zip(mine["results"][:count], peer["results"][:count], strict=True)
    return max(abs(a - b) / max(abs(b), 1e-9) for a, b in pairs)


def _agreement(case: Case, figures: list[Figures]) -> Iterator[Bar]:
    """Tailrace against TensorFlow in the same form, against PyTorch in its first."""
    by_form = {(f["engine"], f["form"]): f for f in figures}
    mine = {form: f for (engine, form), f in by_form.items() if engine == "tailrace"}
    for (engine, form), peer in by_form.items():
        count = case.compared.get(engine, 0)
        same = mine.get(form) if engine == "tensorflow" else next(iter(mine.values()), None)
        if engine not in PEERS or not count or same is None:
            continue
        found = difference(same, peer, count)
        steps = "first result" if count == 1 else f"first {count} results"
        what = " ".join([f"{steps} beside {PEERS[engine]}", form]).strip()
        yield Bar(case.name, what, f"≤ {AGREEMENT:g}", f"{found:.1e}", found <= AGREEMENT)


def _means(results: Results) -> Iterator[Bar]:
    for section, means in MEANS.items():
        cases = [name for name, case in CASES.items() if case.section == section]
        for engine, least in means.items():
            pairs = [
                (peer, own(results[name]))
                for name in cases
                if name in results and (peer := best(results[name], engine))
            ]
            if pairs:
                mean = math.exp(
                    sum(math.log(p["step_s"] / m["step_s"]) for p, m in pairs) / len(pairs)
                )
                judged = len(pairs) == len(cases) and all(
                    p["judged"] and m["judged"] for p, m in pairs
                )
                what = f"geometric mean of {len(pairs)} against {PEERS[engine]}"
                yield _ratio_bar(section, what, mean, least, judged)


def _application(results: Results) -> Iterator[Bar]:
    """Generation of the application beside PyTorch's steps."""
    peer = best(results.get("generation", []), "torch")
    for name, figures in results.items():
        if peer is None or CASES[name].program != "lm_sample":
            continue
        mine = own(figures)
        ratio = peer["step_s"] / mine["step_s"]
        judged = mine["judged"] and peer["judged"]
        what = f"character against a step of {PEERS['torch']}"
        yield _ratio_bar(name, what, ratio, SAMPLE_AGAINST_TORCH, judged)


def scaled(results: Results, size: str) -> list[tuple[int, float, Figures]]:
    """Value of the size, flops of the network's products and figures (with `flops_done`) of what
    was measured with that size varied."""
    points = []
    for name, figures in results.items():
        case = CASES.get(name)
        if case is None or case.section != "scaling" or case.flops is None:
            continue
        arguments, mine = case.arguments, own(figures)
        alike = all(arguments[other] == SMALL[other] for other in SCALED if other != size)
        if alike and "flops_done" in mine:
            points.append((arguments[size], case.flops, mine))
    return sorted(points, key=lambda point: point[0])


def done(points: list[tuple[int, float, Figures]]) -> list[tuple[int, float, Figures]]:
    """The same with the flops that a step does, as its plan counts them."""
    return [(value, figures["flops_done"], figures) for value, _, figures in points]


def exponent(points: list[tuple[int, float, Figures]]) -> float:
    """The slope of the logarithm of the step's time over that of its flops, by least squares."""
    logs = np.log([(flops, figures["step_s"]) for _, flops, figures in points])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def _scaling(results: Results) -> Iterator[Bar]:
    for size, values in SCALED.items():
        points = scaled(results, size)
        if len(points) == len(values):
            found = exponent(done(points))
            judged = all(figures["judged"] for *_, figures in points)
            what = f"exponent of the step's time in the flops done, by {size}"
            yield Bar("scaling", what, "≤ 1", f"{found:.2f}", _judge(judged, found <= 1.0))


def bars(results: Results) -> list[Bar]:
    """All bars of the cases measured."""
    found: list[Bar] = []
    for name, figures in results.items():
        case = CASES[name]
        if case.section != "scaling":
            for part in (_speed, _start_and_memory, _agreement):
                found.extend(part(case, figures))
    for part in (_means, _application, _scaling):
        found.extend(part(results))
    return found
