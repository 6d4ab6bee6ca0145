"""`tailrace compare`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder, write_file
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.compare.data import counted, open_data
from tailrace.apps.compare.flow import Flow
from tailrace.apps.compare.race import TITLES, Pythons, Race
from tailrace.apps.compare.report import Flows, table, write_report
from tailrace.apps.compare.settings import Settings

DEFAULT_OUT = "compared"
RESULTS = "results.json"


def compare(args: argparse.Namespace) -> int:
    """Trains each cell on each engine, taking turns; ends with a table and a report."""
    begin = time.perf_counter()
    settings = Settings.of(**Settings.given(args))
    at_least("seeds", args.seeds, 1)
    without = [name.strip() for name in args.without.split(",")] if args.without else []
    for name in without:
        choice("without", name, ("torch", "tensorflow"))
    data = open_data(args.files, settings)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder)
    race = Race(data, settings, Pythons.found(args.tf1_python, without))
    make_folder(folder)
    say(_introduction(race))
    finished = _run(race, args.seeds)
    if not all(entry.held_out for entry in race.entries.values()):
        say("Stopped before anything was measured")
        return INTERRUPTED
    flows = _flows(race)
    simple = counted(data, settings.updates)
    found = table(race, simple)
    say()
    show(found)
    page = write_report(folder, race, found, flows)
    results = {"settings": settings.to_json(), "entries": [vars(e) for e in race.entries.values()]}
    write_file(folder / RESULTS, (json.dumps(results) + "\n").encode())
    write_figures(folder, "compare", time.perf_counter() - begin, **_figures(race, simple))
    say(f"\nThe report is in {page}, every batch's loss and seconds in {folder / RESULTS}")
    return 0 if finished else INTERRUPTED


def _introduction(race: Race) -> str:
    settings, data = race.settings, race.data
    engines = list(dict.fromkeys(TITLES[engine] for _, engine in race.entries))
    return (
        f"{data.name}: {data.batches[..., 1:].size:,} characters to learn from, "
        f"{data.held_out[..., 1:].size:,} held out, {data.vocabulary} different ones. "
        f"{', '.join(settings.names_of_cells)} of {settings.layers} x {settings.size} units on "
        f"{', '.join(engines)}: {settings.updates} batches of {settings.batch} x {settings.steps}"
    )


def _run(race: Race, seeds: int) -> bool:
    """All seeds' races; returns whether they came to their end."""
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    with Bar("seed {}") as bar, stopping(stop):
        for number in range(seeds):
            seed = race.settings.seed + number

            def tell(done: float, text: str, seed: int = seed, number: int = number) -> None:
                bar.step((number + done) / seeds, text, seed)

            if stopped or not race.run(seed, tell, lambda: stopped):
                return False
    return True


def _flows(race: Race) -> Flows:
    """Norms of each cell's gradient before and after learning [layers, T]."""
    found = {}
    for cell in race.first:
        flow = Flow(cell, race.data, race.settings)
        found[cell] = (flow.norms(race.first[cell]), flow.norms(race.last[cell]))
    return found


def _figures(race: Race, simple: dict[str, float]) -> dict[str, Figure]:
    name, nats = min(simple.items(), key=lambda item: item[1])
    found = {}
    for cell in race.settings.names_of_cells:
        ours = race.entries[cell, "tailrace"]
        found[f"{cell} held out"] = Figure(ours.held_out, (name, nats), "nats")
        torch = race.entries.get((cell, "torch"))
        other = None if torch is None else (torch.title, 1000 * torch.quartiles()[1])
        found[f"{cell} per batch"] = Figure([1000 * ours.quartiles()[1]], other, "ms")
    return found
