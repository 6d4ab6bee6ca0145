"""Objects that keep variables, saved and restored by their names within one another.

base: what can be tracked; structures: objects, lists and dicts that track what they are given;
graph_view: what is saved under which key; restoring: a checkpoint on its way into objects;
status: what `Checkpoint.restore` gives; checkpoint: `tf.train.Checkpoint` and its manager.
"""

from tailrace.library.tracking.base import Trackable, TrackableReference

__all__ = ["Trackable", "TrackableReference"]
