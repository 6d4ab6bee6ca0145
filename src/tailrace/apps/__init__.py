"""Applications: programs of the public `tf` API, each a class and a command.

Nothing of them is loaded before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace.apps.errors import UserError

if TYPE_CHECKING:
    from tailrace.apps.lm.estimator import LanguageModel

__all__ = ["LanguageModel", "UserError"]


def __getattr__(name: str) -> Any:
    if name != "LanguageModel":
        raise AttributeError(f"module 'tailrace.apps' has no attribute '{name}'")
    # PyTorch comes with it; `tailrace --help` must not wait for that
    from tailrace.apps.lm.estimator import LanguageModel

    return LanguageModel
