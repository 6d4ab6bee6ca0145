"""Applications: programs of the public `tf` API, each a class and a command.

Nothing of them is loaded before it is used. What an application consists of is said in
`tailrace.apps.common`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tailrace.apps.errors import UserError

if TYPE_CHECKING:
    from tailrace.apps.anomaly.estimator import AnomalyDetector
    from tailrace.apps.caption.estimator import Captioner
    from tailrace.apps.classify.estimator import TextClassifier
    from tailrace.apps.compare.estimator import CellComparison
    from tailrace.apps.denoise.estimator import DenoisingAutoencoder
    from tailrace.apps.draw.estimator import Draw
    from tailrace.apps.embed.estimator import WordEmbedding
    from tailrace.apps.lm.estimator import LanguageModel
    from tailrace.apps.som.estimator import SelfOrganizingMap
    from tailrace.apps.speech.estimator import SpeechRecognizer
    from tailrace.apps.translate.estimator import Translator

# packages of this one whose `cli.add_parser` adds a command, in the order that help shows them
COMMANDS = (
    "lm",
    "som",
    "anomaly",
    "caption",
    "classify",
    "compare",
    "denoise",
    "draw",
    "embed",
    "speech",
    "translate",
    "board",
)
# class -> the module that has it
CLASSES = {
    "Captioner": "caption.estimator",
    "CellComparison": "compare.estimator",
    "DenoisingAutoencoder": "denoise.estimator",
    "Draw": "draw.estimator",
    "LanguageModel": "lm.estimator",
    "AnomalyDetector": "anomaly.estimator",
    "SelfOrganizingMap": "som.estimator",
    "SpeechRecognizer": "speech.estimator",
    "TextClassifier": "classify.estimator",
    "Translator": "translate.estimator",
    "WordEmbedding": "embed.estimator",
}

__all__ = [
    "CLASSES",
    "COMMANDS",
    "AnomalyDetector",
    "Captioner",
    "CellComparison",
    "DenoisingAutoencoder",
    "Draw",
    "LanguageModel",
    "SelfOrganizingMap",
    "SpeechRecognizer",
    "TextClassifier",
    "Translator",
    "UserError",
    "WordEmbedding",
]


def __getattr__(name: str) -> Any:
    if name not in CLASSES:
        raise AttributeError(f"module 'tailrace.apps' has no attribute '{name}'")
    # PyTorch comes with it; `tailrace --help` must not wait for that
    return getattr(importlib.import_module(f"tailrace.apps.{CLASSES[name]}"), name)
