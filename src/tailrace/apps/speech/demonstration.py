"""Spoken numbers for the demonstration: from espeak-ng, or from tones that stand for letters.

Both are stand-ins for recordings of people. `tones` says every letter of a word as a sound with
two resonances of its own, on a voice with the speaker's pitch, vocal tract, speed and level, in
noise; `spoken` has espeak-ng say the words, with voices of its own, in noise.
"""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.parts import generator
from tailrace.apps.errors import UserError
from tailrace.apps.speech.data import Utterance
from tailrace.apps.speech.waves import Floats, read_wav

KINDS = ("spoken", "tones")
PROGRAM = "espeak-ng"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = sorted(set("".join(WORDS)))
# the least and the most noise, in parts of the speech's level; tones are easier to hear
NOISE = {"spoken": (0.05, 0.7), "tones": (0.1, 2.0)}
# words of an utterance, at most
LONGEST = 4
VARIANTS = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5")
ACCENTS = ("en", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-029")


def default_kind() -> str:
    """`spoken` where espeak-ng is installed, else `tones`."""
    return KINDS[0] if shutil.which(PROGRAM) else KINDS[1]


def demonstration(kind: str, count: int, rate: int, seed: int) -> list[Utterance]:
    """Utterances of one to four digits, eight of every speaker.

    Raises: UserError where espeak-ng is wanted and missing, or fails.
    """
    random = generator(seed, 1)
    speakers = [Speaker.draw(random, f"speaker{number:03d}") for number in range(-(-count // 8))]
    texts = [" ".join(random.choice(WORDS, random.integers(1, LONGEST + 1))) for _ in range(count)]
    if kind == "tones":
        sounds = [speakers[i // 8].tones(text, rate, random) for i, text in enumerate(texts)]
    else:
        sounds = _spoken([speakers[i // 8] for i in range(count)], texts, rate)
    found = []
    for i, (text, sound) in enumerate(zip(texts, sounds, strict=True)):
        who = speakers[i // 8]
        recorded = who.recorded(sound, NOISE[kind], random)
        found.append(Utterance(f"{kind}-{i:04d}", recorded, text, who.name))
    return found


@dataclass(frozen=True)
class Speaker:
    """A voice."""

    name: str
    pitch: float  # of its fundamental tone, Hz
    tract: float  # its resonances lie so many times higher than usual
    speed: float
    noise: float  # of its recordings, 0 for the least and 1 for the most
    voice: str  # of espeak-ng

    @classmethod
    def draw(cls, random: np.random.Generator, name: str) -> Speaker:
        """Somebody."""
        return cls(
            name,
            pitch=float(np.exp(random.uniform(np.log(90), np.log(230)))),
            tract=float(random.uniform(0.87, 1.15)),
            speed=float(random.uniform(0.8, 1.25)),
            noise=float(random.uniform()),
            voice=f"{random.choice(ACCENTS)}+{random.choice(VARIANTS)}",
        )

    def tones(self, text: str, rate: int, random: np.random.Generator) -> Floats:
        """A text letter by letter; its words run into one another with short gaps."""
        pieces = [np.zeros(int(rate * random.uniform(0.05, 0.15)))]
        for character in text:
            if character == " ":
                seconds = random.uniform(0.04, 0.12) / self.speed
                pieces.append(np.zeros(int(rate * seconds)))
            else:
                pieces.append(self._letter(character, rate, random))
        pieces.append(np.zeros(int(rate * random.uniform(0.05, 0.15))))
        return np.concatenate(pieces).astype(np.float32)

    def _letter(self, letter: str, rate: int, random: np.random.Generator) -> NDArray[Any]:
        """The harmonics of the voice, those near the letter's two resonances loudest."""
        seconds = random.uniform(0.05, 0.1) / self.speed
        count = int(rate * seconds)
        place = LETTERS.index(letter)
        low = 280 + 620 * (place % 4) / 3
        high = 1100 + 2100 * (place // 4) / max(1, (len(LETTERS) - 1) // 4)
        moved = self.tract * random.uniform(0.95, 1.05, 2)
        pitch = self.pitch * random.uniform(0.93, 1.07)
        harmonics = pitch * np.arange(1, int(0.48 * rate / pitch) + 1)
        loud = _bump(harmonics, low * moved[0], 90) + 0.7 * _bump(harmonics, high * moved[1], 140)
        time = np.arange(count) / rate
        glide = 1 + random.uniform(-0.04, 0.04) * time / seconds
        phase = 2 * np.pi * np.outer(harmonics, time * glide) + random.uniform(0, 6.28)
        envelope = np.minimum(1, np.minimum(time, seconds - time) / 0.012)
        return (loud + 0.01) @ np.sin(phase) * envelope

    def recorded(
        self, sound: Floats, noise: tuple[float, float], random: np.random.Generator
    ) -> Floats:
        """A sound, its loudness drawn by lot, with between the least and the most noise."""
        level = float(np.sqrt(np.mean(sound**2)))
        part = noise[0] * (noise[1] / noise[0]) ** self.noise
        noisy = sound / max(level, 1e-9) + part * random.standard_normal(len(sound))
        return (noisy * 0.08 * random.uniform(0.5, 1.4)).astype(np.float32)


def _bump(frequencies: NDArray[Any], centre: float, width: float) -> NDArray[Any]:
    return np.exp(-0.5 * ((frequencies - centre) / width) ** 2)


def _spoken(speakers: list[Speaker], texts: list[str], rate: int) -> list[Floats]:
    """What espeak-ng says."""
    if shutil.which(PROGRAM) is None:
        raise UserError(f"--demo spoken: needs the program {PROGRAM}; --demo tones does not")
    with TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        files = [Path(folder) / f"{i}.wav" for i in range(len(texts))]
        return list(
            pool.map(lambda who, text, file: _say(who, text, file, rate), speakers, texts, files)
        )


def _say(who: Speaker, text: str, file: Path, rate: int) -> Floats:
    pitch = int(np.clip(100 * (who.pitch - 80) / 160, 0, 99))
    options = ["-v", who.voice, "-p", str(pitch), "-s", str(round(165 * who.speed))]
    done = subprocess.run(
        [PROGRAM, *options, "-w", str(file), text], capture_output=True, text=True, check=False
    )
    if done.returncode or not file.exists():
        reason = (done.stderr.strip().splitlines() or ["no sound was written"])[-1]
        raise UserError(f"{PROGRAM}: {reason}; --demo tones does without it")
    return read_wav(file, rate)
