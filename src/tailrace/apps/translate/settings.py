"""What a translator is made of, how it learns and how it writes."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.common.vocabulary import LEVELS
from tailrace.apps.common.writer import WriterSettings


@dataclass(frozen=True)
class Settings(WriterSettings):
    """The settings of a translator.

    Sources are read as characters or words (`level`), targets written so (`target_level`, the same
    where it is empty); pairs with a side of more than `longest` symbols are left out. There are
    `layers` on both sides, half as many units in each direction of the encoder as in the decoder.
    """

    level: str = "word"
    target_level: str = ""
    longest: int = 60
    layers: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        super().__post_init__()
        choice("level", self.level, LEVELS)
        choice("target_level", self.target_level, ("", *LEVELS))
        at_least("longest", self.longest, 1)
        at_least("layers", self.layers, 1)

    @property
    def levels(self) -> tuple[str, str]:
        """How sources and targets are divided into symbols."""
        return self.level, self.target_level or self.level
