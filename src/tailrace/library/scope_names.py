"""Names with a scope taken off or put before, as graphs are exported and imported.

Source: TF 1.15 python/framework/ops.py (strip_name_scope, prepend_name_scope).
"""

from __future__ import annotations

import re

_BEFORE = r"([\^]|loc:@|^)"  # a control input's or a colocation's mark


def strip_name_scope(name: str, export_scope: str | None) -> str:
    """`name` without a leading `export_scope/`; `^` and `loc:@` before it stay."""
    if not export_scope:
        return name
    scope = export_scope.removesuffix("/")
    return re.sub(rf"{_BEFORE}{scope}[\/]+(.*)", r"\1\2", name, count=1)


def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """`import_scope/name`; `^` and `loc:@` stay in front."""
    if not import_scope:
        return name
    scope = import_scope.removesuffix("/")
    return re.sub(f"{_BEFORE}(.*)", rf"\g<1>{scope}/\2", name, count=1)
