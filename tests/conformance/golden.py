"""Golden files: what TensorFlow 1.15.5 did with the cases of one module (Python 3.7).

`golden/<module>.json.gz` holds everything but arrays, `golden/<module>.npz` the arrays by number.
Both are written the same for the same content, byte by byte. No pickle.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import Outcome
from nodes import Node

GOLDEN = Path(__file__).parent / "golden"


class Record(NamedTuple):
    """The outcome of a case and the hash of the source it was recorded from."""

    source: str
    outcome: Outcome


def read(module: str, folder: Path = GOLDEN) -> dict[str, Record]:
    """Case name -> record; empty when the module was never recorded."""
    texts, arrays = folder / (module + ".json.gz"), folder / (module + ".npz")
    if not texts.exists():
        return {}
    cases = json.loads(gzip.decompress(texts.read_bytes()).decode("utf-8"))
    with np.load(str(arrays), allow_pickle=False) as stored:
        return {name: _unpack(entry, stored) for name, entry in cases.items()}


def write(module: str, records: Mapping[str, Record], folder: Path = GOLDEN) -> None:
    """Replaces the golden files of the module."""
    arrays: dict[str, np.ndarray] = {}
    cases = {name: _pack(record, arrays) for name, record in records.items()}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(cases, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    (folder / (module + ".json.gz")).write_bytes(_gzip(text.encode("utf-8")))
    with (folder / (module + ".npz")).open("wb") as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def _gzip(content: bytes) -> bytes:
    """Without the time of writing, which gzip puts in its header."""
    packed = bytearray(gzip.compress(content))
    packed[4:8] = bytes(4)
    return bytes(packed)


def _pack(record: Record, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    outcome = record.outcome
    return {
        "source": record.source,
        "error": outcome.error,
        "stage": outcome.stage,
        "nodes": [list(node) for node in outcome.nodes],
        "statics": list(outcome.statics.items()),
        "values": [
            (label, [_pack_value(value, arrays) for value in runs])
            for label, runs in outcome.values.items()
        ],
    }


def _unpack(entry: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Record:
    values = {
        label: [_unpack_value(packed, arrays) for packed in runs] for label, runs in entry["values"]
    }
    nodes = [Node(*node) for node in entry["nodes"]]
    outcome = Outcome(entry["error"], entry["stage"], nodes, dict(entry["statics"]), values)
    return Record(entry["source"], outcome)


def _pack_value(value: Any, arrays: dict[str, np.ndarray]) -> tuple[str, Any]:
    if isinstance(value, bytes):
        return ("bytes", value.decode("latin-1"))
    if not isinstance(value, np.ndarray):
        return ("float", repr(value)) if isinstance(value, float) else ("scalar", value)
    if value.dtype == object:
        return ("strings", [list(value.shape), [_as_text(item) for item in value.ravel()]])
    key = f"a{len(arrays)}"
    arrays[key] = value
    return ("array", key)


def _unpack_value(packed: list[Any], arrays: Mapping[str, np.ndarray]) -> Any:
    kind, content = packed
    if kind == "bytes":
        return content.encode("latin-1")
    if kind == "float":
        return float(content)
    if kind == "strings":
        shape, items = content
        array = np.empty(len(items), dtype=object)
        array[:] = [item.encode("latin-1") for item in items]
        return array.reshape(shape)
    return arrays[content] if kind == "array" else content


def _as_text(item: Any) -> str:
    return (item if isinstance(item, bytes) else str(item).encode("utf-8")).decode("latin-1")
