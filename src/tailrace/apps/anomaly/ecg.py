"""The built-in demonstration: electrocardiograms in which some beats come too early.

One is drawn whole: each heartbeat a sum of five bell curves, its waves P, Q, R, S and T, after
McSharry, Clifford, Tarassenko, Smith, "A dynamical model for generating synthetic electrocardiogram
signals", 2003. The other is put together from the recorded beats of PyWavelets' `pywt.data.ecg`.
That recording is three beats long and all three are normal, so it gives the shapes, and their
order, speed, strength and drift are drawn. In both, the bad beats are drawn: early, wide, without a
P wave, with the T wave upside down and a pause behind, as premature ventricular beats are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.anomaly.data import Series
from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common.parts import generator

KINDS = ("generated", "recorded")
# points per second of the demonstrations
RATE = 90
NORMAL_BEATS, TEST_BEATS, BAD_BEATS = 130, 70, 6
# height in millivolts, middle and width in seconds from the R wave's top
WAVES = [(0.15, -0.2, 0.025), (-0.1, -0.035, 0.01), (1.0, 0.0, 0.012), (-0.2, 0.035, 0.012)]
WAVES += [(0.3, 0.25, 0.045)]
BAD_WAVES = [(0.95, 0.02, 0.04), (-0.3, 0.12, 0.035), (-0.3, 0.32, 0.06)]
# from the first wave of a bad beat to the end of its last, in seconds from its top
BAD_FROM_S, BAD_TO_S = -0.08, 0.45
USUAL_S = 0.85
# where the recording's three R waves are, and its points per second
PEAKS, RECORDED_RATE = (190, 518, 848), 360


@dataclass(frozen=True)
class Demonstration:
    """A normal series to learn from, and one with bad beats that are labelled."""

    normal: Series
    test: Series
    text: str


def demonstration(kind: str, seed: int) -> Demonstration:
    """One of `KINDS`; the same seed gives the same series."""
    random = generator(seed, KINDS.index(kind))
    shapes = recorded_beats() if kind == "recorded" else None
    bad = _places(random)
    normal = _series(random, NORMAL_BEATS, np.zeros(0, np.int64), shapes, f"{kind} ECG")
    test = _series(random, TEST_BEATS, bad, shapes, f"{kind} ECG with premature beats")
    text = (
        "shapes of the three recorded beats of pywt.data.ecg, their order, speed and drift drawn; "
        "the premature beats are drawn whole"
        if kind == "recorded"
        else "a sum of bell curves for each beat, drawn whole"
    )
    return Demonstration(normal, test, text)


def _places(random: np.random.Generator) -> NDArray[np.int64]:
    """Which beats are bad: spread over the series, not two in a row."""
    room = (TEST_BEATS - 6) // BAD_BEATS
    return 4 + room * np.arange(BAD_BEATS) + random.integers(0, room - 1, BAD_BEATS)


def _series(
    random: np.random.Generator,
    beats: int,
    bad: NDArray[np.int64],
    shapes: list[tuple[Floats, Floats]] | None,
    name: str,
) -> Series:
    gaps = USUAL_S * (1 + 0.04 * random.standard_normal(beats))
    gaps += 0.03 * np.sin(np.arange(beats) * 0.9)
    gaps[bad] *= 0.65
    gaps[bad + 1] *= 1.35
    tops = np.cumsum(gaps)
    time = np.arange(int((tops[-1] + 0.4) * RATE)) / RATE
    values = 0.1 * np.sin(2 * np.pi * 0.13 * time + random.uniform(0, 6)) + 0.015 * (
        random.standard_normal(len(time))
    )
    labels = np.zeros(len(time), bool)
    for number, top in enumerate(tops):
        here = time - top
        strength = 1 + 0.05 * random.standard_normal()
        if number in bad:
            values += strength * _bells(here, BAD_WAVES)
            labels |= (here >= BAD_FROM_S) & (here < BAD_TO_S)
        elif shapes is None:
            values += strength * _bells(here, WAVES)
        else:
            values += strength * _mixed(here, shapes, random)
    return Series(values[:, None], ["ecg"], labels, name)


def _bells(here: Floats, waves: list[tuple[float, float, float]]) -> Floats:
    total = np.zeros(len(here))
    for height, middle, width in waves:
        total += height * np.exp(-((here - middle) ** 2) / (2 * width**2))
    return total


def _mixed(
    here: Floats, shapes: list[tuple[Floats, Floats]], random: np.random.Generator
) -> Floats:
    """A beat between two of the recorded ones."""
    one, other = random.choice(len(shapes), 2, replace=False)
    part = random.uniform()
    first, second = (np.interp(here, *shapes[i], left=0, right=0) for i in (one, other))
    return part * first + (1 - part) * second


def recorded_beats() -> list[tuple[Floats, Floats]]:
    """Seconds from the R wave and millivolts of the three beats, zero at both ends.

    The recording does not say its units; they are taken to be 1/200 mV, 360 a second.
    """
    import pywt.data

    record = np.asarray(pywt.data.ecg(), float) / 200
    before, behind = int(0.3 * RECORDED_RATE), int(0.44 * RECORDED_RATE)
    beats = []
    for peak in PEAKS:
        beat = record[peak - before : peak + behind]
        ends = np.linspace(beat[:8].mean(), beat[-8:].mean(), len(beat))
        # eased in and out, so that beats can stand at any distance
        ease = np.minimum(1, np.minimum(np.arange(len(beat)), np.arange(len(beat))[::-1]) / 12)
        beats.append((np.arange(-before, behind) / RECORDED_RATE, (beat - ends) * ease))
    return beats
