"""Tables of the figures, for the terminal and for Markdown, and the plot of the scaling."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.bars import Bar, Results, bars, done, exponent, scaled
from benchmarks.cases import CASES, OWN, PEERS, SCALED, TITLES
from benchmarks.measure import best, own

Figures = dict[str, Any]

# marks a figure that is not judged, since too few samples were free of contention
STAR = "*"
# columns of memory: title and figure, which not every system tells
_MEMORY = {"peak MiB": "peak_mib", "private MiB": "private_mib"}


@dataclass
class Table:
    """Rows of text under titles; the first `labels` columns are words, the others figures."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    labels: int = 1

    def markdown(self) -> str:
        rule = ["---"] * self.labels + ["---:"] * (len(self.columns) - self.labels)
        rows = [self.columns, rule, *self.rows]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def show(self, console: Console) -> None:
        table = RichTable(title=self.title, title_justify="left", box=box.SIMPLE_HEAD)
        for i, column in enumerate(self.columns):
            table.add_column(column, justify="left" if i < self.labels else "right")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)


def duration(seconds: float) -> str:
    """Milliseconds, or microseconds below one."""
    ms = 1e3 * seconds
    return f"{1e3 * ms:.1f} µs" if ms < 1 else f"{ms:.3g} ms" if ms < 1e3 else f"{ms:.0f} ms"


def _time(figures: Figures) -> str:
    """Median and quartiles; a star where too few samples were uncontended."""
    median, low, high = (duration(s) for s in (figures["step_s"], *figures["quartiles_s"]))
    unit = median[-3:]
    star = "" if figures["judged"] else STAR
    return f"{median}{star} ({low.removesuffix(unit)}–{high.removesuffix(unit)})"


def line(name: str, figures: list[Figures]) -> str:
    """A case in one line: the step of each engine's fastest form."""
    found = [f for engine in TITLES if (f := best(figures, engine))]
    return f"{name}: " + ", ".join(f"{TITLES[f['engine']]} {_time(f)}" for f in found)


def steps(results: Results) -> Table:
    """Time of a step in each engine's fastest form, and the limit of its matrix products."""
    columns = ["case", *(TITLES[e] for e in (OWN, *PEERS)), "TF / ours", "PyTorch / ours"]
    table = Table("Time of a step", [*columns, "GEMM limit", "ours / limit"], [])
    for name, figures in results.items():
        case = CASES[name]
        if case.section == "scaling":
            continue
        mine, peers = own(figures), [best(figures, engine) for engine in PEERS]
        ratios = [f"{p['step_s'] / mine['step_s']:.2f}" if p else "" for p in peers]
        times = [f"{_time(f)} {f['form']}".strip() if f else "" for f in (mine, *peers)]
        row = [name, *times, *ratios]
        limit = gemm_limit(name, figures)
        row += [duration(limit), f"{mine['step_s'] / limit:.2f}"] if limit else ["", ""]
        table.rows.append(row)
    return table


def gemm_limit(name: str, figures: list[Figures]) -> float | None:
    """Seconds that the case's flops take at the rate of its matrix product; None without one."""
    case, product = CASES[name], best(figures, "gemm")
    if product is None or case.gemm is None or case.flops is None:
        return None
    rows, inner, columns = case.gemm
    return case.flops * product["step_s"] / (2.0 * rows * inner * columns)


def gemm_rates(results: Results) -> str:
    """The rates of the matrix products measured."""
    rates = []
    for name, figures in results.items():
        limit, flops = gemm_limit(name, figures), CASES[name].flops
        if limit and flops:
            rates.append(flops / limit / 1e9)
    shown = "–".join(dict.fromkeys(f"{f(rates):.0f}" for f in (min, max) if rates))
    return f"matrix products at {shown} GFLOP/s" if rates else ""


def start_and_memory(results: Results) -> Table:
    """Time to the end of the first step and memory, in each engine's fastest form."""
    names = [TITLES[e] for e in (OWN, *PEERS)]
    columns = [f"{n}: {what}" for what in ("first step s", *_MEMORY) for n in names]
    table = Table("Time to the first step, memory", ["case", *columns], [])
    for name, figures in results.items():
        if CASES[name].section == "scaling" or not best(figures, OWN):
            continue
        found = [best(figures, engine) for engine in (OWN, *PEERS)]
        stars = ["" if f is None or f["start_judged"] else STAR for f in found]
        first = [
            f"{f['to_first_s']:.3f}{s}" if f else "" for f, s in zip(found, stars, strict=True)
        ]
        memory = [
            f"{f[key]:.0f}" if f and key in f else "" for key in _MEMORY.values() for f in found
        ]
        table.rows.append([name, *first, *memory])
    return table


def imports(results: Results) -> Table:
    """Time that importing each engine takes, over all processes."""
    table = Table("Import", ["engine", "median s", "fastest s", "processes"], [])
    for engine in (OWN, *PEERS):
        found = [
            f["import_s"] for all_of in results.values() for f in all_of if f["engine"] == engine
        ]
        if found:
            figures = [statistics.median(found), min(found)]
            row = [TITLES[engine], *(f"{s:.2f}" for s in figures), str(len(found))]
            table.rows.append(row)
    return table


def forms(results: Results) -> Table:
    """Every engine and form of every case."""
    columns = ["case", "engine", "form", "build ms", "µs/node", "initialize ms", "first step ms"]
    columns += ["step (quartiles)", "samples", "rejected", "peak MiB", "first result", "third"]
    table = Table("All forms", columns, [], labels=3)
    for name, all_of in results.items():
        for f in all_of:
            node = f"{1e6 * f['build_s'] / f['nodes']:.0f}" if "nodes" in f else ""
            ends = (f["results"][0], f["results"][-1])
            values = [f"{v:.5f}" if v is not None else "" for v in ends]
            times = [f"{1e3 * f[key]:.1f}" for key in ("build_s", "init_s", "first_s")]
            row = [name, TITLES.get(f["engine"], "matrix product"), f["form"], times[0], node]
            row += [*times[1:], _time(f), str(f["kept"]), str(f["rejected"])]
            table.rows.append([*row, f"{f['peak_mib']:.0f}", *values])
    return table


def verdicts(found: list[Bar]) -> Table:
    """Every bar with what was asked and measured."""
    rows = [[bar.case, bar.what, bar.asked, bar.measured, bar.verdict] for bar in found]
    return Table("Bars", ["case", "bar", "asked", "measured", "verdict"], rows, labels=2)


def summary(found: list[Bar]) -> str:
    """How many bars are met."""
    counts = {word: sum(bar.verdict == word for bar in found) for word in ("met", "not met")}
    rest = len(found) - sum(counts.values())
    return f"{counts['met']} of {len(found)} bars met, {counts['not met']} not, {rest} not judged"


def scaling(results: Results) -> Table:
    """Exponents of the step's time in the flops done, and in those of the network's products."""
    columns = ["varied", "values", "flops done", "of the network", "step", "exponent"]
    table = Table("Scaling", [*columns, "of the network's flops"], [])
    for size in SCALED:
        points = scaled(results, size)
        if len(points) < 2:
            continue
        times = [figures["step_s"] for *_, figures in points]
        ranges = [
            f"{flops[0] / 1e9:.2g}–{flops[-1] / 1e9:.2g} G"
            for flops in ([flops for _, flops, _ in each] for each in (done(points), points))
        ]
        row = [size, ", ".join(str(value) for value, *_ in points), *ranges]
        row.append(f"{duration(times[0])}–{duration(times[-1])}")
        table.rows.append([*row, f"{exponent(done(points)):.2f}", f"{exponent(points):.2f}"])
    return table


def tables(results: Results) -> Iterator[Table]:
    """Everything that the terminal shows."""
    for table in (steps, start_and_memory, imports, scaling):
        yield table(results)
    yield verdicts(bars(results))


def plot_scaling(results: Results, path: Path) -> None:
    """Draw the step's time over the flops done, one line for each size varied, both logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
    for size in SCALED:
        points = done(scaled(results, size))
        if len(points) < 2:
            continue
        flops = [point[1] / 1e9 for point in points]
        times = [1e3 * point[2]["step_s"] for point in points]
        values = f"{points[0][0]}–{points[-1][0]}"
        axes.loglog(flops, times, "o-", label=f"{size} {values}: {exponent(points):.2f}")
    axes.set(xlabel="GFLOP done in a training step", ylabel="step, ms")
    axes.legend(title="varied, and the exponent")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    pyplot.close(figure)


def about(machine: dict[str, str], results: Results) -> str:
    """Machine, versions and rates of matrix products in one line."""
    versions = {f["version"] for all_of in results.values() for f in all_of if "version" in f}
    tensorflow = [f"TensorFlow {v}" for v in sorted(versions) if v.startswith("1.")]
    return "; ".join(filter(None, [*machine.values(), *tensorflow, gemm_rates(results)]))


def blocks(machine: dict[str, str], results: Results, image: str) -> dict[str, str]:
    """Markdown by name of the markers it belongs between; `image` is the plot's address."""
    found = bars(results)
    made = {f.__name__: f(results).markdown() for f in (steps, start_and_memory, imports, forms)}
    made["machine"] = f"{about(machine, results)}."
    made["summary"] = f"{summary(found)}."
    made["bars"] = verdicts(found).markdown()
    if (exponents := scaling(results)).rows:
        made["scaling"] = f"{exponents.markdown()}\n\n![Step time over flops]({image})"
    made["benchmarks"] = f"{made['machine']}\n\n{made['steps']}"
    return made


def fill(page: str, blocks: dict[str, str]) -> str:
    """The page with each block between its markers; markers without a block stay as they are."""
    for name, block in blocks.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if start in page:
            before, rest = page.split(start)
            _, after = rest.split(end)
            page = f"{before}{start}\n{block}\n\n{end}{after}"
    return page
