"""The report of a map."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.report import Report
from tailrace.apps.som import measures, pictures, table
from tailrace.apps.som.estimator import SelfOrganizingMap

MOST_NAMES = 12


def write_report(folder: Path, som: SelfOrganizingMap, rows: table.Table, scores: Table) -> Path:
    """Writes report.html with its pictures; returns its path.

    `rows` are those that the map learnt from.
    """
    grid, mapping, weights = som.grid_, som.labels_, som.weights_
    report = Report(f"Self-organizing map of {rows.name}")
    report.text(
        f"{len(rows.values):,} rows, {len(rows.columns)} columns, on {grid.rows} x {grid.cols} "
        f"units ({som.settings_.topology}, {som.settings_.surface}). Rows that lie close to each "
        "other are alike in all columns together; the axes themselves mean nothing."
    )
    report.heading("How well it fits")
    report.text(
        "Quantization error: mean distance of a row to its unit, in scaled values. Topographic "
        "error: part of the rows whose two closest units do not touch. Held-out rows were not "
        "learnt from. K-means places as many centres without keeping neighbours together."
    )
    report.table(scores)
    report.image("learning.png", pictures.learning(som.history_), "Error over the iterations")
    report.heading("The columns over the map")
    report.text("Each picture is one column, in its own units; dots are the rows.")
    report.image(
        "planes.png", pictures.planes(weights, rows.columns, mapping, grid), "Component planes"
    )
    if len(rows.columns) > pictures.MOST_PLANES:
        report.text(f"The first {pictures.MOST_PLANES} of {len(rows.columns)} columns.")
    report.heading("Where it is steep (U-matrix)")
    report.text(
        "How far neighbouring units are apart in the data, with cells between the units (names, or "
        "white dots): dark is alike, bright is a border."
    )
    heights = measures.u_matrix(som.scaled_weights_, grid)
    report.image("u-matrix.png", pictures.u_matrix(heights, grid, mapping, rows.labels), "U-matrix")
    report.heading("How many rows each unit has")
    report.image("hits.png", pictures.hits(mapping, grid), "Hits")
    _groups(report, som, rows)
    report.heading("How it came about")
    report.image(
        "animation.gif", pictures.animation(som.history_, rows.columns, grid), "The iterations"
    )
    report.settings(som.settings_.to_json())
    return report.write(folder)


def _groups(report: Report, som: SelfOrganizingMap, rows: table.Table) -> None:
    groups, mapping = som.clusters(), som.labels_
    report.heading("Groups")
    report.text("Units grouped by their weights (Ward's method, each group in one piece).")
    picture = pictures.groups(groups, mapping, rows.labels, rows.groups, som.grid_)
    report.image("groups.png", picture, "Groups on the map")
    lines = []
    for number in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups[mapping] == number)
        names = [rows.labels[i] for i in members[:MOST_NAMES]] if rows.labels else []
        more = ", ..." if names and len(members) > MOST_NAMES else ""
        kinds = [rows.groups[i] for i in members] if rows.groups else []
        counts = sorted(((kinds.count(k), k) for k in set(kinds)), reverse=True)
        kind = ", ".join(f"{k} {n}" for n, k in counts[:5])
        lines.append([str(number + 1), str(len(members)), kind, ", ".join(names) + more])
    report.table(Table(["group", "rows", "kinds", "names"], lines, left=4))
