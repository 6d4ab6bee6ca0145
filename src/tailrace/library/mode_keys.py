"""What a model is built for: names that input and model functions are told.

Source: TF 1.15 contrib/learn/python/learn/estimators/model_fn.py.
"""

from __future__ import annotations


class ModeKeys:
    """`tf.contrib.learn.ModeKeys`."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"

    @classmethod
    def validate(cls, key: str) -> None:
        """Raises: ValueError when `key` is none of the three."""
        if key not in (cls.TRAIN, cls.EVAL, cls.INFER):
            raise ValueError(f"Invalid mode {key}.")
