"""How much of a long result is recorded; read by the recorder and by the test."""

import numpy as np


def thinned(values):
    """All of a result, or every 997th number and the last ones."""
    if values.size <= 4096:
        return values
    return np.concatenate([values[::997], values[-7:]])
