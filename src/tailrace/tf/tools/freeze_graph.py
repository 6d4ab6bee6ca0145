"""`tensorflow.python.tools.freeze_graph`, also a command (`python -m`)."""

from tailrace.library.tools.freeze_graph import freeze_graph, freeze_graph_with_def_protos, main

if __name__ == "__main__":
    raise SystemExit(main())
