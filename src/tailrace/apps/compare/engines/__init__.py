"""The same network for three engines, as scripts that each engine's own Python runs.

`worker.py` is started by its path, so that a Python with TensorFlow 1.15 needs nothing of Tailrace;
it finds the two networks beside it. All of it runs on Python 3.7, too.
"""
