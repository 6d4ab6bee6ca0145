"""What a captioner is made of, how it learns and how it writes."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import at_least
from tailrace.apps.common.writer import WriterSettings


@dataclass(frozen=True)
class Settings(WriterSettings):
    """The settings of a captioner.

    Pictures are made squares of `side` pixels. The first convolution has `filters` filters, those
    behind it twice and four times as many.
    """

    side: int = 32
    filters: int = 16
    cell: str = "lstm"
    size: int = 96
    embedding: int = 48
    batch: int = 32
    learning_rate: float = 0.003
    epochs: int | None = 12
    beam: int = 3

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        super().__post_init__()
        at_least("side", self.side, 8)
        at_least("filters", self.filters, 1)
