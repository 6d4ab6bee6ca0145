"""Bytes on disk: checkpoints, GraphDef, TFRecord. Nothing here knows graphs."""
