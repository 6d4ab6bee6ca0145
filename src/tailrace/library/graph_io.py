"""`tf.train.write_graph`.

Source: TF 1.15 python/framework/graph_io.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tailrace.formats.files import os_errors
from tailrace.formats.graph_def import write_proto
from tailrace.graph import Graph


def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Writes a graph, or any proto, to `logdir/name`; gives that path. Makes the folder."""
    proto = graph_or_graph_def
    if isinstance(proto, Graph):
        proto = proto.as_graph_def()
    folder = os.fsdecode(logdir)
    with os_errors(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    path = os.path.join(folder, name)
    write_proto(proto, path, as_text)
    return path
