"""`tailrace compare`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.compare.data import open_data
from tailrace.apps.compare.outcome import RESULTS, Outcome
from tailrace.apps.compare.race import TITLES, Pythons, Race
from tailrace.apps.compare.settings import Settings

DEFAULT_OUT = "compared"


def compare(args: argparse.Namespace) -> int:
    """Trains each cell on each engine, taking turns; ends with a table and a report."""
    begin = time.perf_counter()
    settings = Settings.of(**Settings.given(args))
    data = open_data(args.files, settings)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder)
    race = Race(data, settings, Pythons.found(settings))
    make_folder(folder)
    say(_introduction(race))
    finished = _run(race)
    if not race.measured:
        say("Stopped before anything was measured")
        return INTERRUPTED
    outcome = Outcome.of(race)
    say()
    show(outcome.table())
    page = outcome.write(folder, time.perf_counter() - begin)
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


def _run(race: Race) -> bool:
    """All seeds' races with a bar, until Ctrl-C; returns whether they came to their end."""
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    with Bar("seed {}") as bar, stopping(stop):
        return race.run_all(bar.step, lambda: stopped)
