"""What a comparison came to: figures, the gradient's ways, a folder that shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.common.display import Table
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import write_file
from tailrace.apps.compare.data import counted
from tailrace.apps.compare.flow import Flow
from tailrace.apps.compare.race import Race
from tailrace.apps.compare.report import Flows, table, write_report

RESULTS = "results.json"


@dataclass(frozen=True)
class Outcome:
    """A race that is over.

    `simple` is what counting characters and pairs comes to, nats; `flows` are the norms of each
    cell's gradient before and after learning [layers, T].
    """

    race: Race
    simple: dict[str, float]
    flows: Flows

    @classmethod
    def of(cls, race: Race) -> Outcome:
        """What a race came to in which every entry was measured."""
        flows = {}
        for cell in race.first:
            flow = Flow(cell, race.data, race.settings)
            flows[cell] = (flow.norms(race.first[cell]), flow.norms(race.last[cell]))
        return cls(race, counted(race.data, race.settings.updates), flows)

    def table(self) -> Table:
        """Seconds and held-out losses of every cell on every engine."""
        return table(self.race, self.simple)

    def write(self, folder: Path, seconds: float) -> Path:
        """Writes report, pictures and figures into a folder; returns the page's path.

        Raises: UserError where the folder cannot be written.
        """
        race = self.race
        page = write_report(folder, race, self.table(), self.flows)
        entries = [vars(entry) for entry in race.entries.values()]
        results = {"settings": race.settings.to_json(), "entries": entries}
        write_file(folder / RESULTS, (json.dumps(results) + "\n").encode())
        write_figures(folder, "compare", seconds, **self._figures())
        return page

    def _figures(self) -> dict[str, Figure]:
        race = self.race
        name, nats = min(self.simple.items(), key=lambda item: item[1])
        found = {}
        for cell in race.settings.names_of_cells:
            ours = race.entries[cell, "tailrace"]
            found[f"{cell} held out"] = Figure(ours.held_out, (name, nats), "nats")
            torch = race.entries.get((cell, "torch"))
            other = None if torch is None else (torch.title, 1000 * torch.quartiles()[1])
            found[f"{cell} per batch"] = Figure([1000 * ours.quartiles()[1]], other, "ms")
        return found
