"""Arguments that have had several names.

Source: TF 1.15 python/util/deprecation.py.
"""

from __future__ import annotations

from typing import Any


def either(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """The value given under the new or the old name. Raises: ValueError when it is both."""
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old
